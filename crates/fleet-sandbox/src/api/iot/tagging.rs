//! Tags of IoT objects: TagResource, UntagResource, ListTagsForResource, and tags on create.
//!
//! Sources: API:TagResource; IoT developer guide, "Tagging your AWS IoT resources" (things and
//! device certificates cannot be tagged). Tags of a repeated, idempotent create are not looked at.

use serde_json::{Map, Value, json};

use super::refusal::{invalid, not_found};
use super::{
    ca_certificate, custom_metric, dimension, mitigation_action, policy, role_alias, scheduled_audit, security_profile,
    thing_group, thing_type, topic_rule,
};
use crate::api::service::Table;
use crate::api::tags::{self, Codes};
use crate::error::AwsError;
use crate::paging::{self, Paging, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("TagResource", tag_resource),
    ("UntagResource", untag_resource),
    ("ListTagsForResource", list_tags_for_resource),
];

/// Resource type in the ARN and collection of every taggable kind.
const TAGGABLE: &[(&str, &str)] = &[
    ("thingtype", thing_type::THING_TYPES),
    ("thinggroup", thing_group::THING_GROUPS),
    ("securityprofile", security_profile::SECURITY_PROFILES),
    ("scheduledaudit", scheduled_audit::SCHEDULED_AUDITS),
    ("rule", topic_rule::TOPIC_RULES),
    ("policy", policy::POLICIES),
    ("custommetric", custom_metric::METRICS),
    ("dimension", dimension::DIMENSIONS),
    ("mitigationaction", mitigation_action::ACTIONS),
    ("rolealias", role_alias::ROLE_ALIASES),
    ("cacert", ca_certificate::CA_CERTIFICATES),
];

const ON_CREATE: Codes = Codes { too_many: "InvalidRequestException", invalid: "InvalidRequestException" };
const LATER: Codes = Codes { too_many: "LimitExceededException", invalid: "InvalidRequestException" };
/// ListTagsForResource takes no page size; an object has at most one page of tags.
const PAGES: Paging<'static> = Paging { size: "", default: 50, ..paging::IOT };

/// Records a new object with the `tags` of its create request. For every taggable object, also
/// without tags.
pub fn create(tx: &mut Tx<'_>, request: &Request, arn: &str) -> Result<(), AwsError> {
    let given = tags::read(request.get("tags"), &ON_CREATE)?;
    create_with(tx, request, arn, given)
}

/// As [`create`], for operations that carry tags in another form.
pub fn create_with(tx: &mut Tx<'_>, request: &Request, arn: &str, given: Map<String, Value>) -> Result<(), AwsError> {
    tags::create(tx, request, arn, given, &ON_CREATE)
}

/// Records that an object is gone.
pub fn forget(tx: &mut Tx<'_>, request: &Request, arn: &str) {
    tags::delete(tx, request, arn);
}

fn tag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::add_given(tx, request, arn, "tags", &LATER)
}

fn untag_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    tags::remove_given(tx, request, arn, "tagKeys")
}

fn list_tags_for_resource(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let arn = existing(tx, request)?;
    let tags = tags::list(tx, arn).into_iter().map(|tag| (tag["Key"].as_str().unwrap_or_default().to_owned(), tag));
    let (tags, next) = page(request, &PAGES, tags)?;
    Ok(json!({ "tags": tags, "nextToken": next }))
}

/// The ARN of the request, if it names a taggable object that exists here.
fn existing<'r>(tx: &Tx<'_>, request: &'r Request) -> Result<&'r str, AwsError> {
    let arn = request.need("resourceArn")?;
    let here = request.arn("iot", "");
    let resource = arn
        .strip_prefix(&here)
        .ok_or_else(|| invalid(format!("{arn} is no AWS IoT ARN of this account and region.")))?;
    let (kind, name) = resource.split_once('/').unwrap_or((resource, ""));
    let (_, collection) = TAGGABLE
        .iter()
        .find(|(taggable, _)| *taggable == kind)
        .ok_or_else(|| invalid(format!("{arn} cannot be tagged.")))?;
    if tx.has(collection, name) { Ok(arn) } else { Err(not_found("Resource", arn)) }
}
