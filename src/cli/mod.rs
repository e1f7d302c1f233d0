//! The command line: one file a command, global options here.

mod adopt;
mod alert_paths;
mod apply;
mod audit;
mod check;
mod completions;
mod confirm;
mod destroy;
mod explain;
pub mod failure;
mod findings;
pub mod front;
mod graph;
mod init;
mod mitigate;
mod output;
pub mod plan;
mod progress;
mod sandbox;
mod schema;
pub mod session;
mod simulate;
mod test;
mod traffic;
mod tune;
mod violations;
mod waiting;

use std::path::PathBuf;

use clap::{Args, ColorChoice, Parser, Subcommand};

use crate::exit;
use crate::render::paint::Paint;

/// Fleet security as code: plan it, prove it fires, apply it.
///
/// A YAML spec of things, groups, security profiles, audits, rules, alarms and the response around them is compared with
/// a live AWS account and applied. There is no state file: what fleetctl makes carries a mark, and what carries no mark is
/// never changed or deleted.
#[derive(Debug, Parser)]
#[command(name = "fleetctl", version, max_term_width = 110, after_help = EXIT_CODES)]
pub struct Cli {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "Exit codes: 0 done or no difference, 1 error, 2 difference or findings (with --detailed-exitcode, --fail-on), \
3 partly applied, 4 refused because the live state moved since the plan, 64 wrong usage.";

/// Options that every command takes.
#[derive(Clone, Debug, Args)]
pub struct Global {
    /// AWS region; otherwise the spec's target, then the AWS environment and profile.
    #[arg(long, global = true, value_name = "REGION")]
    pub region: Option<String>,
    /// AWS profile.
    #[arg(long, global = true, value_name = "NAME")]
    pub profile: Option<String>,
    /// One endpoint for all services, for example LocalStack or `fleetctl sandbox serve`.
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// An endpoint for one service: cloudwatch, iam, iot, lambda, logs, sns, sts or tagging. Repeatable.
    #[arg(long, global = true, value_name = "SERVICE=URL")]
    pub endpoint: Vec<String>,
    /// Use the built-in local AWS, whose state is kept in DIR.
    #[arg(long, global = true, value_name = "DIR", num_args = 0..=1, require_equals = true, default_missing_value = ".fleetctl/sandbox")]
    pub sandbox: Option<PathBuf>,
    /// Sets a variable of the spec; the value is read as YAML. Repeatable.
    #[arg(long, global = true, value_name = "NAME=VALUE")]
    pub var: Vec<String>,
    /// A YAML file of variables. Repeatable; later ones and --var win.
    #[arg(long, global = true, value_name = "FILE")]
    pub var_file: Vec<PathBuf>,
    /// Prints data instead of text, in every command that reports something.
    #[arg(long, global = true)]
    pub json: bool,
    /// When to use colour.
    #[arg(long, global = true, value_enum, default_value_t = ColorChoice::Auto)]
    pub color: ColorChoice,
    /// Says how many calls a plan took.
    #[arg(short, long, global = true)]
    pub verbose: bool,
}

impl Global {
    /// Whether text on `stream` shall be coloured.
    fn paint(&self, terminal: bool) -> Paint {
        let color = match self.color {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        Paint { color }
    }

    fn paint_stdout(&self) -> Paint {
        self.paint(std::io::IsTerminal::is_terminal(&std::io::stdout()))
    }

    fn paint_stderr(&self) -> Paint {
        self.paint(std::io::IsTerminal::is_terminal(&std::io::stderr()))
    }
}

#[derive(Debug, Subcommand)]
enum Command {
    Init(init::Args),
    Check(check::Args),
    Plan(plan::Args),
    Apply(apply::Args),
    Destroy(destroy::Args),
    Adopt(adopt::Args),
    Graph(graph::Args),
    Simulate(Box<simulate::Args>),
    Test(test::Args),
    Audit(Box<audit::Args>),
    Findings(findings::Args),
    Mitigate(mitigate::Args),
    Violations(violations::Args),
    Explain(explain::Args),
    Tune(Box<tune::Args>),
    Traffic(traffic::Args),
    Schema(schema::Args),
    Sandbox(sandbox::Args),
    Completions(completions::Args),
}

/// Runs the command line and returns the exit code.
pub async fn run(cli: Cli) -> u8 {
    let global = cli.global;
    let result = match cli.command {
        Command::Init(args) => init::run(&global, &args),
        Command::Check(args) => check::run(&global, &args),
        Command::Plan(args) => plan::run(&global, &args).await,
        Command::Apply(args) => apply::run(&global, &args).await,
        Command::Destroy(args) => destroy::run(&global, &args).await,
        Command::Adopt(args) => adopt::run(&global, &args).await,
        Command::Graph(args) => graph::run(&global, &args),
        Command::Simulate(args) => simulate::run(&global, &args),
        Command::Test(args) => test::run(&global, &args),
        Command::Audit(args) => audit::run(&global, &args).await,
        Command::Findings(args) => findings::run(&global, &args).await,
        Command::Mitigate(args) => mitigate::run(&global, &args).await,
        Command::Violations(args) => violations::run(&global, &args).await,
        Command::Explain(args) => explain::run(&global, &args),
        Command::Tune(args) => tune::run(&global, &args),
        Command::Traffic(args) => traffic::run(&global, &args),
        Command::Schema(args) => schema::run(&args),
        Command::Sandbox(args) => sandbox::run(&global, &args).await,
        Command::Completions(args) => completions::run(&args),
    };
    result.unwrap_or_else(|failure| {
        failure.print(&global);
        failure.exit_code()
    })
}

/// Parses the process's arguments; wrong usage ends with [`exit::USAGE`], help and version with zero.
pub fn parse() -> Result<Cli, u8> {
    Cli::try_parse().map_err(|error| {
        let _ = error.print();
        if error.use_stderr() { exit::USAGE } else { exit::DONE }
    })
}

#[cfg(test)]
mod tests {
    use clap::{Args as _, Command, CommandFactory};

    use super::{Cli, Global};

    /// clap takes the one for the other without a word: `--profile` of a command would also be the AWS profile.
    #[test]
    fn no_command_uses_the_name_of_a_global_option_for_something_else() {
        fn check(command: &Command, global: &[String]) {
            for own in command.get_arguments() {
                let name = own.get_id().as_str();
                assert!(!global.iter().any(|known| known == name), "{} takes {name}", command.get_name());
            }
            command.get_subcommands().for_each(|below| check(below, global));
        }
        let global = Global::augment_args(Command::new("global"));
        let global: Vec<String> = global.get_arguments().map(|known| known.get_id().to_string()).collect();
        assert!(global.contains(&"profile".to_owned()));
        Cli::command().get_subcommands().for_each(|command| check(command, &global));
    }
}
