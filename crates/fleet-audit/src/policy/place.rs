//! Where a policy's resources are: partition, region and account.
//!
//! A policy is judged in the regions and accounts that its own ARNs name, those of its
//! Allow statements first, because whether `arn:aws:iot:us-east-1:…` is the right region
//! is not the question of any audit check. A Deny for `us-east-1` therefore closes an
//! Allow of `*` when no other region is named.

use super::context::Context;
use super::document::{Effect, Statement};
use super::pattern::{Class, Letter, Pattern, Token};

/// Partition, region and account of an ARN, each one word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    partition: Pattern,
    region: Pattern,
    account: Pattern,
}

impl Place {
    /// The ARNs of AWS IoT here, up to and with `kind`, e.g. `topic/`.
    pub fn iot_resource(&self, kind: &str) -> Pattern {
        Pattern::literal("arn:")
            .then(&self.partition)
            .then_text(":iot:")
            .then(&self.region)
            .then_text(":")
            .then(&self.account)
            .then_text(":")
            .then_text(kind)
    }
}

/// The places that `statements` are about; at least one, made up if none is named.
pub fn places(statements: &[Statement]) -> Vec<Place> {
    let arns: Vec<(Effect, Segments)> = statements
        .iter()
        .flat_map(|statement| {
            let templates = statement.resources.templates.iter();
            templates.filter_map(|template| {
                let pattern = template.resolve(&Context::attached_device())?;
                Some((statement.effect, segments(&pattern)?))
            })
        })
        .collect();
    let named = |index: usize| {
        let of = |effect: Effect| {
            let mut words: Vec<Pattern> = vec![];
            let arns = arns.iter().filter(|(own, _)| *own == effect);
            for word in arns.filter_map(|(_, segments)| segments[index].clone()) {
                if !words.contains(&word) {
                    words.push(word);
                }
            }
            words
        };
        let mut words = of(Effect::Allow);
        if words.is_empty() {
            words = of(Effect::Deny);
            words.truncate(1);
        }
        words
    };
    let or = |words: Vec<Pattern>, otherwise: Pattern| {
        if words.is_empty() { vec![otherwise] } else { words }
    };
    let fresh = || Pattern::of([Token::One(Class::Only(Letter::Fresh))]);
    let mut places = vec![];
    for partition in or(named(0), Pattern::literal("aws")) {
        for region in or(named(1), fresh()) {
            for account in or(named(2), fresh()) {
                places.push(Place { partition: partition.clone(), region: region.clone(), account });
            }
        }
    }
    places
}

/// Partition, region and account of an ARN of AWS IoT, where they are one word each.
type Segments = [Option<Pattern>; 3];

fn segments(pattern: &Pattern) -> Option<Segments> {
    let colon = Token::One(Class::Only(Letter::Char(':')));
    let parts: Vec<&[Token]> = pattern.tokens().splitn(6, |token| *token == colon).collect();
    let [arn, partition, service, region, account, _] = parts[..] else {
        return None;
    };
    let is = |part: &[Token], text: &str| part == Pattern::literal(text).tokens();
    if !is(arn, "arn") || !is(service, "iot") {
        return None;
    }
    let word = |part: &[Token]| {
        let fixed = part.iter().all(|token| matches!(token, Token::One(Class::Only(_))));
        fixed.then(|| Pattern::of(part.iter().cloned()))
    };
    Some([word(partition), word(region), word(account)])
}
