//! The control plane of AWS IoT: which administrative actions a role allows.
//!
//! The classes are those of the Device Defender guide, "Unauthenticated/Authenticated
//! Cognito role overly permissive". The operations are those of the `iot` service model
//! (API, 2015-05-28); an action named in full that the model does not have counts as
//! administrative too, since newer operations appear there first.

use super::access::{Answer, ask_any};
use super::context::Context;
use super::document::{Effect, Statement};
use super::pattern::Pattern;
use super::place;

/// Thing administration, writing.
const WRITE: [&str; 11] = [
    "AddThingToThingGroup",
    "AttachThingPrincipal",
    "CreateThing",
    "DeleteThing",
    "DetachThingPrincipal",
    "ListThings",
    "ListThingsInThingGroup",
    "RegisterThing",
    "RemoveThingFromThingGroup",
    "UpdateThing",
    "UpdateThingGroupsForThing",
];

/// Thing administration, reading.
const READ: [&str; 4] =
    ["DescribeThing", "ListJobExecutionsForThing", "ListThingGroupsForThing", "ListThingPrincipals"];

/// The data plane and what devices do for themselves: no administration.
const DEVICE: [&str; 18] = [
    "AssumeRoleWithCertificate",
    "Connect",
    "DeleteConnection",
    "DeleteThingShadow",
    "DescribeJobExecution",
    "GetPendingJobExecutions",
    "GetRetainedMessage",
    "GetThingShadow",
    "ListNamedShadowsForThing",
    "ListRetainedMessages",
    "Publish",
    "Receive",
    "RetainPublish",
    "StartCommandExecution",
    "StartNextPendingJobExecution",
    "Subscribe",
    "UpdateJobExecution",
    "UpdateThingShadow",
];

const OPERATIONS: &str = include_str!("iot_operations.txt");

/// The administrative actions that are allowed, with AWS's names (`iot:CreateThing`).
#[derive(Debug, Default, PartialEq, Eq)]
pub struct AdminAccess {
    /// Writing, on at least one resource.
    pub write: Vec<String>,
    /// Reading, on at least one resource.
    pub read: Vec<String>,
    /// Reading things that nobody named.
    pub broad_read: Vec<String>,
    /// Other administration, on at least one resource.
    pub other: Vec<String>,
    pub too_complex: Vec<String>,
}

/// What the statements of one role allow.
pub fn admin_access(statements: &[Statement]) -> AdminAccess {
    let mut access = AdminAccess::default();
    let anything = [Pattern::anything()];
    let name = Pattern::arbitrary_name();
    let any_thing: Vec<Pattern> =
        place::places(statements).iter().map(|place| place.iot_resource("thing/").then(&name)).collect();
    for name in WRITE {
        access.note(statements, name, &anything, |access| &mut access.write);
    }
    for name in READ {
        access.note(statements, name, &anything, |access| &mut access.read);
        access.note(statements, name, &any_thing, |access| &mut access.broad_read);
    }
    let listed = OPERATIONS.lines().map(str::to_owned);
    for name in listed.chain(unlisted_actions(statements)) {
        if !WRITE.contains(&&*name) && !READ.contains(&&*name) && !DEVICE.contains(&&*name) {
            access.note(statements, &name, &anything, |access| &mut access.other);
        }
    }
    access
}

impl AdminAccess {
    fn note(
        &mut self,
        statements: &[Statement],
        name: &str,
        resources: &[Pattern],
        list: fn(&mut Self) -> &mut Vec<String>,
    ) {
        let action = Pattern::literal(&format!("iot:{}", name.to_lowercase()));
        let name = format!("iot:{name}");
        let context = [Context::role_caller()];
        let mut too_complex = false;
        for resource in resources {
            let resource = std::slice::from_ref(resource);
            match ask_any(statements, &action, resource, &context) {
                Answer::Allowed(_) => return list(self).push(name),
                Answer::TooComplex => too_complex = true,
                Answer::Impossible => {}
            }
        }
        if too_complex {
            self.too_complex.push(name);
        }
    }
}

/// Actions `iot:…` that an Allow names in full and the model does not have; lower case.
fn unlisted_actions(statements: &[Statement]) -> Vec<String> {
    let known = || OPERATIONS.lines().chain(DEVICE);
    let mut unlisted = vec![];
    for statement in statements {
        if statement.effect == Effect::Deny || statement.actions.negated {
            continue;
        }
        for action in &statement.actions.patterns {
            let text = action.as_text().unwrap_or_default();
            if let Some(name) = text.strip_prefix("iot:")
                && !known().any(|known| known.eq_ignore_ascii_case(name))
                && !unlisted.iter().any(|seen| seen == name)
            {
                unlisted.push(name.to_owned());
            }
        }
    }
    unlisted
}

/// Actions for a message: the first five, and how many more.
pub fn in_words(actions: &[String]) -> String {
    const NAMED: usize = 5;
    let mut text = actions[..actions.len().min(NAMED)].join(", ");
    if actions.len() > NAMED {
        text.push_str(&format!(" and {} more", actions.len() - NAMED));
    }
    text
}
