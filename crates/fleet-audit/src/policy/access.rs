//! Who may do what: whether a set of statements lets a request through, for sets of
//! actions and resources at once, with a counterexample.
//!
//! Access is allowed when some Allow applies and no Deny does. What is not known is
//! taken as the worse: an Allow whose condition is unknown counts, a Deny counts only
//! if its condition is surely met and its variables have values. An answer names the
//! conditions that it assumed, so nobody takes the assumption for a fact. Within that,
//! the answer is exact: actions and resources are searched as automata, not sampled.
//!
//! Not looked at: permission boundaries, service control policies, session policies.

use super::condition::{self, Truth};
use super::context::Context;
use super::document::{Actions, Effect, Statement};
use super::language::{self, Search};
use super::pattern::{Letter, Pattern, spell};
use super::template::Template;
use std::cell::RefCell;
use std::collections::HashSet;

/// What is asked.
#[derive(Debug)]
pub struct Question<'a> {
    /// The actions, in lower case, e.g. `iot:publish`.
    pub action: &'a Pattern,
    /// The resource ARNs: those in every one of these patterns.
    pub resource: &'a [Pattern],
    /// Who asks.
    pub context: &'a Context,
}

/// One access that is allowed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Lower case.
    pub action: Vec<Letter>,
    pub resource: Vec<Letter>,
    /// [`Statement::label`] of the Allow.
    pub statement: String,
    /// [`Statement::index`] of the Allow.
    pub index: usize,
    /// Conditions taken as the worse case, e.g. `IpAddress aws:SourceIp`.
    pub assumed: Vec<String>,
}

impl Access {
    /// The resource as text without its ARN prefix, e.g. `topic/a/OTHER`; `OTHER` stands
    /// for a name that nobody gave.
    pub fn resource_text(&self) -> String {
        let text = spell(&self.resource, "OTHER");
        match text.splitn(6, ':').nth(5) {
            Some(part) if text.starts_with("arn:") => part.to_owned(),
            _ => text,
        }
    }

    /// The action as text, with `AnyAction` where any name does.
    pub fn action_text(&self) -> String {
        spell(&self.action, "AnyAction")
    }
}

/// The answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// At least this access is allowed.
    Allowed(Access),
    /// None of the asked accesses is allowed.
    Impossible,
    /// The search was given up (see [`language::STATE_LIMIT`]).
    TooComplex,
}

/// A Deny that surely applies, with its patterns resolved.
struct Barrier<'a> {
    actions: &'a Actions,
    resources_negated: bool,
    resources: Vec<Pattern>,
}

/// Answers `question` from the statements of all policies that apply together.
pub fn ask<'a>(statements: impl IntoIterator<Item = &'a Statement> + Clone, question: &Question<'_>) -> Answer {
    let mut assumed = vec![];
    let barriers = barriers(statements.clone(), question, &mut assumed);
    let mut answer = Answer::Impossible;
    for allow in statements {
        if allow.effect != Effect::Allow {
            continue;
        }
        let mut assumed = assumed.clone();
        match condition::all_hold(&allow.conditions, question.context) {
            Truth::False => continue,
            Truth::True => {}
            Truth::Unknown => note_unknown(allow, question.context, &mut assumed),
        }
        match through(allow, &barriers, question) {
            Answer::Allowed(access) => return Answer::Allowed(Access { assumed, ..access }),
            Answer::TooComplex => answer = Answer::TooComplex,
            Answer::Impossible => {}
        }
    }
    answer
}

/// Whether one of `contexts` gets through; the first that does answers.
pub fn ask_any<'a>(
    statements: impl IntoIterator<Item = &'a Statement> + Clone,
    action: &Pattern,
    resource: &[Pattern],
    contexts: &[Context],
) -> Answer {
    let mut answer = Answer::Impossible;
    for context in contexts {
        let question = Question { action, resource, context };
        match ask(statements.clone(), &question) {
            allowed @ Answer::Allowed(_) => return allowed,
            Answer::TooComplex => answer = Answer::TooComplex,
            Answer::Impossible => {}
        }
    }
    answer
}

fn note_unknown(statement: &Statement, context: &Context, assumed: &mut Vec<String>) {
    for line in &statement.conditions {
        if line.holds(context) == Truth::Unknown {
            let text = format!("{} {}", line.operator, line.key);
            if !assumed.contains(&text) {
                assumed.push(text);
            }
        }
    }
}

/// The templates that could match what is asked for; the others are as good as not there.
fn relevant<'a>(templates: &'a [Template], question: &Question<'_>) -> Vec<&'a Template> {
    let clashes = |template: &Template| question.resource.iter().any(|asked| template.clashes(asked));
    templates.iter().filter(|template| !clashes(template)).collect()
}

