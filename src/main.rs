//! The program: reads the command line, runs one command, tells what went wrong, picks the exit code.

use std::process::ExitCode;

use parlour::{cli, exit::Exit};

#[cfg(all(feature = "jemalloc", target_os = "linux"))]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

fn main() -> ExitCode {
    let command = match cli::parse() {
        Ok(command) => command,
        Err(exit) => return exit.into(),
    };
    match command.execute() {
        Ok(()) => Exit::Ok.into(),
        Err(error) => {
            eprintln!("parlour: {error:#}");
            Exit::of(&error).into()
        }
    }
}
