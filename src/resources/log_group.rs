//! CloudWatch log groups.
//!
//! Services make log groups of their own accord too: Lambda makes `/aws/lambda/NAME` at the first invocation. Declare
//! such a group before that, or `adopt` it.

use aws_sdk_cloudwatchlogs::types::LogGroupClass;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::NameRule;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{TagChange, Tags};
use crate::scope::{Place, Problems, Scope};

pub struct LogGroup;

pub const SECTION: &str = "logGroups";

/// Days that a retention may have (API:PutRetentionPolicy).
const RETENTIONS: &[i32] =
    &[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653];

/// `[\.\-_/#A-Za-z0-9]+`, 1–512 (API:LogGroupName).
const LOG_GROUP_NAME: NameRule = NameRule { others: ".-_/#", longest: 512, source: "API:LogGroupName" };

/// A log group of CloudWatch Logs.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// Days until log events expire: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192,
    /// 2557, 2922, 3288 or 3653. Left out, they never expire.
    retention_days: Option<i32>,
    /// ARN of the KMS key that encrypts the log events. Left out, CloudWatch Logs uses its own.
    kms_key: Option<String>,
    /// By default `STANDARD`. It cannot be changed later: AWS has no call for that, so the group is replaced.
    log_group_class: Class,
}

/// How much of CloudWatch Logs the group can use, and at what price.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Class {
    #[default]
    Standard,
    InfrequentAccess,
    Delivery,
}

