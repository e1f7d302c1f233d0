//! Statements of topic rules: where they read, what they select, and when their condition cannot hold.
//!
//! AWS IoT SQL is a dialect of its own. The statement is taken apart here; conditions go through `sqlparser` (with
//! MySQL's reading of double quotes as texts, as AWS IoT has it). What is not understood is taken to be possible.

use std::collections::{BTreeMap, BTreeSet};

use sqlparser::ast::{BinaryOperator, Expr, Value};
use sqlparser::dialect::MySqlDialect;
use sqlparser::parser::Parser;

/// A statement, as far as rules ask about it.
pub struct Statement {
    /// The topic filter of the FROM clause.
    pub filter: String,
    /// Plain names that the SELECT clause reads from the payload.
    pub fields: Vec<String>,
    condition: Option<Expr>,
}

/// The values that a field of the payload can have, where the topic says so.
type Facts = BTreeMap<&'static str, BTreeSet<&'static str>>;

impl Statement {
    pub fn parse(sql: &str) -> Option<Statement> {
        let sql = sql.trim();
        let select = find_word(sql, "SELECT")? + "SELECT".len();
        let from = select + find_word(&sql[select..], "FROM")?;
        let after = sql[from + "FROM".len()..].trim_start();
        let quote = after.chars().next().filter(|quote| matches!(quote, '\'' | '"'))?;
        let (filter, rest) = after[1..].split_once(quote)?;
        let condition = find_word(rest, "WHERE").map(|at| rest[at + "WHERE".len()..].trim());
        let fields = split_items(&sql[select..from]).into_iter().filter_map(plain_name).collect();
        Some(Statement { filter: filter.to_owned(), fields, condition: condition.and_then(expression) })
    }

    /// Whether the condition cannot hold for any message of the topics that are read.
    pub fn never_holds(&self) -> bool {
        self.condition.as_ref().is_some_and(|condition| impossible(condition, &facts(&self.filter)))
    }

    /// The alternatives (`a OR b`) that cannot hold, where another one can.
    pub fn dead_alternatives(&self) -> Vec<String> {
        let Some(condition) = &self.condition else { return Vec::new() };
        let facts = facts(&self.filter);
        let mut alternatives = Vec::new();
        flatten(condition, &BinaryOperator::Or, &mut alternatives);
        let dead: Vec<String> =
            alternatives.iter().filter(|one| impossible(one, &facts)).map(ToString::to_string).collect();
        if dead.len() == alternatives.len() { Vec::new() } else { dead }
    }
}

fn expression(text: &str) -> Option<Expr> {
    Parser::new(&MySqlDialect {}).try_with_sql(text).ok()?.parse_expr().ok()
}

/// What lifecycle events say in `eventType`, by the topic they arrive on (AWS IoT developer guide, "Lifecycle events").
fn facts(filter: &str) -> Facts {
    let levels: Vec<&str> = filter.split('/').collect();
    let pair: [&'static str; 2] = match levels[..] {
        ["$aws", "events", "presence", ..] => ["connected", "disconnected"],
        ["$aws", "events", "subscriptions", ..] => ["subscribed", "unsubscribed"],
        _ => return Facts::new(),
    };
    let level = levels.get(3).copied().unwrap_or("#");
    let values = pair.into_iter().filter(|value| matches!(level, "+" | "#") || level == *value).collect();
    Facts::from([("eventType", values)])
}

fn impossible(expr: &Expr, facts: &Facts) -> bool {
    match expr {
        Expr::Nested(inner) => impossible(inner, facts),
        Expr::Value(value) => matches!(value.value, Value::Boolean(false)),
        Expr::BinaryOp { op: BinaryOperator::Or, left, right } => impossible(left, facts) && impossible(right, facts),
        Expr::BinaryOp { op: BinaryOperator::And, .. } => {
            let mut all = Vec::new();
            flatten(expr, &BinaryOperator::And, &mut all);
            all.iter().any(|one| impossible(one, facts)) || contradict(&all)
        }
        Expr::BinaryOp { op: BinaryOperator::Eq, left, right } => {
            match (equality(left, right), literal(left), literal(right)) {
                (Some((name, value)), ..) => {
                    facts.get(name.as_str()).is_some_and(|known| !known.contains(value.as_str()))
                }
                (None, Some(left), Some(right)) => left != right,
                _ => false,
            }
        }
        Expr::BinaryOp { op: BinaryOperator::NotEq, left, right } => {
            equality(left, right).is_some_and(|(name, value)| {
                facts.get(name.as_str()).is_some_and(|known| known.len() == 1 && known.contains(value.as_str()))
            })
        }
        Expr::InList { expr, list, negated: false } => name(expr).is_some_and(|name| {
            facts.get(name.as_str()).is_some_and(|known| {
                list.iter().all(|item| literal(item).is_some_and(|value| !known.contains(value.as_str())))
            })
        }),
        _ => false,
    }
}

/// Whether two terms want different values of one name.
fn contradict(terms: &[&Expr]) -> bool {
    let mut wanted: BTreeMap<String, String> = BTreeMap::new();
    terms.iter().any(|term| match term {
        Expr::BinaryOp { op: BinaryOperator::Eq, left, right } => equality(left, right)
            .is_some_and(|(name, value)| wanted.insert(name, value.clone()).is_some_and(|other| other != value)),
        _ => false,
    })
}

