//! How devices are provisioned whose certificates are registered when they first connect (just-in-time provisioning).

use aws_sdk_iot::types::RegistrationConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::resources::names::check_length;
use crate::resources::role;
use crate::scope::{Problems, Reference, Scope};

/// A provisioning template: by name, or in full with the role that carries it out (API:RegistrationConfig).
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "RegistrationConfig")]
pub struct Spec {
    /// The name of a provisioning template of the account.
    template_name: Option<String>,
    /// The template itself: a map, or JSON text of at most 10240 characters. Needs `role`.
    #[schemars(extend("type" = ["object", "string"]))]
    template_body: Option<Value>,
    /// A role of this spec, or the ARN of another, with which AWS IoT makes what the template says. Expands to `roleArn`.
    role: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Registration {
    template_name: Option<String>,
    template_body: Option<Value>,
    role_arn: Option<String>,
}

impl Spec {
    pub fn check(&self, at: &str, problems: &mut Problems) {
        match (&self.template_name, &self.template_body) {
            (Some(name), None) => {
                let allowed = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
                if !(1..=36).contains(&name.len()) || !name.chars().all(allowed) {
                    let message = "the name of a template has 1 to 36 letters, digits, `_` and `-` (API:TemplateName)";
                    problems.push(format!("{at}/templateName"), message);
                }
            }
            (None, Some(body)) => {
                if self.role.is_none() {
                    problems.push(at, "a `templateBody` needs the `role` that carries it out");
                }
                let at = format!("{at}/templateBody");
                match parsed(body) {
                    Some(body) => check_length(&at, &body.to_string(), 10240, "API:TemplateBody", problems),
                    None => problems.push(at, "this text is no JSON object"),
                }
            }
            _ => problems.push(at, "a provisioning template is needed: either `templateName` or `templateBody`"),
        }
    }

    pub fn reference(&self, at: &str) -> Option<Reference> {
        Reference::to("roles", self.role.as_ref()?, format!("{at}/role"))
    }

    pub fn state(self, scope: &Scope) -> Registration {
        let role_arn = self.role.map(|role| Reference::arn(&role, |name| role::arn(scope.place, scope.fleet, name)));
        let template_body = self.template_body.map(|body| parsed(&body).unwrap_or(body));
        Registration { template_name: self.template_name, template_body, role_arn }
    }
}

/// A template as an object, however it is written.
fn parsed(body: &Value) -> Option<Value> {
    match body {
        Value::String(text) => serde_json::from_str(text).ok().filter(Value::is_object),
        body => Some(body.clone()),
    }
}

impl Registration {
    pub fn to_sdk(&self) -> RegistrationConfig {
        let body = self.template_body.as_ref().map(|body| match body {
            Value::String(text) => text.clone(),
            body => body.to_string(),
        });
        RegistrationConfig::builder()
            .set_template_name(self.template_name.clone())
            .set_template_body(body)
            .set_role_arn(self.role_arn.clone())
            .build()
    }

    /// `None` where nothing is said. A template that is no JSON stays a text.
    pub fn from_sdk(live: &RegistrationConfig) -> Option<Registration> {
        let text = |value: Option<&str>| value.filter(|text| !text.is_empty()).map(str::to_owned);
        let body = text(live.template_body()).map(Value::String);
        let registration = Registration {
            template_name: text(live.template_name()),
            template_body: body.map(|body| parsed(&body).unwrap_or(body)),
            role_arn: text(live.role_arn()),
        };
        let said = registration.template_name.is_some() || registration.template_body.is_some();
        (said || registration.role_arn.is_some()).then_some(registration)
    }
}
