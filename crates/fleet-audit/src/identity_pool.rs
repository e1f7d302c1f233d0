//! The roles of Amazon Cognito identity pools, as the two Cognito checks look at them.

use crate::check::{Check, Outcome, Rule, Scope};
use crate::finding::Resource;
use crate::policy::data_plane::{DataPlane, ROWS};
use crate::policy::document::Statement;
use crate::policy::role::{self, RoleStatements};
use crate::snapshot::{IdentityPool, IdentityPoolRoles};

/// Which kind of identity.
pub type WhichRole = fn(&IdentityPoolRoles) -> &Option<String>;

/// One pool with one of its roles.
pub struct PoolRole<'a> {
    pub check: &'static Check,
    pub pool: &'a IdentityPool,
    pub role_arn: &'a str,
    pub statements: Vec<Statement>,
    /// Whether some of its documents are not known.
    pub partly: bool,
}

/// The pools whose role can be judged. Pools known not to have been used to connect in
/// the last 31 days are left out, as AWS does; pools without such a role are compliant.
pub fn roles<'a>(
    check: &'static Check,
    scope: &Scope<'a>,
    which: WhichRole,
    outcome: &mut Outcome,
) -> Vec<PoolRole<'a>> {
    let Some(pools) = &scope.snapshot.identity_pools else {
        outcome.cannot_decide("the snapshot has no Amazon Cognito identity pools");
        return vec![];
    };
    let mut roles = vec![];
    for pool in pools {
        if pool.recently_used == Some(false) {
            continue;
        }
        outcome.evaluated += 1;
        let Some(role_arn) = which(&pool.roles) else {
            continue;
        };
        match role::statements_of(scope.snapshot, role_arn) {
            Ok(RoleStatements { statements, unread }) => {
                for cause in &unread {
                    outcome.cannot_decide_for(&pool.identity_pool_id, cause);
                }
                roles.push(PoolRole { check, pool, role_arn, statements, partly: !unread.is_empty() });
            }
            Err(cause) => outcome.cannot_decide_for(&pool.identity_pool_id, &cause),
        }
    }
    roles
}

impl PoolRole<'_> {
    /// Reports `rule`; a pool whose use is not known is assumed to be used.
    pub fn report(
        &self,
        rule: &Rule,
        reason: String,
        counterexample: Option<String>,
        assumed: &[String],
        outcome: &mut Outcome,
    ) {
        let resource = Resource::identity_pool(&self.pool.identity_pool_id);
        let finding = outcome.report(self.check, rule, resource, reason);
        let role = Resource::iam_role(self.role_arn);
        finding.related_resources.push(role);
        finding.counterexample = counterexample;
        finding.assumed = assumed.to_vec();
        if self.pool.recently_used.is_none() {
            let use_ = "the pool was used to connect in the last 31 days".to_owned();
            finding.assumed.push(use_);
        }
        if self.partly {
            finding.assumed.push(role::UNREAD.to_owned());
        }
        finding.address = self.pool.address.clone();
    }

    /// Reports `rule` if the role has broad access to the data plane.
    pub fn report_data_plane(&self, rule: &Rule, outcome: &mut Outcome) {
        let data_plane = DataPlane::new(&self.statements);
        for row in ROWS {
            let reach = data_plane.broad(row);
            if !reach.too_complex.is_empty() {
                self.too_complex(outcome);
            }
            if let Some((action, access)) = reach.allowed.first() {
                let reason = format!("The role allows {action} for any device.");
                let example = row.in_words(action, access);
                self.report(rule, reason, Some(example), &access.assumed, outcome);
                return;
            }
        }
    }

    /// Notes that the pool could not be decided.
    pub fn too_complex(&self, outcome: &mut Outcome) {
        let because = "its role's patterns are too complex to search";
        outcome.cannot_decide_for(&self.pool.identity_pool_id, because);
    }
}