impl Class {
    /// The class as AWS names it.
    fn name(self) -> &'static str {
        match self {
            Class::Standard => "STANDARD",
            Class::InfrequentAccess => "INFREQUENT_ACCESS",
            Class::Delivery => "DELIVERY",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    retention_days: Option<i32>,
    kms_key: Option<String>,
    log_group_class: String,
}

/// The ARN without the `:*` that stands for the group's streams; policies that allow writing need `${…arn}:*`.
pub fn arn(place: &Place, name: &str) -> String {
    place.arn("logs", format_args!("log-group:{name}"))
}

/// The name in a log group's ARN; a text that is none is the name itself.
pub fn name_of(text: &str) -> &str {
    let name = text.strip_prefix("arn:").and_then(|rest| rest.splitn(6, ':').nth(5)?.split(':').next());
    name.unwrap_or(text)
}

impl Kind for LogGroup {
    const SECTION: &'static str = SECTION;
    const NOUN: &'static str = "log group";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 16;
    const ATTRIBUTES: &'static [&'static str] = &["arn", "name"];
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        LOG_GROUP_NAME.check(name, problems);
        if let Some(days) = spec.retention_days.filter(|days| !RETENTIONS.contains(days)) {
            let next = RETENTIONS.iter().copied().find(|allowed| *allowed > days).unwrap_or(3653);
            problems.push_help(
                "/retentionDays",
                format!("{days} days is no retention that CloudWatch Logs has (API:PutRetentionPolicy)"),
                format!("the next longer one is {next} days; leave `retentionDays` out to keep events for ever"),
            );
        }
        if spec.retention_days.is_some() && spec.log_group_class == Class::Delivery {
            let message = "a DELIVERY log group keeps events for one day; that cannot be set (API:CreateLogGroup)";
            problems.push("/retentionDays", message);
        }
        if spec.kms_key.as_ref().is_some_and(|key| !key.starts_with("arn:") || key.len() > 256) {
            problems
                .push("/kmsKey", "a KMS key is named by its ARN here, at most 256 characters (API:AssociateKmsKey)");
        }
    }

    fn desired(spec: Spec, _scope: &Scope) -> Result<State, Problems> {
        let Spec { retention_days, kms_key, log_group_class } = spec;
        Ok(State { retention_days, kms_key, log_group_class: log_group_class.name().to_owned() })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        match attribute {
            "arn" => Some(arn(scope.place, name)),
            "name" => Some(name.to_owned()),
            _ => None,
        }
    }

    fn replaces(path: &str) -> bool {
        path == "/logGroupClass"
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let Some(state) = describe(cx, name).await? else { return Ok(None) };
        let arn = arn(cx.place(), name);
        let list = || cx.session.clients.logs.list_tags_for_resource().resource_arn(&arn).send();
        let Some(found) = cx.call("logs:ListTagsForResource", list).await.optional()? else { return Ok(None) };
        let tags: Tags = found.tags().into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
        Ok(Some(Live { id: name.to_owned(), state, tags, version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("logs:CreateLogGroup", || {
            let request = cx.session.clients.logs.create_log_group().log_group_name(name);
            let request = request.log_group_class(LogGroupClass::from(desired.log_group_class.as_str()));
            let request = request.set_kms_key_id(desired.kms_key.clone());
            request.set_tags(Some(cx.tags().into_iter().collect())).send()
        })
        .await?;
        match desired.retention_days {
            Some(_) => set_retention(cx, name, desired.retention_days).await,
            None => Ok(()),
        }
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let logs = &cx.session.clients.logs;
        if live.state.retention_days != desired.retention_days {
            set_retention(cx, &live.id, desired.retention_days).await?;
        }
        match &desired.kms_key {
            key if *key == live.state.kms_key => {}
            Some(key) => {
                let associate = || logs.associate_kms_key().log_group_name(&live.id).kms_key_id(key).send();
                cx.call("logs:AssociateKmsKey", associate).await?;
            }
            None => {
                let disassociate = || logs.disassociate_kms_key().log_group_name(&live.id).send();
                cx.call("logs:DisassociateKmsKey", disassociate).await?;
            }
        }
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        let (logs, arn) = (&cx.session.clients.logs, arn(cx.place(), &live.id));
        if !change.set.is_empty() {
            let tags = change.set.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            let tag = || logs.tag_resource().resource_arn(&arn).set_tags(Some(Clone::clone(&tags))).send();
            cx.call("logs:TagResource", tag).await?;
        }
        if !change.remove.is_empty() {
            let untag = || logs.untag_resource().resource_arn(&arn).set_tag_keys(Some(change.remove.clone())).send();
            cx.call("logs:UntagResource", untag).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let delete = || cx.session.clients.logs.delete_log_group().log_group_name(&live.id).send();
        cx.call("logs:DeleteLogGroup", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |token| cx.session.clients.logs.describe_log_groups().set_next_token(token).send();
        let pages = pages::all(cx, "logs:DescribeLogGroups", list, |page| page.next_token()).await?;
        Ok(pages
            .iter()
            .flat_map(|page| page.log_groups())
            .filter_map(|group| group.log_group_name().map(str::to_owned))
            .collect())
    }
}

/// There is no call for one group by name, only by prefix.
async fn describe(cx: &Context, name: &str) -> Result<Option<State>, AwsError> {
    let mut token = None::<String>;
    loop {
        let page = cx
            .call("logs:DescribeLogGroups", || {
                let request = cx.session.clients.logs.describe_log_groups().log_group_name_prefix(name);
                request.set_next_token(token.clone()).send()
            })
            .await?;
        if let Some(group) = page.log_groups().iter().find(|group| group.log_group_name() == Some(name)) {
            let class = group.log_group_class().map_or(Class::Standard.name(), |class| class.as_str());
            return Ok(Some(State {
                // Nobody sets the one day of a DELIVERY group, so it is no setting, however AWS shows it.
                retention_days: group.retention_in_days().filter(|_| class != Class::Delivery.name()),
                kms_key: group.kms_key_id().map(str::to_owned),
                log_group_class: class.to_owned(),
            }));
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(None);
        }
    }
}

async fn set_retention(cx: &Context, name: &str, days: Option<i32>) -> Result<(), AwsError> {
    let logs = &cx.session.clients.logs;
    match days {
        Some(days) => {
            let put = || logs.put_retention_policy().log_group_name(name).retention_in_days(days).send();
            cx.call("logs:PutRetentionPolicy", put).await?;
        }
        None => {
            let delete = || logs.delete_retention_policy().log_group_name(name).send();
            cx.call("logs:DeleteRetentionPolicy", delete).await?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_survives_the_way_through_the_arn() {
        let place = Place::new("123456789012", "eu-west-1");
        let arn = arn(&place, "/aws/lambda/fix");
        assert_eq!(arn, "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/fix");
        for text in [arn.clone(), format!("{arn}:*"), "/aws/lambda/fix".into()] {
            assert_eq!(name_of(&text), "/aws/lambda/fix", "{text}");
        }
    }
}
