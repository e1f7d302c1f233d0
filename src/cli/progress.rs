//! What is shown while steps run: bars on a terminal, lines and a heartbeat elsewhere, JSON lines for programs.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Global;
use super::output;
use crate::address::Address;
use crate::apply::{End, Events};
use crate::aws::context::Progress;
use crate::plan::{Action, Step};
use crate::render::json;
use crate::render::paint::Paint;

/// How often a run without a terminal says that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(30);

pub struct Display {
    form: Form,
    paint: Paint,
    started: Instant,
    running: Mutex<BTreeMap<Address, Running>>,
}

enum Form {
    Bars { all: MultiProgress, total: ProgressBar },
    Lines,
    Json,
}

struct Running {
    since: Instant,
    waiting_for: Option<String>,
    bar: Option<ProgressBar>,
}

impl Display {
    pub fn new(global: &Global, steps: usize) -> Display {
        let form = match () {
            () if global.json => Form::Json,
            () if std::io::stderr().is_terminal() => {
                let all = MultiProgress::new();
                let total = all.add(ProgressBar::new(steps as u64));
                total.set_style(style("{bar:30} {pos}/{len} {msg}"));
                Form::Bars { all, total }
            }
            () => Form::Lines,
        };
        let paint = global.paint_stderr();
        Display { form, paint, started: Instant::now(), running: Mutex::new(BTreeMap::new()) }
    }

    /// Runs until dropped: on no terminal, says from time to time what is under way.
    pub async fn heartbeat(&self) {
        loop {
            tokio::time::sleep(HEARTBEAT).await;
            let lines: Vec<String> = self.lock().iter().map(|(address, running)| running.describe(address)).collect();
            match &self.form {
                Form::Lines if !lines.is_empty() => eprintln!("... {}", lines.join("; ")),
                Form::Json if !lines.is_empty() => {
                    output::line(format_args!("{}", serde_json::json!({ "type": "heartbeat", "running": lines })));
                }
                _ => {}
            }
        }
    }

    /// Clears the bars and tells how long it took.
    pub fn finish(&self) -> Duration {
        if let Form::Bars { total, .. } = &self.form {
            total.finish_and_clear();
        }
        self.started.elapsed()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<Address, Running>> {
        self.running.lock().expect("no panic while holding the lock")
    }

    fn line(&self, text: &str) {
        match &self.form {
            Form::Bars { all, .. } => drop(all.println(text)),
            _ => eprintln!("{text}"),
        }
    }
}

impl Running {
    fn describe(&self, address: &Address) -> String {
        let seconds = self.since.elapsed().as_secs();
        match &self.waiting_for {
            Some(what) => format!("{address} has waited {seconds} s for {what}"),
            None => format!("{address} has been under way for {seconds} s"),
        }
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("a fixed template")
}

fn done_word(action: Action) -> &'static str {
    match action {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Replace => "replaced",
        Action::Delete => "deleted",
        Action::Adopt => "adopted",
        Action::Keep | Action::Conflict | Action::Protected => "left alone",
    }
}

impl Events for Display {
    fn started(&self, step: &Step) {
        let bar = match &self.form {
            Form::Bars { all, total } => {
                let bar = all.insert_before(total, ProgressBar::new_spinner());
                bar.set_style(style("{spinner} {msg}"));
                bar.set_message(step.address.to_string());
                bar.enable_steady_tick(Duration::from_millis(120));
                Some(bar)
            }
            _ => None,
        };
        self.lock().insert(step.address.clone(), Running { since: Instant::now(), waiting_for: None, bar });
    }

    fn ended(&self, step: &Step, end: &End) {
        let running = self.lock().remove(&step.address);
        if let Some(bar) = running.as_ref().and_then(|running| running.bar.as_ref()) {
            bar.finish_and_clear();
        }
        if let Form::Bars { total, .. } = &self.form {
            total.inc(1);
        }
        let sigil = self.paint.action(step.action, format!("{:>3}", step.action.sigil()));
        match (&self.form, end) {
            (Form::Json, _) => output::line(format_args!("{}", json::end(step, end))),
            (_, End::Done) => {
                let seconds = running.map_or(0.0, |running| running.since.elapsed().as_secs_f64());
                let word = self.paint.dim(format!("{} in {seconds:.1} s", done_word(step.action)));
                self.line(&format!("{sigil} {} {word}", step.address));
            }
            (_, End::Failed(error)) => {
                self.line(&format!("{sigil} {} {} {error}", step.address, self.paint.red("failed:")))
            }
            (_, End::Moved) => {
                let why = "the live object is not the one the plan was computed from";
                self.line(&format!("{sigil} {} {} {why}", step.address, self.paint.red("refused:")));
            }
            (_, End::Skipped(because)) => self.line(&format!("{sigil} {} skipped: {because}", step.address)),
        }
    }
}

impl Progress for Display {
    fn waiting(&self, address: &Address, what: Option<&str>) {
        if let Some(running) = self.lock().get_mut(address) {
            running.waiting_for = what.map(str::to_owned);
            if let Some(bar) = &running.bar {
                bar.set_message(match what {
                    Some(what) => format!("{address} waits for {what}"),
                    None => address.to_string(),
                });
            }
        }
    }
}
