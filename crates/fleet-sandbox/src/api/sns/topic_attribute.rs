//! Attributes of topics. Source: API:GetTopicAttributes, SetTopicAttributes, CreateTopic.

use serde_json::{Map, Value, json};

use super::attribute::{boolean, invalid, json_object};
use super::{subscription, topic};
use crate::api::iam::document::one_or_many;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table =
    &[("GetTopicAttributes", get_topic_attributes), ("SetTopicAttributes", set_topic_attributes)];

/// What a topic does until told otherwise: three retries, 20 seconds apart.
const DEFAULT_DELIVERY: &str = r#"{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}"#;

/// Prefixes and suffixes of the delivery status attributes, `HTTPSuccessFeedbackRoleArn` and so on.
const FEEDBACK_PROTOCOLS: &[&str] = &["HTTP", "Firehose", "Lambda", "Application", "SQS"];
const FEEDBACK: &[&str] = &["SuccessFeedbackRoleArn", "SuccessFeedbackSampleRate", "FailureFeedbackRoleArn"];

/// Refuses an attribute that cannot be set, or not to this value. An empty value takes it back.
pub fn check(name: &str, value: &str, creating: bool) -> Result<(), AwsError> {
    let feedback = FEEDBACK_PROTOCOLS.iter().any(|p| name.strip_prefix(p).is_some_and(|rest| FEEDBACK.contains(&rest)));
    match name {
        "Policy" => check_policy(value),
        "DeliveryPolicy" if value.is_empty() => Ok(()),
        "DeliveryPolicy" => json_object("DeliveryPolicy", value).map(drop),
        "DisplayName" if value.chars().count() > 100 => {
            Err(invalid("DisplayName Reason: Must be at most 100 characters long"))
        }
        "SignatureVersion" if value != "1" && value != "2" => Err(invalid("SignatureVersion")),
        "TracingConfig" if value != "PassThrough" && value != "Active" => Err(invalid("TracingConfig")),
        "ContentBasedDeduplication" => boolean(name, value),
        "FifoTopic" if creating => boolean(name, value),
        "DisplayName"
        | "KmsMasterKeyId"
        | "SignatureVersion"
        | "TracingConfig"
        | "ArchivePolicy"
        | "FifoThroughputScope" => Ok(()),
        _ if feedback => Ok(()),
        _ => Err(invalid("AttributeName")),
    }
}

fn check_policy(text: &str) -> Result<(), AwsError> {
    let policy = json_object("Policy", text)?;
    let statements = one_or_many(&policy["Statement"]);
    if statements.is_empty() {
        return Err(invalid("Policy Error: no statement"));
    }
    for statement in statements {
        if statement["Effect"] != "Allow" && statement["Effect"] != "Deny" {
            return Err(invalid("Policy Error: Effect must be Allow or Deny"));
        }
        if statement.get("Principal").is_none() && statement.get("NotPrincipal").is_none() {
            return Err(invalid("Policy Error: a statement has no principal"));
        }
        let actions = one_or_many(&statement["Action"]);
        let ours = |action: &Value| action.as_str().is_some_and(|a| a == "*" || a.to_lowercase().starts_with("sns:"));
        if statement.get("NotAction").is_none() && (actions.is_empty() || !actions.into_iter().all(ours)) {
            return Err(invalid("Policy statement action out of service scope!"));
        }
    }
    Ok(())
}

/// The policy of a topic that was given none: everything for the owner's own principals.
fn default_policy(account: &str, arn: &str) -> String {
    let actions = [
        "SNS:GetTopicAttributes",
        "SNS:SetTopicAttributes",
        "SNS:AddPermission",
        "SNS:RemovePermission",
        "SNS:DeleteTopic",
        "SNS:Subscribe",
        "SNS:ListSubscriptionsByTopic",
        "SNS:Publish",
    ];
    let statement = json!({
        "Sid": "__default_statement_ID", "Effect": "Allow", "Principal": {"AWS": "*"}, "Action": actions, "Resource": arn,
        "Condition": {"StringEquals": {"AWS:SourceOwner": account}},
    });
    json!({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]}).to_string()
}

/// All attributes as GetTopicAttributes answers them.
pub fn all(tx: &Tx<'_>, request: &Request, arn: &str) -> Result<Map<String, Value>, AwsError> {
    let (name, set) = topic::find(tx, request, arn)?;
    let (confirmed, pending) = subscription::count(tx, request, &name);
    let effective = set.get("DeliveryPolicy").and_then(Value::as_str).unwrap_or(DEFAULT_DELIVERY).to_owned();
    let mut all = Map::new();
    all.insert("Policy".to_owned(), default_policy(&request.account, arn).into());
    all.insert("TopicArn".to_owned(), arn.into());
    all.insert("Owner".to_owned(), request.account.clone().into());
    all.insert("DisplayName".to_owned(), "".into());
    all.insert("SubscriptionsPending".to_owned(), pending.to_string().into());
    all.insert("SubscriptionsConfirmed".to_owned(), confirmed.to_string().into());
    all.insert("SubscriptionsDeleted".to_owned(), "0".into());
    all.insert("EffectiveDeliveryPolicy".to_owned(), effective.into());
    all.extend(set);
    Ok(all)
}

fn get_topic_attributes(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    Ok(json!({ "Attributes": all(tx, request, request.need("TopicArn")?)? }))
}

fn set_topic_attributes(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (arn, name) = (request.need("TopicArn")?, request.need("AttributeName")?);
    let value = request.str("AttributeValue").unwrap_or_default();
    let (topic, mut set) = topic::find(tx, request, arn)?;
    check(name, value, false)?;
    if value.is_empty() {
        set.shift_remove(name);
    } else {
        set.insert(name.to_owned(), value.into());
    }
    tx.put(topic::TOPIC, &topic, json!({ "attributes": set }));
    Ok(json!({}))
}
