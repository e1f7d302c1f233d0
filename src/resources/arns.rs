//! Where a name stands for another object, an ARN may stand too: it names an object outside this spec.

use crate::scope::Scope;

fn or_own(text: &str, own: impl FnOnce() -> String) -> String {
    match text.starts_with("arn:") {
        true => text.to_owned(),
        false => own(),
    }
}

/// An IAM role, by its name in `roles`.
pub fn role(scope: &Scope, text: &str) -> String {
    or_own(text, || scope.place.global_arn("iam", format_args!("role/fleetctl/{}/{text}", scope.fleet)))
}

/// An SNS topic, by its name in `topics`.
pub fn topic(scope: &Scope, text: &str) -> String {
    or_own(text, || scope.place.arn("sns", text))
}

/// A Lambda function, by its name in `functions`.
pub fn function(scope: &Scope, text: &str) -> String {
    or_own(text, || scope.place.arn("lambda", format_args!("function:{text}")))
}

/// A thing group, by its name in `thingGroups`.
pub fn thing_group(scope: &Scope, text: &str) -> String {
    or_own(text, || super::thing_group::arn(scope.place, text))
}

/// The name of a log group, given as such or in an ARN: what takes a log group wants its name.
pub fn log_group_name(text: &str) -> &str {
    let name = text.split_once(":log-group:").filter(|_| text.starts_with("arn:")).map(|(_, name)| name);
    name.map_or(text, |name| name.trim_end_matches(":*"))
}
