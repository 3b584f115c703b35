//! What it costs to decide about a message: what the text says, and whom it is for.

use std::{
    collections::BTreeMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use parlour::dialects::native::Native;
use parlour_actors::{
    command::{Caller, Command, Reply, Request, Target},
    error::ErrorCode,
    limits::{Rate, Settings},
    moderation::Rules,
    policy::{Finding, Html, Policy, WordRule},
    system::Core,
};
use parlour_bench::{
    actors,
    plan::{Pace, Timing},
    rounds::Demand,
    wire::Texts,
};
use parlour_storage::{domain::message::Content, ids::ConversationId, store::Write};

use crate::system::{caller, cpu_seconds, start_with, user};

/// Words of the operator's own.
const WORDS: usize = 10_000;
/// People whom the sender blocks.
const BLOCKS: usize = 1_000;

const TEXTS: [(&str, &str); 4] = [
    ("20 letters", "see you at 8 tonight"),
    (
        "200 letters",
        "Hi Sam, thanks for the pictures! We could meet at the station on Friday, say at half past six, and walk \
         along the river to that place you told me about; if it rains, we take the 14 bus instead.",
    ),
    (
        "200, with digits, a tag and a link",
        "Order 20241121-77 was 1.250,00 on 21.11.2024 at 12:30, see https://example.org/a?b=c for <b>more</b>; the \
         next one comes on 2024-12-01, 10 to 12 o'clock, and costs 99.50 plus 4.90 for shipping it.",
    ),
    (
        "200, Cyrillic",
        "Привет, спасибо за фотографии! Мы могли бы встретиться в пятницу у вокзала, скажем в половине седьмого, и \
         прогуляться вдоль реки до того места, о котором ты мне рассказывал; а если пойдёт дождь, то поедем.",
    ),
];

/// What a text is held against: the parts cost very different amounts, so each is measured by itself.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Against {
    Nothing,
    Words,
    Profanity,
    ContactDetails,
    All,
}

fn policy(against: Against) -> Policy {
    let if_in = |part| {
        if [part, Against::All].contains(&against) {
            Finding::Mask
        } else {
            Finding::Allow
        }
    };
    let n_words = match against {
        Against::Words | Against::All => WORDS,
        _ => 0,
    };
    Policy {
        html: if against == Against::All {
            Html::Strip
        } else {
            Html::Raw
        },
        profanity: if_in(Against::Profanity),
        contact_details: if_in(Against::ContactDetails),
        words: (0..n_words)
            .map(|n| WordRule {
                // Words of letters alone, as in a real list: `abcx`, `abdx` ...
                word: word(n),
                finding: Finding::Reject,
            })
            .collect(),
        ..Policy::default()
    }
}

/// The nth of many words that no text has.
fn word(n: usize) -> String {
    let letters = b"abcdefghijklmnopqrstuvwxyz";
    let digit = |place: u32| char::from(letters[n / 26_usize.pow(place) % 26]);
    [digit(0), digit(1), 'q', digit(2), 'x']
        .iter()
        .chain(&[digit(1), digit(0)])
        .collect()
}

fn message(text: &str) -> Write {
    Write::Send {
        conversation: "1".parse().expect("an id"),
        content: content(text),
        attachments: Vec::new(),
        key: None,
    }
}

fn content(text: &str) -> Content {
    Content {
        text: text.to_owned(),
        ..Content::default()
    }
}

pub(crate) fn run() {
    println!(
        "ns to review a text, by what it is held against: nothing, {WORDS} words, profanity, contact details, or \
         all of these and markup"
    );
    println!("| text | nothing | words | profanity | contact details | all |");
    println!("|---|---|---|---|---|---|");
    for (name, text) in TEXTS {
        let each = [
            Against::Nothing,
            Against::Words,
            Against::Profanity,
            Against::ContactDetails,
            Against::All,
        ];
        let ns = each.map(|against| ns_for(&policy(against), text).to_string());
        println!("| {name} | {} |", ns.join(" | "));
    }
    let durable = durable();
    println!(
        "what Moderation adds to a message of 200 letters, in CPU time: what one costs that its last check refuses, less \
         what one costs that the room refuses before. A durable message costs {durable:.1} µs"
    );
    println!("| policy | blocks | µs | of a durable message |");
    println!("|---|---|---|---|");
    for (name, against) in [
        ("a rate", Against::Nothing),
        ("and 10,000 words", Against::Words),
        ("and contact details", Against::ContactDetails),
        ("and all of it", Against::All),
    ] {
        for n_blocks in [0, BLOCKS] {
            let us = actix::System::new().block_on(added(against, n_blocks));
            println!(
                "| {name} | {n_blocks} | {us:.1} | {:.1} % |",
                us / durable * 100.0
            );
        }
    }
}

