//! Search as a person meets it: the question with all that is around the index, over a store with many messages. And
//! what that costs: room, memory, processor, and how long a message can't be found yet.

mod stock;

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use parlour::{
    config::Config,
    search::{self, Search},
};
use parlour_actors::{
    command::{self, Caller, Question, Reply, Request, Target},
    limits::Settings,
    searcher::Searcher as _,
    system::{Core, Services, System},
};
use parlour_storage::{ids::Timestamp, local::Options, store::Store};

use self::stock::{HUB_CONVERSATIONS, Numbers, Stock, hub, other, word};
use crate::system::{caller, cpu_seconds, disk_bytes, open, rss_mib, rss_own_mib, user};

const N_SEARCHES: usize = 400;
/// People whom somebody blocks who blocks many.
const BLOCKS: usize = 100;
const N_COMMITS: usize = 12;

pub(crate) fn run(n_messages: usize) {
    actix::System::new().block_on(measure(n_messages));
}

async fn measure(n_messages: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let store = open(folder.path(), Options::default());
    let mut stock = Stock::open(&store).await;
    let begun = Instant::now();
    stock.say(&store, n_messages).await;
    println!(
        "{n_messages} messages stored in {:.0} s, {:.1} MB of text; RSS {} MiB",
        begun.elapsed().as_secs_f64(),
        stock.text_bytes as f64 / 1e6,
        rss_mib()
    );
    let alone = each_so_many(&store, &mut stock, None).await;
    let mut config = Config::default();
    config.node.data = folder.path().to_owned();
    let search = build(&config, &store, n_messages).await;
    for (n, (with, without)) in each_so_many(&store, &mut stock, Some(&search))
        .await
        .iter()
        .zip(&alone)
        .map(|(with, without)| (with.0, (with, without)))
    {
        let ms = (with.1 - without.1) * 1e3;
        println!(
            "a commit of {n} messages costs {ms:.1} ms of processor time; they were found after {:.0} ms, {:.0} at most",
            with.2.value_at_quantile(0.5),
            with.2.max()
        );
    }
    search.stop().await;
    room(folder.path());
    let search = search::start(&config, &store).await.expect("opened");
    let search = search.expect("turned on");
    let services = Services {
        searcher: Some(Arc::clone(&search) as _),
        ..Services::default()
    };
    let system = System::start_with(store, Settings::default(), services);
    up_to_date(&search).await;
    ask_all(system.core(), &stock).await;
    println!(
        "RSS {} MiB, {} without mapped files",
        rss_mib(),
        rss_own_mib()
    );
    system.drain(Duration::from_secs(1)).await;
    search.stop().await;
    system.stop().await.expect("a clean stop");
}

