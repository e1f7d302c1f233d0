//! The name of one declared object: the section it stands in and its key there, as in `topics.alerts`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// `section.name`, or just `section` for a singleton such as `audit`.
///
/// The same text is used in the spec's references, in the plan, on the command line and in the ownership tag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Address {
    pub section: String,
    /// Empty for a singleton.
    pub name: String,
}

impl Address {
    pub fn new(section: impl Into<String>, name: impl Into<String>) -> Self {
        Address { section: section.into(), name: name.into() }
    }

    /// Splits `text` at the longest of the known `sections` that starts it.
    pub fn parse(text: &str, sections: &[&str]) -> Option<Address> {
        sections
            .iter()
            .filter_map(|section| {
                let rest = text.strip_prefix(section)?;
                match rest.strip_prefix('.') {
                    Some(name) if !name.is_empty() => Some(Address::new(*section, name)),
                    None if rest.is_empty() => Some(Address::new(*section, "")),
                    _ => None,
                }
            })
            .max_by_key(|address| address.section.len())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name.is_empty() {
            true => formatter.write_str(&self.section),
            false => write!(formatter, "{}.{}", self.section, self.name),
        }
    }
}

impl From<Address> for String {
    fn from(address: Address) -> String {
        address.to_string()
    }
}

impl TryFrom<String> for Address {
    type Error = String;

    /// Reads the text form; the registry's sections decide where the name starts.
    fn try_from(text: String) -> Result<Self, String> {
        let sections: Vec<&str> = crate::kind::sections().collect();
        Address::parse(&text, &sections).ok_or_else(|| format!("`{text}` names no section of a spec"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nested_section_wins_over_its_parent_and_names_may_hold_dots() {
        let sections = ["audit", "audit.schedules", "roles"];
        let parse = |text| Address::parse(text, &sections);
        assert_eq!(parse("audit"), Some(Address::new("audit", "")));
        assert_eq!(parse("audit.schedules.daily"), Some(Address::new("audit.schedules", "daily")));
        assert_eq!(parse("roles.a.b"), Some(Address::new("roles", "a.b")));
        assert_eq!(parse("rolesx.a"), None);
        assert_eq!(parse("roles."), None);
    }
}
