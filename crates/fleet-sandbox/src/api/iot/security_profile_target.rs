//! Which targets a security profile watches: thing groups, or all, registered or unregistered
//! things of the account.
//!
//! Sources: API:AttachSecurityProfile, API:ListSecurityProfilesForTarget; Device Defender developer
//! guide, "Detect" (target ARNs); General Reference (five profiles a target). Attaching again and
//! detaching what is not attached are no errors.

use serde_json::{Value, json};

use super::refusal::{invalid, limit, not_found};
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

/// Attachments as `profile/target ARN`; profile names hold no slash.
const TARGETS: &str = "iot.security-profile-target";
const MAX_PROFILES: usize = 5;
const ACCOUNT_TARGETS: [&str; 3] = ["all/things", "all/registered-things", "all/unregistered-things"];

fn attach_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    let target = request.need("securityProfileTargetArn")?;
    security_profile::find(tx, name)?;
    check_target(tx, request, target)?;
    let others = attachments(tx).filter(|(profile, attached)| *attached == target && *profile != name).count();
    if others >= MAX_PROFILES {
        return Err(limit(format!("The target {target} already has {MAX_PROFILES} security profiles.")));
    }
    tx.put(TARGETS, &format!("{name}/{target}"), json!({}));
    Ok(json!({}))
}

fn detach_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    let target = request.need("securityProfileTargetArn")?;
    security_profile::find(tx, name)?;
    tx.remove(TARGETS, &format!("{name}/{target}"));
    Ok(json!({}))
}

fn list_targets_for_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    security_profile::find(tx, name)?;
    let targets = attachments(tx).filter(|(profile, _)| *profile == name);
    let targets = targets.map(|(_, target)| (target.to_owned(), json!({ "arn": target })));
    let (targets, next) = page(request, &paging::IOT, targets)?;
    Ok(json!({ "securityProfileTargets": targets, "nextToken": next }))
}

/// With `recursive`, also what is attached to the groups below the target.
fn list_security_profiles_for_target(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let target = request.need("securityProfileTargetArn")?;
    let group = check_target(tx, request, target)?;
    let groups = request.arn("iot", "thinggroup/");
    let below = |attached: &str| match (group, attached.strip_prefix(&groups)) {
        (Some(above), Some(name)) if request.flag("recursive") == Some(true) => is_below(tx, name, above),
        _ => false,
    };
    let chosen = attachments(tx).filter(|(_, attached)| *attached == target || below(attached));
    let mappings = chosen.filter_map(|(name, attached)| {
        let profile = identifier(tx.get(SECURITY_PROFILES, name)?);
        let mapping = json!({ "securityProfileIdentifier": profile, "target": { "arn": attached } });
        Some((format!("{name}/{attached}"), mapping))
    });
    let (mappings, next) = page(request, &paging::IOT, mappings)?;
    Ok(json!({ "securityProfileTargetMappings": mappings, "nextToken": next }))
}

/// Ends all attachments of a profile.
pub fn forget_profile(tx: &mut Tx<'_>, name: &str) {
    forget(tx, |profile, _| profile == name);
}

/// Ends all attachments to a target.
pub fn forget_target(tx: &mut Tx<'_>, arn: &str) {
    forget(tx, |_, target| target == arn);
}

fn forget(tx: &mut Tx<'_>, is_meant: impl Fn(&str, &str) -> bool) {
    let meant = attachments(tx).filter(|(profile, target)| is_meant(profile, target));
    let keys: Vec<String> = meant.map(|(profile, target)| format!("{profile}/{target}")).collect();
    for key in keys {
        tx.remove(TARGETS, &key);
    }
}

fn attachments<'t>(tx: &'t Tx<'_>) -> impl Iterator<Item = (&'t str, &'t str)> {
    tx.scan(TARGETS).filter_map(|(key, _)| key.split_once('/'))
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
