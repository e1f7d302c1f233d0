//! Questions about sets of words: is there a word in all of these patterns and in
//! none of those, and which.
//!
//! The patterns are run side by side as automata, breadth first, so that the first
//! word found is a shortest one and makes a readable counterexample. At each step only
//! the letters that some pattern names at its current position are tried, and one
//! fresh letter for all others: every letter that nobody names behaves alike.

use super::pattern::{Class, Letter, Pattern, Token};
use std::collections::{HashMap, VecDeque};

/// States visited before a search gives up. Policies are at most a few kilobytes
/// (IoT quota: 2,048 characters), which real ones search in a few hundred states.
pub const STATE_LIMIT: usize = 20_000;

/// How a search ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Search {
    /// This word was accepted.
    Found(Vec<Letter>),
    /// No word can be accepted.
    Exhausted,
    /// [`STATE_LIMIT`] was reached first; nothing is known.
    GaveUp,
}

/// The positions of one pattern that a word read so far can have led to, ascending.
type Positions = Vec<u16>;

/// Adds to `positions` those reachable without reading, drops what cannot matter.
fn settle(pattern: &[Token], positions: &mut Positions) {
    let mut index = 0;
    while index < positions.len() {
        let at = positions[index];
        if matches!(pattern.get(usize::from(at)), Some(Token::Many(_))) {
            positions.push(at + 1);
        }
        index += 1;
    }
    positions.sort_unstable();
    positions.dedup();
    // Whatever an earlier position can still accept, the last `*` accepts too.
    let last_star = positions.iter().rposition(|at| pattern.get(usize::from(*at)) == Some(&Token::Many(Class::Any)));
    if let Some(last_star) = last_star {
        positions.drain(..last_star);
    }
}

fn start(pattern: &[Token]) -> Positions {
    let mut positions = vec![0];
    settle(pattern, &mut positions);
    positions
}

fn step(pattern: &[Token], from: &Positions, letter: &Letter) -> Positions {
    let mut next = Positions::new();
    for at in from {
        match pattern.get(usize::from(*at)) {
            Some(Token::One(class)) if class.holds(letter) => next.push(at + 1),
            Some(Token::Many(class)) if class.holds(letter) => next.push(*at),
            _ => {}
        }
    }
    settle(pattern, &mut next);
    next
}

fn accepts(pattern: &[Token], positions: &Positions) -> bool {
    positions.last().is_some_and(|at| usize::from(*at) == pattern.len())
}

/// The letters named at the current positions, plus the fresh one.
fn letters_to_try(patterns: &[&Pattern], state: &[Positions]) -> Vec<Letter> {
    let mut letters = vec![];
    for (pattern, positions) in patterns.iter().zip(state) {
        for at in positions {
            let class = match pattern.tokens().get(usize::from(*at)) {
                Some(Token::One(class) | Token::Many(class)) => class,
                None => continue,
            };
            if let Class::Only(letter) | Class::Not(letter) = class
                && !letters.contains(letter)
            {
                letters.push(letter.clone());
            }
        }
    }
    if !letters.contains(&Letter::Fresh) {
        letters.push(Letter::Fresh);
    }
    letters
}

/// Searches the words that lie in every pattern of `must`. For each distinct way in
/// which the patterns of `watch` match such a word, `accept` is asked with one flag per
/// watched pattern; the first word it accepts ends the search.
pub fn search(must: &[&Pattern], watch: &[&Pattern], mut accept: impl FnMut(&[bool]) -> bool) -> Search {
    let patterns: Vec<&Pattern> = must.iter().chain(watch).copied().collect();
    if patterns.iter().any(|pattern| pattern.tokens().len() >= usize::from(u16::MAX)) {
        return Search::GaveUp;
    }
    let first: Vec<Positions> = patterns.iter().map(|p| start(p.tokens())).collect();
    let mut came_from: Vec<Option<(usize, Letter)>> = vec![None];
    let mut known = HashMap::from([(first.clone(), 0)]);
    let mut queue = VecDeque::from([(first, 0)]);

    while let Some((state, index)) = queue.pop_front() {
        let matched: Vec<bool> =
            patterns.iter().zip(&state).map(|(pattern, positions)| accepts(pattern.tokens(), positions)).collect();
        if matched[..must.len()].iter().all(|is| *is) && accept(&matched[must.len()..]) {
            return Search::Found(read_back(&came_from, index));
        }
        for letter in letters_to_try(&patterns, &state) {
            let next: Vec<Positions> = patterns
                .iter()
                .zip(&state)
                .map(|(pattern, positions)| step(pattern.tokens(), positions, &letter))
                .collect();
            let lost = next[..must.len()].iter().any(Vec::is_empty);
            if lost || known.contains_key(&next) {
                continue;
            }
            if came_from.len() >= STATE_LIMIT {
                return Search::GaveUp;
            }
            known.insert(next.clone(), came_from.len());
            queue.push_back((next, came_from.len()));
            came_from.push(Some((index, letter)));
        }
    }
    Search::Exhausted
}

fn read_back(came_from: &[Option<(usize, Letter)>], mut index: usize) -> Vec<Letter> {
    let mut word = vec![];
    while let Some((previous, letter)) = &came_from[index] {
        word.push(letter.clone());
        index = *previous;
    }
    word.reverse();
    word
}

/// Whether some word lies in both patterns. `None`: too complex to tell.
pub fn intersects(left: &Pattern, right: &Pattern) -> Option<bool> {
    match search(&[left, right], &[], |_| true) {
        Search::Found(_) => Some(true),
        Search::Exhausted => Some(false),
        Search::GaveUp => None,
    }
}

/// Whether every word of `inner` lies in `outer`. `None`: too complex to tell.
pub fn includes(outer: &Pattern, inner: &Pattern) -> Option<bool> {
    match search(&[inner], &[outer], |matched| !matched[0]) {
        Search::Found(_) => Some(false),
        Search::Exhausted => Some(true),
        Search::GaveUp => None,
    }
}
