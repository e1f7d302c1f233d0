//! Why a command ended without doing its work, and how that is said.

use crate::aws::error::AwsError;
use crate::diagnostic::{Diagnostics, Severity, Sources};
use crate::exit;

use super::Global;
use super::output;

pub enum Failure {
    /// The spec has mistakes.
    Spec(Box<(Diagnostics, Sources)>),
    Aws(Vec<AwsError>),
    /// Anything else: what is wrong, and what to do.
    Message(String, Option<String>),
    Usage(String),
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure::Message(message.into(), None)
    }

    pub fn help(self, help: impl Into<String>) -> Failure {
        match self {
            Failure::Message(message, _) => Failure::Message(message, Some(help.into())),
            other => other,
        }
    }

    pub fn exit_code(&self) -> u8 {
        match self {
            Failure::Usage(_) => exit::USAGE,
            _ => exit::ERROR,
        }
    }

    pub fn print(&self, global: &Global) {
        if global.json {
            output::line(format_args!("{}", self.to_json()));
            return;
        }
        let paint = global.paint_stderr();
        let error = paint.red(paint.bold("error"));
        match self {
            Failure::Spec(found) => {
                let (diagnostics, sources) = &**found;
                eprint!("{}", diagnostics.render(sources, paint.color));
                eprintln!("{error}: {}", count(diagnostics));
            }
            Failure::Aws(errors) => errors.iter().for_each(|one| eprintln!("{error}: {one}")),
            Failure::Message(message, help) => {
                eprintln!("{error}: {message}");
                help.iter().for_each(|help| eprintln!("  help: {help}"));
            }
            Failure::Usage(message) => eprintln!("{error}: {message}"),
        }
    }

    fn to_json(&self) -> serde_json::Value {
        match self {
            Failure::Spec(found) => {
                let (diagnostics, sources) = &**found;
                serde_json::json!({ "version": 1, "type": "diagnostics", "diagnostics": diagnostics.to_json(sources) })
            }
            Failure::Aws(errors) => {
                let errors: Vec<String> = errors.iter().map(ToString::to_string).collect();
                serde_json::json!({ "version": 1, "type": "error", "errors": errors })
            }
            Failure::Message(message, help) => {
                serde_json::json!({ "version": 1, "type": "error", "errors": [message], "help": help })
            }
            Failure::Usage(message) => serde_json::json!({ "version": 1, "type": "error", "errors": [message] }),
        }
    }
}

impl From<AwsError> for Failure {
    fn from(error: AwsError) -> Failure {
        Failure::Aws(vec![error])
    }
}

impl From<Vec<AwsError>> for Failure {
    /// The same cause for many objects, such as an expired token, is said once.
    fn from(mut errors: Vec<AwsError>) -> Failure {
        let mut seen = std::collections::BTreeSet::new();
        errors.sort_by_key(|error| (error.action, error.subject.clone()));
        errors.retain(|error| seen.insert((error.code().to_owned(), error.message().to_owned())));
        Failure::Aws(errors)
    }
}

/// `2 errors and 1 warning`.
pub fn count(diagnostics: &Diagnostics) -> String {
    let words = |count: usize, word: &str| match count {
        1 => format!("1 {word}"),
        count => format!("{count} {word}s"),
    };
    let (errors, warnings) = (diagnostics.count(Severity::Error), diagnostics.count(Severity::Warning));
    match (errors, warnings) {
        (errors, 0) => words(errors, "error"),
        (0, warnings) => words(warnings, "warning"),
        (errors, warnings) => format!("{} and {}", words(errors, "error"), words(warnings, "warning")),
    }
}
