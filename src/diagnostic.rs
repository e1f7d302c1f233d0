//! Messages about the spec: data until the last moment, then rendered with file, line, column and a snippet.
//!
//! Diagnostics accumulate: a stage reports everything it can see and the caller decides whether to go on.

use std::fmt::{self, Write as _};
use std::path::PathBuf;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

/// A file that was read, kept so that messages can quote it.
#[derive(Clone, Debug)]
pub struct Source {
    /// The path as the user would type it.
    pub path: PathBuf,
    pub text: String,
}

/// All files of one spec. A [`Span`] names its file by position in this list.
#[derive(Clone, Debug, Default)]
pub struct Sources(Vec<Source>);

impl Sources {
    pub fn add(&mut self, path: PathBuf, text: String) -> u32 {
        self.0.push(Source { path, text });
        u32::try_from(self.0.len() - 1).expect("fewer than four billion files")
    }

    pub fn get(&self, span: Span) -> &Source {
        &self.0[span.source as usize]
    }

    pub fn iter(&self) -> impl Iterator<Item = &Source> {
        self.0.iter()
    }

    /// One-based line and column (in characters) of the start of a span.
    pub fn position(&self, span: Span) -> (usize, usize) {
        let text = &self.get(span).text;
        let mut start = span.start.min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let before = &text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        (before.matches('\n').count() + 1, before[line_start..].chars().count() + 1)
    }
}

/// A range of bytes in one source file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub source: u32,
    pub start: usize,
    pub end: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Error,
    Warning,
    /// Worth knowing; nothing fails for it.
    Note,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        })
    }
}

/// One message about one place.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    /// A stable kebab-case name of the rule.
    pub code: &'static str,
    /// A sentence fragment without a full stop.
    pub message: String,
    pub at: Option<Span>,
    /// Other places that matter, each with what it shows.
    pub related: Vec<(Span, String)>,
    /// Why it matters, where the message does not say it.
    pub why: Option<String>,
    /// What to do next.
    pub help: Option<String>,
}

impl Diagnostic {
    pub fn error(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic {
            severity: Severity::Error,
            code,
            message: message.into(),
            at: None,
            related: Vec::new(),
            why: None,
            help: None,
        }
    }

    pub fn warning(code: &'static str, message: impl Into<String>) -> Self {
        Diagnostic { severity: Severity::Warning, ..Diagnostic::error(code, message) }
    }

    pub fn at(mut self, span: Span) -> Self {
        self.at = Some(span);
        self
    }

    pub fn related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push((span, text.into()));
        self
    }

    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help = Some(text.into());
        self
    }

    pub fn help_if(mut self, text: Option<String>) -> Self {
        self.help = text.or(self.help);
        self
    }
}

/// Everything found so far.
#[derive(Clone, Debug, Default)]
pub struct Diagnostics(Vec<Diagnostic>);

impl Diagnostics {
    pub fn push(&mut self, diagnostic: Diagnostic) {
        self.0.push(diagnostic);
    }

    pub fn has_errors(&self) -> bool {
        self.0.iter().any(|diagnostic| diagnostic.severity == Severity::Error)
    }

    pub fn count(&self, severity: Severity) -> usize {
        self.0.iter().filter(|diagnostic| diagnostic.severity == severity).count()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Diagnostic> {
        self.0.iter()
    }

    /// Puts messages in reading order: by file, then by place. Messages without a place come first.
    pub fn sort(&mut self) {
        self.0.sort_by_key(|diagnostic| diagnostic.at.map(|span| (span.source, span.start)));
        self.0.dedup_by(|a, b| a.at == b.at && a.message == b.message);
    }

    /// The messages as text for a terminal; `color` turns on ANSI styles.
    pub fn render(&self, sources: &Sources, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        let mut text = String::new();
        for diagnostic in &self.0 {
            // Without a place there is no frame to draw.
            if diagnostic.at.is_none() && diagnostic.help.is_none() {
                let _ = writeln!(text, "{}[{}]: {}\n", diagnostic.severity, diagnostic.code, diagnostic.message);
                continue;
            }
            let _ = writeln!(text, "{}\n", renderer.render(&[group(diagnostic, sources)]));
        }
        text
    }

    /// The messages as data, for `--json`. Lines and columns count from one.
    pub fn to_json(&self, sources: &Sources) -> serde_json::Value {
        let list = self.0.iter().map(|diagnostic| {
            let place = diagnostic.at.map(|span| {
                let (line, column) = sources.position(span);
                serde_json::json!({ "file": sources.get(span).path, "line": line, "column": column })
            });
            serde_json::json!({ "severity": diagnostic.severity, "code": diagnostic.code, "message": diagnostic.message,
                "at": place, "why": diagnostic.why, "help": diagnostic.help })
        });
        serde_json::Value::Array(list.collect())
    }
}

fn group<'a>(diagnostic: &'a Diagnostic, sources: &'a Sources) -> Group<'a> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let mut group = Group::with_title(level.primary_title(diagnostic.message.as_str()).id(diagnostic.code));
    let places = diagnostic
        .at
        .iter()
        .map(|span| (*span, AnnotationKind::Primary, None))
        .chain(diagnostic.related.iter().map(|(span, text)| (*span, AnnotationKind::Context, Some(text.as_str()))));
    for (span, kind, label) in places {
        let source = sources.get(span);
        let annotation = kind.span(clamp(span, &source.text)).label(label);
        group = group.element(
            Snippet::source(source.text.as_str())
                .path(source.path.to_string_lossy().into_owned())
                .annotation(annotation),
        );
    }
    if let Some(why) = &diagnostic.why {
        group = group.element(Level::NOTE.with_name("why").message(why.as_str()));
    }
    match &diagnostic.help {
        Some(help) => group.element(Level::HELP.message(help.as_str())),
        None => group,
    }
}

/// A range that lies within the text, on character boundaries and on one line, so that a container's span shows its head.
fn clamp(span: Span, text: &str) -> std::ops::Range<usize> {
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let line_end = text[start..].find('\n').map_or(text.len(), |newline| start + newline);
    let mut end = span.end.clamp(start, line_end);
    while !text.is_char_boundary(end) {
        end += 1;
    }
    start..end
}

/// The candidate nearest to a misspelt word, if one is near enough to be what was meant.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::damerau_levenshtein(&word.to_lowercase(), &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= 1 + word.len().min(candidate.len()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// "did you mean `x`?", if something is near.
pub fn did_you_mean<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|candidate| format!("did you mean `{candidate}`?"))
}
