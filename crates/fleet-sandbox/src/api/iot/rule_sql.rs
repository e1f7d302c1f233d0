//! Rule SQL as far as creating a rule looks at it: `SELECT … FROM 'filter' [WHERE …]`.
//!
//! Checked are the clauses and their order, closed strings and brackets, and the topic filter
//! (IoT developer guide, "AWS IoT SQL reference"). Expressions are not evaluated and function names
//! not looked up. Role ARNs inside literals (`get_dynamodb` and the like) are found, because AWS
//! tries to assume those too when a rule is made.

use std::iter::Peekable;
use std::str::Chars;

/// What a rule's statement says.
#[derive(Debug, PartialEq)]
pub struct Statement {
    /// Topic filter of the FROM clause.
    pub filter: String,
    /// ARNs of IAM roles among the literals, in order.
    pub roles: Vec<String>,
}

#[derive(Debug, PartialEq)]
enum Token {
    /// Keyword, name or number outside brackets.
    Word(String),
    /// A quoted literal outside brackets.
    Literal(String),
    /// Anything else outside brackets, and a bracket with its content.
    Other,
}

/// Reads a statement; the error says what is wrong, for a `SqlParseException`.
pub fn parse(sql: &str) -> Result<Statement, String> {
    let (tokens, literals) = tokens(sql)?;
    let keyword = |i: usize, word: &str| matches!(tokens.get(i), Some(Token::Word(w)) if w.eq_ignore_ascii_case(word));
    if !keyword(0, "SELECT") {
        return Err("Expected SELECT at the start of the statement.".to_owned());
    }
    let from = (1..tokens.len()).find(|i| keyword(*i, "FROM")).ok_or("Expected a FROM clause.")?;
    if from == 1 {
        return Err("Expected an expression between SELECT and FROM.".to_owned());
    }
    let Some(Token::Literal(filter)) = tokens.get(from + 1) else {
        return Err("Expected a quoted topic filter after FROM.".to_owned());
    };
    check_filter(filter)?;
    match tokens.get(from + 2) {
        None => {}
        Some(_) if !keyword(from + 2, "WHERE") => {
            return Err("Expected WHERE or the end after the FROM clause.".to_owned());
        }
        Some(_) if tokens.len() == from + 3 => return Err("Expected a condition after WHERE.".to_owned()),
        Some(_) => {}
    }
    let roles = literals.into_iter().filter(|l| l.starts_with("arn:") && l.contains(":role/")).collect();
    Ok(Statement { filter: filter.clone(), roles })
}

/// MQTT's rules for filters: `#` last and alone in its level, `+` alone in its level.
fn check_filter(filter: &str) -> Result<(), String> {
    let levels: Vec<&str> = filter.split('/').collect();
    let last = levels.len() - 1;
    let sound = levels.iter().enumerate().all(|(i, level)| match *level {
        "#" => i == last,
        "+" => true,
        other => !other.contains(['#', '+']),
    });
    if filter.is_empty() || !sound {
        return Err(format!("'{filter}' is not a topic filter."));
    }
    Ok(())
}

/// Whether a topic filter accepts a topic (MQTT 4.7; `$` topics match no leading wildcard).
pub fn accepts(filter: &str, topic: &str) -> bool {
    if topic.starts_with('$') && filter.starts_with(['#', '+']) {
        return false;
    }
    let mut topic = topic.split('/');
    for level in filter.split('/') {
        match (level, topic.next()) {
            ("#", _) => return true,
            ("+", Some(_)) => {}
            (level, Some(present)) if level == present => {}
            _ => return false,
        }
    }
    topic.next().is_none()
}

/// Tokens outside brackets, and every literal inside or outside.
fn tokens(sql: &str) -> Result<(Vec<Token>, Vec<String>), String> {
    let (mut tokens, mut literals, mut open) = (Vec::new(), Vec::new(), Vec::new());
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        let outside = open.is_empty();
        let token = match c {
            c if c.is_whitespace() => continue,
            '\'' | '"' => {
                let text = literal(&mut rest, c)?;
                literals.push(text.clone());
                Token::Literal(text)
            }
            '(' | '[' | '{' => {
                open.push(c);
                Token::Other
            }
            ')' | ']' | '}' => {
                let fits = matches!((open.pop(), c), (Some('('), ')') | (Some('['), ']') | (Some('{'), '}'));
                if !fits {
                    return Err(format!("Unexpected {c}."));
                }
                continue;
            }
            c if c.is_alphanumeric() || c == '_' || c == '$' => word(&mut rest, c),
            _ => Token::Other,
        };
        if outside {
            tokens.push(token);
        }
    }
    match open.last() {
        Some(bracket) => Err(format!("A {bracket} is not closed.")),
        None => Ok((tokens, literals)),
    }
}

/// The rest of a string literal; a doubled quote stands for one.
fn literal(rest: &mut Peekable<Chars<'_>>, quote: char) -> Result<String, String> {
    let mut text = String::new();
    loop {
        match rest.next() {
            Some(c) if c == quote && rest.next_if_eq(&quote).is_none() => return Ok(text),
            Some(c) => text.push(c),
            None => return Err(format!("A string that starts with {quote} is not closed.")),
        }
    }
}

fn word(rest: &mut Peekable<Chars<'_>>, first: char) -> Token {
    let mut word = first.to_string();
    while let Some(next) = rest.next_if(|n| n.is_alphanumeric() || matches!(n, '_' | '$' | '.')) {
        word.push(next);
    }
    Token::Word(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_are_read_or_refused_with_a_reason() {
        let read = |sql| parse(sql).unwrap();
        assert_eq!(read("select * from 'a/+/#'").filter, "a/+/#");
        assert_eq!(read("SELECT (SELECT v FROM readings) AS r, 'from' FROM \"t\" WHERE temp > 50").filter, "t");
        let lookup =
            "SELECT * FROM 't' WHERE get_dynamodb('T', 'k', 'v', 'arn:aws:iam::000000000000:role/r').ok = 'a''b'";
        assert_eq!(read(lookup).roles, ["arn:aws:iam::000000000000:role/r"]);
        for (sql, reason) in [
            ("", "SELECT"),
            ("SELECT *", "FROM clause"),
            ("SELECT FROM 't'", "between SELECT and FROM"),
            ("SELECT * FROM t", "quoted"),
            ("SELECT * FROM 't", "not closed"),
            ("SELECT f(x FROM 't'", "not closed"),
            ("SELECT f(x]) FROM 't'", "Unexpected ]"),
            ("SELECT * FROM 't' LIMIT 5", "WHERE or the end"),
            ("SELECT * FROM 't' WHERE", "condition"),
            ("SELECT * FROM 'a/#/b'", "topic filter"),
            ("SELECT * FROM 'a+/b'", "topic filter"),
        ] {
            let refused = parse(sql).unwrap_err();
            assert!(refused.contains(reason), "{sql}: {refused}");
        }
    }

    #[test]
    fn filters_accept_topics_as_mqtt_says() {
        assert!(accepts("a/+/c", "a/b/c") && accepts("a/#", "a") && accepts("a/#", "a/b/c") && accepts("#", "a"));
        assert!(
            !accepts("a/+", "a/b/c") && !accepts("a/b", "a") && !accepts("#", "$aws/x") && !accepts("+/x", "$aws/x")
        );
        assert!(accepts("$aws/events/#", "$aws/events/presence"));
    }
}
