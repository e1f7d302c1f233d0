//! Device certificates: registered from a PEM file, or issued by AWS IoT for a signing request. With the things and
//! policies they are attached to.
//!
//! Identity is the key, not the name: a certificate of a PEM file has the SHA-256 of its contents for ID, and one
//! issued for a request is recognised by its public key. The ownership mark is an attached policy
//! ([`mark`]). A certificate is made INACTIVE, marked, attached and only then activated, so that one which is
//! INACTIVE, has the declared key and no attachment at all is a creation that was cut short, and is finished.

mod file;
mod find;
pub mod key;
pub mod mark;

use std::collections::BTreeSet;

use aws_sdk_iot::types::{CertificateDescription, CertificateStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::names::{IOT_NAME, check_choice};
use super::policy;
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Cause, Optional};
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::{ADDRESS_TAG, FLEET_TAG, TagChange, Tags};
use crate::scope::{FileForm, FileRequest, Place, Problems, Reference, Scope};

pub struct Certificate;

const STATUSES: &[&str] = &["ACTIVE", "INACTIVE", "REVOKED"];
const ACTIVE: &str = "ACTIVE";
const INACTIVE: &str = "INACTIVE";

/// A device certificate, from `pemFile` or from `csrFile`.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Spec {
    /// A file with a certificate (PEM) to register. Another certificate in the file replaces this one: the new one is
    /// registered, then the old one is deleted.
    pem_file: Option<String>,
    /// The one of `caCertificates` that has signed the certificate in `pemFile`. It is registered first, and must be
    /// ACTIVE. Without `ca` and `caPemFile` the certificate is registered without a CA.
    ca: Option<String>,
    /// A file with the certificate (PEM) of a registered CA that has signed the one in `pemFile`. For a CA that is not
    /// of this spec, and where several have the same name as subject.
    ca_pem_file: Option<String>,
    /// A file with a certificate signing request (PEM), for which AWS IoT issues a certificate. A new request for the same
    /// key changes nothing.
    csr_file: Option<String>,
    /// Where to write the certificate that AWS IoT issues for `csrFile`, relative to the folder where fleetctl runs. A file
    /// that holds something else is never overwritten.
    certificate_out: Option<String>,
    /// Default `ACTIVE`.
    #[schemars(extend("enum" = STATUSES))]
    status: Option<String>,
    /// The things that use this certificate, all of them, by name or ARN.
    things: BTreeSet<String>,
    /// The AWS IoT policies of this certificate, all of them, by name or ARN. At most nine: the tenth place is taken by
    /// fleetctl's mark.
    policies: BTreeSet<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    /// SHA-256 of the public key.
    public_key: String,
    /// Absent in the desired state where AWS issues the certificate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate_pem: Option<String>,
    /// Only registration uses it; AWS does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca: Option<String>,
    /// Only registration uses it; AWS does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ca_certificate_pem: Option<String>,
    /// Only creation uses it; AWS does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate_signing_request: Option<String>,
    status: String,
    things: BTreeSet<String>,
    policies: BTreeSet<String>,
    /// Whether it carries the fleet's mark. Only a creation that was cut short does not.
    marked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate_out: Option<String>,
}

pub fn arn(place: &Place, id: &str) -> String {
    place.arn("iot", format_args!("cert/{id}"))
}

