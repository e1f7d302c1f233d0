//! Who may do what, asked of trust, role and resource policies together.
//!
//! The reasoning is `fleet-audit`'s: what is not known counts as granted, so that what is reported as refused is
//! refused for sure. Within one account an Allow of the role's or of the resource's policy is enough, and a Deny of
//! either wins (IAM user guide, "Policy evaluation logic").

use fleet_audit::policy::access::{Answer, ask_any};
use fleet_audit::policy::context::{Context, Known};
use fleet_audit::policy::document::{Document, Statement};
use fleet_audit::policy::pattern::Pattern;
use serde_json::{Value, json};

use super::model::role::{Boundary, Role};
use crate::scope::Place;

/// The answer to a question about a permission.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Allowed,
    Refused,
    /// Not decidable here, because of this.
    Unknown(String),
}

/// A service that acts for an object of this account.
pub struct Service<'a> {
    /// Such as `iot.amazonaws.com`.
    pub principal: &'a str,
    /// The object's ARN, where AWS says which one it gives.
    pub source_arn: Option<&'a str>,
    pub place: &'a Place,
}

impl Service<'_> {
    /// SNS still gives the account as `aws:SourceOwner` too: its default policy tests that key.
    fn context(&self) -> Context {
        let context = Context::default()
            .with_text("aws:SourceAccount", &self.place.account)
            .with_text("aws:SourceOwner", &self.place.account);
        match self.source_arn {
            Some(arn) => context.with_text("aws:SourceArn", arn),
            None => context,
        }
    }
}

/// Whether a service may assume the role.
pub fn trusts(role: &Role, service: &Service) -> Verdict {
    let Ok(statements) = addressed(&role.trust, &|principal| names_service(principal, service.principal)) else {
        return Verdict::Unknown("the trust policy is not understood".into());
    };
    verdict(ask_texts(&statements, "sts:AssumeRole", "*", &service.context()))
}

/// Whether a resource's policy lets a service in.
pub fn admits(policy: &Value, service: &Service, action: &str, resource: &str) -> Verdict {
    let Ok(statements) = addressed(policy, &|principal| names_service(principal, service.principal)) else {
        return Verdict::Unknown("the policy is not understood".into());
    };
    verdict(ask_texts(&statements, action, resource, &service.context()))
}

/// Whether the role may do this, by its own policies and that of the resource.
pub fn may(role: &Role, action: &str, resource: &str, facts: &[(&str, &str)], policy: Option<&Value>) -> Verdict {
    // A role's own call carries none of the keys by which services say for whom they act.
    let mut context =
        Context::role_caller().with("aws:SourceOwner", Known::Absent).with("aws:SourceArn", Known::Absent);
    for (key, value) in facts {
        context = context.with_text(key, value);
    }
    let mut statements = role.statements.clone();
    if let Some(policy) = policy {
        match addressed(policy, &|principal| names_role(principal, &role.arn)) {
            Ok(more) => statements.extend(more),
            Err(()) => return Verdict::Unknown("the resource's policy is not understood".into()),
        }
    }
    match verdict(ask_texts(&statements, action, resource, &context)) {
        Verdict::Refused if !role.unknown.is_empty() => {
            Verdict::Unknown(format!("what {} allows is not known here", role.unknown.join(", ")))
        }
        Verdict::Allowed => match &role.boundary {
            Some(Boundary::Known(bounds)) => verdict(ask_texts(bounds, action, resource, &context)),
            Some(Boundary::Unknown(arn)) => Verdict::Unknown(format!("what {arn} bounds is not known here")),
            None => Verdict::Allowed,
        },
        other => other,
    }
}

fn ask_texts(statements: &[Statement], action: &str, resource: &str, context: &Context) -> Answer {
    let action = Pattern::literal(&action.to_lowercase());
    // `*` asks whether there is any resource at all.
    let resource = if resource == "*" { Pattern::anything() } else { Pattern::literal(resource) };
    ask_any(statements, &action, &[resource], std::slice::from_ref(context))
}

fn verdict(answer: Answer) -> Verdict {
    match answer {
        Answer::Allowed(_) => Verdict::Allowed,
        Answer::Impossible => Verdict::Refused,
        Answer::TooComplex => Verdict::Unknown("the policies are too complex to search".into()),
    }
}

/// The statements of a resource's or trust policy whose principal fits, in the form of an identity policy.
fn addressed(policy: &Value, fits: &dyn Fn(&Value) -> bool) -> Result<Vec<Statement>, ()> {
    let mut kept = Vec::new();
    for statement in policy["Statement"].as_array().into_iter().flatten() {
        let fields = statement.as_object().ok_or(())?;
        let applies = match (fields.get("Principal"), fields.get("NotPrincipal")) {
            (Some(principal), _) => fits(principal),
            (None, Some(others)) => !fits(others),
            (None, None) => return Err(()),
        };
        if !applies {
            continue;
        }
        let mut fields = fields.clone();
        fields.retain(|key, _| key != "Principal" && key != "NotPrincipal");
        if !fields.contains_key("Resource") && !fields.contains_key("NotResource") {
            fields.insert("Resource".into(), "*".into());
        }
        kept.push(Value::Object(fields));
    }
    let version = policy.get("Version").cloned().unwrap_or_else(|| "2008-10-17".into());
    let document = Document::parse(&json!({ "Version": version, "Statement": kept })).map_err(|_| ())?;
    Ok(document.statements)
}

fn listed<'v>(principal: &'v Value, kind: &str) -> impl Iterator<Item = &'v str> {
    let value = principal.get(kind);
    let items = value.and_then(Value::as_array).into_iter().flatten();
    items.chain(value.filter(|value| value.is_string())).filter_map(Value::as_str)
}

fn names_anyone(principal: &Value) -> bool {
    principal == "*" || listed(principal, "AWS").any(|name| name == "*")
}

fn names_service(principal: &Value, service: &str) -> bool {
    names_anyone(principal) || listed(principal, "Service").any(|name| name == service)
}

/// A statement for the account lets its administrators hand the permission on; it gives a role nothing by itself.
fn names_role(principal: &Value, role_arn: &str) -> bool {
    names_anyone(principal) || listed(principal, "AWS").any(|name| name == role_arn)
}
