//! Tags of CloudWatch objects: alarms and dashboards share the same three calls, by ARN.

use aws_sdk_cloudwatch::types::Tag;

use super::context::Context;
use super::error::AwsError;
use crate::ownership::{TagChange, Tags};

/// Tags for a create call.
pub fn wire(tags: &Tags) -> Option<Vec<Tag>> {
    Some(tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect())
}

/// All tags of an object. The answer is not paged (API:ListTagsForResource).
pub async fn read(cx: &Context, arn: &str) -> Result<Tags, AwsError> {
    let list = || cx.session.clients.cloudwatch.list_tags_for_resource().resource_arn(arn).send();
    let found = cx.call("cloudwatch:ListTagsForResource", list).await?;
    let pair = |tag: &Tag| Some((tag.key()?.to_owned(), tag.value().unwrap_or_default().to_owned()));
    Ok(found.tags().iter().filter_map(pair).collect())
}

pub async fn change(cx: &Context, arn: &str, change: &TagChange) -> Result<(), AwsError> {
    let cloudwatch = &cx.session.clients.cloudwatch;
    if !change.set.is_empty() {
        cx.call("cloudwatch:TagResource", || {
            cloudwatch.tag_resource().resource_arn(arn).set_tags(wire(&change.set)).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call("cloudwatch:UntagResource", || {
            cloudwatch.untag_resource().resource_arn(arn).set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
