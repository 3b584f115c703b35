//! `cargo bench -p parlour-search`: a million messages, how large their index is, and how long searches take. Judges
//! nothing.

#![expect(clippy::print_stdout, reason = "a bench is there to print")]

use std::{
    path::Path,
    time::{Duration, Instant},
};

use parlour_search::{Indexer, MEMORY_MIN, Mark, Place, Query, Writer};
use parlour_storage::{
    domain::{
        event::EventId,
        message::{Content, Message},
    },
    ids::{ConversationId, Epoch, MessageId, Position, Seq, Timestamp, UserId},
};

const N_MESSAGES: u64 = 1_000_000;
const N_CONVERSATIONS: u64 = 20_000;
const N_WORDS: u64 = 60_000;
const N_SEARCHES: usize = 5_000;
/// Conversations of who searches.
const N_OWN: u64 = 200;

/// Numbers that look random and are the same in each run (SplitMix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// A word; its frequency falls with its rank as in a language.
    fn word(&mut self) -> String {
        let even = self.next() as f64 / u64::MAX as f64;
        let rank = (N_WORDS as f64).powf(even) as u64;
        let mut letters = rank.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 16;
        // Frequent words are short.
        let length = 2 + rank.ilog10() + (letters % 4) as u32;
        let mut word = String::new();
        for _ in 0..length {
            word.push(char::from(b'a' + (letters % 26) as u8));
            letters = letters / 26 + rank;
        }
        word
    }

    fn text(&mut self) -> String {
        let n = 1 + self.below(8) + self.below(12);
        let words: Vec<_> = (0..n).map(|_| self.word()).collect();
        words.join(" ")
    }
}

fn position(n: u64) -> Position {
    Position::new(n).expect("small")
}

fn conversation(n: u64) -> ConversationId {
    ConversationId::created_at(position(1 + n))
}

fn bytes_in(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder).expect("a folder").flatten();
    let sizes = entries.map(|entry| entry.metadata().map_or(0, |file| file.len()));
    sizes.sum()
}

fn main() {
    // Named to be linked: what a node runs.
    let _kept_by = std::any::type_name::<Indexer>();
    let folder = tempfile::tempdir().expect("a folder");
    let place = Place::Folder(folder.path().to_owned());
    let mut writer = Writer::open(&place, 2 * MEMORY_MIN).expect("an index");
    let mut numbers = Numbers(1);
    let mark = Mark {
        epoch: Epoch(1),
        through: EventId::default(),
        building: None,
    };
    let (begun, mut text_bytes, mut slowest) = (Instant::now(), 0, Duration::ZERO);
    for n in 0..N_MESSAGES {
        let text = numbers.text();
        text_bytes += text.len() as u64;
        let message = Message {
            id: MessageId::created_at(position(1_000_000 + 4096 * n)),
            conversation: conversation(numbers.below(N_CONVERSATIONS)),
            seq: Seq(n),
            author: UserId::new(&format!("user{}", numbers.below(N_CONVERSATIONS))).expect("good"),
            content: Content {
                text,
                ..Content::default()
            },
            key: None,
            sent_at: Timestamp(1_700_000_000_000 + 1000 * n as i64),
            edited_at: None,
            deleted_at: None,
            reactions: Vec::new(),
            attachments: Vec::new(),
        };
        writer.add(&message).expect("added");
        if n % 2000 == 1999 {
            let commit = Instant::now();
            writer.commit(mark).expect("committed");
            slowest = slowest.max(commit.elapsed());
        }
    }
    let took = begun.elapsed();
    let index = writer.index().clone();
    println!(
        "{N_MESSAGES} messages indexed in {took:.1?}, a commit each 2000; the slowest commit took {slowest:.1?}"
    );
    writer.close().expect("closed");
    let writer = Writer::open(&place, MEMORY_MIN).expect("an index");
    drop(index);
    let index = writer.index();
    let index_bytes = bytes_in(folder.path());
    println!(
        "index {:.1} MB, texts alone {:.1} MB: {:.0}% of them",
        index_bytes as f64 / 1e6,
        text_bytes as f64 / 1e6,
        100.0 * index_bytes as f64 / text_bytes as f64
    );
    type Make = fn(&mut Numbers) -> String;
    let kinds: [(&str, Make); 4] = [
        ("one word", |numbers| numbers.word()),
        ("two words", |numbers| {
            format!("{} {}", numbers.word(), numbers.word())
        }),
        ("one letter", |numbers| numbers.word()[..1].to_owned()),
        ("the most frequent word", |_| {
            Numbers(1).word()[..2].to_owned()
        }),
    ];
    for (what, words) in kinds {
        for n_own in [1, N_OWN] {
            let mut took = Vec::with_capacity(N_SEARCHES);
            let mut total = 0;
            for _ in 0..N_SEARCHES {
                let first = numbers.below(N_CONVERSATIONS - n_own);
                let query = Query {
                    words: words(&mut numbers),
                    conversations: (first..first + n_own).map(conversation).collect(),
                    limit: 20,
                    ..Query::default()
                };
                let begun = Instant::now();
                total += index.search(&query).expect("found").total;
                took.push(begun.elapsed());
            }
            took.sort();
            let at = |part: usize| took[took.len() * part / 1000 - 1];
            println!(
                "{what}, in {n_own} conversations: p50 {:.2?}, p99 {:.2?}, slowest {:.2?}; {:.1} found on average",
                at(500),
                at(990),
                at(1000),
                total as f64 / N_SEARCHES as f64
            );
        }
    }
}
