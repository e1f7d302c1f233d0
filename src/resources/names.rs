//! Rules for names and texts that several kinds share, as the API models state them.

use crate::scope::Problems;

/// Which characters a name may have.
#[derive(Clone, Copy)]
pub struct NameRule {
    /// The characters besides ASCII letters and digits.
    pub others: &'static str,
    pub longest: usize,
    /// The shape that made the rule, for example `API:ThingName`.
    pub source: &'static str,
}

/// `[a-zA-Z0-9:_-]+`, 1–128: things, thing types, groups, security profiles (API:ThingName, ThingGroupName, …).
pub const IOT_NAME: NameRule = NameRule { others: ":_-", longest: 128, source: "API:ThingName" };

impl NameRule {
    /// Checks the name of the entry itself.
    pub fn check(&self, name: &str, problems: &mut Problems) {
        self.check_at("", name, problems);
    }

    /// Checks a name within the entry.
    pub fn check_at(&self, pointer: &str, name: &str, problems: &mut Problems) {
        let allowed = |c: char| c.is_ascii_alphanumeric() || self.others.contains(c);
        if let Some(bad) = name.chars().find(|c| !allowed(*c)) {
            problems.push_help(
                pointer,
                format!("the name `{name}` has `{bad}`, which is not allowed there"),
                format!("letters, digits and {} are allowed ({})", spelt(self.others), self.source),
            );
        }
        if name.is_empty() || name.chars().count() > self.longest {
            problems.push(
                pointer,
                format!("the name `{name}` must have 1 to {} characters ({})", self.longest, self.source),
            );
        }
    }
}

fn spelt(characters: &str) -> String {
    characters.chars().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(" ")
}

/// A text that AWS bounds.
pub fn check_length(pointer: &str, text: &str, longest: usize, source: &str, problems: &mut Problems) {
    let length = text.chars().count();
    if length > longest {
        problems.push(pointer, format!("this text has {length} characters; at most {longest} are allowed ({source})"));
    }
}

/// A value out of AWS's own list.
pub fn check_choice(pointer: &str, value: &Option<String>, choices: &[&str], problems: &mut Problems) {
    if let Some(value) = value.as_ref().filter(|value| !choices.contains(&value.as_str())) {
        problems.push_help(pointer, format!("`{value}` is not allowed here"), format!("one of {}", choices.join(", ")));
    }
}
