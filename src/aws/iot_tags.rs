//! Tags of AWS IoT objects: all kinds share the same three calls, by ARN.

use aws_sdk_iot::types::Tag;

use super::context::Context;
use super::error::AwsError;
use super::pages;
use crate::ownership::{TagChange, Tags};

/// Tags for a create call.
pub fn wire(tags: &Tags) -> Option<Vec<Tag>> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    Some(tags.iter().map(build).map(|tag| tag.expect("the key is set")).collect())
}

/// All tags of an object. The list is paged by a token without a page size (API:ListTagsForResource).
pub async fn read(cx: &Context, arn: &str) -> Result<Tags, AwsError> {
    let list = |token| cx.session.clients.iot.list_tags_for_resource().resource_arn(arn).set_next_token(token).send();
    let pages = pages::all(cx, "iot:ListTagsForResource", list, |page| page.next_token()).await?;
    let tags = pages.iter().flat_map(|page| page.tags());
    Ok(tags.map(|tag| (tag.key().to_owned(), tag.value().unwrap_or_default().to_owned())).collect())
}

pub async fn change(cx: &Context, arn: &str, change: &TagChange) -> Result<(), AwsError> {
    if !change.set.is_empty() {
        cx.call("iot:TagResource", || {
            cx.session.clients.iot.tag_resource().resource_arn(arn).set_tags(wire(&change.set)).send()
        })
        .await?;
    }
    if !change.remove.is_empty() {
        cx.call("iot:UntagResource", || {
            let request = cx.session.clients.iot.untag_resource().resource_arn(arn);
            request.set_tag_keys(Some(change.remove.clone())).send()
        })
        .await?;
    }
    Ok(())
}
