//! The floor: what a broadcast over WebSockets costs at least on a machine. One thread around the kernel's epoll; a text that
//! comes goes to everybody in its room (`/?room=N&user=ID`), its sender included.
//!
//! Nothing is stored, checked, ordered over rooms or acknowledged. Whoever does more can be held against it.

mod client;
mod frame;
mod server;

use std::{
    io::{self, Write as _},
    net::{Ipv4Addr, TcpListener},
};

use anyhow::Context as _;
use clap::Parser as _;

/// Broadcasts over WebSockets, and does nothing else.
#[derive(Debug, clap::Parser)]
struct Args {
    /// Write what came in one round of events at once, instead of once per delivery.
    #[arg(long)]
    coalesce: bool,
    /// Where to listen on this machine; 0 is a free port.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

fn main() -> anyhow::Result<()> {
    let Args { coalesce, port } = Args::parse();
    allow_all_files()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port))
        .with_context(|| format!("can't listen on port {port}: choose another with --port"))?;
    writeln!(io::stdout(), "listening on {}", listener.local_addr()?)?;
    server::Server::new(listener, coalesce)?
        .run()
        .context("can't go on (too many open files? raise `ulimit -n`)")
}

/// Each client is an open file: as many as the system lets this process have.
fn allow_all_files() -> io::Result<()> {
    use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
    let maximum = getrlimit(Resource::Nofile).maximum;
    let current = maximum;
    Ok(setrlimit(Resource::Nofile, Rlimit { current, maximum })?)
}
