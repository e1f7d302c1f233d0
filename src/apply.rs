//! Carries out a plan: along the graph, several steps at once, exactly what it says.
//!
//! Each step reads its object again first and stops if that is not what the plan was computed from. A creation that
//! was cut short, or whose answer was lost, is finished by the same convergence that an update is: what lies there and
//! carries our mark is brought to the desired state.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::task::JoinSet;

use crate::address::Address;
use crate::aws::context::{Context, Session};
use crate::aws::error::{AwsError, Cause};
use crate::diff::diff;
use crate::exit;
use crate::kind::{self, LiveObject};
use crate::live::read_one;
use crate::ownership::TagChange;
use crate::plan::{Action, Plan, Step, fingerprint};

/// Steps under way at once.
const PARALLEL: usize = 10;

/// How one step ended.
#[derive(Clone, Debug)]
pub enum End {
    Done,
    Failed(AwsError),
    /// The live object is not the one the plan was computed from.
    Moved,
    /// Not begun, because of what is named.
    Skipped(String),
}

/// Is told about every step as it happens.
pub trait Events: Send + Sync {
    fn started(&self, step: &Step);
    fn ended(&self, step: &Step, end: &End);
}

/// How all steps ended, in the plan's order.
#[derive(Debug, Default)]
pub struct Report {
    pub ends: Vec<(Step, End)>,
}

impl Report {
    pub fn count(&self, wanted: fn(&End) -> bool) -> usize {
        self.ends.iter().filter(|(_, end)| wanted(end)).count()
    }

    /// The exit code that sums it up.
    pub fn exit_code(&self) -> u8 {
        let done = self.count(|end| matches!(end, End::Done));
        match () {
            () if done == self.ends.len() => exit::DONE,
            () if self.ends.iter().any(|(_, end)| matches!(end, End::Moved)) => exit::MOVED,
            () if done > 0 => exit::PARTLY_APPLIED,
            () => exit::ERROR,
        }
    }
}

/// One half of a step. A replacement is a deletion in an earlier phase and a creation in its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    /// Deletes what is replaced, before anything is written.
    Clear,
    Write,
}

/// Carries out the writing steps of `plan`. `stop` set from outside lets calls in flight end and begins nothing more.
pub async fn apply(session: &Arc<Session>, plan: &Plan, events: &Arc<dyn Events>, stop: &AtomicBool) -> Report {
    let steps: Vec<Arc<Step>> = plan.steps.iter().filter(|step| step.action.writes()).cloned().map(Arc::new).collect();
    let mut ends: BTreeMap<Address, End> = BTreeMap::new();
    let replaced: Vec<_> = steps.iter().filter(|step| step.action == Action::Replace).cloned().collect();
    run_phase(session, &replaced, Part::Clear, events, stop, &mut ends).await;
    let mut phases: BTreeMap<u8, Vec<Arc<Step>>> = BTreeMap::new();
    for step in &steps {
        phases.entry(step.phase).or_default().push(step.clone());
    }
    for phase in phases.values() {
        let failed = ends.iter().find(|(_, end)| !matches!(end, End::Done)).map(|(address, _)| address.clone());
        match failed.filter(|_| phase.first().is_some_and(|step| step.phase > 0)) {
            None => run_phase(session, phase, Part::Write, events, stop, &mut ends).await,
            Some(address) => {
                for step in phase {
                    let end = End::Skipped(format!("{address} was not done"));
                    events.ended(step, &end);
                    ends.insert(step.address.clone(), end);
                }
            }
        }
    }
    let ends = steps.iter().filter_map(|step| Some(((**step).clone(), ends.get(&step.address)?.clone()))).collect();
    Report { ends }
}

/// The steps of one phase that have not begun, and what each waits for.
struct Queue {
    steps: BTreeMap<Address, Arc<Step>>,
    waits_for: BTreeMap<Address, usize>,
    dependents: BTreeMap<Address, Vec<Address>>,
    ready: VecDeque<Address>,
    /// The first predecessor that was not done.
    blocked_by: BTreeMap<Address, Address>,
}