/// Builds the index of all that is stored.
async fn build(config: &Config, store: &Arc<dyn Store>, n_messages: usize) -> Arc<Search> {
    let (begun, cpu) = (Instant::now(), cpu_seconds());
    let (rss, own) = (rss_mib(), rss_own_mib());
    let search = search::start(config, store).await.expect("started");
    let search = search.expect("turned on");
    let mut most = own;
    while search.is_behind() {
        actix::clock::sleep(Duration::from_millis(20)).await;
        most = most.max(rss_own_mib());
    }
    let (took, cpu) = (begun.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    println!(
        "index built in {took:.1} s, {:.0} messages/s; {:.1} µs of processor time each; RSS {rss} to {} MiB, at most {} \
         more without mapped files",
        n_messages as f64 / took,
        cpu * 1e6 / n_messages as f64,
        rss_mib(),
        most - own
    );
    search
}

async fn up_to_date(search: &Search) {
    while search.is_behind() {
        actix::clock::sleep(Duration::from_millis(2)).await;
    }
}

/// Messages at once, processor seconds that they cost, and after how many milliseconds they were found.
type Cost = (usize, f64, Histogram<u64>);

/// What it costs to say so many at once, and to find them.
async fn each_so_many(
    store: &Arc<dyn Store>,
    stock: &mut Stock,
    search: Option<&Search>,
) -> Vec<Cost> {
    let mut costs = Vec::new();
    for n in [1, 50, 500] {
        let mut found = Histogram::new(3).expect("3 digits");
        let cpu = cpu_seconds();
        for _ in 0..N_COMMITS {
            stock.say(store, n).await;
            let said = Instant::now();
            if let Some(search) = search {
                up_to_date(search).await;
                found += said.elapsed().as_millis() as u64;
            } else {
                actix::clock::sleep(Duration::from_millis(500)).await;
            }
        }
        let each = (cpu_seconds() - cpu) / N_COMMITS as f64;
        costs.push((n, each, found));
    }
    costs
}

fn room(folder: &Path) {
    let [index, messages] = ["search", "sled"].map(|name| disk_bytes(&folder.join(name)));
    println!(
        "the index takes {:.1} MB, the store {:.1} MB: {:.0} %",
        index as f64 / 1e6,
        messages as f64 / 1e6,
        100.0 * index as f64 / messages as f64
    );
}

type Sought = command::Search;
/// Completes a search.
type Make = fn(&mut Numbers, Sought) -> Sought;

const KINDS: [(&str, Make); 11] = [
    ("a rare word", |numbers, sought| {
        with(sought, numbers.rare_word())
    }),
    ("a word, as frequent as it is said", |numbers, sought| {
        with(sought, numbers.word())
    }),
    ("the most frequent word", |_, sought| with(sought, word(1))),
    ("its first letter", |_, sought| {
        with(sought, word(1)[..1].to_owned())
    }),
    ("three letters", |numbers, sought| {
        let mut word = numbers.rare_word();
        word.truncate(3);
        with(sought, word)
    }),
    ("two words", |numbers, sought| {
        with(sought, format!("{} {}", numbers.word(), numbers.word()))
    }),
    ("the two most frequent words", |_, sought| {
        with(sought, format!("{} {}", word(1), word(2)))
    }),
    ("a frequent word by one author", |numbers, sought| Sought {
        author: Some(user(1 + numbers.below(40) as usize)),
        ..with(sought, word(1))
    }),
    ("a frequent word since a time", |_, sought| Sought {
        since: Some(Timestamp(1)),
        ..with(sought, word(1))
    }),
    ("two signs", |numbers, sought| {
        with(sought, numbers.signs(2))
    }),
    ("four signs", |numbers, sought| {
        with(sought, numbers.signs(4))
    }),
];

fn with(sought: Sought, words: String) -> Sought {
    Sought { words, ..sought }
}

async fn ask_all(core: &Arc<Core>, stock: &Stock) {
    println!("| looked for | where | p50 ms | p99 ms | slowest ms | found on average |");
    println!("|---|---|---|---|---|---|");
    let all = format!("in {HUB_CONVERSATIONS} conversations");
    for (what, make) in KINDS {
        ask_many(core, what, "in one's only conversation", make, |n| {
            (caller(other(n)), None)
        })
        .await;
        let group = Target::Conversation(stock.hubs[0]);
        let hub = caller(hub());
        ask_many(core, what, "in a large group", make, |_| {
            (Arc::clone(&hub), Some(group.clone()))
        })
        .await;
        ask_many(core, what, &all, make, |_| (Arc::clone(&hub), None)).await;
    }
    let hub = caller(hub());
    for n in 1..=BLOCKS {
        let block = command::Command::Block {
            user: user(n),
            reason: None,
        };
        let blocked = core.ask(Arc::clone(&hub), Request::Do(block)).await;
        blocked.expect("a block");
    }
    let all = format!("the same, {BLOCKS} people blocked");
    for (what, make) in KINDS {
        ask_many(core, what, &all, make, |_| (Arc::clone(&hub), None)).await;
    }
}

async fn ask_many(
    core: &Arc<Core>,
    what: &str,
    place: &str,
    make: Make,
    who: impl Fn(usize) -> (Arc<Caller>, Option<Target>),
) {
    let mut numbers = Numbers(2);
    let mut took = Histogram::<u64>::new(3).expect("3 digits");
    let mut n_found = 0;
    for n in 0..N_SEARCHES {
        let (caller, of) = who(n);
        let sought = Sought {
            of,
            limit: 20,
            ..Sought::default()
        };
        let question = Question::Search(make(&mut numbers, sought));
        let begun = Instant::now();
        match core.ask(caller, Request::Ask(question)).await {
            Ok(Reply::Found { total, .. }) => n_found += total,
            other => panic!("{other:?}"),
        }
        took += begun.elapsed().as_micros() as u64;
    }
    let ms = |quantile| took.value_at_quantile(quantile) as f64 / 1e3;
    println!(
        "| {what} | {place} | {:.2} | {:.2} | {:.2} | {:.1} |",
        ms(0.5),
        ms(0.99),
        took.max() as f64 / 1e3,
        n_found as f64 / N_SEARCHES as f64
    );
}
