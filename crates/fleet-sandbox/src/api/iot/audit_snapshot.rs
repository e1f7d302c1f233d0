//! The account as an audit sees it: the store's objects in the form of `fleet-audit`.
//!
//! What AWS knows and the sandbox cannot is chosen: nothing connects to it and it has no Amazon Cognito, so there are no
//! connections and no identity pools; no certificate is revoked and no key is a Debian weak key. When roles last used a
//! service stays unknown.

use fleet_audit::snapshot::{
    CaCertificate, Certificate, Connections, IotPolicy, Logging, LoggingV1, LoggingV2, Role, RoleAlias, RolePolicy,
    Snapshot, Validity,
};
use fleet_audit::timestamp::Timestamp;
use serde_json::{Value, json};

use super::ca_certificate::CA_CERTIFICATES;
use super::certificate::CERTIFICATES;
use super::policy::POLICIES;
use super::role_alias::ROLE_ALIASES;
use super::{logging, logging_v1, policy_version, thing_principal};
use crate::api::delegate;
use crate::request::Request;
use crate::store::Tx;

/// How far back an on-demand audit looks at connections, in days (Device Defender developer guide).
const LOOK_BACK_DAYS: i64 = 31;

/// All that the checks read.
pub fn take(tx: &mut Tx<'_>, request: &Request) -> Snapshot {
    let now = seconds(request.now_ms);
    let role_aliases = role_aliases(tx);
    let roles = roles(tx, request, &role_aliases);
    let none = Connections { observed_from: now.plus_days(-LOOK_BACK_DAYS), observed_to: now, observations: vec![] };
    Snapshot {
        account_id: Some(request.account.clone()),
        region: Some(request.region.clone()),
        logging: Some(logging(tx)),
        policies: Some(policies(tx)),
        certificates: Some(certificates(tx)),
        ca_certificates: Some(ca_certificates(tx)),
        issuer_certificates: Some(vec![]),
        role_aliases: Some(role_aliases),
        roles: Some(roles),
        identity_pools: Some(vec![]),
        connections: Some(none),
        crls: None,
        service_last_accessed: None,
        debian_weak_keys: Some(vec![]),
    }
}

/// Epoch milliseconds as the audit counts time.
pub fn seconds(milliseconds: i64) -> Timestamp {
    Timestamp(milliseconds.div_euclid(1000))
}

fn text(value: &Value) -> Option<String> {
    value.as_str().map(str::to_owned)
}

fn moment(value: &Value) -> Option<Timestamp> {
    value.as_i64().map(seconds)
}

fn validity(value: &Value) -> Option<Validity> {
    Some(Validity { not_before: moment(&value["notBefore"]), not_after: moment(&value["notAfter"]) })
}

fn logging(tx: &Tx<'_>) -> Logging {
    let v1 = logging_v1::options(tx);
    let v2 = logging::present(tx).cloned().unwrap_or_default();
    Logging {
        v1: Some(LoggingV1 { role_arn: text(&v1["roleArn"]), log_level: text(&v1["logLevel"]) }),
        v2: Some(LoggingV2 {
            role_arn: text(&v2["roleArn"]),
            default_log_level: text(&v2["defaultLogLevel"]),
            disable_all_logs: v2["disableAllLogs"] == true,
        }),
        address: None,
    }
}

fn policies(tx: &Tx<'_>) -> Vec<IotPolicy> {
    let in_force = |(name, policy): (&str, &Value)| {
        let id = text(&policy["defaultVersionId"])?;
        let version = policy_version::find(tx, name, &id).ok()?;
        let document = version["policyDocument"].clone();
        Some(IotPolicy {
            policy_name: name.to_owned(),
            default_version_id: Some(id),
            policy_document: document,
            address: None,
        })
    };
    tx.scan(POLICIES).filter_map(in_force).collect()
}

fn certificates(tx: &Tx<'_>) -> Vec<Certificate> {
    let of = |(id, found): (&str, &Value)| {
        let arn = found["certificateArn"].as_str().unwrap_or_default();
        Certificate {
            certificate_id: id.to_owned(),
            status: text(&found["status"]).unwrap_or_default(),
            certificate_pem: text(&found["certificatePem"]),
            certificate_signing_request: None,
            creation_date: moment(&found["creationDate"]),
            validity: validity(&found["validity"]),
            attached_things: Some(thing_principal::of_principal(tx, arn).map(|(thing, _)| thing.to_owned()).collect()),
            address: None,
        }
    };
    tx.scan(CERTIFICATES).map(of).collect()
}

fn ca_certificates(tx: &Tx<'_>) -> Vec<CaCertificate> {
    let of = |(id, found): (&str, &Value)| {
        let found = &found["certificateDescription"];
        CaCertificate {
            certificate_id: id.to_owned(),
            status: text(&found["status"]).unwrap_or_default(),
            certificate_pem: text(&found["certificatePem"]),
            validity: validity(&found["validity"]),
            address: None,
        }
    };
    tx.scan(CA_CERTIFICATES).map(of).collect()
}

fn role_aliases(tx: &Tx<'_>) -> Vec<RoleAlias> {
    let of = |(name, found): (&str, &Value)| RoleAlias {
        role_alias: name.to_owned(),
        role_alias_arn: text(&found["roleAliasArn"]).unwrap_or_default(),
        role_arn: text(&found["roleArn"]).unwrap_or_default(),
        address: None,
    };
    tx.scan(ROLE_ALIASES).map(of).collect()
}

/// The roles behind the aliases; one that does not exist is left out.
fn roles(tx: &mut Tx<'_>, request: &Request, aliases: &[RoleAlias]) -> Vec<Role> {
    let mut arns: Vec<&str> = aliases.iter().map(|alias| alias.role_arn.as_str()).collect();
    arns.sort_unstable();
    arns.dedup();
    arns.into_iter()
        .filter_map(|arn| Some(Role { arn: arn.to_owned(), policies: policies_of(tx, request, arn)? }))
        .collect()
}

fn policies_of(tx: &mut Tx<'_>, request: &Request, arn: &str) -> Option<Vec<RolePolicy>> {
    let name = arn.rsplit('/').next()?;
    let mut iam = |operation: &str, input: Value| delegate::call(tx, request, "iam", operation, input).ok();
    let named = |found: &Value, member: &str| found[member].as_array().cloned().unwrap_or_default();
    let mut policies = Vec::new();
    let attached = iam("ListAttachedRolePolicies", json!({ "RoleName": name }))?;
    for policy in named(&attached, "AttachedPolicies") {
        let arn = &policy["PolicyArn"];
        let version = iam("GetPolicy", json!({ "PolicyArn": arn })).and_then(|found| {
            iam("GetPolicyVersion", json!({ "PolicyArn": arn, "VersionId": found["Policy"]["DefaultVersionId"] }))
        });
        policies.push(RolePolicy {
            policy_name: text(&policy["PolicyName"]).unwrap_or_default(),
            policy_document: version.map(|version| version["PolicyVersion"]["Document"].clone()),
        });
    }
    for policy in named(&iam("ListRolePolicies", json!({ "RoleName": name }))?, "PolicyNames") {
        let found = iam("GetRolePolicy", json!({ "RoleName": name, "PolicyName": policy }))?;
        let policy_document = Some(found["PolicyDocument"].clone());
        policies.push(RolePolicy { policy_name: text(&policy).unwrap_or_default(), policy_document });
    }
    Some(policies)
}