impl Queue {
    /// While clearing, the arrows point the other way: what uses an object goes before it.
    fn new(steps: Vec<Arc<Step>>, part: Part) -> Queue {
        let steps: BTreeMap<Address, Arc<Step>> = steps.into_iter().map(|step| (step.address.clone(), step)).collect();
        let mut waits_for: BTreeMap<Address, usize> = steps.keys().map(|address| (address.clone(), 0)).collect();
        let mut dependents: BTreeMap<Address, Vec<Address>> = BTreeMap::new();
        for step in steps.values() {
            for needed in step.after.iter().filter(|needed| steps.contains_key(*needed)) {
                let (first, then) = match part {
                    Part::Write => (needed, &step.address),
                    Part::Clear => (&step.address, needed),
                };
                dependents.entry(first.clone()).or_default().push(then.clone());
                *waits_for.get_mut(then).expect("both are in the phase") += 1;
            }
        }
        let ready = waits_for.iter().filter(|(_, count)| **count == 0).map(|(address, _)| address.clone()).collect();
        Queue { steps, waits_for, dependents, ready, blocked_by: BTreeMap::new() }
    }

    fn next(&mut self) -> Option<Arc<Step>> {
        self.ready.pop_front().map(|address| self.steps[&address].clone())
    }

    fn ended(&mut self, address: &Address, done: bool) {
        for dependent in self.dependents.remove(address).unwrap_or_default() {
            if !done {
                self.blocked_by.entry(dependent.clone()).or_insert_with(|| address.clone());
            }
            let count = self.waits_for.get_mut(&dependent).expect("a dependent is in the phase");
            *count -= 1;
            if *count == 0 {
                self.ready.push_back(dependent);
            }
        }
    }
}

/// Runs the steps of one phase as their predecessors end.
async fn run_phase(
    session: &Arc<Session>,
    steps: &[Arc<Step>],
    part: Part,
    events: &Arc<dyn Events>,
    stop: &AtomicBool,
    ends: &mut BTreeMap<Address, End>,
) {
    // What cleared well is written afterwards; what did not keeps its end.
    let failed = |step: &Arc<Step>| ends.get(&step.address).is_some_and(|end| !matches!(end, End::Done));
    let mut queue = Queue::new(steps.iter().filter(|step| !failed(step)).cloned().collect(), part);
    let mut running = JoinSet::new();
    loop {
        while running.len() < PARALLEL {
            let Some(step) = queue.next() else { break };
            let reason = match queue.blocked_by.get(&step.address) {
                Some(needed) => Some(format!("{needed} was not done")),
                None => stop.load(Ordering::Relaxed).then(|| "the run was interrupted".to_owned()),
            };
            if let Some(reason) = reason {
                let end = End::Skipped(reason);
                events.ended(&step, &end);
                queue.ended(&step.address, false);
                ends.insert(step.address.clone(), end);
                continue;
            }
            events.started(&step);
            let session = session.clone();
            running.spawn(async move {
                let end = match part {
                    Part::Clear => ended(delete(&session, &step, part).await),
                    Part::Write => write(&session, &step).await,
                };
                (step, end)
            });
        }
        let Some(finished) = running.join_next().await else { return };
        let (step, end) = finished.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()));
        if part == Part::Write || !matches!(end, End::Done) {
            events.ended(&step, &end);
        }
        queue.ended(&step.address, matches!(end, End::Done));
        ends.insert(step.address.clone(), end);
    }
}

async fn write(session: &Arc<Session>, step: &Step) -> End {
    ended(match step.action {
        Action::Create | Action::Replace => create(session, step).await,
        Action::Update | Action::Adopt => update(session, step).await,
        Action::Delete => delete(session, step, Part::Write).await,
        Action::Keep | Action::Conflict | Action::Protected => Ok(true),
    })
}

/// `Ok(false)` stands for an object that moved.
fn ended(result: Result<bool, AwsError>) -> End {
    match result {
        Ok(true) => End::Done,
        Ok(false) => End::Moved,
        Err(error) => End::Failed(error),
    }
}

fn context(session: &Arc<Session>, step: &Step) -> Context {
    Context::marking(session, step.address.clone(), step.tags.clone(), step.protect)
}

