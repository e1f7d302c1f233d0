//! Device Defender Detect security profiles: behaviours, alert targets, retained metrics, export.
//!
//! Sources: API:CreateSecurityProfile, API:UpdateSecurityProfile (a patch: every list given replaces
//! the whole list, delete flags empty one and exclude a value for it), API:DeleteSecurityProfile;
//! that a missing profile and one with targets can be deleted: handlers of
//! aws-cloudformation/aws-cloudformation-resource-providers-iot. Chosen: an empty list given to an
//! update changes nothing, since emptying has its own flags; with `realism.detect_available` off,
//! creating is InvalidRequestException with a text that names the reason (AWS's is not known).

use serde_json::{Map, Value, json};

use super::refusal::{check_version, exists_because, invalid, next_version, not_found};
use super::{behavior, security_profile_target, tagging};
use crate::api::service::Table;
use crate::error::AwsError;
use crate::paging::{self, page};
use crate::request::Request;
use crate::store::Tx;

/// Operations of this kind.
pub const OPERATIONS: Table = &[
    ("CreateSecurityProfile", create_security_profile),
    ("DescribeSecurityProfile", describe_security_profile),
    ("UpdateSecurityProfile", update_security_profile),
    ("DeleteSecurityProfile", delete_security_profile),
    ("ListSecurityProfiles", list_security_profiles),
    ("ValidateSecurityProfileBehaviors", validate_security_profile_behaviors),
];

/// Collection of profiles by name, in the form DescribeSecurityProfile answers.
pub const SECURITY_PROFILES: &str = "iot.security-profile";

/// What a caller sets, with the flag that empties it.
const SETTINGS: [(&str, &str); 6] = [
    ("securityProfileDescription", ""),
    ("behaviors", "deleteBehaviors"),
    ("alertTargets", "deleteAlertTargets"),
    ("additionalMetricsToRetain", "deleteAdditionalMetricsToRetain"),
    ("additionalMetricsToRetainV2", "deleteAdditionalMetricsToRetain"),
    ("metricsExportConfig", "deleteMetricsExportConfig"),
];

/// The profile, or ResourceNotFoundException.
pub fn find(tx: &Tx<'_>, name: &str) -> Result<Value, AwsError> {
    tx.get(SECURITY_PROFILES, name).cloned().ok_or_else(|| not_found("Security profile", name))
}

/// Refuses to make Detect objects in an account that has no Detect.
pub fn check_available(request: &Request) -> Result<(), AwsError> {
    if request.realism.detect_available {
        return Ok(());
    }
    Err(invalid(
        "AWS IoT Device Defender Detect is not available to this account: it is closed to new customers since August 31, 2026.",
    ))
}

fn create_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    check_available(request)?;
    let name = request.need("securityProfileName")?;
    let arn = request.arn("iot", &format!("securityprofile/{name}"));
    if tx.has(SECURITY_PROFILES, name) {
        return Err(exists_because(format!("Security profile {name} already exists."), name, &arn));
    }
    let mut profile = json!({
        "securityProfileName": name,
        "securityProfileArn": arn,
        "version": 1,
        "creationDate": request.now_ms,
        "lastModifiedDate": request.now_ms,
    });
    set(&mut profile, request);
    check(tx, &profile)?;
    tagging::create(tx, request, &arn)?;
    tx.put(SECURITY_PROFILES, name, profile);
    Ok(json!({ "securityProfileName": name, "securityProfileArn": arn }))
}

fn describe_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    find(tx, request.need("securityProfileName")?)
}

fn update_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    let mut profile = find(tx, name)?;
    check_version(request, &profile, "security profile", name)?;
    for (setting, flag) in SETTINGS {
        if request.flag(flag) != Some(true) {
            continue;
        }
        if request.get(setting).is_some() {
            return Err(invalid(format!("{flag} cannot be true when {setting} is given.")));
        }
        profile[setting] = Value::Null;
    }
    set(&mut profile, request);
    check(tx, &profile)?;
    profile["version"] = next_version(&profile).into();
    profile["lastModifiedDate"] = request.now_ms.into();
    tx.put(SECURITY_PROFILES, name, profile.clone());
    Ok(profile)
}

