//! Topic rules: SQL, actions, error action; replaced as a whole.
//!
//! Sources: API:CreateTopicRule, API:ReplaceTopicRule, API:ListTopicRules; that every role named is
//! tried at create and replace, also of a disabled rule and inside the SQL: ministackorg/ministack
//! issue 1417. A rule that is not there answers "denied", since the operations declare no "not
//! found": hashicorp/terraform-provider-aws, topic rule resource, for GetTopicRule; taken over for
//! the others. Chosen: ListTopicRules' `topic` keeps the rules whose filter accepts that topic.

use serde_json::{Map, Value, json};

use super::refusal::{exists_because, invalid};
use super::{rule_sql, tagging};
use crate::api::iam::trust::usable_role;
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateTopicRule", create_topic_rule),
    ("GetTopicRule", get_topic_rule),
    ("ReplaceTopicRule", replace_topic_rule),
    ("DeleteTopicRule", delete_topic_rule),
    ("ListTopicRules", list_topic_rules),
    ("EnableTopicRule", enable_topic_rule),
    ("DisableTopicRule", disable_topic_rule),
];

/// Collection of rules by name: GetTopicRule's `rule`, with `ruleArn` beside it.
pub const TOPIC_RULES: &str = "iot.rule";
/// SQL versions (IoT developer guide, "SQL versions"); the first is the default.
const SQL_VERSIONS: [&str; 3] = ["2015-10-08", "2016-03-23", "beta"];
const SERVICE: &str = "iot.amazonaws.com";
const PAGES: Paging<'static> = Paging { default: 100, max: 10_000, ..paging::IOT };

fn create_topic_rule(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("ruleName")?;
    let arn = request.arn("iot", &format!("rule/{name}"));
    if tx.has(TOPIC_RULES, name) {
        return Err(exists_because(format!("Rule {name} already exists."), name, &arn));
    }
    let rule = checked(tx, request, name, request.now_ms.into())?;
    tagging::create_with(tx, request, &arn, header_tags(request)?)?;
    tx.put(TOPIC_RULES, name, json!({ "ruleArn": arn, "rule": rule }));
    Ok(json!({}))
}

fn get_topic_rule(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("ruleName")?)
}

/// Everything but the name and the time of creation is as the payload says.
fn replace_topic_rule(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("ruleName")?;
    let mut present = find(tx, name)?;
    present["rule"] = checked(tx, request, name, present["rule"]["createdAt"].clone())?;
    tx.put(TOPIC_RULES, name, present);
    Ok(json!({}))
}

fn delete_topic_rule(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("ruleName")?;
    let present = find(tx, name)?;
    tagging::forget(tx, request, present["ruleArn"].as_str().unwrap_or_default());
    tx.remove(TOPIC_RULES, name);
    Ok(json!({}))
}

fn enable_topic_rule(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    set_disabled(tx, request, false)
}

fn disable_topic_rule(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    set_disabled(tx, request, true)
}

fn list_topic_rules(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (topic, disabled) = (request.str("topic"), request.flag("ruleDisabled"));
    let rules = tx.scan(TOPIC_RULES).filter_map(|(name, present)| {
        let rule = &present["rule"];
        let pattern = rule["sql"].as_str().and_then(|sql| rule_sql::parse(sql).ok()).map(|statement| statement.filter);
        let pattern = pattern.unwrap_or_default();
        let is_meant = topic.is_none_or(|topic| topic == pattern || rule_sql::accepts(&pattern, topic))
            && disabled.is_none_or(|disabled| rule["ruleDisabled"] == disabled);
        let shown = json!({
            "ruleArn": present["ruleArn"],
            "ruleName": name,
            "topicPattern": pattern,
            "createdAt": rule["createdAt"],
            "ruleDisabled": rule["ruleDisabled"],
        });
        is_meant.then(|| (name.to_owned(), shown))
    });
    let (rules, next) = page(request, &PAGES, rules)?;
    Ok(json!({ "rules": rules, "nextToken": next }))
}

fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    let denied = || AwsError::new("UnauthorizedException", format!("Access to topic rule '{name}' was denied"));
    tx.get(TOPIC_RULES, name).cloned().ok_or_else(denied)
}

fn set_disabled(tx: &mut Tx<'_>, request: &Request, disabled: bool) -> Result<Value, AwsError> {
    let name = request.need("ruleName")?;
    let mut present = find(tx, name)?;
    present["rule"]["ruleDisabled"] = disabled.into();
    tx.put(TOPIC_RULES, name, present);
    Ok(json!({}))
}

/// The rule a payload describes, after all checks.
fn checked(tx: &mut Tx<'_>, request: &Request, name: &str, created_at: Value) -> Result<Value, AwsError> {
    let payload = request.get("topicRulePayload").cloned().unwrap_or_default();
    let sql = payload["sql"].as_str().unwrap_or_default();
    let statement = rule_sql::parse(sql).map_err(|reason| AwsError::new("SqlParseException", reason))?;
    let version = payload["awsIotSqlVersion"].as_str().unwrap_or(SQL_VERSIONS[0]);
    if !SQL_VERSIONS.contains(&version) {
        return Err(invalid(format!("awsIotSqlVersion is {version}, but must be one of {}.", SQL_VERSIONS.join(", "))));
    }
    let listed = payload["actions"].as_array().into_iter().flatten();
    let actions: Vec<&Value> = listed.chain(payload.get("errorAction")).collect();
    for action in &actions {
        check_action(action)?;
    }
    let mut roles: Vec<&str> = statement.roles.iter().map(String::as_str).collect();
    actions.iter().for_each(|action| find_roles(action, &mut roles));
    for role in roles {
        // Text: hashicorp/terraform-provider-aws issue 33433, which retries on it.
        usable_role(tx, request, role, SERVICE).map_err(|_| {
            let hint = "If the role was just created or updated, please try again in a few seconds.";
            invalid(format!(
                "AWS IoT ({SERVICE}) is unable to assume role (sts:AssumeRole) on resource: {role}. {hint}"
            ))
        })?;
    }
    Ok(json!({
        "ruleName": name,
        "sql": sql,
        "description": payload["description"],
        "createdAt": created_at,
        "actions": payload["actions"],
        "ruleDisabled": payload["ruleDisabled"] == true,
        "awsIotSqlVersion": version,
        "errorAction": payload["errorAction"],
    }))
}

/// An action is a union: one member, whose own required members the model has checked.
fn check_action(action: &Value) -> Result<(), AwsError> {
    let members: Vec<&str> = action.as_object().into_iter().flatten().map(|(member, _)| member.as_str()).collect();
    match members.as_slice() {
        [_] => Ok(()),
        [] => Err(invalid("An action must name its type.")),
        more => Err(invalid(format!("An action must have one type, not {}.", more.join(" and ")))),
    }
}

/// Every `roleArn`, however deep.
fn find_roles<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(member, value)| match value.as_str() {
            Some(role) if member == "roleArn" => found.push(role),
            _ => find_roles(value, found),
        }),
        Value::Array(items) => items.iter().for_each(|item| find_roles(item, found)),
        _ => {}
    }
}

/// Tags of the header `x-amz-tagging`, in the form of a query string (API:CreateTopicRule).
fn header_tags(request: &Request) -> Result<Map<String, Value>, AwsError> {
    let mut tags = Map::new();
    for (key, value) in form_urlencoded::parse(request.str("tags").unwrap_or_default().as_bytes()) {
        if tags.insert(key.clone().into_owned(), value.into()).is_some() {
            return Err(invalid(format!("Duplicate tag key: {key}")));
        }
    }
    Ok(tags)
}