impl Kind for Certificate {
    const SECTION: &'static str = "certificates";
    const NOUN: &'static str = "certificate";
    const OWNERSHIP: Ownership = Ownership::Mark;
    const RANK: u8 = 36;
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        if key::is_id(name) {
            problems.push("", "a name of 64 hexadecimal digits is a certificate ID; choose another name");
        }
        if spec.pem_file.is_some() == spec.csr_file.is_some() {
            problems.push("", "a certificate comes either from `pemFile` or from `csrFile`");
        }
        for (field, given) in [("ca", spec.ca.is_some()), ("caPemFile", spec.ca_pem_file.is_some())] {
            if given && spec.pem_file.is_none() {
                problems.push(format!("/{field}"), format!("`{field}` goes with `pemFile`"));
            }
        }
        if spec.certificate_out.is_some() && spec.csr_file.is_none() {
            problems.push("/certificateOut", "`certificateOut` goes with `csrFile`");
        }
        check_choice("/status", &spec.status, STATUSES, problems);
        if spec.policies.len() > 9 {
            let message = "a certificate has at most ten policies (AWS IoT quotas), fleetctl's mark included";
            problems.push("/policies", message);
        }
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        let files = [("/pemFile", &spec.pem_file), ("/caPemFile", &spec.ca_pem_file), ("/csrFile", &spec.csr_file)];
        let request = |(pointer, path): (&str, &Option<String>)| {
            Some(FileRequest { pointer: pointer.into(), path: path.clone()?, form: FileForm::Text })
        };
        files.into_iter().filter_map(request).collect()
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        let things = spec.things.iter().enumerate();
        let things = things.filter_map(|(index, name)| Reference::to("things", name, format!("/things/{index}")));
        let policies = spec.policies.iter().enumerate();
        let policies =
            policies.filter_map(|(index, name)| Reference::to("policies", name, format!("/policies/{index}")));
        let authority = spec.ca.iter().filter_map(|name| Reference::to("caCertificates", name, "/ca"));
        things.chain(policies).chain(authority).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let mut problems = Problems::default();
        let mut parsed = |pointer: &str, path: &Option<String>, parse: fn(&str) -> Result<key::Parsed, String>| {
            let text = scope.text(path.as_ref()?).unwrap_or_default();
            parse(text).map_err(|message| problems.push(pointer, message)).ok()
        };
        let certificate = parsed("/pemFile", &spec.pem_file, key::certificate);
        let authority = parsed("/caPemFile", &spec.ca_pem_file, key::certificate);
        let request = parsed("/csrFile", &spec.csr_file, key::signing_request);
        let signer = spec.ca.as_deref().and_then(|name| (scope.declared)("caCertificates", name));
        if signer.is_some_and(|signer| signer.get("status").is_some_and(|status| status == INACTIVE)) {
            problems.push("/ca", "an INACTIVE CA registers no certificates (API:RegisterCertificate)");
        }
        let Some(source) = certificate.as_ref().or(request.as_ref()).filter(|_| problems.is_empty()) else {
            return Err(problems);
        };
        let name = |text: String| text.rsplit('/').next().map(str::to_owned).unwrap_or(text);
        Ok(State {
            public_key: source.public_key.clone(),
            certificate_pem: certificate.map(|parsed| parsed.pem),
            ca: spec.ca,
            ca_certificate_pem: authority.map(|parsed| parsed.pem),
            certificate_signing_request: request.map(|parsed| parsed.pem),
            status: spec.status.unwrap_or_else(|| ACTIVE.into()),
            things: spec.things.into_iter().map(name).collect(),
            policies: spec.policies.into_iter().map(name).collect(),
            marked: true,
            certificate_out: spec.certificate_out,
        })
    }

    /// By ID. A declared name alone does not lead to a certificate.
    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        if !key::is_id(name) {
            return Ok(None);
        }
        match find::describe(cx, name).await? {
            Some(found) => live(cx, name, &found, None).await,
            None => Ok(None),
        }
    }

    async fn read_declared(cx: &Context, name: &str, desired: &State) -> Result<Option<Live<State>>, AwsError> {
        let found = match &desired.certificate_pem {
            Some(pem) => match key::certificate(pem) {
                Ok(parsed) => find::describe(cx, &parsed.fingerprint).await?,
                Err(_) => None,
            },
            None => find::issued(cx, desired).await?,
        };
        match found {
            Some(found) => live(cx, name, &found, Some(desired)).await,
            None => Ok(None),
        }
    }

    async fn create(cx: &Context, name: &str, desired: &State) -> Result<(), AwsError> {
        let live = match (&desired.certificate_pem, &desired.certificate_signing_request) {
            (Some(pem), _) => register(cx, name, pem, desired).await?,
            (None, request) => issue(cx, name, request.as_deref().unwrap_or_default(), desired).await?,
        };
        Self::update(cx, &live, desired).await
    }

    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let target = arn(cx.place(), &live.id);
        let before = &live.state;
        if !before.marked {
            mark::attach(cx, &target).await?;
        }
        // Rights are taken away at once, and given when all else is in place.
        let (change, grants) = (before.status != desired.status, desired.status == ACTIVE);
        if change && !grants {
            set_status(cx, &live.id, &desired.status).await?;
        }
        for name in desired.policies.difference(&before.policies) {
            policy::attach_one(cx, name, &target).await?;
        }
        for name in before.policies.difference(&desired.policies) {
            policy::detach(cx, name, &target).await?;
        }
        for thing in desired.things.difference(&before.things) {
            let iot = &cx.session.clients.iot;
            let attach = || iot.attach_thing_principal().thing_name(thing).principal(&target).send();
            cx.call("iot:AttachThingPrincipal", attach).await?;
        }
        for thing in before.things.difference(&desired.things) {
            detach_thing(cx, thing, &target).await?;
        }
        if change && grants {
            set_status(cx, &live.id, ACTIVE).await?;
        }
        match (&desired.certificate_out, &before.certificate_pem) {
            (Some(path), Some(pem)) if before.certificate_out.is_none() => file::write(cx, path, pem),
            _ => Ok(()),
        }
    }

    /// The mark is an attached policy, so only taking over needs a call here.
    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        match change.set.contains_key(FLEET_TAG) {
            true => mark::attach(cx, &arn(cx.place(), &live.id)).await,
            false => Ok(()),
        }
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let target = arn(cx.place(), &live.id);
        for name in &live.state.policies {
            policy::detach(cx, name, &target).await?;
        }
        for thing in &live.state.things {
            detach_thing(cx, thing, &target).await?;
        }
        if live.state.status == ACTIVE {
            set_status(cx, &live.id, INACTIVE).await.optional()?;
        }
        // With force, because the mark stays attached to the end: without it nobody could tell whose this is.
        cx.call("iot:DeleteCertificate", || {
            cx.session.clients.iot.delete_certificate().certificate_id(&live.id).force_delete(true).send()
        })
        .await
        .optional()?;
        mark::drop_unused(cx, &target).await
    }

    /// The policy that is the mark.
    fn trace(fleet: &str) -> Option<String> {
        Some(format!("{}.{}{fleet}", policy::Policy::SECTION, mark::PREFIX))
    }

    /// IDs of the marked certificates, the declared ones among them.
    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        Ok(mark::marked(cx).await?.iter().filter_map(|arn| find::id(arn)).map(str::to_owned).collect())
    }
}

