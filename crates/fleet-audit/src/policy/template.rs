//! A policy string with wildcards and policy variables, before a device is known.
//!
//! Source: IoT developer guide, "AWS IoT Core policy variables"; IAM user guide,
//! "IAM policy elements: Variables and tags" (escapes `${*}`, `${?}`, `${$}`, and
//! default values, `${key, 'default'}`).

use super::context::{Context, Known};
use super::pattern::{Class, Letter, Pattern, Token};
use std::sync::Arc;

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Fixed(Token),
    Variable {
        /// Lower case: condition keys do not differ by case.
        key: Arc<str>,
        default: Option<String>,
    },
}

/// Which characters of the text are wildcards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wildcards {
    /// `*` and `?` match other text (resources, `StringLike`).
    Match,
    /// `*` and `?` are themselves (`StringEquals`).
    Plain,
}

/// A policy string; [`Template::resolve`] gives the words it stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    text: String,
}

impl Template {
    /// Reads `text`. Without `variables` (policy language version 2008-10-17) a
    /// `${…}` is plain text. An opened but never closed `${` is plain text too.
    pub fn parse(text: &str, wildcards: Wildcards, variables: bool) -> Self {
        let mut pieces = vec![];
        let mut rest = text;
        while let Some(character) = rest.chars().next() {
            if variables
                && let Some(inner) = rest.strip_prefix("${")
                && let Some(end) = inner.find('}')
            {
                pieces.push(variable(&inner[..end]));
                rest = &inner[end + 1..];
                continue;
            }
            let token = match (character, wildcards) {
                ('*', Wildcards::Match) => Token::Many(Class::Any),
                ('?', Wildcards::Match) => Token::One(Class::Any),
                (other, _) => Token::One(Class::Only(Letter::Char(other))),
            };
            pieces.push(Piece::Fixed(token));
            rest = &rest[character.len_utf8()..];
        }
        Self { pieces, text: text.to_owned() }
    }

    /// The text as the policy has it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the fixed beginning contradicts that of `pattern`, so that no word can lie in
    /// both whatever the variables are. Cheaper than to resolve and search.
    pub fn clashes(&self, pattern: &Pattern) -> bool {
        for (piece, token) in self.pieces.iter().zip(pattern.tokens()) {
            match (piece, token) {
                (Piece::Fixed(Token::One(Class::Only(own))), Token::One(Class::Only(other))) => {
                    if own != other {
                        return true;
                    }
                }
                _ => return false,
            }
        }
        false
    }

    /// Whether every variable has a value in `context`, or may have one.
    pub fn has_values(&self, context: &Context) -> bool {
        self.pieces.iter().all(|piece| match piece {
            Piece::Fixed(_) => true,
            Piece::Variable { key, default } => default.is_some() || context.get(key) != Known::Absent,
        })
    }

    /// Whether it has a variable whose value in `context` is not known.
    pub fn mentions_unknown(&self, context: &Context) -> bool {
        self.pieces.iter().any(|piece| match piece {
            Piece::Fixed(_) => false,
            Piece::Variable { key, .. } => context.get(key) == Known::Unknown,
        })
    }

    /// The words meant in `context`, or `None` when a variable has no value there.
    /// A value enters as it is: a `*` inside it is no wildcard.
    pub fn resolve(&self, context: &Context) -> Option<Pattern> {
        let mut pattern = Pattern::default();
        for piece in &self.pieces {
            match piece {
                Piece::Fixed(token) => pattern.push(token.clone()),
                Piece::Variable { key, default } => match (context.get(key), default) {
                    (Known::Value(value), _) => pattern = pattern.then(&value),
                    (Known::Unknown, _) => {
                        pattern.push(Token::One(Class::Only(Letter::Own(key.clone()))));
                    }
                    (Known::Absent, Some(default)) => pattern = pattern.then_text(default),
                    (Known::Absent, None) => return None,
                },
            }
        }
        Some(pattern)
    }
}

fn variable(inside: &str) -> Piece {
    if let "*" | "?" | "$" = inside {
        let character = inside.chars().next().unwrap_or('$');
        return Piece::Fixed(Token::One(Class::Only(Letter::Char(character))));
    }
    let (key, default) = match inside.split_once(',') {
        Some((key, default)) => (key, Some(default.trim().trim_matches('\'').to_owned())),
        None => (inside, None),
    };
    Piece::Variable { key: key.trim().to_lowercase().into(), default }
}
