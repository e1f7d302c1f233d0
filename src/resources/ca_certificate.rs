//! CA certificates: those whose device certificates AWS IoT accepts, and registers by itself where that is wanted.
//!
//! Identity is the certificate, not the name: AWS's ID is the SHA-256 of its contents. So another certificate under the
//! same name is another CA: the new one is registered, then the old one is deleted. Device certificates that an old CA
//! has signed stay as they are. AWS deletes none that is ACTIVE.

mod registration;

use aws_sdk_iot::operation::describe_ca_certificate::DescribeCaCertificateOutput;
use aws_sdk_iot::types::{AutoRegistrationStatus, CaCertificateStatus};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use self::registration::Registration;
use super::certificate::key;
use super::names::{IOT_NAME, check_choice};
use crate::aws::context::Context;
use crate::aws::error::{AwsError, Optional};
use crate::aws::iot_tags;
use crate::aws::pages;
use crate::kind::{Kind, Live, Ownership};
use crate::ownership::TagChange;
use crate::scope::{FileForm, FileRequest, Place, Problems, Reference, Scope};

pub struct CaCertificate;

const STATUSES: &[&str] = &["ACTIVE", "INACTIVE"];
const ACTIVE: &str = "ACTIVE";
const INACTIVE: &str = "INACTIVE";
/// Registered with proof that its key is ours; one account can have it in a region.
const DEFAULT: &str = "DEFAULT";
/// Registered without proof, for devices that send the server's name (SNI); several accounts can have it.
const SNI_ONLY: &str = "SNI_ONLY";
const MODES: &[&str] = &[DEFAULT, SNI_ONLY];

/// A certificate authority whose device certificates AWS IoT accepts.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "CaCertificate")]
pub struct Spec {
    /// A file with the CA's own certificate (PEM). Another certificate in the file replaces this one: the new one is
    /// registered, then the old one is deleted.
    pem_file: String,
    /// A file with a certificate (PEM) that the CA's key has signed and whose common name is the account's registration
    /// code (`aws iot get-registration-code`). It proves that the key is yours, and only registration uses it.
    #[serde(default)]
    verification_pem_file: Option<String>,
    /// `DEFAULT` with `verificationPemFile`, `SNI_ONLY` without: then the CA is registered without proof, and devices
    /// must send the server's name in the TLS handshake. A change replaces the CA.
    #[serde(default)]
    #[schemars(extend("enum" = MODES))]
    certificate_mode: Option<String>,
    /// Default `ACTIVE`.
    #[serde(default)]
    #[schemars(extend("enum" = STATUSES))]
    status: Option<String>,
    /// Whether a device certificate of this CA is registered when it first connects. Default false.
    #[serde(default)]
    allow_auto_registration: bool,
    /// How things and policies are provisioned with device certificates that are registered by themselves.
    #[serde(default)]
    registration_config: Option<registration::Spec>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct State {
    certificate_pem: String,
    /// Only registration uses it; AWS does not show it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    verification_certificate_pem: Option<String>,
    certificate_mode: String,
    status: String,
    allow_auto_registration: bool,
    registration_config: Option<Registration>,
}

pub fn arn(place: &Place, id: &str) -> String {
    place.arn("iot", format_args!("cacert/{id}"))
}

impl Spec {
    fn mode(&self) -> &str {
        let implied = if self.verification_pem_file.is_some() { DEFAULT } else { SNI_ONLY };
        self.certificate_mode.as_deref().unwrap_or(implied)
    }
}

impl Kind for CaCertificate {
    const SECTION: &'static str = "caCertificates";
    const NOUN: &'static str = "CA certificate";
    const OWNERSHIP: Ownership = Ownership::Tags;
    const RANK: u8 = 34;
    /// The tagging index tells addresses, which do not lead to a certificate.
    const LISTED: bool = true;
    type Spec = Spec;
    type State = State;

    fn check(name: &str, spec: &Spec, problems: &mut Problems) {
        IOT_NAME.check(name, problems);
        if key::is_id(name) {
            problems.push("", "a name of 64 hexadecimal digits is a certificate ID; choose another name");
        }
        check_choice("/status", &spec.status, STATUSES, problems);
        check_choice("/certificateMode", &spec.certificate_mode, MODES, problems);
        match (spec.mode(), &spec.verification_pem_file) {
            (DEFAULT, None) => problems.push_help(
                "/certificateMode",
                "the mode DEFAULT needs `verificationPemFile` (API:RegisterCACertificate)",
                "sign a certificate whose common name is what `aws iot get-registration-code` prints with the CA's key",
            ),
            (SNI_ONLY, Some(_)) => {
                let message = "a CA of the mode SNI_ONLY is registered without it (API:RegisterCACertificate)";
                problems.push("/verificationPemFile", message);
            }
            _ => {}
        }
        if let Some(config) = &spec.registration_config {
            config.check("/registrationConfig", problems);
        }
    }

