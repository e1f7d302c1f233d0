//! Serves a local AWS until interrupted: `cargo run -p fleet-sandbox --example serve -- --port 4567 --dir DIR`.
//! Also `--record` and `--frozen EPOCH_MS`.

use std::net::{Ipv4Addr, SocketAddr};

use fleet_sandbox::{Config, Sandbox};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut config = Config::default();
    let mut arguments = std::env::args().skip(1);
    while let Some(flag) = arguments.next() {
        let mut value = || arguments.next().ok_or(format!("{flag} needs a value"));
        match flag.as_str() {
            "--port" => config.listen = SocketAddr::from((Ipv4Addr::LOCALHOST, value()?.parse()?)),
            "--dir" => config.dir = Some(value()?.into()),
            "--frozen" => config.frozen_clock_ms = Some(value()?.parse()?),
            "--record" => config.record = true,
            _ => return Err(format!("unknown flag {flag}").into()),
        }
    }
    let sandbox = Sandbox::start(config).await?;
    println!("{}", sandbox.url());
    tokio::signal::ctrl_c().await?;
    sandbox.shutdown().await;
    Ok(())
}
