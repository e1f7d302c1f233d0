//! What a rule is and what it reports.

use std::fmt;

use crate::address::Address;
use crate::diagnostic::Severity;
use crate::paths::model::fleet::Fleet;

/// A rule: its page and its check. One file each in `rules/`.
pub struct Rule {
    pub page: Page,
    pub check: fn(&Fleet, &mut Findings),
}

/// What `explain CODE` prints.
#[derive(Clone, Copy, Debug)]
pub struct Page {
    /// Stable, in kebab-case.
    pub code: &'static str,
    /// The gravest that the rule reports.
    pub severity: Severity,
    /// What is wrong, as a sentence fragment.
    pub title: &'static str,
    /// Why it matters.
    pub why: &'static str,
    /// A spec, without its head, that the rule reports.
    pub wrong: &'static str,
    /// The same spec with the fix.
    pub right: &'static str,
    /// Where the rule comes from.
    pub source: &'static str,
}

impl fmt::Display for Page {
    /// Markdown.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Page { code, severity, title, why, wrong, right, source } = self;
        writeln!(
            f,
            "# {code}\n\nSeverity {severity}: {title}.\n\n{why}\n\nWrong:\n\n```yaml\n{}\n```\n",
            wrong.trim()
        )?;
        writeln!(f, "Right:\n\n```yaml\n{}\n```\n\nSource: {source}.", right.trim())
    }
}

/// One finding of one rule.
#[derive(Clone, Debug)]
pub struct Finding {
    pub code: &'static str,
    pub severity: Severity,
    pub address: Address,
    /// JSON pointers into the entry, the best place first; those that the spec does not have are passed over.
    pub pointers: Vec<String>,
    /// What it is about within the object, so that two findings of one rule on one object differ.
    pub subject: String,
    /// A sentence fragment with the numbers.
    pub message: String,
    /// What to write instead.
    pub fix: String,
    /// The steps of a path that this stops.
    pub cuts: Vec<Link>,
}

/// A step from one node of a path to the next; nodes are named by `trace`.
pub type Link = (String, String);

impl Finding {
    /// The same finding in another state of the fleet has the same fingerprint.
    pub fn fingerprint(&self) -> (&'static str, &Address, &str) {
        (self.code, &self.address, &self.subject)
    }
}

/// Collects findings; the page of the rule at work gives code and severity.
pub struct Findings {
    page: Page,
    found: Vec<Finding>,
}

impl Findings {
    pub fn new(page: Page) -> Findings {
        Findings { page, found: Vec::new() }
    }

    /// Adds a finding with the rule's own severity, to be completed with the builder's methods.
    pub fn add(&mut self, address: &Address, subject: impl Into<String>, message: impl Into<String>) -> &mut Finding {
        self.found.push(Finding {
            code: self.page.code,
            severity: self.page.severity,
            address: address.clone(),
            pointers: Vec::new(),
            subject: subject.into(),
            message: message.into(),
            fix: String::new(),
            cuts: Vec::new(),
        });
        self.found.last_mut().expect("just added")
    }

    pub fn into_vec(self) -> Vec<Finding> {
        self.found
    }
}

impl Finding {
    pub fn at(&mut self, pointer: impl Into<String>) -> &mut Finding {
        self.pointers.push(pointer.into());
        self
    }

    pub fn fix(&mut self, text: impl Into<String>) -> &mut Finding {
        self.fix = text.into();
        self
    }

    pub fn cut(&mut self, from: impl Into<String>, to: impl Into<String>) -> &mut Finding {
        self.cuts.push((from.into(), to.into()));
        self
    }

    pub fn severity(&mut self, severity: Severity) -> &mut Finding {
        self.severity = severity;
        self
    }
}
