//! Who may publish to a topic.

use serde_json::{Value, json};

use crate::policy_document::PolicyDocument;
use crate::scope::{Place, Problems};

const DEFAULT_SID: &str = "__default_statement_ID";

pub fn check_publishers(publishers: &[String], problems: &mut Problems) {
    for (index, publisher) in publishers.iter().enumerate() {
        if !publisher.ends_with(".amazonaws.com") && !publisher.ends_with(".amazonaws.com.cn") {
            problems.push_help(
                format!("/publishers/{index}"),
                format!("`{publisher}` is no service principal"),
                "name a service such as `cloudwatch.amazonaws.com`; for accounts and roles write `policy`",
            );
        }
    }
}

/// The owner as in the default policy, and the services when they act for this account. Without the condition any
/// account could make the service publish here (SNS developer guide, "Preventing cross-service confused deputy").
pub fn of_publishers(publishers: &[String], topic_arn: &str, place: &Place) -> PolicyDocument {
    PolicyDocument::of(vec![
        owner(topic_arn, place),
        json!({
            "Sid": "Publishers",
            "Effect": "Allow",
            "Principal": { "Service": publishers },
            "Action": "sns:Publish",
            "Resource": topic_arn,
            "Condition": { "StringEquals": { "aws:SourceAccount": place.account } },
        }),
    ])
}

/// Whether this is the policy that SNS gives every new topic: one statement with a known ID, for the owner alone. Its
/// list of actions has changed over time and does not count.
pub fn is_default(policy: &PolicyDocument, place: &Place) -> bool {
    let [statement] = policy.statements() else { return false };
    let condition = &statement["Condition"];
    statement["Sid"] == DEFAULT_SID
        && condition.as_object().is_some_and(|tests| tests.len() == 1)
        && condition["StringEquals"].as_object().is_some_and(|keys| {
            keys.len() == 1
                && keys
                    .iter()
                    .all(|(key, value)| key.eq_ignore_ascii_case("AWS:SourceOwner") && *value == json!([place.account]))
        })
}

/// The policy as sent. An attribute cannot be removed, so "none" is the default, written out.
pub fn wire(policy: Option<&PolicyDocument>, topic_arn: &str, place: &Place) -> String {
    match policy {
        Some(policy) => policy.wire(),
        None => json!({
            "Version": "2008-10-17",
            "Id": "__default_policy_ID",
            "Statement": [owner(topic_arn, place)],
        })
        .to_string(),
    }
}

fn owner(topic_arn: &str, place: &Place) -> Value {
    json!({
        "Sid": DEFAULT_SID,
        "Effect": "Allow",
        "Principal": { "AWS": "*" },
        "Action": [
            "SNS:GetTopicAttributes",
            "SNS:SetTopicAttributes",
            "SNS:AddPermission",
            "SNS:RemovePermission",
            "SNS:DeleteTopic",
            "SNS:Subscribe",
            "SNS:ListSubscriptionsByTopic",
            "SNS:Publish",
        ],
        "Resource": topic_arn,
        "Condition": { "StringEquals": { "AWS:SourceOwner": place.account } },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_owners_own_statement_is_the_default() {
        let place = Place::new("123456789012", "eu-west-1");
        let arn = "arn:aws:sns:eu-west-1:123456789012:alerts";
        assert!(is_default(&PolicyDocument::live(&wire(None, arn, &place)), &place));
        let publishers = of_publishers(&["iot.amazonaws.com".to_owned()], arn, &place);
        assert!(!is_default(&publishers, &place));
        assert!(!is_default(&PolicyDocument::live(&wire(None, arn, &place)), &Place::new("210987654321", "eu-west-1")));
        let mut open = owner(arn, &place);
        open.as_object_mut().unwrap().remove("Condition");
        assert!(!is_default(&PolicyDocument::of(vec![open]), &place), "open to the world under the default's name");
    }
}