async fn create(session: &Arc<Session>, step: &Step) -> Result<bool, AwsError> {
    let (cx, kind) = (context(session, step), kind::of(&step.address));
    let desired = step.desired.as_ref().expect("a creation has a desired state");
    if read_one(session, &step.address, &step.address.name, Some(desired)).await?.is_some() {
        return Ok(false);
    }
    match kind.create(&cx, &step.address.name, desired).await {
        Ok(()) => Ok(true),
        Err(error) => recover(&cx, step, error).await,
    }
}

async fn update(session: &Arc<Session>, step: &Step) -> Result<bool, AwsError> {
    let cx = context(session, step);
    let live = read_one(session, &step.address, &step.address.name, step.desired.as_ref()).await?;
    if !step.refresh && fingerprint(live.as_ref()) != step.fingerprint {
        return Ok(false);
    }
    let Some(live) = live else { return Ok(false) };
    match converge(&cx, step, &live).await {
        Ok(()) => Ok(true),
        Err(error) => recover(&cx, step, error).await,
    }
}

/// After a failed write: if our object is there, the answer may have been lost or the work cut short, so it is brought to
/// the desired state from what it is now. If that fails too, that error is the one to report.
async fn recover(cx: &Context, step: &Step, error: AwsError) -> Result<bool, AwsError> {
    let now = read_one(&cx.session, &step.address, &step.address.name, step.desired.as_ref()).await;
    let Ok(Some(live)) = now else { return Err(error) };
    let ours = live.owner.as_ref().is_some_and(|owner| owner.fleet == cx.session.fleet);
    if !ours {
        // A create that finds a foreign object which was not there when the plan was made.
        return if error.is_already_exists() { Ok(false) } else { Err(error) };
    }
    let conflict = matches!(&error.cause, Cause::Service { code, .. } if code == "VersionConflictException");
    match converge(cx, step, &live).await {
        Ok(()) => Ok(true),
        Err(_) if conflict => Ok(false),
        Err(again) => Err(again),
    }
}

/// Updates fields and tags where they differ.
async fn converge(cx: &Context, step: &Step, live: &LiveObject) -> Result<(), AwsError> {
    let kind = kind::of(&step.address);
    let desired = step.desired.as_ref().expect("a write has a desired state");
    let fields = diff(&live.state, desired);
    let own_field = |path: &str| !path.starts_with("/tags") && path != "/protect";
    let updates = fields.iter().any(|change| own_field(&change.path));
    if updates {
        kind.update(cx, live, desired).await?;
    }
    let mut tags = TagChange::between(&live.tags, &cx.tags());
    if tags.is_empty() {
        return Ok(());
    }
    // Where the mark is a field of the object, the update has written it, and `live` is what was there before.
    let mut now = live.clone();
    if updates {
        let read = read_one(&cx.session, &step.address, &step.address.name, Some(desired)).await?;
        now = read.unwrap_or(now);
        tags = TagChange::between(&now.tags, &cx.tags());
    }
    if !tags.is_empty() {
        kind.retag(cx, &now, &tags).await?;
    }
    Ok(())
}

async fn delete(session: &Arc<Session>, step: &Step, part: Part) -> Result<bool, AwsError> {
    let (cx, kind) = (context(session, step), kind::of(&step.address));
    let name = if step.desired.is_some() { &step.address.name } else { &step.id };
    let Some(live) = read_one(session, &step.address, name, step.desired.as_ref()).await? else { return Ok(true) };
    let ours = live.owner.as_ref().is_some_and(|owner| owner.fleet == session.fleet);
    if !ours || (!step.refresh && fingerprint(Some(&live)) != step.fingerprint) {
        return Ok(false);
    }
    let deleted = match part {
        Part::Clear => kind.clear(&cx, &live).await,
        Part::Write => kind.delete(&cx, &live).await,
    };
    match deleted {
        Ok(()) => Ok(true),
        Err(error) => match read_one(session, &step.address, name, step.desired.as_ref()).await {
            Ok(None) => Ok(true),
            _ => Err(error),
        },
    }
}
