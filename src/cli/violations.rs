//! `fleetctl violations`: what Detect has found, and what people say of it.

use std::fmt::Write as _;

use fleet_audit::timestamp::Timestamp;

use super::failure::Failure;
use super::findings::{Since, since};
use super::session::{self, Wanted};
use super::{Global, output};
use crate::address::Address;
use crate::aws::context::Context;
use crate::aws::defender::violation::{self, Filter, Violation};
use crate::exit;
use crate::render::paint::Paint;

/// List the alarms of security profiles that last, or with --events what happened; `verify` says what one turned out to be.
#[derive(Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only of this thing.
    #[arg(long, value_name = "NAME")]
    thing: Option<String>,
    /// Only of this security profile.
    #[arg(long, value_name = "NAME")]
    security_profile: Option<String>,
    /// Only those of which this was said.
    #[arg(long, value_name = "STATE", value_enum, ignore_case = true)]
    verification: Option<State>,
    /// Those of behaviours that suppress alerts, instead of the others.
    #[arg(long)]
    suppressed: bool,
    /// Every event instead of the alarms that last.
    #[arg(long)]
    events: bool,
    /// Events since then: an age such as 90m, 24h or 7d, or a time such as 2026-11-21T06:00:00Z. Default: 7d.
    #[arg(long, value_name = "AGE or TIME", requires = "events", value_parser = since)]
    since: Option<Since>,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Say what a violation turned out to be.
    Verify {
        /// The violation's id, as the list shows it.
        id: String,
        #[arg(value_enum, ignore_case = true)]
        state: State,
        /// Why, at most 1000 characters.
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
    },
}

/// API:VerificationState.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum State {
    #[value(name = "FALSE_POSITIVE")]
    FalsePositive,
    #[value(name = "BENIGN_POSITIVE")]
    BenignPositive,
    #[value(name = "TRUE_POSITIVE")]
    TruePositive,
    #[value(name = "UNKNOWN")]
    Unknown,
}

impl State {
    fn as_str(self) -> &'static str {
        match self {
            State::FalsePositive => "FALSE_POSITIVE",
            State::BenignPositive => "BENIGN_POSITIVE",
            State::TruePositive => "TRUE_POSITIVE",
            State::Unknown => "UNKNOWN",
        }
    }
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let connected = session::connect(global, Wanted::to_look(None, "violations")).await?;
    let cx = Context::new(&connected.session, Address::new("violations", ""));
    let done = carry_out(&cx, global, args).await;
    drop(cx);
    connected.close().await;
    done.map(|()| exit::DONE)
}

async fn carry_out(cx: &Context, global: &Global, args: &Args) -> Result<(), Failure> {
    if let Some(Command::Verify { id, state, description }) = &args.command {
        violation::verify(cx, id, state.as_str(), description.as_deref()).await?;
        match global.json {
            true => output::json(&serde_json::json!({
                "version": 1, "type": "verified", "violationId": id, "verificationState": state.as_str(),
            })),
            false => output::line(format_args!("{id} is {}.", state.as_str())),
        }
        return Ok(());
    }
    let filter = Filter {
        thing: args.thing.clone(),
        profile: args.security_profile.clone(),
        verification: args.verification.map(|state| state.as_str().to_owned()),
        suppressed: args.suppressed,
    };
    let found = if args.events {
        let now = Timestamp(cx.session.clock.now());
        let from = args.since.unwrap_or(Since::Ago(7 * 86_400)).moment(now);
        violation::events(cx, &filter, from, Timestamp(now.0 + 1)).await?
    } else {
        violation::active(cx, &filter).await?
    };
    match global.json {
        true => output::json(&serde_json::json!({ "version": 1, "type": "violations", "violations": found })),
        false => output::text(&table(&found, args.events, global.paint_stdout())),
    }
    Ok(())
}

fn table(found: &[Violation], events: bool, paint: Paint) -> String {
    let mut text = String::new();
    for one in found {
        let at = one.time.map(Timestamp::moment).unwrap_or_default();
        let what = one.event_type.as_deref().unwrap_or("in-alarm");
        let (thing, profile, behavior) = (&one.thing_name, &one.security_profile_name, &one.behavior_name);
        let value = if one.value.is_null() { String::new() } else { format!(" {}", one.value) };
        let metric = one.metric.as_deref().unwrap_or_default();
        let _ = writeln!(text, "{at} {what:17} {} {profile}/{behavior} {metric}{value}", paint.bold(thing));
        let why = one.verification_description.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let told = format!("violation {}, {}{why}", one.violation_id, one.verification_state);
        let _ = writeln!(text, "         {}", paint.dim(told));
    }
    let what = if events { "event" } else { "active violation" };
    let plural = if found.len() == 1 { "" } else { "s" };
    let _ = writeln!(text, "{} {what}{plural}.", found.len());
    text
}
