//! The one list of rules.

use super::finding::{Page, Rule};
use super::rules::*;
use super::waiver;

/// Every rule, in the order in which a signal travels.
pub const RULES: &[&Rule] = &[&inverted_criteria::RULE, &untrusting_role::RULE, &role_lacks_permission::RULE];

/// The page of a code.
pub fn explain(code: &str) -> Option<Page> {
    pages().find(|page| page.code == code)
}

/// Every code that `check` may print about paths and waivers.
pub fn codes() -> impl Iterator<Item = &'static str> {
    pages().map(|page| page.code)
}

fn pages() -> impl Iterator<Item = Page> {
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
        for rule in RULES {
            let page = rule.page;
            let codes = |text: &str| findings(text).iter().map(|one| (one.code, one.severity)).collect::<Vec<_>>();
            let wrong = codes(page.wrong);
            assert!(wrong.contains(&(page.code, page.severity)), "{}: {wrong:?}", page.code);
            let right = codes(page.right);
            assert!(!right.iter().any(|(code, _)| *code == page.code), "{}: {right:?}", page.code);
            let others: Vec<_> = right.iter().filter(|(_, severity)| *severity == Severity::Error).collect();
            assert!(others.is_empty(), "{}: the fix brings another error: {others:?}", page.code);
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
