//! Which targets a security profile watches: thing groups, or all, registered or unregistered
//! things of the account.
//!
//! Sources: API:AttachSecurityProfile, API:ListSecurityProfilesForTarget; Device Defender developer
//! guide, "Detect" (target ARNs); General Reference (five profiles a target). Attaching again and
//! detaching what is not attached are no errors.

use serde_json::{Value, json};

use super::refusal::{invalid, limit, not_found};
use super::relation::Relation;
use super::security_profile::{self, SECURITY_PROFILES, identifier};
use super::thing_group::{THING_GROUPS, is_below};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("AttachSecurityProfile", attach_security_profile),
    ("DetachSecurityProfile", detach_security_profile),
    ("ListTargetsForSecurityProfile", list_targets_for_security_profile),
    ("ListSecurityProfilesForTarget", list_security_profiles_for_target),
];

/// Security profiles and the ARNs of their targets.
const TARGETS: Relation = Relation { forward: "iot.target-of-profile", backward: "iot.profile-of-target" };
const MAX_PROFILES: usize = 5;
const ACCOUNT_TARGETS: [&str; 3] = ["all/things", "all/registered-things", "all/unregistered-things"];

fn attach_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    let target = request.need("securityProfileTargetArn")?;
    security_profile::find(tx, name)?;
    check_target(tx, request, target)?;
    if TARGETS.lefts(tx, target).into_iter().filter(|(profile, _)| *profile != name).count() >= MAX_PROFILES {
        return Err(limit(format!("The target {target} already has {MAX_PROFILES} security profiles.")));
    }
    TARGETS.put(tx, name, target, json!({}));
    Ok(json!({}))
}

fn detach_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    let target = request.need("securityProfileTargetArn")?;
    security_profile::find(tx, name)?;
    TARGETS.remove(tx, name, target);
    Ok(json!({}))
}

fn list_targets_for_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    security_profile::find(tx, name)?;
    let targets = TARGETS.rights(tx, name).into_iter().map(|(target, _)| (target.to_owned(), json!({ "arn": target })));
    let (targets, next) = page(request, &paging::IOT, targets)?;
    Ok(json!({ "securityProfileTargets": targets, "nextToken": next }))
}

/// With `recursive`, also what is attached to the groups below the target.
fn list_security_profiles_for_target(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let target = request.need("securityProfileTargetArn")?;
    let group = check_target(tx, request, target)?;
    let mut targets = vec![target.to_owned()];
    if let (Some(above), Some(true)) = (group, request.flag("recursive")) {
        let below = tx.scan(THING_GROUPS).map(|(name, _)| name).filter(|name| is_below(tx, name, above));
        targets.extend(below.map(|name| request.arn("iot", &format!("thinggroup/{name}"))));
    }
    let mut mappings: Vec<(String, Value)> = Vec::new();
    for attached in targets {
        mappings.extend(TARGETS.lefts(tx, &attached).into_iter().filter_map(|(name, _)| {
            let profile = identifier(tx.get(SECURITY_PROFILES, name)?);
            let mapping = json!({ "securityProfileIdentifier": profile, "target": { "arn": attached } });
            Some((format!("{name}/{attached}"), mapping))
        }));
    }
    mappings.sort_by(|a, b| a.0.cmp(&b.0));
    let (mappings, next) = page(request, &paging::IOT, mappings)?;
    Ok(json!({ "securityProfileTargetMappings": mappings, "nextToken": next }))
}

/// Ends all attachments of a profile.
pub fn forget_profile(tx: &mut Tx<'_>, name: &str) {
    TARGETS.remove_left(tx, name);
}

/// Ends all attachments to a target.
pub fn forget_target(tx: &mut Tx<'_>, arn: &str) {
    TARGETS.remove_right(tx, arn);
}

/// Checks a target; the answer is the group's name if it is one.
fn check_target<'r>(tx: &Tx<'_>, request: &Request, arn: &'r str) -> Result<Option<&'r str>, AwsError> {
    let wrong =
        || invalid(format!("{arn} is not the ARN of a thing group or of all things of this account and region."));
    let resource = arn.strip_prefix(&request.arn("iot", "")).ok_or_else(wrong)?;
    if ACCOUNT_TARGETS.contains(&resource) {
        return Ok(None);
    }
    let group = resource.strip_prefix("thinggroup/").ok_or_else(wrong)?;
    if tx.has(THING_GROUPS, group) { Ok(Some(group)) } else { Err(not_found("Thing group", group)) }
}
