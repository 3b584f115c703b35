//! What a node does per second: durable messages, fan-out, verdicts, and a soak. Prints figures, judges nothing.
//!
//! `cargo bench` runs the first three; `cargo bench -- soak` commits two million messages over 100,000
//! conversations (a few minutes, about 2 GB in a temporary folder), `cargo bench -- soak 300000` fewer;
//! `cargo bench -- search` searches a million messages (a few minutes too).
//! In process: real actors, real store, no sockets.

#![expect(clippy::print_stdout, reason = "a bench is there to print")]

mod fanout;
mod messages;
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
    let number = args.get(1).and_then(|n| n.parse().ok());
    match args.first().map(String::as_str) {
        None => {
            messages::run(10);
            fanout::run(10);
            verdicts::run();
        }
        Some("messages") => messages::run(number.unwrap_or(10)),
        Some("fanout") => fanout::run(number.unwrap_or(10)),
        Some("verdicts") => verdicts::run(),
        Some("search") => {
            let n_messages = number.map_or(1_000_000, |n| usize::try_from(n).unwrap_or(usize::MAX));
            let n_searches = args.get(2).and_then(|n| n.parse().ok());
            search::run(n_messages, n_searches.unwrap_or(400));
        }
        Some("soak") => {
            let n_messages = number.map_or(2_000_000, |n| usize::try_from(n).unwrap_or(usize::MAX));
            soak::run(n_messages, args.get(2).and_then(|n| n.parse().ok()));
        }
        Some(other) => println!(
            "no such bench: {other}; there are messages [SECONDS], fanout [SECONDS], verdicts, search [MESSAGES [SEARCHES_OF_A_KIND]], soak [MESSAGES [KEYS_IN_A_BATCH]]"
        ),
    }
}
