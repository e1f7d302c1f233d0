//! Finding a certificate, and what it is attached to.

use std::collections::BTreeSet;

use aws_sdk_iot::types::{CertificateDescription, CertificateStatus};

use super::{State, arn, file, key, mark};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;

/// How many of the newest certificates are looked at for one whose creation was cut short: four pages of 250.
const NEWEST_PAGES: usize = 4;

/// The ID in a certificate's ARN.
pub fn id(arn: &str) -> Option<&str> {
    let (start, id) = arn.rsplit_once('/')?;
    start.ends_with(":cert").then_some(id)
}

pub async fn describe(cx: &Context, id: &str) -> Result<Option<CertificateDescription>, AwsError> {
    let describe = || cx.session.clients.iot.describe_certificate().certificate_id(id).send();
    let found = cx.call("iot:DescribeCertificate", describe).await.optional()?;
    Ok(found.and_then(|found| found.certificate_description))
}

/// The certificate issued for the desired key. The cheap places come first: the file it was written to, then the
/// things it is attached to, then all certificates of the fleet.
pub async fn issued(cx: &Context, desired: &State) -> Result<Option<CertificateDescription>, AwsError> {
    let written = desired.certificate_out.as_deref().and_then(file::read);
    if let Some(written) = written.filter(|written| written.public_key == desired.public_key)
        && let Some(found) = describe(cx, &written.fingerprint).await?
    {
        return Ok(Some(found));
    }
    let mut seen = BTreeSet::new();
    for thing in &desired.things {
        for principal in principals(cx, thing).await.optional()?.unwrap_or_default() {
            if let Some(found) = with_key(cx, &principal, &desired.public_key, &mut seen).await? {
                return Ok(Some(found));
            }
        }
    }
    for certificate in mark::marked(cx).await? {
        if let Some(found) = with_key(cx, &certificate, &desired.public_key, &mut seen).await? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// The newest inactive certificates with this key.
pub async fn inactive(cx: &Context, public_key: &str) -> Result<Vec<CertificateDescription>, AwsError> {
    let (mut all, mut marker, mut seen) = (Vec::new(), None::<String>, BTreeSet::new());
    for _ in 0..NEWEST_PAGES {
        let page = cx
            .call("iot:ListCertificates", || {
                let request = cx.session.clients.iot.list_certificates().page_size(250).ascending_order(false);
                request.set_marker(marker.clone()).send()
            })
            .await?;
        let inactive = page.certificates().iter().filter(|found| found.status() == Some(&CertificateStatus::Inactive));
        for certificate in inactive.filter_map(|found| found.certificate_arn()) {
            all.extend(with_key(cx, certificate, public_key, &mut seen).await?);
        }
        marker = page.next_marker().filter(|marker| !marker.is_empty()).map(str::to_owned);
        if marker.is_none() {
            break;
        }
    }
    Ok(all)
}

async fn with_key(
    cx: &Context,
    certificate: &str,
    public_key: &str,
    seen: &mut BTreeSet<String>,
) -> Result<Option<CertificateDescription>, AwsError> {
    let Some(id) = id(certificate).filter(|id| seen.insert((*id).to_owned())) else { return Ok(None) };
    let found = describe(cx, id).await?;
    let has_key = |found: &CertificateDescription| {
        key::certificate(found.certificate_pem().unwrap_or_default())
            .is_ok_and(|parsed| parsed.public_key == public_key)
    };
    Ok(found.filter(has_key))
}

async fn principals(cx: &Context, thing: &str) -> Result<Vec<String>, AwsError> {
    let list = |token| cx.session.clients.iot.list_thing_principals().thing_name(thing).set_next_token(token).send();
    let pages = pages::all(cx, "iot:ListThingPrincipals", list, |page| page.next_token()).await?;
    Ok(pages.iter().flat_map(|page| page.principals()).cloned().collect())
}

/// Names of the attached policies, marks included.
pub async fn policies(cx: &Context, id: &str) -> Result<BTreeSet<String>, AwsError> {
    let target = arn(cx.place(), id);
    let list = |marker| cx.session.clients.iot.list_attached_policies().target(&target).set_marker(marker).send();
    let pages = pages::all(cx, "iot:ListAttachedPolicies", list, |page| page.next_marker()).await?;
    let policies = pages.iter().flat_map(|page| page.policies());
    Ok(policies.filter_map(|found| found.policy_name().map(str::to_owned)).collect())
}

/// Names of the things that use the certificate.
pub async fn things(cx: &Context, id: &str) -> Result<BTreeSet<String>, AwsError> {
    let target = arn(cx.place(), id);
    let list = |token| cx.session.clients.iot.list_principal_things().principal(&target).set_next_token(token).send();
    let pages = pages::all(cx, "iot:ListPrincipalThings", list, |page| page.next_token()).await?;
    Ok(pages.iter().flat_map(|page| page.things()).cloned().collect())
}
