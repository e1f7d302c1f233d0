//! Trees to types, with places: what is wrong in a test file is shown where it stands.

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::diagnostic::{Diagnostic, Diagnostics, Sources, Span};
use crate::kind;
use crate::spec::node::Node;
use crate::spec::{load, parse, shape};

/// A test file while it is read: its texts and those of the files it names, and all that is wrong with them.
#[derive(Default)]
pub struct Reading {
    pub sources: Sources,
    pub diagnostics: Diagnostics,
}

impl Reading {
    pub fn error(&mut self, code: &'static str, at: Span, message: impl Into<String>) {
        self.diagnostics.push(Diagnostic::error(code, message).at(at));
    }

    /// The value itself, or the file that it names, which must have the shape of `schema`.
    pub fn inline_or_file(&mut self, node: &Node, schema: Option<&Value>) -> Option<Node> {
        let Some(path) = node.as_text() else { return Some(node.clone()) };
        let (_, source) = load::read_named(&mut self.sources, &mut self.diagnostics, node.span, path)?;
        let text = self.sources.get(Span { source, start: 0, end: 0 }).text.clone();
        let before = self.diagnostics.iter().count();
        let read = parse::parse(source, &text, &mut self.diagnostics)?;
        if let Some(schema) = schema {
            shape::check(&read, schema, &mut self.diagnostics);
        }
        (self.diagnostics.iter().count() == before).then_some(read)
    }

    /// Decodes a tree; a mistake is placed at the value that holds it.
    pub fn decode<T: DeserializeOwned>(&mut self, node: &Node) -> Option<T> {
        let json = node.to_json();
        match serde_path_to_error::deserialize(&json) {
            Ok(value) => Some(value),
            Err(error) => {
                let at = node.nearest(&kind::pointer(error.path())).span;
                self.error("bad-value", at, error.inner().to_string());
                None
            }
        }
    }

    /// Places a message that begins with a path, such as `episodes[0].devices.names: there is no device`.
    pub fn placed(&mut self, code: &'static str, node: &Node, message: &str) {
        let (path, rest) = match message.split_once(": ") {
            Some((path, rest)) if !path.contains(' ') => (path, rest),
            _ => ("", message),
        };
        let pointer: String = path.split(['.', '[']).map(|step| format!("/{}", step.trim_end_matches(']'))).collect();
        self.error(code, node.nearest(&pointer).span, rest);
    }

    /// Takes over what was found in other files, which brought their own texts.
    pub fn absorb(&mut self, diagnostics: &Diagnostics, sources: &Sources) {
        let offset = u32::try_from(self.sources.iter().count()).expect("fewer than four billion files");
        for source in sources.iter() {
            self.sources.add(source.path.clone(), source.text.clone());
        }
        for diagnostic in diagnostics.iter() {
            let mut moved = diagnostic.clone();
            let spans = moved.at.iter_mut().chain(moved.related.iter_mut().map(|(span, _)| span));
            spans.for_each(|span| span.source += offset);
            self.diagnostics.push(moved);
        }
    }
}
