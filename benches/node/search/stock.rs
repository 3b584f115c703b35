//! What there is to search: people, conversations, and texts with the word frequencies of a language.

use std::sync::Arc;

use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, Timestamp, UserId},
    store::{Outcome, Store, Transaction, Write},
};

use crate::system::user;

/// Conversations of one who talks to everybody: a group, and direct ones. A third of all that is said is said there.
pub(crate) const HUB_CONVERSATIONS: usize = 1_000;
/// People in that group.
const GROUP_MEMBERS: usize = 50;
/// Conversations of others, of two each.
const OTHERS: usize = 14_000;
const N_WORDS: u64 = 60_000;
/// Signs that texts without spaces are made of.
const N_SIGNS: u64 = 2_000;
/// Transactions that the store gets at once.
const GROUP: usize = 500;

/// Numbers that look random and are the same in each run (SplitMix64).
#[derive(Debug)]
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mixed(self.0)
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    /// One of many, of which the nth is as frequent as the first divided by n, as in a language (Zipf).
    fn rank(&mut self, many: u64) -> u64 {
        let even = self.next() as f64 / u64::MAX as f64;
        (many as f64).powf(even) as u64
    }

    /// A word, as often as texts have it.
    pub(crate) fn word(&mut self) -> String {
        word(self.rank(N_WORDS))
    }

    /// A word that one text in 50,000 has, about.
    pub(crate) fn rare_word(&mut self) -> String {
        word(N_WORDS / 2 + self.below(N_WORDS / 2))
    }

    /// Some signs that follow each other somewhere.
    pub(crate) fn signs(&mut self, n: usize) -> String {
        (0..n).map(|_| sign(self.rank(N_SIGNS))).collect()
    }

    /// 60 letters on average; one text in ten is of a script without spaces.
    fn text(&mut self) -> String {
        let n = 1 + self.below(8) + self.below(12);
        if self.below(10) == 0 {
            return self.signs(2 * n as usize);
        }
        let words: Vec<_> = (0..n).map(|_| self.word()).collect();
        words.join(" ")
    }
}

fn mixed(n: u64) -> u64 {
    let z = (n ^ (n >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The nth most frequent word. Frequent words are short.
pub(crate) fn word(rank: u64) -> String {
    let mut letters = mixed(rank);
    let n = 2 + rank.max(1).ilog10() + (letters >> 60) as u32 % 4;
    let letter = |_| {
        let letter = char::from(b'a' + (letters % 26) as u8);
        letters /= 26;
        letter
    };
    (0..n).map(letter).collect()
}

fn sign(rank: u64) -> char {
    let sign = u32::try_from(0x4e00 + rank).ok();
    sign.and_then(char::from_u32).expect("a Han sign")
}

/// Who is in every conversation of [`Stock::hubs`].
pub(crate) fn hub() -> UserId {
    user(0)
}

/// Somebody with one conversation, of two.
pub(crate) fn other(n: usize) -> UserId {
    user(100_000 + 2 * n)
}

/// The conversations, the hub's first.
#[derive(Debug)]
pub(crate) struct Stock {
    numbers: Numbers,
    /// The group first.
    pub(crate) hubs: Vec<ConversationId>,
    others: Vec<ConversationId>,
    /// Bytes of all texts so far.
    pub(crate) text_bytes: usize,
}

impl Stock {
    pub(crate) async fn open(store: &Arc<dyn Store>) -> Self {
        let group = Write::OpenGroup {
            name: None,
            members: (1..GROUP_MEMBERS).map(user).collect(),
            key: None,
        };
        let direct = |by, with| (by, Write::OpenDirect { with });
        let hubs = (1..HUB_CONVERSATIONS).map(|n| direct(hub(), user(n)));
        let hubs = open(store, [(hub(), group)].into_iter().chain(hubs)).await;
        let others = (0..OTHERS).map(|n| direct(other(n), user(100_001 + 2 * n)));
        Self {
            numbers: Numbers(1),
            hubs,
            others: open(store, others).await,
            text_bytes: 0,
        }
    }

    /// A tenth is said in the group, a fifth in the other conversations of the hub, the rest elsewhere.
    fn message(&mut self) -> (UserId, Write) {
        let n = |numbers: &mut Numbers, end: usize| numbers.below(end as u64) as usize;
        let (by, conversation) = match self.numbers.below(10) {
            0 => (user(n(&mut self.numbers, GROUP_MEMBERS)), self.hubs[0]),
            1..=2 => {
                let with = 1 + n(&mut self.numbers, HUB_CONVERSATIONS - 1);
                (user(with), self.hubs[with])
            }
            _ => {
                let of = n(&mut self.numbers, OTHERS);
                (other(of), self.others[of])
            }
        };
        let content = Content {
            text: self.numbers.text(),
            ..Content::default()
        };
        self.text_bytes += content.text.len();
        let send = Write::Send {
            conversation,
            content,
            attachments: Vec::new(),
            key: None,
        };
        (by, send)
    }

    /// Has people say more.
    pub(crate) async fn say(&mut self, store: &Arc<dyn Store>, mut n: usize) {
        while n > 0 {
            let group = (0..n.min(GROUP)).map(|_| self.message());
            let group: Vec<_> = group.collect();
            n -= group.len();
            commit(store, group).await;
        }
    }
}

async fn open(
    store: &Arc<dyn Store>,
    writes: impl Iterator<Item = (UserId, Write)>,
) -> Vec<ConversationId> {
    let writes: Vec<_> = writes.collect();
    let mut opened = Vec::with_capacity(writes.len());
    for group in writes.chunks(GROUP) {
        opened.extend(commit(store, group.to_vec()).await);
    }
    opened
}

/// Returns where each of them was done.
async fn commit(store: &Arc<dyn Store>, writes: Vec<(UserId, Write)>) -> Vec<ConversationId> {
    let now = Timestamp::now();
    let transactions = writes.into_iter();
    let transactions = transactions.map(|(by, write)| Transaction::new(now, by, write));
    let outcomes = store.commit(transactions.collect()).await;
    let outcomes = outcomes.expect("the store works").into_iter();
    let places = outcomes.map(|outcome| match outcome {
        Ok(Outcome::Changed(changes)) => changes[0].conversation,
        other => panic!("{other:?}"),
    });
    places.collect()
}
