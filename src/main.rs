//! The program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match fleetctl::cli::parse() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    match runtime {
        Ok(runtime) => ExitCode::from(runtime.block_on(fleetctl::cli::run(cli))),
        Err(error) => {
            eprintln!("error: cannot start: {error}");
            ExitCode::from(fleetctl::exit::ERROR)
        }
    }
}
