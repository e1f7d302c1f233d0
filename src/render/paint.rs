//! Colour, or none.

use anstyle::{AnsiColor, Style};

use crate::plan::Action;

/// Puts styles around texts when colour is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paint {
    pub color: bool,
}

impl Paint {
    pub fn with(self, style: Style, text: impl std::fmt::Display) -> String {
        match self.color {
            true => format!("{}{text}{}", style.render(), style.render_reset()),
            false => text.to_string(),
        }
    }

    pub fn bold(self, text: impl std::fmt::Display) -> String {
        self.with(Style::new().bold(), text)
    }

    pub fn dim(self, text: impl std::fmt::Display) -> String {
        self.with(Style::new().dimmed(), text)
    }

    pub fn action(self, action: Action, text: impl std::fmt::Display) -> String {
        self.with(style(action), text)
    }

    pub fn red(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Red.on_default(), text)
    }

    pub fn green(self, text: impl std::fmt::Display) -> String {
        self.with(AnsiColor::Green.on_default(), text)
    }
}

fn style(action: Action) -> Style {
    match action {
        Action::Create => AnsiColor::Green.on_default(),
        Action::Update | Action::Adopt => AnsiColor::Yellow.on_default(),
        Action::Replace | Action::Delete | Action::Conflict | Action::Protected => AnsiColor::Red.on_default(),
        Action::Keep => Style::new().dimmed(),
    }
}
