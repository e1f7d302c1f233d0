//! Questions about sets of words: is there a word in all of these patterns and in
//! none of those, and which.
//!
//! The patterns are run side by side as automata, breadth first, so that the first
//! word found is a shortest one and makes a readable counterexample. At each step only
//! the letters that some pattern names at its current position are tried, and one
//! fresh letter for all others: every letter that nobody names behaves alike.

use super::pattern::{Class, Letter, Pattern, Token};
use std::collections::{HashSet, VecDeque};

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

/// The positions of all patterns that a word read so far can have led to: for each
/// pattern its positions, ascending, then [`END`]. Flat, because there are many.
type State = Vec<u16>;

/// Ends the positions of one pattern; longer patterns are not searched.
const END: u16 = u16::MAX;

/// Completes the positions from `begin` on with those reachable without reading, drops
/// what cannot matter, and ends them. Returns whether there are any.
fn settle(pattern: &[Token], state: &mut State, begin: usize) -> bool {
    let mut index = begin;
    while index < state.len() {
        let at = state[index];
        if matches!(pattern.get(usize::from(at)), Some(Token::Many(_))) && !state[begin..].contains(&(at + 1)) {
            state.push(at + 1);
        }
        index += 1;
    }
    state[begin..].sort_unstable();
    // Whatever an earlier position can still accept, the last `*` accepts too.
    let is_star = |at: &u16| pattern.get(usize::from(*at)) == Some(&Token::Many(Class::Any));
    if let Some(last_star) = state[begin..].iter().rposition(is_star) {
        state.drain(begin..begin + last_star);
    }
    let any = state.len() > begin;
    state.push(END);
    any
}

/// Appends to `next` where `letter` leads from `from`. Returns whether that is anywhere.
fn step(pattern: &[Token], from: &[u16], letter: &Letter, next: &mut State) -> bool {
    let begin = next.len();
    for at in from {
        let reached = match pattern.get(usize::from(*at)) {
            Some(Token::One(class)) if class.holds(letter) => at + 1,
            Some(Token::Many(class)) if class.holds(letter) => *at,
            _ => continue,
        };
        if !next[begin..].contains(&reached) {
            next.push(reached);
        }
    }
    settle(pattern, next, begin)
}

/// The positions of each pattern in `state`.
fn parts(state: &State) -> impl Iterator<Item = &[u16]> {
    state.split(|at| *at == END)
}

/// The letters named at the current positions, plus the fresh one.
fn letters_to_try(patterns: &[&Pattern], state: &State) -> Vec<Letter> {
    let mut letters = vec![];
    for (pattern, positions) in patterns.iter().zip(parts(state)) {
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

/// Whether the fixed beginnings of two patterns contradict each other. A cheap way to
/// see that most patterns of a policy have nothing to do with each other.
fn clash(left: &Pattern, right: &Pattern) -> bool {
    for (left, right) in left.tokens().iter().zip(right.tokens()) {
        match (left, right) {
            (Token::One(Class::Only(left)), Token::One(Class::Only(right))) if left == right => {}
            (Token::One(Class::Only(_)), Token::One(Class::Only(_))) => return true,
            _ => return false,
        }
    }
    false
}

/// The letters with which every word of all patterns begins: an ARN up to its resource,
/// as a rule. Walking them letter by letter would be most of the work.
fn shared_beginning(patterns: &[&Pattern]) -> Vec<Letter> {
    let mut shared = vec![];
    let Some((first, others)) = patterns.split_first() else {
        return shared;
    };
    for (index, token) in first.tokens().iter().enumerate() {
        match token {
            Token::One(Class::Only(letter)) if others.iter().all(|p| p.tokens().get(index) == Some(token)) => {
                shared.push(letter.clone());
            }
            _ => break,
        }
    }
    shared
}

/// Where the search stands: the automata of `must`, then those of `watch`.
struct Automata<'a> {
    patterns: Vec<&'a Pattern>,
    musts: usize,
}

impl Automata<'_> {
    /// The state after `read` letters that all patterns share.
    fn start(&self, read: usize) -> State {
        // `search` refuses longer patterns.
        let at = u16::try_from(read).unwrap_or(END - 1);
        let mut state = State::new();
        for pattern in &self.patterns {
            let begin = state.len();
            state.push(at);
            settle(pattern.tokens(), &mut state, begin);
        }
        state
    }

    /// `None` when no word that goes on like this can lie in every `must`.
    fn step(&self, from: &State, letter: &Letter) -> Option<State> {
        let mut next = State::with_capacity(from.len());
        for (index, (pattern, positions)) in self.patterns.iter().zip(parts(from)).enumerate() {
            let any = step(pattern.tokens(), positions, letter, &mut next);
            if !any && index < self.musts {
                return None;
            }
        }
        Some(next)
    }

    /// Which patterns have the word that led to `state`.
    fn matched(&self, state: &State) -> Vec<bool> {
        let ends = |(pattern, positions): (&&Pattern, &[u16])| {
            positions.last().is_some_and(|at| usize::from(*at) == pattern.tokens().len())
        };
        self.patterns.iter().zip(parts(state)).map(ends).collect()
    }
}

/// Searches the words that lie in every pattern of `must`. For each distinct way in
/// which the patterns of `watch` match such a word, `accept` is asked with one flag per
/// watched pattern; the first word it accepts ends the search.
pub fn search(must: &[&Pattern], watch: &[&Pattern], mut accept: impl FnMut(&[bool]) -> bool) -> Search {
    if must.iter().enumerate().any(|(index, left)| must[..index].iter().any(|right| clash(left, right))) {
        return Search::Exhausted;
    }
    // A watched pattern that contradicts a must never matches.
    let live: Vec<usize> =
        (0..watch.len()).filter(|index| !must.iter().any(|must| clash(must, watch[*index]))).collect();
    let patterns: Vec<&Pattern> = must.iter().copied().chain(live.iter().map(|index| watch[*index])).collect();
    if patterns.iter().any(|pattern| pattern.tokens().len() >= usize::from(END)) {
        return Search::GaveUp;
    }
    let shared = shared_beginning(&patterns);
    let automata = Automata { patterns, musts: must.len() };
    let first = automata.start(shared.len());
    let mut came_from: Vec<Option<(usize, Letter)>> = vec![None];
    let mut known = HashSet::from([first.clone()]);
    let mut queue = VecDeque::from([(first, 0)]);

    while let Some((state, index)) = queue.pop_front() {
        let matched = automata.matched(&state);
        if matched[..must.len()].iter().all(|is| *is) {
            let mut flags = vec![false; watch.len()];
            for (flag, is) in live.iter().zip(&matched[must.len()..]) {
                flags[*flag] = *is;
            }
            if accept(&flags) {
                let mut word = shared;
                word.extend(read_back(&came_from, index));
                return Search::Found(word);
            }
        }
        for letter in letters_to_try(&automata.patterns, &state) {
            let Some(next) = automata.step(&state, &letter) else { continue };
            if known.contains(&next) {
                continue;
            }
            if came_from.len() >= STATE_LIMIT {
                return Search::GaveUp;
            }
            known.insert(next.clone());
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
