//! When a role last used which service: a job of IAM's, started and waited for.

use std::collections::BTreeSet;
use std::time::Duration;

use aws_sdk_iam::types::JobStatusType;
use fleet_audit::snapshot::{RoleServiceUse, ServiceUse};

use super::account::moment;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause};

/// Between two questions whether the job is done; it takes seconds.
const PAUSE: Duration = Duration::from_secs(2);
/// How often is asked before the job is given up: five minutes.
const ASKED: u32 = 150;

/// Reads the roles with these ARNs.
pub async fn read(cx: &Context, arns: &BTreeSet<String>) -> Result<Vec<RoleServiceUse>, AwsError> {
    let mut uses = Vec::new();
    for arn in arns {
        uses.push(RoleServiceUse { arn: arn.clone(), services_last_accessed: of_role(cx, arn).await? });
    }
    Ok(uses)
}

async fn of_role(cx: &Context, arn: &str) -> Result<Vec<ServiceUse>, AwsError> {
    const ACTION: &str = "iam:GetServiceLastAccessedDetails";
    let iam = &cx.session.clients.iam;
    let generate = || iam.generate_service_last_accessed_details().arn(arn).send();
    let job = cx.call("iam:GenerateServiceLastAccessedDetails", generate).await?;
    let job = job.job_id().unwrap_or_default();
    let failed =
        |message: String| AwsError { action: ACTION, subject: arn.to_owned(), cause: Cause::Malformed { message } };
    let (mut services, mut marker) = (Vec::new(), None::<String>);
    for _ in 0..ASKED {
        let get = || iam.get_service_last_accessed_details().job_id(job).set_marker(marker.clone()).send();
        let page = cx.call(ACTION, get).await?;
        match page.job_status() {
            JobStatusType::Completed => {}
            JobStatusType::Failed => {
                let why = page.error().map(|error| error.message().to_owned()).unwrap_or_default();
                return Err(failed(format!("IAM's job failed: {why}")));
            }
            _ => {
                cx.sleep(PAUSE).await;
                continue;
            }
        }
        services.extend(page.services_last_accessed().iter().map(|service| ServiceUse {
            service_namespace: service.service_namespace().to_owned(),
            last_authenticated: service.last_authenticated().map(moment),
        }));
        marker = page.marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            return Ok(services);
        }
    }
    Err(failed("IAM's job did not end within five minutes; run the command again".into()))
}
