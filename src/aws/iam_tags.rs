//! Tags of IAM objects: roles and managed policies share the shape, not the calls.

use aws_sdk_iam::types::Tag;

use crate::ownership::Tags;

/// Tags for a create or tag call.
pub fn wire(tags: &Tags) -> Option<Vec<Tag>> {
    let build = |(key, value): (&String, &String)| Tag::builder().key(key).value(value).build();
    Some(tags.iter().map(build).map(|tag| tag.expect("key and value are set")).collect())
}

pub fn read(tags: &[Tag]) -> Tags {
    tags.iter().map(|tag| (tag.key().to_owned(), tag.value().to_owned())).collect()
}
