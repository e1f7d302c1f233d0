//! IAM roles with the documents of all their policies.

use std::collections::{BTreeMap, BTreeSet};

use fleet_audit::snapshot::{Role, RolePolicy};
use serde_json::Value;

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;

/// Reads the roles with these ARNs; those that do not exist are left out.
pub async fn read(cx: &Context, arns: &BTreeSet<String>) -> Result<Vec<Role>, AwsError> {
    let mut documents = BTreeMap::new();
    let mut roles = Vec::new();
    for arn in arns {
        let name = arn.rsplit('/').next().unwrap_or_default();
        let Some(mut policies) = attached(cx, name, &mut documents).await.optional()? else { continue };
        policies.extend(inline(cx, name).await.optional()?.unwrap_or_default());
        roles.push(Role { arn: arn.clone(), policies });
    }
    Ok(roles)
}

type Documents = BTreeMap<String, Option<Value>>;

async fn attached(cx: &Context, role: &str, documents: &mut Documents) -> Result<Vec<RolePolicy>, AwsError> {
    let iam = &cx.session.clients.iam;
    let list = |marker| iam.list_attached_role_policies().role_name(role).set_marker(marker).send();
    let pages = pages::all(cx, "iam:ListAttachedRolePolicies", list, |page| page.marker()).await?;
    let mut policies = Vec::new();
    for policy in pages.iter().flat_map(|page| page.attached_policies()) {
        let arn = policy.policy_arn().unwrap_or_default();
        if !documents.contains_key(arn) {
            documents.insert(arn.to_owned(), managed(cx, arn).await.optional()?.flatten());
        }
        let policy_document = documents.get(arn).cloned().flatten();
        policies.push(RolePolicy { policy_name: policy.policy_name().unwrap_or(arn).to_owned(), policy_document });
    }
    Ok(policies)
}

/// The default version of a managed policy.
async fn managed(cx: &Context, arn: &str) -> Result<Option<Value>, AwsError> {
    let iam = &cx.session.clients.iam;
    let found = cx.call("iam:GetPolicy", || iam.get_policy().policy_arn(arn).send()).await?;
    let version = found.policy().and_then(|policy| policy.default_version_id()).unwrap_or("v1");
    let get = || iam.get_policy_version().policy_arn(arn).version_id(version).send();
    let found = cx.call("iam:GetPolicyVersion", get).await?;
    Ok(found.policy_version().and_then(|version| version.document()).map(Value::from))
}

async fn inline(cx: &Context, role: &str) -> Result<Vec<RolePolicy>, AwsError> {
    let iam = &cx.session.clients.iam;
    let list = |marker| iam.list_role_policies().role_name(role).set_marker(marker).send();
    let pages = pages::all(cx, "iam:ListRolePolicies", list, |page| page.marker()).await?;
    let mut policies = Vec::new();
    for name in pages.iter().flat_map(|page| page.policy_names()) {
        let get = || iam.get_role_policy().role_name(role).policy_name(name).send();
        let found = cx.call("iam:GetRolePolicy", get).await?;
        let policy_document = Some(Value::from(found.policy_document()));
        policies.push(RolePolicy { policy_name: name.clone(), policy_document });
    }
    Ok(policies)
}
