//! How a certificate carries its owner's mark.
//!
//! Certificates take no tags and have no field for a note. So a policy that grants nothing is attached to each
//! certificate of a fleet, and its targets are the fleet's certificates. It takes one of the ten places for policies
//! that a certificate has.

use serde_json::json;

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::aws::iot_tags;
use crate::kind::Kind;
use crate::ownership::{ADDRESS_TAG, FLEET_TAG, Tags};
use crate::policy_document::PolicyDocument;
use crate::resources::policy;

/// Followed by the fleet's name.
pub const PREFIX: &str = "fleetctl-owner-";

pub fn is_mark(policy: &str) -> bool {
    policy.starts_with(PREFIX)
}

/// The fleet whose mark is among the attached policies.
pub fn fleet<'a>(policies: impl IntoIterator<Item = &'a String>) -> Option<&'a str> {
    policies.into_iter().find_map(|name| name.strip_prefix(PREFIX))
}

/// ARNs of the certificates of this fleet.
pub async fn marked(cx: &Context) -> Result<Vec<String>, AwsError> {
    Ok(policy::targets(cx, &name(cx)).await.optional()?.unwrap_or_default())
}

/// Marks a certificate. Marking it again changes nothing.
pub async fn attach(cx: &Context, certificate: &str) -> Result<(), AwsError> {
    // A certificate deleted at the same time may take the policy with it; a second round makes it again.
    for _ in 0..2 {
        ensure(cx).await?;
        if policy::attach_one(cx, &name(cx), certificate).await.optional()?.is_some() {
            return Ok(());
        }
    }
    policy::attach_one(cx, &name(cx), certificate).await
}

/// Deletes the policy when no certificate has it any more. Whatever is left of it is found again as an orphan.
/// `deleted` is the certificate that went last; it may be listed for a moment longer.
pub async fn drop_unused(cx: &Context, deleted: &str) -> Result<(), AwsError> {
    let targets = marked(cx).await?;
    if targets.iter().any(|target| target != deleted) {
        return Ok(());
    }
    if !targets.is_empty() {
        policy::detach(cx, &name(cx), deleted).await?;
    }
    let delete = || cx.session.clients.iot.delete_policy().policy_name(name(cx)).send();
    match cx.call("iot:DeletePolicy", delete).await.optional() {
        // Another certificate got it meanwhile.
        Err(error) if error.code() == "DeleteConflictException" => Ok(()),
        result => result.map(|_| ()),
    }
}

fn name(cx: &Context) -> String {
    format!("{PREFIX}{}", cx.mark.fleet)
}

/// A policy of this name that is not ours could grant anything, so it is not attached to any device.
async fn ensure(cx: &Context) -> Result<(), AwsError> {
    if is_ours(cx).await? {
        return Ok(());
    }
    // The address lets a leftover be found by the tagging index.
    let address = format!("{}.{}", policy::Policy::SECTION, name(cx));
    let tags = Tags::from([(FLEET_TAG.to_owned(), cx.mark.fleet.clone()), (ADDRESS_TAG.to_owned(), address)]);
    let document = document(cx).wire();
    let create = || {
        let request = cx.session.clients.iot.create_policy().policy_name(name(cx)).policy_document(&document);
        request.set_tags(iot_tags::wire(&tags)).send()
    };
    match cx.call("iot:CreatePolicy", create).await {
        // Another step of the same run was first, or it is somebody else's.
        Err(error) if error.is_already_exists() => match is_ours(cx).await? {
            true => Ok(()),
            false => Err(foreign(cx)),
        },
        result => result.map(|_| ()),
    }
}

async fn is_ours(cx: &Context) -> Result<bool, AwsError> {
    let tags = iot_tags::read(cx, &policy::arn(cx.place(), &name(cx))).await.optional()?;
    Ok(tags.is_some_and(|tags| tags.get(FLEET_TAG) == Some(&cx.mark.fleet)))
}

/// Grants nothing, and denies only a client ID that no device has.
fn document(cx: &Context) -> PolicyDocument {
    let client = cx.place().arn("iot", format_args!("client/{}", name(cx)));
    PolicyDocument::of(vec![json!({ "Effect": "Deny", "Action": "iot:Connect", "Resource": client })])
}

fn foreign(cx: &Context) -> AwsError {
    AwsError {
        action: "iot:AttachPolicy",
        subject: cx.mark.address.to_string(),
        cause: Cause::Malformed {
            message: format!(
                "the policy `{}` exists without the tag {FLEET_TAG}={}; fleetctl needs this name for its own mark: \
                 delete the policy, or set the tag if it grants nothing",
                name(cx),
                cx.mark.fleet
            ),
        },
    }
}
