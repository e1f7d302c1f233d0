//! YAML text → [`Node`].
//!
//! `serde-saphyr` does the YAML: it is kept up, types scalars as YAML 1.2 does, bounds alias expansion and knows where
//! every value stands. Plain `serde_yaml` is deprecated and has no positions.

use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::{DuplicateKeyPolicy, Location, Spanned};

use super::node::{Member, Node, Tree};
use crate::diagnostic::{Diagnostic, Diagnostics, Span};

/// Parses one file. A duplicate key is reported and the later value used, so that the rest can be looked at too; any
/// other YAML error ends this file.
pub fn parse(source: u32, text: &str, diagnostics: &mut Diagnostics) -> Option<Node> {
    if text.trim().is_empty() {
        return Some(Node::map(Span { source, start: 0, end: 0 }));
    }
    match read(text, DuplicateKeyPolicy::Error) {
        Ok(tree) => Some(node(source, tree)),
        Err(error) => {
            let message = error.to_string();
            let duplicate = message.starts_with("duplicate mapping key");
            diagnostics.push(explain(source, text, &error, &message));
            if duplicate { read(text, DuplicateKeyPolicy::LastWins).ok().map(|tree| node(source, tree)) } else { None }
        }
    }
}

fn read(text: &str, duplicate_keys: DuplicateKeyPolicy) -> Result<Spanned<Raw>, serde_saphyr::Error> {
    let options = serde_saphyr::options! { duplicate_keys: duplicate_keys, strict_booleans: true, with_snippet: false };
    serde_saphyr::from_str_with_options(text, options)
}

fn explain(source: u32, text: &str, error: &serde_saphyr::Error, message: &str) -> Diagnostic {
    let message = message.split(" at line ").next().unwrap_or(message);
    let place = error.location().map(|location| span(source, text, location));
    let diagnostic = match message.strip_prefix("duplicate mapping key: ") {
        Some(rest) => {
            let key = rest.split(',').next().unwrap_or(rest);
            Diagnostic::error("duplicate-key", format!("the key `{key}` stands twice in this map"))
                .help("keep one of the two")
        }
        None if message.contains("flow") || message.contains("indicator") => {
            Diagnostic::error("yaml-syntax", format!("this is not valid YAML: {message}"))
                .help("inside `{ }` and `[ ]` put texts that hold `{`, `}`, `[`, `]`, `,` or `: ` in quotes")
        }
        None => Diagnostic::error("yaml-syntax", format!("this is not valid YAML: {message}")),
    };
    match place {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    }
}

/// Error locations have no byte offsets when the scanner fails early, so they are found from line and column.
fn span(source: u32, text: &str, location: Location) -> Span {
    let line = usize::try_from(location.line()).unwrap_or(1).max(1);
    let column = usize::try_from(location.column()).unwrap_or(1).max(1);
    let line_start: usize = text.split_inclusive('\n').take(line - 1).map(str::len).sum();
    let line_text = text[line_start..].lines().next().unwrap_or("");
    let offset = line_text.char_indices().nth(column - 1).map_or(line_text.len(), |(offset, _)| offset);
    let start = line_start + offset;
    Span { source, start, end: start + 1 }
}

fn node(source: u32, raw: Spanned<Raw>) -> Node {
    let tree = match raw.value {
        Raw::Leaf(tree) => tree,
        Raw::List(items) => Tree::List(items.into_iter().map(|item| node(source, item)).collect()),
        Raw::Map(entries) => Tree::Map(entries.into_iter().map(|(key, value)| member(source, key, value)).collect()),
    };
    Node { span: bytes(source, raw.referenced), tree }
}

fn member(source: u32, key: Spanned<String>, value: Spanned<Raw>) -> Member {
    Member { key_span: bytes(source, key.referenced), key: key.value, node: node(source, value) }
}

fn bytes(source: u32, location: Location) -> Span {
    let span = location.span();
    let start = usize::try_from(span.byte_offset().unwrap_or(0)).unwrap_or(0);
    let len = usize::try_from(span.byte_len().unwrap_or(0)).unwrap_or(0);
    Span { source, start, end: start + len.max(1) }
}

/// What the YAML reader hands over, before places become byte ranges of a known file.
enum Raw {
    Leaf(Tree),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Raw, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("a YAML value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Tree::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Leaf(Tree::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Leaf(Tree::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Tree::Number(value.into())))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Leaf(Tree::Number(value.into())))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Raw, E> {
        let number = Number::from_f64(value).ok_or_else(|| E::custom("a number must be finite"))?;
        Ok(Raw::Leaf(Tree::Number(number)))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Leaf(Tree::Text(value.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = access.next_element()? {
            items.push(item);
        }
        Ok(Raw::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Raw, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = access.next_entry()? {
            entries.push(entry);
        }
        Ok(Raw::Map(entries))
    }
}