fn flatten<'e>(expr: &'e Expr, operator: &BinaryOperator, into: &mut Vec<&'e Expr>) {
    match expr {
        Expr::Nested(inner) => flatten(inner, operator, into),
        Expr::BinaryOp { op, left, right } if op == operator => {
            flatten(left, operator, into);
            flatten(right, operator, into);
        }
        other => into.push(other),
    }
}

/// `name = literal`, either way round.
fn equality(left: &Expr, right: &Expr) -> Option<(String, String)> {
    name(left).zip(literal(right)).or_else(|| name(right).zip(literal(left)))
}

fn name(expr: &Expr) -> Option<String> {
    match expr {
        Expr::Identifier(name) => Some(name.value.clone()),
        Expr::Nested(inner) => name(inner),
        _ => None,
    }
}

fn literal(expr: &Expr) -> Option<String> {
    let Expr::Value(value) = expr else { return None };
    match &value.value {
        Value::SingleQuotedString(text) | Value::DoubleQuotedString(text) | Value::Number(text, _) => {
            Some(text.clone())
        }
        _ => None,
    }
}

/// The items of a SELECT clause, parted at commas outside of brackets and quotes.
fn split_items(text: &str) -> Vec<&str> {
    let (mut items, mut start) = (Vec::new(), 0);
    for (at, depth, character) in outside_quotes(text) {
        if character == ',' && depth == 0 {
            items.push(text[start..at].trim());
            start = at + 1;
        }
    }
    items.push(text[start..].trim());
    items
}

/// The name, where an item is one or gives one another name.
fn plain_name(item: &str) -> Option<String> {
    let first = item.split_whitespace().next()?;
    first.chars().all(|c| c.is_ascii_alphanumeric() || c == '_').then(|| first.to_owned())
}

/// The place of a keyword outside of brackets and quotes.
fn find_word(text: &str, word: &str) -> Option<usize> {
    let boundary = |c: Option<char>| c.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
    outside_quotes(text).find_map(|(at, depth, _)| {
        let rest = text.get(at..at + word.len())?;
        let whole = boundary(text[..at].chars().next_back()) && boundary(text[at + word.len()..].chars().next());
        (depth == 0 && whole && rest.eq_ignore_ascii_case(word)).then_some(at)
    })
}

/// Characters outside of quotes, each with its place and the depth of brackets around it.
fn outside_quotes(text: &str) -> impl Iterator<Item = (usize, usize, char)> {
    let (mut depth, mut quote) = (0_usize, None);
    text.char_indices().filter_map(move |(at, character)| match (quote, character) {
        (Some(open), _) => {
            if character == open {
                quote = None;
            }
            None
        }
        (None, '\'' | '"') => {
            quote = Some(character);
            None
        }
        (None, '(' | '[' | '{') => {
            depth += 1;
            Some((at, depth, character))
        }
        (None, ')' | ']' | '}') => {
            depth = depth.saturating_sub(1);
            Some((at, depth, character))
        }
        _ => Some((at, depth, character)),
    })
}

#[cfg(test)]
mod tests {
    use super::Statement;

    fn read(sql: &str) -> Statement {
        Statement::parse(sql).unwrap_or_else(|| panic!("{sql}"))
    }

    #[test]
    fn a_statement_is_taken_apart() {
        let statement = read("SELECT clientId, topic(2) AS t, a.b, topic AS x FROM 'from/+' WHERE where_ = 'FROM x'");
        assert_eq!(statement.filter, "from/+");
        assert_eq!(statement.fields, ["clientId", "topic"]);
        assert!(read("SELECT * FROM \"a/b\"").fields.is_empty());
        assert!(Statement::parse("SELECT 1").is_none() && Statement::parse("").is_none());
    }

    #[test]
    fn conditions_that_cannot_hold_are_seen() {
        let presence = |condition: &str| format!("SELECT * FROM '$aws/events/presence/connected/+' WHERE {condition}");
        for condition in [
            "eventType = 'disconnected'",
            "eventType <> 'connected'",
            "eventType IN ('a', 'disconnected')",
            "x = 1 AND (eventType = \"disconnected\" OR 1 = 2)",
            "x = 'a' AND y = 2 AND x = 'b'",
            "false",
        ] {
            assert!(read(&presence(condition)).never_holds(), "{condition}");
        }
        for condition in [
            "eventType = 'connected'",
            "eventType = 'disconnected' OR x = 1",
            "x = 'a' AND x = 'a'",
            "x = 'a' OR x = 'b'",
            "eventtype = 'disconnected'",
            "something(odd, [1]) @ 3",
        ] {
            assert!(!read(&presence(condition)).never_holds(), "{condition}");
        }
        let both = "SELECT * FROM '$aws/events/presence/+/+' WHERE eventType = 'disconnected'";
        assert!(!read(both).never_holds());
        let half = read(&presence("eventType = \"connected\" OR eventType = \"disconnected\""));
        assert_eq!(half.dead_alternatives(), ["eventType = \"disconnected\""]);
        assert!(read(&presence("eventType = 'disconnected'")).dead_alternatives().is_empty(), "that is all of it");
    }
}
