//! Tags of roles and policies. Source: API:TagRole, UntagRole, ListRoleTags, TagPolicy, UntagPolicy,
//! ListPolicyTags.

use serde_json::Value;

use super::listing::listing;
use super::{policy, role};
use crate::api::service::Table;
use crate::api::tags::{self, Codes};
use crate::error::AwsError;
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("TagRole", |tx, request| tag(tx, request, role_arn(tx, request)?)),
    ("UntagRole", |tx, request| untag(tx, request, role_arn(tx, request)?)),
    ("ListRoleTags", |tx, request| list(tx, request, role_arn(tx, request)?)),
    ("TagPolicy", |tx, request| tag(tx, request, policy_arn(tx, request)?)),
    ("UntagPolicy", |tx, request| untag(tx, request, policy_arn(tx, request)?)),
    ("ListPolicyTags", |tx, request| list(tx, request, policy_arn(tx, request)?)),
];

/// IAM's codes for refused tags.
pub const CODES: Codes = Codes { too_many: "LimitExceeded", invalid: "InvalidInput" };

fn role_arn(tx: &Tx<'_>, request: &Request) -> Result<String, AwsError> {
    Ok(role::find(tx, request.need("RoleName")?)?["Arn"].as_str().unwrap_or_default().to_owned())
}

fn policy_arn(tx: &Tx<'_>, request: &Request) -> Result<String, AwsError> {
    let arn = request.need("PolicyArn")?;
    policy::find_own(tx, arn)?;
    Ok(arn.to_owned())
}

fn tag(tx: &mut Tx<'_>, request: &Request, arn: String) -> Result<Value, AwsError> {
    tags::add_given(tx, request, &arn, "Tags", &CODES)
}

fn untag(tx: &mut Tx<'_>, request: &Request, arn: String) -> Result<Value, AwsError> {
    tags::remove_given(tx, request, &arn, "TagKeys")
}

fn list(tx: &mut Tx<'_>, request: &Request, arn: String) -> Result<Value, AwsError> {
    let tags = tags::list(tx, &arn).into_iter().map(|tag| (tag["Key"].as_str().unwrap_or_default().to_owned(), tag));
    listing(request, "Tags", tags)
}
