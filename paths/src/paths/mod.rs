//! The paths: what a node does for each message. Everything in them is the same in each run: no chance, no clock, one thread.
//!
//! What is counted is done once before, uncounted: so the first allocations and look-ups of the processor's features are not in it.

mod commit;
mod decode;
mod fanout;
mod page;
mod scene;
mod verdict;

/// Two counts of the same differ by a thousandth: in where malloc finds room, and in how hash maps with chance in them lie. So
/// they do when other code in the same crates changes, and with it how the compiler cuts the crates up: by 0.5 % at most so far.
const EXACT: f64 = 2.0;

/// Two counts of the same differ by as much as 1.5 %, and one of ten by 4 %: by how hash maps with chance in them grow.
const WITH_MAPS: f64 = 5.0;

/// Two counts of the same differ by as much as 1.4 %, as sled's own threads take turns with ours.
const WITH_SLED: f64 = 4.0;

/// One path.
#[derive(Debug)]
pub(crate) struct Path {
    pub(crate) name: &'static str,
    /// What its instructions are for.
    pub(crate) unit: &'static str,
    /// How many percent may lie between two counts of the same.
    pub(crate) tolerance: f64,
    /// Does it; returns how many units were counted.
    pub(crate) run: fn() -> anyhow::Result<u64>,
}

impl Path {
    pub(crate) const ALL: [Self; 7] = [
        Self {
            name: "decode-native",
            unit: "`send` of 200 bytes decoded, its answer encoded",
            tolerance: EXACT,
            run: decode::native,
        },
        Self {
            name: "decode-socketio",
            unit: "`sendMessage` of 200 bytes decoded, its answer encoded",
            tolerance: WITH_MAPS,
            run: decode::socketio,
        },
        Self {
            name: "verdict",
            unit: "message of 200 letters: blocks, content, limits",
            tolerance: EXACT,
            run: verdict::run,
        },
        Self {
            name: "commit",
            unit: "message, of groups of 64, in memory",
            tolerance: EXACT,
            run: commit::in_memory,
        },
        Self {
            name: "commit-sled",
            unit: "message, of groups of 64, with sled",
            tolerance: WITH_SLED,
            run: commit::on_sled,
        },
        Self {
            name: "fan-out",
            unit: "message to 1,000 connections, to the bytes of their frames",
            tolerance: EXACT,
            run: fanout::run,
        },
        Self {
            name: "page",
            unit: "page of 50 messages read, with sled",
            tolerance: WITH_SLED,
            run: page::run,
        },
    ];
}
