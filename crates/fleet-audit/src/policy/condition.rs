//! Condition blocks, judged in three values: what is not known stays unknown and is
//! named, so that a caller can assume the worse and say so.
//!
//! Decided: `StringEquals`, `StringNotEquals`, their `IgnoreCase` forms, `StringLike`,
//! `StringNotLike`, `ArnEquals`/`ArnLike` and their negations, `Bool`, `Null`, each also
//! with `IfExists`. Numbers, dates, addresses and the set operators `ForAllValues:` and
//! `ForAnyValue:` are left unknown. Source: IAM user guide, "IAM JSON policy elements:
//! Condition operators".

use super::context::{Context, Known};
use super::language;
use super::pattern::Pattern;
use super::template::{Template, Wildcards};

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truth {
    True,
    False,
    Unknown,
}

impl Truth {
    fn not(self) -> Self {
        match self {
            Truth::True => Truth::False,
            Truth::False => Truth::True,
            Truth::Unknown => Truth::Unknown,
        }
    }
}

/// One line of a condition block: operator, key and the values of which one must fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// As written, for messages.
    pub operator: String,
    /// As written, for messages.
    pub key: String,
    values: Vec<String>,
    variables: bool,
}

impl Condition {
    /// A condition line; `variables` as for [`Template::parse`].
    pub fn new(operator: &str, key: &str, values: Vec<String>, variables: bool) -> Self {
        Self { operator: operator.to_owned(), key: key.to_owned(), values, variables }
    }

    /// Whether the line is met in `context`.
    pub fn holds(&self, context: &Context) -> Truth {
        let operator = self.operator.to_lowercase();
        let (operator, if_exists) = match operator.strip_suffix("ifexists") {
            Some(operator) => (operator, true),
            None => (operator.as_str(), false),
        };
        let known = context.get(&self.key.to_lowercase());
        if operator == "null" {
            return self.null(&known);
        }
        let Some(comparison) = Comparison::named(operator) else {
            return Truth::Unknown;
        };
        match known {
            Known::Unknown => Truth::Unknown,
            Known::Absent if if_exists || comparison.negated => Truth::True,
            Known::Absent => Truth::False,
            Known::Value(value) => {
                let any = self.any_value_fits(&value, comparison, context);
                if comparison.negated { any.not() } else { any }
            }
        }
    }

    fn null(&self, known: &Known) -> Truth {
        let wants_absent = self.values.iter().any(|v| v.eq_ignore_ascii_case("true"));
        match known {
            Known::Unknown => Truth::Unknown,
            Known::Absent if wants_absent => Truth::True,
            Known::Value(_) if !wants_absent => Truth::True,
            _ => Truth::False,
        }
    }

    fn any_value_fits(&self, value: &Pattern, how: Comparison, context: &Context) -> Truth {
        let mut best = Truth::False;
        for expected in &self.values {
            match self.value_fits(value, expected, how, context) {
                Truth::True => return Truth::True,
                Truth::Unknown => best = Truth::Unknown,
                Truth::False => {}
            }
        }
        best
    }

    fn value_fits(&self, value: &Pattern, expected: &str, how: Comparison, context: &Context) -> Truth {
        if how.ignore_case {
            // Only two plain texts can be compared without their case.
            return match value.as_text() {
                Some(text) if !expected.contains("${") => truth(text.to_lowercase() == expected.to_lowercase()),
                _ => Truth::Unknown,
            };
        }
        let expected = Template::parse(expected, how.wildcards, self.variables);
        // A variable of unknown value may well be equal to a value at hand; but it belongs to
        // the device itself, so it is not the name of an arbitrary other one.
        if expected.mentions_unknown(context) && !value.is_arbitrary() {
            return Truth::Unknown;
        }
        let Some(expected) = expected.resolve(context) else {
            return Truth::False;
        };
        match (language::includes(&expected, value), language::intersects(&expected, value)) {
            (Some(true), _) => Truth::True,
            (_, Some(false)) => Truth::False,
            _ => Truth::Unknown,
        }
    }
}

fn truth(holds: bool) -> Truth {
    if holds { Truth::True } else { Truth::False }
}

/// How an operator compares.
#[derive(Debug, Clone, Copy)]
struct Comparison {
    negated: bool,
    wildcards: Wildcards,
    ignore_case: bool,
}

impl Comparison {
    fn named(operator: &str) -> Option<Self> {
        let (negated, wildcards, ignore_case) = match operator {
            "stringequals" => (false, Wildcards::Plain, false),
            "stringnotequals" => (true, Wildcards::Plain, false),
            "stringequalsignorecase" | "bool" => (false, Wildcards::Plain, true),
            "stringnotequalsignorecase" => (true, Wildcards::Plain, true),
            "stringlike" | "arnequals" | "arnlike" => (false, Wildcards::Match, false),
            "stringnotlike" | "arnnotequals" | "arnnotlike" => (true, Wildcards::Match, false),
            _ => return None,
        };
        Some(Self { negated, wildcards, ignore_case })
    }
}

/// Whether all lines of a block are met; an empty block is.
pub fn all_hold(conditions: &[Condition], context: &Context) -> Truth {
    let mut all = Truth::True;
    for condition in conditions {
        match condition.holds(context) {
            Truth::False => return Truth::False,
            Truth::Unknown => all = Truth::Unknown,
            Truth::True => {}
        }
    }
    all
}
