//! IAM roles: who may assume them, and what they may do.
//!
//! A role has the path `/fleetctl/FLEET/`, by which the roles of a fleet are found: the tagging index does not know
//! roles. Attached and inline policies belong to the role, so one that is not declared is removed.

mod policies;
mod trust;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::policies::{ALLOW_POLICY, Allow};
use super::names::{NameRule, check_length};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iam_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::policy_document::PolicyDocument;
use crate::scope::{Place, Problems, Reference, Scope};

pub struct Role;

/// `[\w+=,.@-]+`, 1–64 (API:roleNameType).
const ROLE_NAME: NameRule = NameRule { others: "_+=,.@-", longest: 64, source: "API:roleNameType" };

/// An IAM role. Its path is `/fleetctl/FLEET/`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// Who may assume the role: service names such as `lambda.amazonaws.com`, accounts (twelve digits, in quotes), and
    /// ARNs of roles or users. Compiled to a trust policy. AWS IoT (`iot.amazonaws.com`) may assume the role on behalf
    /// of this account only (condition `aws:SourceAccount`), as AWS recommends against the confused deputy; write
    /// `trust` for other conditions.
    trusted_by: Vec<String>,
    /// The whole trust policy instead of `trustedBy`.
    trust: Option<PolicyDocument>,
    /// Managed policies to attach. A bare name is one of this spec's `managedPolicies`. A name with a slash is managed
    /// by AWS: `service-role/AWSIoTDeviceDefenderAudit`, or `policy/AWSIoTFullAccess` for one without a path. An ARN
    /// names any other.
    managed_policies: Vec<String>,
    /// What the role may do. Compiled to the inline policy `fleetctl`.
    allow: Vec<Allow>,
    /// Inline policies: name to policy document.
    inline_policies: BTreeMap<String, PolicyDocument>,
    /// At most 1000 characters.
    description: String,
    /// Seconds that a session may last at most: 3600 to 43200, by default 3600.
    max_session_duration: Option<i32>,
    /// The managed policy that bounds what the role may do, named as in `managedPolicies`.
    permissions_boundary: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    trust: PolicyDocument,
    /// ARNs.
    managed_policies: BTreeSet<String>,
    inline_policies: BTreeMap<String, PolicyDocument>,
    description: String,
    max_session_duration: i32,
    /// An ARN.
    permissions_boundary: Option<String>,
}

/// The path of a fleet's roles and managed policies.
pub fn path(fleet: &str) -> String {
    format!("/fleetctl/{fleet}/")
}

pub fn arn(place: &Place, fleet: &str, name: &str) -> String {
    place.global_arn("iam", format_args!("role{}{name}", path(fleet)))
}

/// The fleet in a role's ARN that ends in `role/fleetctl/FLEET/NAME`. It marks account-wide settings, which take no tags
/// but name a role.
pub fn fleet_of(role_arn: &str) -> Option<&str> {
    let (fleet, name) = role_arn.split_once(":role/fleetctl/")?.1.split_once('/')?;
    (!fleet.is_empty() && !name.contains('/')).then_some(fleet)
}

