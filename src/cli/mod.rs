//! The command line: what can be asked, and which file does it. One file a command.

mod audit;
mod bench;
mod chat;
mod compact;
mod completions;
mod config;
mod config_args;
mod events;
mod healthcheck;
mod index;
mod out;
mod run;
mod stopped;
mod token;
mod user;
mod verify;
mod version;

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::exit::Exit;

/// A self-hosted chat node: one binary, one folder of data.
///
/// Try it out: `parlour run --dev`.
#[derive(Debug, Parser)]
#[command(name = "parlour", version, arg_required_else_help = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// What can be asked.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run a node until SIGTERM or SIGINT.
    Run(Box<run::Args>),
    /// Chat from this terminal, to try a node out.
    Chat(Box<chat::Args>),
    /// Sign a token for somebody, with the node's own secret.
    Token(Box<token::Args>),
    /// Check or show the configuration.
    Config(config::Args),
    /// Check the data of a node that is stopped.
    Verify(Box<verify::Args>),
    /// Write the data of a stopped node anew, without what was deleted.
    Compact(Box<compact::Args>),
    /// Check or export the audit log of a node that is stopped.
    Audit(audit::Args),
    /// Export or erase what a stopped node keeps of a person.
    User(Box<user::Args>),
    /// List the events of a node that is stopped, and have them sent again.
    Events(events::Args),
    /// Rebuild or check the search index of a node that is stopped.
    Index(index::Args),
    /// Make load, and tell how long things take and what they cost.
    ///
    /// docs/bench.md explains the scenarios and how to read what is printed.
    Bench(bench::Args),
    /// Ask a running node whether it is ready.
    Healthcheck(healthcheck::Args),
    /// Print a completion script.
    Completions(completions::Args),
    /// Print the version.
    Version(version::Args),
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// What went wrong; [`Exit::of`] finds the exit code in it.
    pub fn execute(self) -> anyhow::Result<()> {
        match self {
            Self::Run(args) => args.execute(),
            Self::Chat(args) => args.execute(),
            Self::Token(args) => args.execute(),
            Self::Config(args) => args.execute(),
            Self::Verify(args) => args.execute(),
            Self::Compact(args) => args.execute(),
            Self::Audit(args) => args.execute(),
            Self::User(args) => args.execute(),
            Self::Events(args) => args.execute(),
            Self::Index(args) => args.execute(),
            Self::Bench(args) => args.execute(),
            Self::Healthcheck(args) => args.execute(),
            Self::Completions(args) => args.execute(),
            Self::Version(args) => args.execute(),
        }
    }
}

/// Reads the command line of this process. Help is printed here, and so is what is wrong.
///
/// # Errors
/// The code to exit with: [`Exit::Ok`] after help, else [`Exit::Usage`].
pub fn parse() -> Result<Command, Exit> {
    let parsed = command()
        .try_get_matches()
        .and_then(|matches| Cli::from_arg_matches(&matches));
    match parsed {
        Ok(cli) => Ok(cli.command),
        Err(error) => {
            // Nobody is left to tell when this fails: the reader has gone.
            let _ = error.print();
            Err(if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            })
        }
    }
}

/// The command line as clap has it. Only `run` lists the flags of all options in its help; the others
/// take them too, so that one flag file serves all.
fn command() -> clap::Command {
    let quiet = |command: clap::Command| command.mut_args(config_args::hide_option);
    Cli::command()
        .mut_subcommand("token", quiet)
        .mut_subcommand("verify", quiet)
        .mut_subcommand("compact", quiet)
        .mut_subcommand("audit", |audit| {
            audit
                .mut_subcommand("verify", quiet)
                .mut_subcommand("export", quiet)
        })
        .mut_subcommand("bench", |bench| bench.mut_subcommand("wire", quiet))
        .mut_subcommand("index", |index| {
            index
                .mut_subcommand("rebuild", quiet)
                .mut_subcommand("check", quiet)
        })
        .mut_subcommand("user", |user| {
            user.mut_subcommand("export", quiet)
                .mut_subcommand("erase", quiet)
        })
        .mut_subcommand("events", |events| {
            events
                .mut_subcommand("list", quiet)
                .mut_subcommand("dead", quiet)
                .mut_subcommand("replay", quiet)
        })
        .mut_subcommand("config", |config| {
            config
                .mut_subcommand("check", quiet)
                .mut_subcommand("print", quiet)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        command().debug_assert();
    }
}