/// What a durable message costs, one of many at once, in µs of CPU time.
fn durable() -> f64 {
    let plan = actors::Plan {
        rooms: 1000,
        members: 2,
        texts: Texts {
            length: 200,
            keys: true,
        },
        codec: Arc::new(Native),
        engine: actors::Engine::Sled(std::env::temp_dir()),
        demand: Demand::At(Pace::Flood(1000)),
        timing: Timing {
            warm_up: Duration::from_secs(1),
            measured: Duration::from_secs(10),
            messages_max: u64::MAX,
            grace: Duration::from_secs(10),
        },
        seed: 1,
    };
    let report = actix::System::new().block_on(actors::run(plan));
    let report = report.expect("the core works");
    let cost = report.trials.first().and_then(|trial| trial.server);
    cost.and_then(|cost| cost.us_per_message)
        .expect("messages were sent")
}

/// The fastest of some rounds: what else runs on the machine is not what is measured.
fn ns_for(policy: &Policy, text: &str) -> u128 {
    const ROUND: u32 = 5_000;
    let rules = Rules::new(&Settings {
        policy: policy.clone(),
        ..Settings::default()
    });
    let caller = caller(user(1));
    let round = || {
        let from = Instant::now();
        for _ in 0..ROUND {
            let mut write = message(text);
            let reviewed = rules.review(&caller, &mut write, true);
            black_box((write, reviewed)).1.expect("nothing is refused");
        }
        from.elapsed().as_nanos() / u128::from(ROUND)
    };
    (0..5).map(|_| round()).min().unwrap_or_default()
}

/// What Moderation adds to a message, in µs. The store has no part in it.
async fn added(against: Against, n_blocks: usize) -> f64 {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The first message passes, and after it none: rates are what is looked at last.
    let rate = Rate {
        n: 1,
        period: Duration::from_secs(30 * 86_400),
    };
    let system = start_with(
        folder.path(),
        Settings {
            policy: policy(against),
            rates: BTreeMap::from([("message.send".to_owned(), vec![rate])]),
            ..Settings::default()
        },
    );
    let core = system.core();
    let sender = caller(user(0));
    let ask = |command| core.ask(Arc::clone(&sender), Request::Do(command));
    for n in 0..n_blocks {
        let block = Command::Block {
            user: user(n + 2),
            reason: None,
        };
        ask(block).await.expect("a block");
    }
    let to: ConversationId = match ask(Command::OpenDirect { with: user(1) }).await {
        Ok(Reply::Opened { conversation, .. }) => conversation,
        other => panic!("{other:?}"),
    };
    ask(send(to)).await.expect("the first message");
    let stranger = caller(user(1_000_000));
    let mut us = f64::MAX;
    for _ in 0..3 {
        let at_the_end = refused(core, &sender, to, ErrorCode::RateLimited).await;
        let before = refused(core, &stranger, to, ErrorCode::NoConversation).await;
        us = us.min(at_the_end - before);
    }
    system.drain(Duration::from_secs(1)).await;
    system.stop().await.expect("a clean stop");
    us
}

/// What a message costs that is refused, in µs of CPU time.
async fn refused(
    core: &Arc<Core>,
    sender: &Arc<Caller>,
    to: ConversationId,
    code: ErrorCode,
) -> f64 {
    const N: usize = 50_000;
    const AT_ONCE: usize = 500;
    let from = cpu_seconds();
    for _ in 0..N / AT_ONCE {
        let sends = (0..AT_ONCE).map(|_| core.ask(Arc::clone(sender), Request::Do(send(to))));
        for refused in futures_util::future::join_all(sends).await {
            assert_eq!(refused.expect_err("it is refused").code, code);
        }
    }
    (cpu_seconds() - from) * 1e6 / N as f64
}

fn send(to: ConversationId) -> Command {
    Command::Send {
        to: Target::Conversation(to),
        content: content(TEXTS[1].1),
        attachments: Vec::new(),
        key: None,
    }
}