    fn files(spec: &Spec) -> Vec<FileRequest> {
        let own = FileRequest { pointer: "/pemFile".into(), path: spec.pem_file.clone(), form: FileForm::Text };
        let proof = spec.verification_pem_file.iter().map(|path| FileRequest {
            pointer: "/verificationPemFile".into(),
            path: path.clone(),
            form: FileForm::Text,
        });
        std::iter::once(own).chain(proof).collect()
    }

    fn references(spec: &Spec) -> Vec<Reference> {
        spec.registration_config.iter().filter_map(|config| config.reference("/registrationConfig")).collect()
    }

    fn desired(spec: Spec, scope: &Scope) -> Result<State, Problems> {
        let mut problems = Problems::default();
        let mut parsed = |pointer: &str, path: &str, parse: fn(&str) -> Result<key::Parsed, String>| {
            let text = scope.text(path).unwrap_or_default();
            parse(text).map_err(|message| problems.push(pointer, message)).ok()
        };
        let own = parsed("/pemFile", &spec.pem_file, key::authority);
        let proof = spec.verification_pem_file.as_deref();
        let proof = proof.and_then(|path| parsed("/verificationPemFile", path, key::certificate));
        let Some(own) = own.filter(|_| problems.is_empty()) else { return Err(problems) };
        Ok(State {
            certificate_pem: own.pem,
            verification_certificate_pem: proof.map(|parsed| parsed.pem),
            certificate_mode: spec.mode().to_owned(),
            status: spec.status.unwrap_or_else(|| ACTIVE.into()),
            allow_auto_registration: spec.allow_auto_registration,
            registration_config: spec.registration_config.map(|config| config.state(scope)),
        })
    }

    fn replaces(path: &str) -> bool {
        path == "/certificateMode"
    }

    /// By ID. A declared name alone does not lead to a certificate.
    async fn read(cx: &Context, name: &str) -> Result<Option<Live<State>>, AwsError> {
        match key::is_id(name) {
            true => read(cx, name, None).await,
            false => Ok(None),
        }
    }

    async fn read_declared(cx: &Context, _name: &str, desired: &State) -> Result<Option<Live<State>>, AwsError> {
        match key::certificate(&desired.certificate_pem) {
            Ok(parsed) => read(cx, &parsed.fingerprint, Some(desired)).await,
            Err(_) => Ok(None),
        }
    }

    async fn create(cx: &Context, _name: &str, desired: &State) -> Result<(), AwsError> {
        cx.call("iot:RegisterCACertificate", || {
            let request = cx.session.clients.iot.register_ca_certificate().ca_certificate(&desired.certificate_pem);
            request
                .set_verification_certificate(desired.verification_certificate_pem.clone())
                .certificate_mode(desired.certificate_mode.as_str().into())
                .set_as_active(desired.status == ACTIVE)
                .allow_auto_registration(desired.allow_auto_registration)
                .set_registration_config(desired.registration_config.as_ref().map(Registration::to_sdk))
                .set_tags(iot_tags::wire(&cx.tags()))
                .send()
        })
        .await?;
        Ok(())
    }

    /// Removing the configuration is a call of its own, which also ends registration by itself.
    async fn update(cx: &Context, live: &Live<State>, desired: &State) -> Result<(), AwsError> {
        let iot = &cx.session.clients.iot;
        if live.state.registration_config.is_some() && desired.registration_config.is_none() {
            cx.call("iot:UpdateCACertificate", || {
                iot.update_ca_certificate().certificate_id(&live.id).remove_auto_registration(true).send()
            })
            .await?;
        }
        let registers = match desired.allow_auto_registration {
            true => AutoRegistrationStatus::Enable,
            false => AutoRegistrationStatus::Disable,
        };
        cx.call("iot:UpdateCACertificate", || {
            let request = iot.update_ca_certificate().certificate_id(&live.id);
            let request = request.new_status(desired.status.as_str().into());
            let request = request.new_auto_registration_status(registers.clone());
            request.set_registration_config(desired.registration_config.as_ref().map(Registration::to_sdk)).send()
        })
        .await?;
        Ok(())
    }

