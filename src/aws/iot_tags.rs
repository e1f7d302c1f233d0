//! Tags of AWS IoT objects: all kinds share the same three calls, by ARN.

use aws_sdk_iot::types::Tag;

use super::context::Context;
use super::error::AwsError;
use crate::ownership::{TagChange, Tags};

/// Tags for a create call.
pub fn wire(tags: &Tags) -> Option<Vec<Tag>> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    Some(tags.iter().map(build).map(|tag| tag.expect("the key is set")).collect())
}

/// All tags of an object. The list is paged by a token without a page size (API:ListTagsForResource).
pub async fn read(cx: &Context, arn: &str) -> Result<Tags, AwsError> {
    let (mut tags, mut token) = (Tags::new(), None);
    loop {
        let page = cx
            .call("iot:ListTagsForResource", || {
                let request = cx.session.clients.iot.list_tags_for_resource().resource_arn(arn);
                request.set_next_token(token.clone()).send()
            })
            .await?;
        for tag in page.tags() {
            tags.insert(tag.key().to_owned(), tag.value().unwrap_or_default().to_owned());
        }
        token = page.next_token().map(str::to_owned);
        if token.is_none() {
            return Ok(tags);
        }
    }
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