/// What AWS has, with what AWS does not show taken from the desired state.
async fn live(
    cx: &Context,
    name: &str,
    found: &CertificateDescription,
    desired: Option<&State>,
) -> Result<Option<Live<State>>, AwsError> {
    let id = found.certificate_id().unwrap_or_default();
    let Some(attached) = find::policies(cx, id).await.optional()? else { return Ok(None) };
    let Some(things) = find::things(cx, id).await.optional()? else { return Ok(None) };
    let status = found.status().map(CertificateStatus::as_str).unwrap_or_default().to_owned();
    let owner = mark::fleet(&attached);
    let unfinished = desired.is_some() && status == INACTIVE && attached.is_empty() && things.is_empty();
    let fleet = if unfinished { Some(cx.mark.fleet.as_str()) } else { owner };
    let mut tags = Tags::new();
    if let Some(fleet) = fleet {
        tags.insert(FLEET_TAG.into(), fleet.to_owned());
        tags.insert(ADDRESS_TAG.into(), format!("{}.{name}", Certificate::SECTION));
    }
    let parsed = key::certificate(found.certificate_pem().unwrap_or_default()).ok();
    let pem = parsed.as_ref().map(|parsed| parsed.pem.clone());
    let out = desired.and_then(|desired| desired.certificate_out.as_ref());
    let state = State {
        public_key: parsed.map(|parsed| parsed.public_key).unwrap_or_default(),
        ca: desired.and_then(|desired| desired.ca.clone()),
        ca_certificate_pem: desired.and_then(|desired| desired.ca_certificate_pem.clone()),
        certificate_signing_request: desired.and_then(|desired| desired.certificate_signing_request.clone()),
        status,
        things,
        policies: attached.iter().filter(|policy| !mark::is_mark(policy)).cloned().collect(),
        marked: owner == Some(cx.mark.fleet.as_str()),
        certificate_out: out.filter(|path| file::holds(path, pem.as_deref())).cloned(),
        certificate_pem: pem,
    };
    Ok(Some(Live { id: id.to_owned(), state, tags, version: None }))
}

