//! Waivers: findings that are accepted for a while, and waivers that are none any more.

use jiff::civil::Date;

use super::finding::{Finding, Page};
use super::registry;
use crate::diagnostic::{Diagnostic, Diagnostics, Severity, did_you_mean};
use crate::spec::head::Waiver;

/// A waiver whose last day is over.
pub const EXPIRED: Page = Page {
    code: "expired-waiver",
    severity: Severity::Error,
    title: "a waiver's last day is over",
    why: "A waiver accepts a risk for a while. When the while is over, somebody has to look again: the finding counts \
          once more.",
    wrong: "topics: { alerts: { subscriptions: {} } }\nwaivers:\n  - { code: nobody-subscribed, reason: the phone comes \
            next week, until: \"2020-01-31\" }",
    right: "topics: { alerts: { subscriptions: { oncall: { sms: \"+4915112345678\" } } } }",
    source: "fleetctl's own",
};

/// A waiver that waives nothing.
pub const UNUSED: Page = Page {
    code: "unused-waiver",
    severity: Severity::Warning,
    title: "a waiver waives nothing",
    why: "It would silently accept the same mistake when it comes back.",
    wrong: "waivers:\n  - { code: nobody-subscribed, address: topics.alerts, reason: it had no reader, until: \"2999-12-31\" }",
    right: "topics: {}",
    source: "fleetctl's own",
};

pub const PAGES: &[Page] = &[EXPIRED, UNUSED];

impl Waiver {
    fn covers(&self, finding: &Finding) -> bool {
        let here =
            |glob: &String| glob::Pattern::new(glob).is_ok_and(|glob| glob.matches(&finding.address.to_string()));
        self.code == finding.code && self.address.as_ref().is_none_or(here)
    }
}

/// The waiver that a finding has today, if it has one.
pub fn of<'w>(finding: &Finding, waivers: &'w [Waiver], today: Date) -> Option<&'w Waiver> {
    waivers.iter().find(|waiver| waiver.until >= today && waiver.covers(finding))
}

/// What is wrong with the waivers themselves. Those of audit checks are looked at by `audit`.
pub fn check(waivers: &[Waiver], findings: &[Finding], today: Date, diagnostics: &mut Diagnostics) {
    for waiver in waivers {
        let own = registry::codes().any(|code| code == waiver.code);
        let audits = fleet_audit::registry::find(&waiver.code).is_some()
            || fleet_audit::registry::find_rule(&waiver.code).is_some();
        if !own && !audits {
            let message = format!("no rule and no audit check has the code `{}`", waiver.code);
            let help = did_you_mean(&waiver.code, registry::codes());
            diagnostics.push(Diagnostic::error("bad-value", message).at(waiver.span).help_if(help));
        } else if waiver.until < today {
            let message = format!("this waiver of {} ended on {} ({})", waiver.code, waiver.until, waiver.reason);
            let found = Diagnostic::error(EXPIRED.code, message).at(waiver.span);
            diagnostics.push(found.help("fix what it waives, or look at the reason again and set a later day"));
        } else if own && !findings.iter().any(|finding| waiver.covers(finding)) {
            let message = format!("this waiver of {} waives nothing", waiver.code);
            diagnostics.push(Diagnostic::warning(UNUSED.code, message).at(waiver.span).help("take it away"));
        }
    }
}
