//! The one list of rules.

use super::finding::{Page, Rule};
use super::rules::*;
use super::waiver;

/// Every rule, in the order in which a signal travels.
pub const RULES: &[&Rule] = &[
    &inverted_criteria::RULE,
    &healthy_device_alarms::RULE,
    &unreported_metric::RULE,
    &small_population::RULE,
    &unattached_profile::RULE,
    &quota::RULE,
    &untrusting_role::RULE,
    &role_lacks_permission::RULE,
    &topic_refuses_publisher::RULE,
    &nobody_subscribed::RULE,
    &filter_drops_alerts::RULE,
    &mail_only::RULE,
    &no_alert::RULE,
    &function_not_invocable::RULE,
    &function_lacks_permission::RULE,
    &function_never_invoked::RULE,
    &rule_never_matches::RULE,
    &function_read_as_field::RULE,
    &metric_timestamp::RULE,
    &reserved_namespace::RULE,
    &missing_log_group::RULE,
    &unlogged_failures::RULE,
    &unproduced_metric::RULE,
    &dimension_mismatch::RULE,
    &dimension_names_nothing::RULE,
    &unit_mismatch::RULE,
    &unreachable_threshold::RULE,
    &scarce_datapoints::RULE,
    &missing_data::RULE,
    &alarm_loop::RULE,
    &unwatched_metric::RULE,
    &disabled_check::RULE,
    &no_owner::RULE,
];

/// The page of a code.
pub fn explain(code: &str) -> Option<Page> {
    pages().find(|page| page.code == code)
}

/// Every code that `check` may print about paths and waivers.
pub fn codes() -> impl Iterator<Item = &'static str> {
    pages().map(|page| page.code)
}

/// Every page, those about waivers last.
pub fn pages() -> impl Iterator<Item = Page> {
    RULES.iter().map(|rule| rule.page).chain(waiver::PAGES.iter().copied())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{RULES, pages};
    use crate::diagnostic::Severity;
    use crate::paths::testing::findings;

    #[test]
    fn the_wrong_example_of_every_page_is_reported_and_the_right_one_is_not() {
        let mut wrongs: Vec<String> = Vec::new();
        for page in RULES.iter().map(|rule| rule.page) {
            let codes = |text: &str| findings(text).iter().map(|one| (one.code, one.severity)).collect::<Vec<_>>();
            let (wrong, right) = (codes(page.wrong), codes(page.right));
            if !wrong.contains(&(page.code, page.severity)) {
                wrongs.push(format!("{} is not reported: {wrong:?}", page.code));
            }
            let left = |(code, severity): &&(&str, Severity)| *code == page.code || *severity == Severity::Error;
            wrongs.extend(right.iter().find(left).map(|left| format!("{}: the right example has {left:?}", page.code)));
        }
        assert!(wrongs.is_empty(), "{wrongs:#?}");
    }

    #[test]
    fn the_document_lists_every_rule() {
        let text = include_str!("../../docs/paths.md");
        for page in pages() {
            let row = format!("| `{}` | {} | {} |", page.code, page.severity, page.title);
            assert!(text.contains(&row), "docs/paths.md lacks: {row}");
        }
    }

    #[test]
    fn codes_are_unique_and_every_finding_says_what_to_do() {
        let codes: Vec<&str> = pages().map(|page| page.code).collect();
        let unique: BTreeSet<&&str> = codes.iter().collect();
        assert_eq!(unique.len(), codes.len());
        for rule in RULES {
            for finding in findings(rule.page.wrong) {
                assert!(!finding.fix.is_empty() && !finding.message.ends_with('.'), "{finding:?}");
                assert!(!finding.pointers.is_empty(), "{finding:?}");
            }
        }
    }
}