impl Kind for Role {
    const SECTION: &'static str = "roles";
    const NOUN: &'static str = "role";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 15;
    const ADOPTABLE: bool = false;
    const ATTRIBUTES: &'static [&'static str] = &["arn", "name"];
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        ROLE_NAME.check(name, problems);
        check_length("/description", &spec.description, 1000, "API:roleDescriptionType", problems);
        let latin = |c: char| matches!(c, '\t' | '\n' | '\r' | ' '..='~' | '\u{a1}'..='\u{ff}');
        if let Some(other) = spec.description.chars().find(|c| !latin(*c)) {
            let message = format!("`{other}` is not allowed here: IAM takes Latin-1 only (API:roleDescriptionType)");
            problems.push("/description", message);
        }
        if spec.max_session_duration.is_some_and(|seconds| !(3600..=43200).contains(&seconds)) {
            problems.push("/maxSessionDuration", "a session lasts 3600 to 43200 seconds (API:CreateRole)");
        }
        trust::check(spec, problems);
        policies::check(spec, problems);
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let attached = spec.managed_policies.iter().enumerate();
        let attached =
            attached.filter_map(|(index, text)| policies::reference(text, format!("/managedPolicies/{index}")));
        let boundary = spec.permissions_boundary.iter();
        attached.chain(boundary.filter_map(|text| policies::reference(text, "/permissionsBoundary".into()))).collect()
    }

    /// IAM checks the principals of a trust policy, but not the resources of other policies.
    fn orders(pointer: &str) -> bool {
        !pointer.starts_with("/allow") && !pointer.starts_with("/inlinePolicies")
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let mut inline_policies = spec.inline_policies;
        if !spec.allow.is_empty() {
            inline_policies.insert(ALLOW_POLICY.into(), policies::allowed(&spec.allow));
        }
        Ok(State {
            trust: spec.trust.unwrap_or_else(|| trust::compiled(&spec.trusted_by, &scope.place.account)),
            managed_policies: spec.managed_policies.iter().map(|text| policies::arn(text, scope)).collect(),
            inline_policies,
            description: spec.description,
            max_session_duration: spec.max_session_duration.unwrap_or(3600),
            permissions_boundary: spec.permissions_boundary.map(|text| policies::arn(&text, scope)),
        })
    }

    fn attribute(name: &str, attribute: &str, scope: &Scope) -> Option<String> {
        match attribute {
            "arn" => Some(arn(scope.place, scope.fleet, name)),
            "name" => Some(name.to_owned()),
            _ => None,
        }
    }

    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        let get = || cx.session.clients.iam.get_role().role_name(name).send();
        let Some(found) = cx.call("iam:GetRole", get).await.optional()? else { return Ok(None) };
        let Some(role) = found.role() else { return Ok(None) };
        let Some(managed_policies) = policies::attached(cx, name).await.optional()? else { return Ok(None) };
        let Some(inline_policies) = policies::inline(cx, name).await.optional()? else { return Ok(None) };
        let state = State {
            trust: PolicyDocument::live(role.assume_role_policy_document().unwrap_or_default()),
            managed_policies,
            inline_policies,
            description: role.description().unwrap_or_default().to_owned(),
            max_session_duration: role.max_session_duration().unwrap_or(3600),
            permissions_boundary: role
                .permissions_boundary()
                .and_then(|boundary| boundary.permissions_boundary_arn())
                .map(str::to_owned),
        };
        Ok(Some(Live { id: name.to_owned(), state, tags: iam_tags::read(role.tags()), version: None }))
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iam:CreateRole", || {
            let request = cx.session.clients.iam.create_role().role_name(name).path(path(&cx.mark.fleet));
            let request = request.assume_role_policy_document(desired.trust.wire());
            let request = request.description(&desired.description).max_session_duration(desired.max_session_duration);
            let request = request.set_permissions_boundary(desired.permissions_boundary.clone());
            request.set_tags(iam_tags::wire(&cx.tags())).send()
        })
        .await?;
        policies::set_attached(cx, name, &BTreeSet::new(), &desired.managed_policies).await?;
        policies::set_inline(cx, name, &BTreeMap::new(), &desired.inline_policies).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let (iam, name, state) = (&cx.session.clients.iam, &live.id, &live.state);
        if state.trust != desired.trust {
            cx.call("iam:UpdateAssumeRolePolicy", || {
                iam.update_assume_role_policy().role_name(name).policy_document(desired.trust.wire()).send()
            })
            .await?;
        }
        if state.description != desired.description || state.max_session_duration != desired.max_session_duration {
            cx.call("iam:UpdateRole", || {
                let request = iam.update_role().role_name(name).description(&desired.description);
                request.max_session_duration(desired.max_session_duration).send()
            })
            .await?;
        }
        if state.permissions_boundary != desired.permissions_boundary {
            policies::set_boundary(cx, name, desired.permissions_boundary.as_deref()).await?;
        }
        policies::set_attached(cx, name, &state.managed_policies, &desired.managed_policies).await?;
        policies::set_inline(cx, name, &state.inline_policies, &desired.inline_policies).await
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        let iam = &cx.session.clients.iam;
        if !change.set.is_empty() {
            let tag = || iam.tag_role().role_name(&live.id).set_tags(iam_tags::wire(&change.set)).send();
            cx.call("iam:TagRole", tag).await?;
        }
        if !change.remove.is_empty() {
            let untag = || iam.untag_role().role_name(&live.id).set_tag_keys(Some(change.remove.clone())).send();
            cx.call("iam:UntagRole", untag).await?;
        }
        Ok(())
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        policies::set_attached(cx, &live.id, &live.state.managed_policies, &BTreeSet::new()).await?;
        policies::set_inline(cx, &live.id, &live.state.inline_policies, &BTreeMap::new()).await?;
        let delete = || cx.session.clients.iam.delete_role().role_name(&live.id).send();
        cx.call("iam:DeleteRole", delete).await.optional()?;
        Ok(())
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let iam = &cx.session.clients.iam;
        let list = |marker| iam.list_roles().path_prefix(path(&cx.mark.fleet)).set_marker(marker).send();
        let pages = pages::all(cx, "iam:ListRoles", list, |page| page.marker()).await?;
        Ok(pages.iter().flat_map(|page| page.roles()).map(|role| role.role_name().to_owned()).collect())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn spec(value: Value) -> Spec {
        serde_json::from_value(value).unwrap()
    }

    fn state(value: Value) -> State {
        let place = Place::new("123456789012", "eu-west-1");
        let scope = Scope {
            fleet: "factory",
            place: &place,
            name: "defender",
            files: &BTreeMap::new(),
            invokers: &[],
            declared: &crate::scope::alone,
        };
        Role::desired(spec(value), &scope).unwrap()
    }

    #[test]
    fn trust_by_name_is_the_policy_one_would_write() {
        let sugar = state(json!({ "trustedBy": ["lambda.amazonaws.com", "iot.amazonaws.com", "210987654321"] }));
        let written = state(json!({ "trust": { "Version": "2012-10-17", "Statement": [
            { "Effect": "Allow", "Principal": { "Service": "iot.amazonaws.com" }, "Action": "sts:AssumeRole",
              "Condition": { "StringEquals": { "aws:SourceAccount": "123456789012" } } },
            { "Effect": "Allow", "Principal": { "Service": "lambda.amazonaws.com" }, "Action": "sts:AssumeRole" },
            { "Effect": "Allow", "Principal": { "AWS": "arn:aws:iam::210987654321:root" }, "Action": "sts:AssumeRole" },
        ] } }));
        assert_eq!(sugar.trust, written.trust);
    }

    #[test]
    fn a_slash_tells_policies_of_aws_from_those_of_the_spec() {
        let value = json!({ "trustedBy": ["iot.amazonaws.com"], "permissionsBoundary": "limits", "managedPolicies":
            ["service-role/AWSIoTDeviceDefenderAudit", "policy/AWSIoTFullAccess", "own", "arn:aws:iam::1:policy/x"] });
        let references = Role::references(&spec(value.clone()));
        let found: Vec<_> = references.iter().map(|r| (r.pointer.as_str(), r.name.as_str())).collect();
        assert_eq!(found, [("/managedPolicies/2", "own"), ("/permissionsBoundary", "limits")]);
        assert_eq!(
            Vec::from_iter(state(value).managed_policies),
            [
                "arn:aws:iam::123456789012:policy/fleetctl/factory/own",
                "arn:aws:iam::1:policy/x",
                "arn:aws:iam::aws:policy/AWSIoTFullAccess",
                "arn:aws:iam::aws:policy/service-role/AWSIoTDeviceDefenderAudit",
            ]
        );
    }

    #[test]
    fn mistakes_are_found_where_they_stand() {
        let mut problems = Problems::default();
        let bad = spec(json!({ "trustedBy": ["lambda", "iot.amazonaws.com"], "trust": { "Statement": [] },
            "maxSessionDuration": 60, "description": "→", "allow": [{ "actions": ["Publish"], "resources": [] }],
            "inlinePolicies": { "fleetctl": { "Statement": { "Effect": "Allow", "Action": "*", "Resource": "*" } } } }));
        Role::check("a/b", &bad, &mut problems);
        let found: Vec<_> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
        assert_eq!(
            found,
            [
                "",
                "/description",
                "/maxSessionDuration",
                "/trust",
                "/trustedBy/0",
                "/allow/0",
                "/allow/0/actions/0",
                "/inlinePolicies/fleetctl",
            ]
        );
    }
}
