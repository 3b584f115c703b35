//! What the harness (`parlour bench`) doesn't measure: verdicts by their parts, search over a large store, and a soak of the
//! store. Prints figures, judges nothing.
//!
//! `cargo bench` runs the verdicts; `cargo bench -- soak` commits two million messages over 100,000 conversations (a few
//! minutes, about 2 GB in a temporary folder), `cargo bench -- soak 300000` fewer; `cargo bench -- search` searches a million
//! messages (a few minutes too). In process: real actors, real store, no sockets.

#![expect(clippy::print_stdout, reason = "a bench is there to print")]

mod search;
mod soak;
mod system;
mod verdicts;

fn main() {
    // cargo passes `--bench`; what a person gives stands after it.
    let args: Vec<String> = std::env::args()
        .skip(1)
        .filter(|arg| !arg.starts_with("--"))
        .collect();
    let number = |n: usize| args.get(n).and_then(|n| n.parse().ok());
    match args.first().map(String::as_str) {
        None | Some("verdicts") => verdicts::run(),
        Some("search") => search::run(number(1).unwrap_or(1_000_000), number(2).unwrap_or(400)),
        Some("soak") => soak::run(number(1).unwrap_or(2_000_000), number(2)),
        Some(other) => println!(
            "no such bench: {other}; there are verdicts, search [MESSAGES [SEARCHES_OF_A_KIND]] and soak [MESSAGES [KEYS_IN_A_BATCH]]; \
             `parlour bench` has the others"
        ),
    }
}
