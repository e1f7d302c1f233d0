//! `LOGGING_DISABLED_CHECK`: AWS IoT logging is off.
//!
//! | V2 logging | V1 logging | answer |
//! |---|---|---|
//! | on | any | compliant |
//! | any | on | compliant |
//! | off | off | finding |
//! | off, or not known | not known, or off | not decidable |
//!
//! On means: a role to write with, a level other than DISABLED, and for V2 not
//! `disableAllLogs`.

use crate::check::{Basis, Check, Level, Outcome, Page, Rule, Scope};
use crate::finding::{Resource, Severity};
use crate::snapshot::{LoggingV1, LoggingV2};

const OFF: Rule = Rule {
    id: "logging/off",
    reason_code: "LOGGING_DISABLED",
    level: Level::Finding,
    basis: Basis::Documented,
    when: "neither V2 nor V1 logging has a role and a level other than DISABLED",
    wrong: r#"{"roleArn": "arn:aws:iam::123456789012:role/iot-logs", "defaultLogLevel": "DISABLED"}"#,
    right: r#"{"roleArn": "arn:aws:iam::123456789012:role/iot-logs", "defaultLogLevel": "ERROR"}"#,
};

pub static CHECK: Check = Check {
    name: "LOGGING_DISABLED_CHECK",
    aliases: &[],
    severity: Severity::Low,
    rules: &[OFF],
    page: Page {
        why: "Without AWS IoT logs, refused connections and publishes leave no trace to \
              investigate.",
        fix: "Set V2 logging options with a role that may write to CloudWatch Logs and the \
              level ERROR or more verbose.",
        reads: &["logging"],
        source: "Device Defender guide, \"Logging disabled\"",
    },
    mitigations: &["PUBLISH_FINDING_TO_SNS", "ENABLE_IOT_LOGGING"],
    account: Some(run),
    certificates: None,
};

fn run(scope: &Scope<'_>, outcome: &mut Outcome) {
    let Some(logging) = &scope.snapshot.logging else {
        outcome.cannot_decide("the snapshot has no logging options");
        return;
    };
    outcome.evaluated += 1;
    let v1 = logging.v1.as_ref().map(v1_is_on);
    let v2 = logging.v2.as_ref().map(v2_is_on);
    match (v1, v2) {
        (Some(true), _) | (_, Some(true)) => {}
        (Some(false), Some(false)) => {
            let account = scope.snapshot.account_id.as_deref().unwrap_or("account");
            let reason = "AWS IoT logging is off, in both its generations.".to_owned();
            let finding = outcome.report(&CHECK, &OFF, Resource::account(account), reason);
            finding.address = logging.address.clone();
        }
        (None, _) => outcome.cannot_decide("the snapshot has no V1 logging options"),
        (_, None) => outcome.cannot_decide("the snapshot has no V2 logging options"),
    }
}

fn has_text(value: &Option<String>) -> bool {
    value.as_ref().is_some_and(|text| !text.is_empty())
}

fn v1_is_on(options: &LoggingV1) -> bool {
    has_text(&options.role_arn) && has_text(&options.log_level) && options.log_level.as_deref() != Some("DISABLED")
}

fn v2_is_on(options: &LoggingV2) -> bool {
    // A role without a level: the level's default is not published, so that the role was
    // set counts.
    has_text(&options.role_arn) && !options.disable_all_logs && options.default_log_level.as_deref() != Some("DISABLED")
}
