//! The statements of an IAM role: those of all its policy documents together.

use super::document::{Document, Statement};
use crate::snapshot::{Role, Snapshot};

/// The statements of the role with this ARN, or why they are not known ("not decidable
/// here, because …").
pub fn statements_of(snapshot: &Snapshot, role_arn: &str) -> Result<Vec<Statement>, String> {
    let Some(roles) = &snapshot.roles else {
        return Err("the snapshot has no roles".to_owned());
    };
    match roles.iter().find(|role| role.arn == role_arn) {
        Some(role) => read(role),
        None => Err("the snapshot does not have its role".to_owned()),
    }
}

fn read(role: &Role) -> Result<Vec<Statement>, String> {
    let mut statements = vec![];
    for policy in &role.policies {
        match Document::parse(&policy.policy_document) {
            Ok(document) => statements.extend(document.statements),
            Err(cause) => {
                return Err(format!("of its role's policy {}: {cause}", policy.policy_name));
            }
        }
    }
    Ok(statements)
}
