//! What an IoT policy document must look like to be taken.
//!
//! Sources: API:CreatePolicy; IoT developer guide, "AWS IoT Core policies"; General Reference (2048
//! characters without white space). AWS's texts are not published. Actions and resources are not
//! looked up, since AWS takes unknown ones too.

use serde_json::Value;

use crate::error::AwsError;

const MAX_CHARACTERS: usize = 2048;

/// Refuses a document that is malformed or too long.
pub fn check(document: &str) -> Result<(), AwsError> {
    let malformed =
        |reason: String| AwsError::new("MalformedPolicyException", format!("Policy document is malformed: {reason}"));
    let length = document.chars().filter(|c| !c.is_whitespace()).count();
    if length > MAX_CHARACTERS {
        return Err(malformed(format!(
            "it has {length} characters without white space; at most {MAX_CHARACTERS} are allowed"
        )));
    }
    let parsed: Value = serde_json::from_str(document).map_err(|error| malformed(error.to_string()))?;
    let version = &parsed["Version"];
    if !["2012-10-17", "2008-10-17"].iter().any(|known| version == known) {
        return Err(malformed("Version must be 2012-10-17 or 2008-10-17".to_owned()));
    }
    let statements = match &parsed["Statement"] {
        Value::Array(statements) => statements.iter().collect(),
        one @ Value::Object(_) => vec![one],
        _ => Vec::new(),
    };
    if statements.is_empty() {
        return Err(malformed("it has no Statement".to_owned()));
    }
    statements.into_iter().enumerate().try_for_each(|(index, statement)| {
        statement_problem(statement)
            .map_or(Ok(()), |problem| Err(malformed(format!("statement {}: {problem}", index + 1))))
    })
}

fn statement_problem(statement: &Value) -> Option<&'static str> {
    let texts = |member: &str| match &statement[member] {
        Value::String(_) => true,
        Value::Array(items) => !items.is_empty() && items.iter().all(Value::is_string),
        _ => false,
    };
    if statement["Effect"] != "Allow" && statement["Effect"] != "Deny" {
        return Some("Effect must be Allow or Deny");
    }
    if texts("Action") == texts("NotAction") {
        return Some("it needs Action or NotAction, a string or a list of strings");
    }
    if texts("Resource") == texts("NotResource") {
        return Some("it needs Resource or NotResource, a string or a list of strings");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_taken_or_refused_with_a_reason() {
        let document = |statement: &str| format!(r#"{{"Version":"2012-10-17","Statement":{statement}}}"#);
        let allow = r#"{"Effect":"Allow","Action":"iot:Connect","Resource":["*"]}"#;
        assert!(check(&document(allow)).is_ok());
        assert!(check(&document(&format!("[{allow},{allow}]"))).is_ok());
        assert!(check(&format!("{}{}", document(allow), " ".repeat(MAX_CHARACTERS))).is_ok(), "white space is free");
        let long = allow.replace("\"*\"", &format!("\"{}\"", "x".repeat(MAX_CHARACTERS)));
        for (refused, reason) in [
            ("{".to_owned(), "EOF"),
            (document("[]"), "no Statement"),
            (document(allow).replace("2012-10-17", "2013-01-01"), "Version"),
            (document(&allow.replace("Allow", "allow")), "Effect"),
            (document(&allow.replace("Action", "Acton")), "Action"),
            (document(&allow.replace("[\"*\"]", "[]")), "Resource"),
            (document(&long), "characters"),
        ] {
            let error = check(&refused).unwrap_err();
            assert!(error.code == "MalformedPolicyException" && error.message.contains(reason), "{refused}: {error:?}");
        }
    }
}