fn delete_security_profile(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let name = request.need("securityProfileName")?;
    let Some(profile) = tx.get(SECURITY_PROFILES, name).cloned() else { return Ok(json!({})) };
    check_version(request, &profile, "security profile", name)?;
    security_profile_target::forget_profile(tx, name);
    tagging::forget(tx, request, profile["securityProfileArn"].as_str().unwrap_or_default());
    tx.remove(SECURITY_PROFILES, name);
    Ok(json!({}))
}

fn list_security_profiles(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let (metric, dimension) = (request.str("metricName"), request.str("dimensionName"));
    let chosen = tx.scan(SECURITY_PROFILES).filter(|(_, profile)| {
        metric.is_none_or(|metric| uses(profile, |user| user["metric"] == metric || *user == metric))
            && dimension.is_none_or(|name| uses(profile, |user| user["metricDimension"]["dimensionName"] == name))
    });
    let (profiles, next) =
        page(request, &paging::IOT, chosen.map(|(name, profile)| (name.to_owned(), identifier(profile))))?;
    Ok(json!({ "securityProfileIdentifiers": profiles, "nextToken": next }))
}

fn validate_security_profile_behaviors(tx: &mut Tx<'_>, request: &Request) -> Result<Value, AwsError> {
    let problems = behavior::problems(tx, request.list("behaviors"));
    let errors: Vec<Value> = problems.iter().map(|problem| json!({ "errorMessage": problem })).collect();
    Ok(json!({ "valid": errors.is_empty(), "validationErrors": errors }))
}

/// A profile as lists show it.
pub fn identifier(profile: &Value) -> Value {
    json!({ "name": profile["securityProfileName"], "arn": profile["securityProfileArn"] })
}

/// The name of a profile that has a behaviour or retained metric for which `is_user` holds.
pub fn user_of(tx: &Tx<'_>, is_user: impl Fn(&Value) -> bool) -> Option<String> {
    let found = tx.scan(SECURITY_PROFILES).find(|(_, profile)| uses(profile, &is_user));
    found.map(|(name, _)| name.to_owned())
}

fn uses(profile: &Value, is_user: impl Fn(&Value) -> bool) -> bool {
    let lists = ["behaviors", "additionalMetricsToRetain", "additionalMetricsToRetainV2"];
    lists.iter().filter_map(|list| profile[list].as_array()).flatten().any(is_user)
}

/// Takes over what the request gives; an empty list or map changes nothing.
fn set(profile: &mut Value, request: &Request) {
    let given = SETTINGS.iter().filter_map(|(setting, _)| Some((*setting, request.get(setting)?)));
    for (setting, value) in given {
        let empty = value.as_array().is_some_and(Vec::is_empty) || value.as_object().is_some_and(Map::is_empty);
        if !empty {
            profile[setting] = value.clone();
        }
    }
}

fn check(tx: &Tx<'_>, profile: &Value) -> Result<(), AwsError> {
    let list = |name: &str| profile[name].as_array().map_or(&[][..], Vec::as_slice);
    let mut problems = behavior::problems(tx, list("behaviors"));
    let old_form = list("additionalMetricsToRetain").iter().map(|metric| json!({ "metric": metric }));
    for retained in old_form.chain(list("additionalMetricsToRetainV2").iter().cloned()) {
        problems.extend(behavior::metric_problems(tx, &retained).into_iter().map(|p| format!("Retained metric: {p}")));
    }
    let exporters = list("behaviors").iter().chain(list("additionalMetricsToRetainV2"));
    if profile["metricsExportConfig"].is_null() && exporters.into_iter().any(|user| user["exportMetric"] == true) {
        problems.push("exportMetric needs a metricsExportConfig.".to_owned());
    }
    if problems.is_empty() { Ok(()) } else { Err(invalid(problems.join(" "))) }
}
