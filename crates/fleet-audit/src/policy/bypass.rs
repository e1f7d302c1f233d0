//! Denied subscriptions that a wider topic filter gets around.
//!
//! A Deny of `iot:Subscribe` matches the text of a filter. Messages under the denied
//! sub-tree still arrive through a filter with another text, such as `building/#`, unless
//! `iot:Receive` is denied on the topics too. Tried are the filters that end in `#`
//! after any number of the sub-tree's fixed levels, those with one level replaced by
//! `+`, and those that an Allow spells out.
//! Source: Device Defender guide, "AWS IoT policy potentially misconfigured".

use super::access::{Answer, ask_any};
use super::context::Context;
use super::document::{Effect, Statement};
use super::pattern::{Class, Letter, Pattern, Token};
use super::place::{self, Place};
use super::template::{Template, Wildcards};

/// A way around a Deny.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bypass {
    /// [`Statement::index`] of the Deny.
    pub index: usize,
    /// The filter that the Deny names, as written.
    pub denied: String,
    /// A filter that may be subscribed to.
    pub filter: String,
    /// A topic under the denied sub-tree whose messages then arrive.
    pub topic: String,
    pub receive: Receive,
    /// Conditions taken as the worse case.
    pub assumed: Vec<String>,
}

/// What the same policy says of receiving there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Receive {
    Allowed,
    /// Neither allowed nor denied.
    NotDenied,
}

/// All that was found.
#[derive(Debug, Default)]
pub struct Bypasses {
    pub bypasses: Vec<Bypass>,
    pub too_complex: bool,
}

const FILTER_KIND: &str = ":topicfilter/";

/// Searches the statements of one policy; at most one bypass for each denied filter.
pub fn find(statements: &[Statement]) -> Bypasses {
    let mut found = Bypasses::default();
    for deny in statements {
        let denies = deny.effect == Effect::Deny && deny.actions.covers("iot:subscribe");
        // A negated list names what stays allowed, not a sub-tree to keep out of.
        if !denies || deny.resources.negated {
            continue;
        }
        for template in &deny.resources.templates {
            if let Some((_, denied)) = template.text().split_once(FILTER_KIND)
                && let Some(bypass) = around(statements, denied, &mut found.too_complex)
            {
                found.bypasses.push(Bypass { index: deny.index, ..bypass });
            }
        }
    }
    found
}

fn around(statements: &[Statement], denied: &str, too_complex: &mut bool) -> Option<Bypass> {
    let mut left_open = None;
    let candidates = candidates(denied).into_iter().chain(spelled_out(statements));
    // A filter that starts with a wildcard does not reach topics that start with $
    // (MQTT 3.1.1, section 4.7.2).
    let reaches = |filter: &String| !(denied.starts_with('$') && filter.starts_with(['#', '+']));
    let places = place::places(statements);
    for filter in candidates.filter(reaches) {
        for place in &places {
            for context in [Context::attached_device(), Context::unattached_device()] {
                let asker = (place, &context);
                match try_filter(statements, denied, &filter, asker, too_complex) {
                    Some(bypass) if bypass.receive == Receive::Allowed => return Some(bypass),
                    Some(bypass) => left_open = left_open.or(Some(bypass)),
                    None => {}
                }
            }
        }
    }
    left_open
}

fn try_filter(
    statements: &[Statement],
    denied: &str,
    filter: &str,
    (place, context): (&Place, &Context),
    too_complex: &mut bool,
) -> Option<Bypass> {
    let mut ask = |statements: &[Statement], action: &str, resource: &[Pattern]| {
        let context = std::slice::from_ref(context);
        match ask_any(statements, &Pattern::literal(action), resource, context) {
            Answer::Allowed(access) => Some(access),
            Answer::TooComplex => {
                *too_complex = true;
                None
            }
            Answer::Impossible => None,
        }
    };
    let subscribed = place.iot_resource("topicfilter/").then_text(filter);
    let subscribed = ask(statements, "iot:subscribe", &[subscribed])?;
    let tree = Template::parse(denied, Wildcards::Match, true).resolve(context)?;
    let topics = [place.iot_resource("topic/").then(&tree), place.iot_resource("topic/").then(&delivered_by(filter))];
    let (receive, access) = match ask(statements, "iot:receive", &topics) {
        Some(access) => (Receive::Allowed, access),
        None => {
            let mut open = statements.to_vec();
            open.push(allow_all());
            (Receive::NotDenied, ask(&open, "iot:receive", &topics)?)
        }
    };
    let topic = access.resource_text();
    let mut assumed = subscribed.assumed;
    assumed.extend(access.assumed);
    assumed.dedup();
    Some(Bypass {
        index: 0,
        denied: denied.to_owned(),
        filter: filter.to_owned(),
        topic: topic.strip_prefix("topic/").unwrap_or(&topic).to_owned(),
        receive,
        assumed,
    })
}

/// A statement that allows everything, to ask what is denied.
fn allow_all() -> Statement {
    use super::document::{Actions, Resources};
    Statement {
        label: "everything".to_owned(),
        index: usize::MAX,
        effect: Effect::Allow,
        actions: Actions { negated: false, patterns: vec![Pattern::anything()] },
        resources: Resources { negated: false, templates: vec![Template::parse("*", Wildcards::Match, false)] },
        conditions: vec![],
    }
}

/// Filters that cover the sub-tree `denied`, widest last.
fn candidates(denied: &str) -> Vec<String> {
    let is_wild = |c: char| matches!(c, '*' | '?');
    let variable = denied.find("${").unwrap_or(denied.len());
    let fixed = denied.find(is_wild).unwrap_or(denied.len()).min(variable);
    let mut levels: Vec<&str> = denied[..fixed].split('/').collect();
    let last = levels.pop().unwrap_or_default();
    let spelled = fixed == denied.len();
    let mut filters = vec![];
    if spelled {
        filters.push(joined(&levels, "+"));
    }
    for depth in (0..=levels.len()).rev() {
        filters.push(joined(&levels[..depth], "#"));
    }
    for replaced in 0..levels.len() {
        let mut with_plus = levels.clone();
        with_plus[replaced] = "+";
        filters.push(joined(&with_plus, if spelled { last } else { "#" }));
    }
    filters
}

fn joined(levels: &[&str], last: &str) -> String {
    let mut all = levels.to_vec();
    all.push(last);
    all.join("/")
}

/// Filters with + or # that an Allow of Subscribe spells out without policy wildcards.
fn spelled_out(statements: &[Statement]) -> Vec<String> {
    let allows = statements
        .iter()
        .filter(|s| s.effect == Effect::Allow && !s.resources.negated)
        .filter(|s| s.actions.covers("iot:subscribe"));
    allows
        .flat_map(|allow| &allow.resources.templates)
        .filter_map(|template| template.text().split_once(FILTER_KIND))
        .map(|(_, filter)| filter)
        .filter(|filter| filter.contains(['+', '#']) && !filter.contains(['*', '?', '$']))
        .map(str::to_owned)
        .collect()
}

/// The topics that a filter delivers. That `a/#` also delivers `a` itself is left out:
/// it cannot lie below a denied `a/*`.
fn delivered_by(filter: &str) -> Pattern {
    let mut pattern = Pattern::default();
    for (index, level) in filter.split('/').enumerate() {
        if index > 0 {
            pattern = pattern.then_text("/");
        }
        pattern = match level {
            "#" => pattern.then(&Pattern::anything()),
            "+" => {
                let within = Class::Not(Letter::Char('/'));
                pattern.then(&Pattern::of([Token::Many(within)]))
            }
            text => pattern.then_text(text),
        };
    }
    pattern
}
