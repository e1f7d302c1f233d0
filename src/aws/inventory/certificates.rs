//! Device certificates: one list for all, one description for each that an audit looks at.

use fleet_audit::snapshot::{Certificate, Validity};

use super::account::moment;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::pages;

/// What the audit wants of each certificate beyond what the list tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Depth {
    /// The certificate itself (DescribeCertificate).
    pub text: bool,
    /// The things it is attached to (ListPrincipalThings).
    pub things: bool,
}

/// All device certificates of the account, as the list tells them. Only those that are ACTIVE or PENDING_TRANSFER are
/// looked at further: no check judges another.
pub async fn list(cx: &Context) -> Result<Vec<Certificate>, AwsError> {
    let iot = &cx.session.clients.iot;
    let list = |marker| iot.list_certificates().page_size(250).set_marker(marker).send();
    let pages = pages::all(cx, "iot:ListCertificates", list, |page| page.next_marker()).await?;
    let listed = pages.iter().flat_map(|page| page.certificates()).filter_map(|found| {
        Some(Certificate {
            certificate_id: found.certificate_id()?.to_owned(),
            status: found.status().map(|status| status.as_str().to_owned()).unwrap_or_default(),
            certificate_pem: None,
            certificate_signing_request: None,
            creation_date: found.creation_date().map(moment),
            validity: None,
            attached_things: None,
            address: None,
        })
    });
    Ok(listed.collect())
}

/// Whether any check judges certificates of this status.
pub fn is_judged(certificate: &Certificate) -> bool {
    matches!(certificate.status.as_str(), "ACTIVE" | "PENDING_TRANSFER")
}

/// Reads what the list does not tell; nothing if the certificate is gone meanwhile.
pub async fn describe(cx: &Context, listed: &Certificate, depth: Depth) -> Result<Option<Certificate>, AwsError> {
    let (text, things) =
        tokio::join!(async { if depth.text { text(cx, listed).await.map(Some) } else { Ok(None) } }, async {
            if depth.things { things(cx, listed).await.map(Some) } else { Ok(None) }
        },);
    let described = match text? {
        None => Some(listed.clone()),
        Some(found) => found,
    };
    let things = match things? {
        None => None,
        Some(Some(things)) => Some(things),
        Some(None) => return Ok(None),
    };
    Ok(described.map(|certificate| Certificate { attached_things: things, ..certificate }))
}

async fn text(cx: &Context, listed: &Certificate) -> Result<Option<Certificate>, AwsError> {
    let describe = || cx.session.clients.iot.describe_certificate().certificate_id(&listed.certificate_id).send();
    let found = cx.call("iot:DescribeCertificate", describe).await.optional()?;
    Ok(found.and_then(|found| found.certificate_description).map(|found| Certificate {
        certificate_pem: found.certificate_pem().map(str::to_owned),
        validity: found.validity().map(|validity| Validity {
            not_before: validity.not_before().map(moment),
            not_after: validity.not_after().map(moment),
        }),
        ..listed.clone()
    }))
}

async fn things(cx: &Context, listed: &Certificate) -> Result<Option<Vec<String>>, AwsError> {
    let arn = cx.place().arn("iot", format_args!("cert/{}", listed.certificate_id));
    let list = |token| {
        let request = cx.session.clients.iot.list_principal_things().principal(&arn);
        request.max_results(250).set_next_token(token).send()
    };
    let pages = pages::all(cx, "iot:ListPrincipalThings", list, |page| page.next_token()).await.optional()?;
    Ok(pages.map(|pages| pages.iter().flat_map(|page| page.things()).cloned().collect()))
}
