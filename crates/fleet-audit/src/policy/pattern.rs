//! Patterns over words: what a policy's `*` and `?` mean, made exact.
//!
//! A word is a sequence of letters. A letter is a real character, or stands for
//! something the policy does not spell out: [`Letter::Fresh`] is any character that
//! no pattern at hand mentions, [`Letter::Own`] is the value that a policy variable
//! has for the device under consideration. Reasoning with such letters is what makes
//! "some device that nobody named" a question with an exact answer.

use std::sync::Arc;

/// One letter of a word.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Letter {
    /// A character that is really there.
    Char(char),
    /// A character that no pattern mentions; a run of them is an arbitrary name.
    Fresh,
    /// The value of this policy variable (lower-case key), taken as one letter.
    Own(Arc<str>),
}

/// A set of letters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Class {
    /// Every letter.
    Any,
    /// Just this letter.
    Only(Letter),
    /// Every letter but this one.
    Not(Letter),
}

impl Class {
    /// Whether the set holds `letter`.
    pub fn holds(&self, letter: &Letter) -> bool {
        match self {
            Class::Any => true,
            Class::Only(own) => own == letter,
            Class::Not(other) => other != letter,
        }
    }
}

/// One position of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Token {
    /// Exactly one letter of the class.
    One(Class),
    /// Any number of letters of the class, also none.
    Many(Class),
}

/// A set of words, written as a sequence of tokens.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pattern {
    tokens: Vec<Token>,
}

impl Pattern {
    /// The set of all words.
    pub fn anything() -> Self {
        Self { tokens: vec![Token::Many(Class::Any)] }
    }

    /// The set that holds only `text`; `*` and `?` are plain characters here.
    pub fn literal(text: &str) -> Self {
        Self::default().then_text(text)
    }

    /// Policy wildcards: `*` is any word, `?` any one letter.
    /// Source: IAM user guide, "IAM JSON policy elements: Resource".
    pub fn glob(text: &str) -> Self {
        let mut pattern = Self::default();
        for character in text.chars() {
            pattern.push(match character {
                '*' => Token::Many(Class::Any),
                '?' => Token::One(Class::Any),
                other => Token::One(Class::Only(Letter::Char(other))),
            });
        }
        pattern
    }

    /// An arbitrary, non-empty name that nothing else refers to.
    pub fn arbitrary_name() -> Self {
        Self { tokens: vec![Token::One(Class::Only(Letter::Fresh)), Token::Many(Class::Only(Letter::Fresh))] }
    }

    /// A pattern of these tokens.
    pub fn of(tokens: impl IntoIterator<Item = Token>) -> Self {
        let mut pattern = Self::default();
        for token in tokens {
            pattern.push(token);
        }
        pattern
    }

    /// Appends a token; a repeated `**` is kept as one.
    pub fn push(&mut self, token: Token) {
        let repeats = matches!(token, Token::Many(_)) && self.tokens.last() == Some(&token);
        if !repeats {
            self.tokens.push(token);
        }
    }

    /// This pattern followed by `text`, taken literally.
    pub fn then_text(mut self, text: &str) -> Self {
        for character in text.chars() {
            self.push(Token::One(Class::Only(Letter::Char(character))));
        }
        self
    }

    /// This pattern followed by `next`.
    pub fn then(mut self, next: &Pattern) -> Self {
        for token in &next.tokens {
            self.push(token.clone());
        }
        self
    }

    /// Whether its words are arbitrary names and nothing else.
    pub fn is_arbitrary(&self) -> bool {
        let fresh = |token: &Token| {
            matches!(token, Token::One(Class::Only(Letter::Fresh)) | Token::Many(Class::Only(Letter::Fresh)))
        };
        self.tokens.iter().all(fresh)
    }

    /// The positions in order.
    pub fn tokens(&self) -> &[Token] {
        &self.tokens
    }

    /// The one word of a pattern without choice, if it is made of characters only.
    pub fn as_text(&self) -> Option<String> {
        self.tokens
            .iter()
            .map(|token| match token {
                Token::One(Class::Only(Letter::Char(character))) => Some(*character),
                _ => None,
            })
            .collect()
    }
}

/// A word as text: a run of fresh letters reads `fresh`, a variable's value `${key}`.
pub fn spell(word: &[Letter], fresh: &str) -> String {
    let mut text = String::new();
    let mut in_run = false;
    for letter in word {
        match letter {
            Letter::Char(character) => text.push(*character),
            Letter::Own(key) => {
                text.push_str("${");
                text.push_str(super::context::as_written(key));
                text.push('}');
            }
            Letter::Fresh if !in_run => text.push_str(fresh),
            Letter::Fresh => {}
        }
        in_run = *letter == Letter::Fresh;
    }
    text
}