    async fn retag(cx: &Context, live: &Live<State>, change: &TagChange) -> Result<(), AwsError> {
        iot_tags::change(cx, &arn(cx.place(), &live.id), change).await
    }

    async fn delete(cx: &Context, live: &Live<State>) -> Result<(), AwsError> {
        let iot = &cx.session.clients.iot;
        if live.state.status == ACTIVE {
            let deactivate = || iot.update_ca_certificate().certificate_id(&live.id).new_status(INACTIVE.into()).send();
            cx.call("iot:UpdateCACertificate", deactivate).await.optional()?;
        }
        let delete = || iot.delete_ca_certificate().certificate_id(&live.id).send();
        cx.call("iot:DeleteCACertificate", delete).await.optional()?;
        Ok(())
    }

    /// Any of the fleet's.
    fn trace(_fleet: &str) -> Option<String> {
        Some(format!("{}.", Self::SECTION))
    }

    async fn list(cx: &Context) -> Result<Vec<String>, AwsError> {
        let list = |marker| cx.session.clients.iot.list_ca_certificates().page_size(250).set_marker(marker).send();
        let pages = pages::all(cx, "iot:ListCACertificates", list, |page| page.next_marker()).await?;
        let certificates = pages.iter().flat_map(|page| page.certificates());
        Ok(certificates.filter_map(|found| found.certificate_id().map(str::to_owned)).collect())
    }
}

/// What AWS has, with what AWS does not show taken from the desired state.
async fn read(cx: &Context, id: &str, desired: Option<&State>) -> Result<Option<Live<State>>, AwsError> {
    let describe = || cx.session.clients.iot.describe_ca_certificate().certificate_id(id).send();
    let Some(found) = cx.call("iot:DescribeCACertificate", describe).await.optional()? else { return Ok(None) };
    let tags = iot_tags::read(cx, &arn(cx.place(), id)).await?;
    Ok(Some(Live { id: id.to_owned(), state: state(&found, desired), tags, version: None }))
}

fn state(found: &DescribeCaCertificateOutput, desired: Option<&State>) -> State {
    let described = found.certificate_description();
    let pem = described.and_then(|ca| ca.certificate_pem()).unwrap_or_default();
    State {
        certificate_pem: key::certificate(pem).map_or_else(|_| pem.to_owned(), |parsed| parsed.pem),
        verification_certificate_pem: desired.and_then(|desired| desired.verification_certificate_pem.clone()),
        // AWS names no mode for a CA from before there were modes.
        certificate_mode: described.and_then(|ca| ca.certificate_mode()).map_or(DEFAULT, |mode| mode.as_str()).into(),
        status: described.and_then(|ca| ca.status()).map_or("", CaCertificateStatus::as_str).to_owned(),
        allow_auto_registration: described.and_then(|ca| ca.auto_registration_status())
            == Some(&AutoRegistrationStatus::Enable),
        registration_config: found.registration_config().and_then(Registration::from_sdk),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_mode_goes_with_the_proof() {
        let cases = [
            (json!({}), SNI_ONLY, None),
            (json!({ "verificationPemFile": "v.pem" }), DEFAULT, None),
            (json!({ "certificateMode": "DEFAULT" }), DEFAULT, Some("/certificateMode")),
            (
                json!({ "certificateMode": "SNI_ONLY", "verificationPemFile": "v.pem" }),
                SNI_ONLY,
                Some("/verificationPemFile"),
            ),
            (json!({ "status": "REVOKED" }), SNI_ONLY, Some("/status")),
            (json!({ "registrationConfig": {} }), SNI_ONLY, Some("/registrationConfig")),
            (json!({ "registrationConfig": { "templateBody": {} } }), SNI_ONLY, Some("/registrationConfig")),
            (
                json!({ "registrationConfig": { "templateBody": "{", "role": "r" } }),
                SNI_ONLY,
                Some("/registrationConfig/templateBody"),
            ),
            (json!({ "registrationConfig": { "templateName": "line" } }), SNI_ONLY, None),
        ];
        for (more, mode, expected) in cases {
            let mut json = json!({ "pemFile": "ca.pem" });
            json.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let spec: Spec = serde_json::from_value(json).unwrap();
            assert_eq!(spec.mode(), mode, "{more}");
            let mut problems = Problems::default();
            CaCertificate::check("line", &spec, &mut problems);
            let found: Vec<&str> = problems.0.iter().map(|problem| problem.pointer.as_str()).collect();
            assert_eq!(found, Vec::from_iter(expected), "{more}");
        }
    }
}
