//! `fleetctl findings`: what AWS's own audits have found.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use fleet_audit::comparison::Subject;
use fleet_audit::finding::{Finding, Severity};
use fleet_audit::timestamp::Timestamp;

use super::failure::Failure;
use super::session::{self, Wanted};
use super::{Global, output};
use crate::address::Address;
use crate::aws::context::Context;
use crate::aws::defender::audit_finding::{self, Of};
use crate::diagnostic::did_you_mean;
use crate::exit;
use crate::render::paint::Paint;

/// List what AWS's audits have found: the newest finding for each check and resource.
///
/// AWS keeps findings for 90 days. `fleetctl audit --run` starts an audit; `fleetctl mitigate` acts on findings.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Only of these checks, by AWS's names. Repeatable, or with commas.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    check: Vec<String>,
    /// Only of this audit task.
    #[arg(long, value_name = "ID", conflicts_with = "since")]
    task: Option<String>,
    /// Only of resources whose identifier contains this text.
    #[arg(long, value_name = "TEXT")]
    resource: Option<String>,
    /// Only since then: an age such as 90m, 24h or 7d, or a time such as 2026-11-21T06:00:00Z.
    #[arg(long, value_name = "AGE or TIME", default_value = "7d", value_parser = since)]
    since: Since,
    /// Only at least this severe.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    severity: Option<Severity>,
    /// The suppressed ones instead of those that count.
    #[arg(long)]
    suppressed: bool,
    /// Every finding, not only the newest for each check and resource.
    #[arg(long)]
    all: bool,
}

/// The beginning of a range of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// Seconds before now.
    Ago(i64),
    At(Timestamp),
}

impl Since {
    /// The moment, if it is `now`.
    pub fn moment(self, now: Timestamp) -> Timestamp {
        match self {
            Since::Ago(seconds) => Timestamp(now.0.saturating_sub(seconds)),
            Since::At(at) => at,
        }
    }
}

/// Reads an age or a time.
pub fn since(text: &str) -> Result<Since, String> {
    let age = || {
        let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let seconds = match unit {
            "m" => 60,
            "h" => 3600,
            "d" => 86_400,
            _ => return None,
        };
        i64::from(number.parse::<u32>().ok()?).checked_mul(seconds)
    };
    age()
        .map(Since::Ago)
        .or_else(|| Timestamp::parse(text).map(Since::At))
        .ok_or_else(|| "expected an age such as 90m, 24h or 7d, or a time such as 2026-11-21T06:00:00Z".to_owned())
}

fn severity(text: &str) -> Result<Severity, String> {
    serde_json::from_value(text.to_uppercase().into()).map_err(|_| "expected low, medium, high or critical".to_owned())
}

pub async fn run(global: &Global, args: &Args) -> Result<u8, Failure> {
    let checks = args.check.iter().map(|name| check_name(name)).collect::<Result<Vec<_>, _>>()?;
    let connected = session::connect(global, Wanted::to_look(None, "findings")).await?;
    let cx = Context::new(&connected.session, Address::new("audit findings", ""));
    let found = read(&cx, args, &checks).await;
    drop(cx);
    connected.close().await;
    show(global, args, &found?);
    Ok(exit::DONE)
}

/// AWS's name of a check that may have been given by an older one.
pub fn check_name(name: &str) -> Result<&'static str, Failure> {
    let known = || fleet_audit::registry::ALL.iter().map(|check| check.name);
    fleet_audit::registry::find(name).map(|check| check.name).ok_or_else(|| {
        let help = did_you_mean(name, known()).unwrap_or_else(|| "`fleetctl explain` lists the checks".to_owned());
        Failure::Usage(format!("--check {name}: there is no such audit check; {help}"))
    })
}

async fn read(cx: &Context, args: &Args, checks: &[&str]) -> Result<Vec<Finding>, Failure> {
    let now = Timestamp(cx.session.clock.now());
    let of = match &args.task {
        Some(task) => Of::Task(task.clone()),
        // A finding of this second counts.
        None => Of::Time { from: args.since.moment(now), to: Timestamp(now.0 + 1) },
    };
    // AWS filters by one check; the others are sorted out here.
    let one = if let [only] = checks { Some(*only) } else { None };
    let mut found = audit_finding::list(cx, &of, one, Some(args.suppressed)).await?;
    found.retain(|finding| {
        let resource = finding.non_compliant_resource.resource_identifier.to_string();
        (checks.is_empty() || checks.contains(&finding.check_name.as_str()))
            && args.resource.as_ref().is_none_or(|text| resource.contains(text.as_str()))
            && args.severity.is_none_or(|least| finding.severity >= least)
    });
    found.sort_by(|a, b| (b.finding_time, &a.finding_id).cmp(&(a.finding_time, &b.finding_id)));
    Ok(if args.all { found } else { newest(found) })
}

/// The first for each check, resource and reason; the newest come first.
fn newest(found: Vec<Finding>) -> Vec<Finding> {
    let mut kept: BTreeMap<(Subject, String), ()> = BTreeMap::new();
    let is_first = |finding: &Finding| {
        kept.insert((Subject::of(finding), finding.reason_for_non_compliance_code.clone()), ()).is_none()
    };
    found.into_iter().filter(is_first).collect()
}

fn show(global: &Global, args: &Args, found: &[Finding]) {
    if global.json {
        output::json(&serde_json::json!({ "version": 1, "type": "findings", "findings": found }));
    } else {
        output::text(&table(found, args.suppressed, global.paint_stdout()));
    }
}

fn table(found: &[Finding], suppressed: bool, paint: Paint) -> String {
    let mut sorted: Vec<&Finding> = found.iter().collect();
    sorted.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    let mut text = String::new();
    for finding in &sorted {
        let resource = &finding.non_compliant_resource.resource_identifier;
        let at = finding.finding_time.map(Timestamp::moment).unwrap_or_default();
        let code = &finding.reason_for_non_compliance_code;
        let _ = writeln!(text, "{:8} {} {}", finding.severity, paint.bold(&finding.check_name), resource);
        let _ = writeln!(text, "         {} ({code})", finding.reason_for_non_compliance);
        let (id, task) = (finding.finding_id.as_deref(), finding.task_id.as_deref());
        let told = format!("finding {}, task {}, {at}", id.unwrap_or("-"), task.unwrap_or("-"));
        let _ = writeln!(text, "         {}", paint.dim(told));
    }
    let what = if suppressed { "suppressed " } else { "" };
    let count = if found.len() == 1 { format!("1 {what}finding") } else { format!("{} {what}findings", found.len()) };
    let _ = writeln!(text, "{count}.");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_an_age_or_a_time() {
        let now = Timestamp(1_000_000);
        assert_eq!(since("90m").unwrap().moment(now), Timestamp(1_000_000 - 5400));
        assert_eq!(since("7d").unwrap().moment(now), Timestamp(1_000_000 - 604_800));
        assert_eq!(since("1970-01-02").unwrap().moment(now), Timestamp(86_400));
        for wrong in ["", "d", "-1d", "7", "7w", "soon", "1é"] {
            assert!(since(wrong).is_err(), "{wrong}");
        }
    }
}
