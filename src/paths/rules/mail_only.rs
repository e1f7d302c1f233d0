//! Alerts that reach people by e-mail alone, or an address that nobody reads.

use crate::diagnostic::Severity;
use crate::paths::finding::{Findings, Page, Rule};
use crate::paths::model::fleet::Fleet;
use crate::paths::model::topic::{Subscription, Topic};
use crate::spec::node::pointer_token;

pub const RULE: Rule = Rule { page: PAGE, check };

const PAGE: Page = Page {
    code: "mail-only",
    severity: Severity::Note,
    title: "e-mail is the only channel, or goes to an address of an example",
    why: "E-mail wakes nobody, and SNS delivers none of it until the link in its first message has been followed. Addresses \
          of example.com, example.org and example.net belong to nobody.",
    wrong: "topics: { alerts: { subscriptions: { oncall: { email: oncall@factory.test-company.org } } } }",
    right: "topics: { alerts: { subscriptions: { oncall: { email: oncall@factory.test-company.org }, pager: { https: \"https://pager.test-company.org/sns\" } } } }",
    source: "SNS developer guide, \"Email notifications\"; RFC 2606",
};

const EXAMPLES: &[&str] = &["example.com", "example.org", "example.net"];

fn check(fleet: &Fleet, findings: &mut Findings) {
    for topic in &fleet.topics {
        let subscriptions: Vec<_> = topic.subscriptions.iter().flatten().collect();
        for one in subscriptions.iter().filter(|one| one.is_mail()) {
            let domain = one.endpoint.rsplit('@').next().unwrap_or_default().to_lowercase();
            let of_example = |known: &&str| domain == **known || domain.ends_with(&format!(".{known}"));
            if EXAMPLES.iter().any(of_example) {
                let message = format!("nobody reads {}: {domain} is reserved for examples", one.endpoint);
                findings
                    .add(&topic.address, &one.endpoint, message)
                    .fix("an address that somebody reads; in the examples, `--var NAME=ADDRESS`")
                    .at(place(fleet, topic, one))
                    .at("/subscriptions");
            }
        }
        if !subscriptions.is_empty() && subscriptions.iter().all(|one| one.is_mail()) {
            let message = "alerts reach people by e-mail alone";
            findings
                .add(&topic.address, "", message)
                .fix("one more subscription that wakes somebody: `pager: { https: URL }`, `sms`, or a function")
                .at("/subscriptions");
        }
    }
}

/// Where the entry says the address.
fn place(fleet: &Fleet, topic: &Topic, subscription: &Subscription) -> String {
    let written = fleet.written(&topic.address, "/subscriptions").unwrap_or_default();
    let of_address = |(name, one): (&String, &serde_json::Value)| {
        let field = one.as_object()?.iter().find(|(_, value)| **value == *subscription.endpoint)?.0;
        Some(format!("/subscriptions/{}/{field}", pointer_token(name)))
    };
    written.as_object().into_iter().flatten().find_map(of_address).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use crate::paths::testing::found;

    #[test]
    fn domains_of_examples_are_told_from_those_that_only_look_so() {
        let mail = |address: &str| {
            found("mail-only", &format!("topics: {{ a: {{ subscriptions: {{ m: {{ email: \"{address}\" }}, s: {{ sms: \"+4915112345678\" }} }} }} }}")).len()
        };
        assert_eq!(mail("a@example.com"), 1);
        assert_eq!(mail("a@mail.EXAMPLE.org"), 1);
        assert_eq!(mail("a@counterexample.com"), 0);
        assert_eq!(mail("a@example.com.au"), 0);
    }
}
