//! IAM roles with everything that their policies say, as far as it is known.

use fleet_audit::policy::document::{Document, Statement};
use serde_json::{Value, json};

use super::fleet::{Input, text, texts};
use crate::address::Address;
use crate::kind;
use crate::paths::managed_policies;
use crate::scope::{Scope, alone};

pub struct Role {
    pub address: Address,
    pub arn: String,
    pub trust: Value,
    pub statements: Vec<Statement>,
    /// Policies whose content is not known here: other accounts' and less common ones of AWS.
    pub unknown: Vec<String>,
    pub boundary: Option<Boundary>,
}

/// What bounds a role's permissions.
pub enum Boundary {
    Known(Vec<Statement>),
    Unknown(String),
}

impl Role {
    pub fn new(address: &Address, arn: String, state: &Value, input: &Input) -> Role {
        let mut role = Role {
            address: address.clone(),
            arn,
            trust: state["trust"].clone(),
            statements: Vec::new(),
            unknown: Vec::new(),
            boundary: None,
        };
        for (name, document) in state["inlinePolicies"].as_object().into_iter().flatten() {
            match Document::parse(document) {
                Ok(document) => role.statements.extend(document.statements),
                Err(_) => role.unknown.push(name.clone()),
            }
        }
        for arn in texts(state, "managedPolicies") {
            match managed(&arn, input) {
                Some(statements) => role.statements.extend(statements),
                None => role.unknown.push(arn),
            }
        }
        role.boundary = text(state, "permissionsBoundary").map(|arn| match managed(&arn, input) {
            Some(statements) => Boundary::Known(statements),
            None => Boundary::Unknown(arn),
        });
        role
    }
}

/// The statements of a managed policy of this spec, or of a known one of AWS.
fn managed(arn: &str, input: &Input) -> Option<Vec<Statement>> {
    if let Some(actions) = managed_policies::actions(arn) {
        let document = json!({ "Version": "2012-10-17",
            "Statement": [{ "Effect": "Allow", "Action": actions, "Resource": "*" }] });
        return Document::parse(&document).ok().map(|document| document.statements);
    }
    let no_files = std::collections::BTreeMap::new();
    let own = input.objects.iter().filter(|(address, _)| address.section == "managedPolicies");
    let (_, state) = own.into_iter().find(|(address, _)| {
        let scope = Scope {
            fleet: input.fleet,
            place: input.place,
            name: &address.name,
            files: &no_files,
            invokers: &[],
            declared: &alone,
        };
        kind::of(address).attribute(&address.name, "arn", &scope).as_deref() == Some(arn)
    })?;
    Document::parse(&state["document"]).ok().map(|document| document.statements)
}
