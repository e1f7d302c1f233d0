//! AWS's findings, in the type in which ours are, so that both can be compared.

use std::collections::HashMap;

use aws_sdk_iot::types as sdk;
use aws_smithy_types::DateTime;
use fleet_audit::finding::{
    Finding, IssuerCertificateIdentifier, PolicyVersionIdentifier, Resource, ResourceIdentifier,
};
use fleet_audit::timestamp::Timestamp;
use serde::de::DeserializeOwned;

use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::aws::pages;

const LIST: &str = "iot:ListAuditFindings";
const DESCRIBE: &str = "iot:DescribeAuditFinding";

/// Which findings are listed. AWS takes a task or a time range, not both.
#[derive(Clone, Debug)]
pub enum Of {
    Task(String),
    Time { from: Timestamp, to: Timestamp },
}

/// The findings of a task or a time, of one check if one is named; `suppressed` lists only these or only the others.
pub async fn list(
    cx: &Context,
    of: &Of,
    check: Option<&str>,
    suppressed: Option<bool>,
) -> Result<Vec<Finding>, AwsError> {
    let iot = &cx.session.clients.iot;
    let request = |token: Option<String>| {
        let list = iot.list_audit_findings().max_results(250).set_next_token(token);
        let list = list.set_check_name(check.map(str::to_owned)).set_list_suppressed_findings(suppressed);
        match of {
            Of::Task(task) => list.task_id(task),
            Of::Time { from, to } => list.start_time(DateTime::from_secs(from.0)).end_time(DateTime::from_secs(to.0)),
        }
        .send()
    };
    let pages = pages::all(cx, LIST, request, |page| page.next_token()).await?;
    pages.iter().flat_map(|page| page.findings()).map(|found| finding(LIST, found)).collect()
}

/// One finding, if there is one of that id.
pub async fn describe(cx: &Context, id: &str) -> Result<Option<Finding>, AwsError> {
    let iot = &cx.session.clients.iot;
    let found = cx.call(DESCRIBE, || iot.describe_audit_finding().finding_id(id).send()).await.optional()?;
    found.and_then(|found| found.finding).map(|found| finding(DESCRIBE, &found)).transpose()
}

fn finding(action: &'static str, found: &sdk::AuditFinding) -> Result<Finding, AwsError> {
    let id = found.finding_id().unwrap_or("a finding without id");
    let strange = |what: &str| AwsError {
        action,
        subject: format!("finding {id}"),
        cause: Cause::Malformed { message: format!("{what}, which this version of fleetctl does not know") },
    };
    let severity = found.severity().map(sdk::AuditFindingSeverity::as_str).unwrap_or_default();
    let resource = found
        .non_compliant_resource()
        .and_then(|found| resource(found.resource_type(), found.resource_identifier(), found.additional_info()));
    let related = found.related_resources().iter().filter_map(resource_of_related);
    Ok(Finding {
        finding_id: found.finding_id().map(str::to_owned),
        task_id: found.task_id().map(str::to_owned),
        check_name: found.check_name().unwrap_or_default().to_owned(),
        task_start_time: found.task_start_time().map(moment),
        finding_time: found.finding_time().map(moment),
        severity: word(severity).ok_or_else(|| strange(&format!("it has the severity `{severity}`")))?,
        non_compliant_resource: resource.ok_or_else(|| strange("it has a resource of another type"))?,
        related_resources: related.collect(),
        reason_for_non_compliance: found.reason_for_non_compliance().unwrap_or_default().to_owned(),
        reason_for_non_compliance_code: found.reason_for_non_compliance_code().unwrap_or_default().to_owned(),
        is_suppressed: found.is_suppressed().unwrap_or(false),
        rule: String::new(),
        address: None,
        pointer: None,
        place: None,
        counterexample: None,
        assumed: Vec::new(),
        suppressed_because: None,
        is_new: None,
        spec_change: None,
    })
}

fn moment(at: &DateTime) -> Timestamp {
    Timestamp(at.secs())
}

/// A value of one of AWS's enums, if it is known.
fn word<T: DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(text.into()).ok()
}

fn resource_of_related(found: &sdk::RelatedResource) -> Option<Resource> {
    resource(found.resource_type(), found.resource_identifier(), found.additional_info())
}

fn resource(
    kind: Option<&sdk::ResourceType>,
    identifier: Option<&sdk::ResourceIdentifier>,
    additional: Option<&HashMap<String, String>>,
) -> Option<Resource> {
    let mut resource = Resource::new(word(kind?.as_str())?, identifier.map(resource_identifier).unwrap_or_default());
    resource.additional_info = additional.into_iter().flatten().map(|(k, v)| (k.clone(), v.clone())).collect();
    Some(resource)
}

fn resource_identifier(found: &sdk::ResourceIdentifier) -> ResourceIdentifier {
    let own = |text: Option<&str>| text.map(str::to_owned);
    ResourceIdentifier {
        device_certificate_id: own(found.device_certificate_id()),
        ca_certificate_id: own(found.ca_certificate_id()),
        cognito_identity_pool_id: own(found.cognito_identity_pool_id()),
        client_id: own(found.client_id()),
        policy_version_identifier: found.policy_version_identifier().map(|policy| PolicyVersionIdentifier {
            policy_name: policy.policy_name().unwrap_or_default().to_owned(),
            policy_version_id: own(policy.policy_version_id()),
        }),
        account: own(found.account()),
        iam_role_arn: own(found.iam_role_arn()),
        role_alias_arn: own(found.role_alias_arn()),
        issuer_certificate_identifier: found.issuer_certificate_identifier().map(|issuer| {
            IssuerCertificateIdentifier {
                issuer_certificate_subject: issuer.issuer_certificate_subject().unwrap_or_default().to_owned(),
                issuer_id: own(issuer.issuer_id()),
                issuer_certificate_serial_number: issuer
                    .issuer_certificate_serial_number()
                    .unwrap_or_default()
                    .to_owned(),
            }
        }),
        device_certificate_arn: own(found.device_certificate_arn()),
    }
}