/// A certificate as it is right after it was made.
fn fresh(id: &str, pem: &str, desired: &State) -> Live<State> {
    let state = State {
        certificate_pem: Some(pem.to_owned()),
        status: INACTIVE.into(),
        things: BTreeSet::new(),
        policies: BTreeSet::new(),
        marked: false,
        certificate_out: None,
        ..desired.clone()
    };
    Live { id: id.to_owned(), state, tags: Tags::new(), version: None }
}

async fn register(cx: &Context, name: &str, pem: &str, desired: &State) -> Result<Live<State>, AwsError> {
    let iot = &cx.session.clients.iot;
    let status = CertificateStatus::Inactive;
    let id = match desired.ca.is_some() || desired.ca_certificate_pem.is_some() {
        true => {
            let register = || {
                let request = iot.register_certificate().certificate_pem(pem);
                let request = request.set_ca_certificate_pem(desired.ca_certificate_pem.clone());
                request.status(status.clone()).send()
            };
            cx.call("iot:RegisterCertificate", register).await.map(|made| made.certificate_id)
        }
        false => {
            let register = || iot.register_certificate_without_ca().certificate_pem(pem).status(status.clone()).send();
            cx.call("iot:RegisterCertificateWithoutCA", register).await.map(|made| made.certificate_id)
        }
    };
    match id {
        Ok(id) => Ok(fresh(&id.unwrap_or_default(), pem, desired)),
        // Made by a try whose answer was lost, unless it is somebody else's.
        Err(error) if error.is_already_exists() => match Certificate::read_declared(cx, name, desired).await? {
            Some(live) if live.tags.get(FLEET_TAG) == Some(&cx.mark.fleet) => Ok(live),
            _ => Err(error),
        },
        Err(error) => Err(error),
    }
}

/// Each `CreateCertificateFromCsr` makes another certificate, so this looks for an unfinished one first, and again when no
/// answer came.
async fn issue(cx: &Context, name: &str, request: &str, desired: &State) -> Result<Live<State>, AwsError> {
    if let Some(live) = unfinished(cx, name, desired).await? {
        return Ok(live);
    }
    let create = || {
        let call = cx.session.clients.iot.create_certificate_from_csr();
        call.certificate_signing_request(request).set_as_active(false).send()
    };
    match cx.call("iot:CreateCertificateFromCsr", create).await {
        Ok(made) => {
            let pem = made.certificate_pem().unwrap_or_default();
            let pem = key::certificate(pem).map(|parsed| parsed.pem).unwrap_or_else(|_| pem.to_owned());
            Ok(fresh(made.certificate_id().unwrap_or_default(), &pem, desired))
        }
        Err(error) => {
            let unknown = match &error.cause {
                Cause::NoAnswer { refused, .. } => !refused,
                Cause::Service { status, .. } => *status >= 500,
                _ => false,
            };
            match unknown {
                true => unfinished(cx, name, desired).await?.ok_or(error),
                false => Err(error),
            }
        }
    }
}

async fn unfinished(cx: &Context, name: &str, desired: &State) -> Result<Option<Live<State>>, AwsError> {
    for found in find::inactive(cx, &desired.public_key).await? {
        let live = live(cx, name, &found, Some(desired)).await?;
        if let Some(live) = live.filter(|live| live.tags.get(FLEET_TAG) == Some(&cx.mark.fleet)) {
            return Ok(Some(live));
        }
    }
    Ok(None)
}

async fn set_status(cx: &Context, id: &str, status: &str) -> Result<(), AwsError> {
    cx.call("iot:UpdateCertificate", || {
        cx.session.clients.iot.update_certificate().certificate_id(id).new_status(status.into()).send()
    })
    .await?;
    Ok(())
}

async fn detach_thing(cx: &Context, thing: &str, certificate: &str) -> Result<(), AwsError> {
    cx.call("iot:DetachThingPrincipal", || {
        cx.session.clients.iot.detach_thing_principal().thing_name(thing).principal(certificate).send()
    })
    .await
    .optional()?;
    Ok(())
}
