//! The statements of an IAM role: those of all its policy documents together.

use super::document::{Document, Statement};
use crate::snapshot::{Role, Snapshot};

/// What is assumed of the documents that are not known.
pub const UNREAD: &str = "the role's policies that are not known here deny nothing";

/// What is known of a role.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct RoleStatements {
    /// Of the documents that could be read.
    pub statements: Vec<Statement>,
    /// Why others could not be, each "not decidable here, because …".
    pub unread: Vec<String>,
}

/// The statements of the role with this ARN, or why none are known.
pub fn statements_of(snapshot: &Snapshot, role_arn: &str) -> Result<RoleStatements, String> {
    let Some(roles) = &snapshot.roles else {
        return Err("the snapshot has no roles".to_owned());
    };
    match roles.iter().find(|role| role.arn == role_arn) {
        Some(role) => Ok(read(role)),
        None => Err("the snapshot does not have its role".to_owned()),
    }
}

fn read(role: &Role) -> RoleStatements {
    let mut known = RoleStatements::default();
    for policy in &role.policies {
        let name = &policy.policy_name;
        match policy.policy_document.as_ref().map(Document::parse) {
            Some(Ok(document)) => known.statements.extend(document.statements),
            Some(Err(cause)) => known.unread.push(format!("of its role's policy {name}: {cause}")),
            None => known.unread.push(format!("the document of its role's policy {name} is not known here")),
        }
    }
    known
}
