//! What a kind may look at while it decides: names, the place, files that were read. No I/O.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::address::Address;

/// Where objects live. Partition, account, region and a name give nearly every ARN.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub partition: String,
    /// Twelve digits.
    pub account: String,
    pub region: String,
}

impl Place {
    pub fn new(account: impl Into<String>, region: impl Into<String>) -> Place {
        let region = region.into();
        let partition = match region.split('-').next() {
            Some("cn") => "aws-cn",
            _ if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        Place { partition: partition.into(), account: account.into(), region }
    }

    /// `arn:PARTITION:SERVICE:REGION:ACCOUNT:RESOURCE`.
    pub fn arn(&self, service: &str, resource: impl std::fmt::Display) -> String {
        format!("arn:{}:{service}:{}:{}:{resource}", self.partition, self.region, self.account)
    }

    /// The ARN form of services without regions, such as IAM.
    pub fn global_arn(&self, service: &str, resource: impl std::fmt::Display) -> String {
        format!("arn:{}:{service}::{}:{resource}", self.partition, self.account)
    }
}

/// Mistakes in one entry: a JSON pointer into it, what is wrong, and what to do.
#[derive(Clone, Debug, Default)]
pub struct Problems(pub Vec<Problem>);

#[derive(Clone, Debug)]
pub struct Problem {
    pub pointer: String,
    pub message: String,
    pub help: Option<String>,
}

impl Problems {
    pub fn one(pointer: impl Into<String>, message: impl Into<String>) -> Problems {
        let mut problems = Problems::default();
        problems.push(pointer, message);
        problems
    }

    pub fn push(&mut self, pointer: impl Into<String>, message: impl Into<String>) {
        self.0.push(Problem { pointer: pointer.into(), message: message.into(), help: None });
    }

    pub fn push_help(&mut self, pointer: impl Into<String>, message: impl Into<String>, help: impl Into<String>) {
        self.0.push(Problem { pointer: pointer.into(), message: message.into(), help: Some(help.into()) });
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// A bare name in the spec that stands for another object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// JSON pointer of the name within the entry.
    pub pointer: String,
    pub section: &'static str,
    pub name: String,
    /// Set when the referring object invokes the function it names: the service principal that does so.
    pub invokes_as: Option<&'static str>,
    /// Whether an object outside this spec may be meant, where the field has no form for an ARN.
    pub may_be_elsewhere: bool,
}

impl Reference {
    /// A reference, unless `text` is an ARN, which names an object outside this spec.
    pub fn to(section: &'static str, text: &str, pointer: impl Into<String>) -> Option<Reference> {
        let foreign = text.starts_with("arn:");
        let (pointer, name) = (pointer.into(), text.to_owned());
        (!foreign).then_some(Reference { pointer, section, name, invokes_as: None, may_be_elsewhere: false })
    }

    /// The ARN that `text` stands for: itself, or that of the object with this name.
    pub fn arn(text: &str, of_name: impl FnOnce(&str) -> String) -> String {
        if text.starts_with("arn:") { text.to_owned() } else { of_name(text) }
    }

    pub fn invoking_as(mut self, principal: &'static str) -> Reference {
        self.invokes_as = Some(principal);
        self
    }

    /// A name that nobody declares here is taken for an object that is there already, with a warning.
    pub fn or_elsewhere(mut self) -> Reference {
        self.may_be_elsewhere = true;
        self
    }
}

/// A file that an entry names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRequest {
    pub pointer: String,
    /// As written in the spec, relative to the file that says it.
    pub path: String,
    pub form: FileForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileForm {
    Text,
    /// A folder, packed into a zip whose bytes depend on names and contents only.
    ZippedFolder,
}

/// What was read for a [`FileRequest`].
#[derive(Clone, Debug)]
pub enum FileContent {
    Text(String),
    Zip { bytes: std::sync::Arc<Vec<u8>>, sha256_base64: String },
}

/// Who invokes a function of this spec: derived from the references of other entries.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Invoker {
    pub address: Address,
    pub principal: String,
    pub source_arn: String,
}

/// The view of one entry.
pub struct Scope<'a> {
    pub fleet: &'a str,
    pub place: &'a Place,
    pub name: &'a str,
    /// By path as written.
    pub files: &'a BTreeMap<String, FileContent>,
    pub invokers: &'a [Invoker],
    /// The entry of a section and a name as written, where there is one. For what a kind must know of an object it names,
    /// such as the type of a custom metric.
    pub declared: &'a dyn Fn(&str, &str) -> Option<Value>,
}

/// The [`Scope::declared`] of an entry that stands alone.
pub fn alone(_section: &str, _name: &str) -> Option<Value> {
    None
}

impl Scope<'_> {
    pub fn text(&self, path: &str) -> Option<&str> {
        match self.files.get(path) {
            Some(FileContent::Text(text)) => Some(text),
            _ => None,
        }
    }
}