fn barriers<'a>(
    statements: impl IntoIterator<Item = &'a Statement>,
    question: &Question<'_>,
    assumed: &mut Vec<String>,
) -> Vec<Barrier<'a>> {
    let mut barriers = vec![];
    for deny in statements {
        if deny.effect != Effect::Deny {
            continue;
        }
        match condition::all_hold(&deny.conditions, question.context) {
            Truth::True => {}
            Truth::False => continue,
            Truth::Unknown => {
                note_unknown(deny, question.context, assumed);
                continue;
            }
        }
        let templates = relevant(&deny.resources.templates, question);
        let resources: Vec<Pattern> = templates.iter().filter_map(|t| t.resolve(question.context)).collect();
        // `NotResource` with a variable that has no value: whether AWS then denies is
        // not documented, so nobody may rely on it.
        let lacks_value = |template: &Template| !template.has_values(question.context);
        if deny.resources.negated && deny.resources.templates.iter().any(lacks_value) {
            let text = format!("a device for which a variable of {} has no value", deny.label);
            if !assumed.contains(&text) {
                assumed.push(text);
            }
            continue;
        }
        barriers.push(Barrier { actions: &deny.actions, resources_negated: deny.resources.negated, resources });
    }
    barriers
}

/// The watched patterns of several statements, laid end to end for one search.
#[derive(Default)]
struct Watch<'a> {
    patterns: Vec<&'a Pattern>,
    /// For each statement: is the list negated, and which patterns are its own.
    parts: Vec<(bool, std::ops::Range<usize>)>,
}

impl<'a> Watch<'a> {
    fn add(&mut self, negated: bool, patterns: impl IntoIterator<Item = &'a Pattern>) {
        let from = self.patterns.len();
        self.patterns.extend(patterns);
        self.parts.push((negated, from..self.patterns.len()));
    }

    /// Whether the list of statement `part` covers the word with these matches.
    fn covers(&self, part: usize, matched: &[bool]) -> bool {
        let (negated, range) = &self.parts[part];
        matched[range.clone()].iter().any(|is| *is) != *negated
    }
}

/// Whether `allow` lets something through. The search runs over the actions first and
/// collects, for each distinct set of Denies that an action meets, whether a resource
/// is left: a Deny removes pairs of action and resource, not either alone.
fn through(allow: &Statement, barriers: &[Barrier<'_>], question: &Question<'_>) -> Answer {
    // Most statements of a policy are about other kinds of resources; that is cheap to see.
    if !allow.resources.negated && relevant(&allow.resources.templates, question).is_empty() {
        return Answer::Impossible;
    }
    let anything = Pattern::anything();
    let alternatives: Vec<&Pattern> =
        if allow.actions.negated { vec![&anything] } else { allow.actions.patterns.iter().collect() };
    let mut watch = Watch::default();
    for barrier in barriers {
        watch.add(barrier.actions.negated, &barrier.actions.patterns);
    }
    if allow.actions.negated {
        watch.add(true, &allow.actions.patterns);
    }
    let seen: RefCell<HashSet<Vec<usize>>> = RefCell::default();
    let mut gave_up = false;
    for alternative in alternatives {
        let mut resource = None;
        let found = language::search(&[question.action, alternative], &watch.patterns, |matched| {
            if allow.actions.negated && !watch.covers(barriers.len(), matched) {
                return false;
            }
            let met: Vec<usize> = (0..barriers.len()).filter(|index| watch.covers(*index, matched)).collect();
            if !seen.borrow_mut().insert(met.clone()) {
                return false;
            }
            let met: Vec<&Barrier<'_>> = met.iter().map(|index| &barriers[*index]).collect();
            match resource_left(allow, &met, question) {
                Search::Found(word) => resource = Some(word),
                Search::GaveUp => gave_up = true,
                Search::Exhausted => {}
            }
            resource.is_some()
        });
        match (found, resource) {
            (Search::Found(action), Some(resource)) => {
                let (statement, index) = (allow.label.clone(), allow.index);
                return Answer::Allowed(Access { action, resource, statement, index, assumed: vec![] });
            }
            (Search::GaveUp, _) => gave_up = true,
            _ => {}
        }
    }
    if gave_up { Answer::TooComplex } else { Answer::Impossible }
}

/// A resource that `allow` covers and none of the barriers does.
fn resource_left(allow: &Statement, met: &[&Barrier<'_>], question: &Question<'_>) -> Search {
    let templates = relevant(&allow.resources.templates, question);
    let own: Vec<Pattern> = templates.iter().filter_map(|t| t.resolve(question.context)).collect();
    let anything = Pattern::anything();
    let alternatives: Vec<&Pattern> = if allow.resources.negated { vec![&anything] } else { own.iter().collect() };
    let mut watch = Watch::default();
    for barrier in met {
        watch.add(barrier.resources_negated, &barrier.resources);
    }
    if allow.resources.negated {
        watch.add(true, &own);
    }
    let mut gave_up = false;
    for alternative in alternatives {
        let must: Vec<&Pattern> = question.resource.iter().chain([alternative]).collect();
        let found = language::search(&must, &watch.patterns, |matched| {
            let denied = (0..met.len()).any(|index| watch.covers(index, matched));
            let excepted = allow.resources.negated && !watch.covers(met.len(), matched);
            !denied && !excepted
        });
        match found {
            Search::Found(_) => return found,
            Search::GaveUp => gave_up = true,
            Search::Exhausted => {}
        }
    }
    if gave_up { Search::GaveUp } else { Search::Exhausted }
}
