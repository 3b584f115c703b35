//! Durable, acknowledged messages per second, and how long the acknowledgement takes.

use std::{
    cell::RefCell,
    rc::Rc,
    sync::Arc,
    time::{Duration, Instant},
};

use hdrhistogram::Histogram;
use parlour_actors::{
    command::{Command, Reply, Request, Target},
    system::Core,
};
use parlour_storage::{
    domain::message::Content,
    ids::{ConversationId, IdempotencyKey},
};

use crate::system::{caller, cpu_seconds, start, user};

pub(crate) fn run(seconds: u64) {
    println!(
        "durable messages: 200-byte texts, each with an idempotency key, closed loop, {seconds} s"
    );
    println!(
        "| conversations | in flight | messages/s | CPU µs each | p50 ms | p99 ms | p99.9 ms |"
    );
    println!("|---|---|---|---|---|---|---|");
    for (n_conversations, n_senders) in [(1, 1), (1, 256), (1000, 100), (1000, 1000)] {
        let measured = actix::System::new().block_on(measure(
            n_conversations,
            n_senders,
            Duration::from_secs(seconds),
        ));
        let ms = |quantile| measured.latency.value_at_quantile(quantile) as f64 / 1000.0;
        println!(
            "| {n_conversations} | {n_senders} | {:.0} | {:.1} | {:.2} | {:.2} | {:.2} |",
            measured.per_second,
            measured.cpu_us,
            ms(0.5),
            ms(0.99),
            ms(0.999)
        );
    }
}

/// What one of many at once costs, in µs of CPU time.
pub(crate) fn cpu_of_one(seconds: u64) -> f64 {
    actix::System::new()
        .block_on(measure(1000, 1000, Duration::from_secs(seconds)))
        .cpu_us
}

struct Measured {
    per_second: f64,
    cpu_us: f64,
    latency: Histogram<u64>,
}

async fn measure(n_conversations: usize, n_senders: usize, time: Duration) -> Measured {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let system = start(folder.path());
    let core = system.core();
    let mut conversations = Vec::new();
    for n in 0..n_conversations {
        let open = Command::OpenDirect {
            with: user(2 * n + 1),
        };
        let reply = core.ask(caller(user(2 * n)), Request::Do(open)).await;
        let Ok(Reply::Opened { conversation, .. }) = reply else {
            panic!("{reply:?}")
        };
        conversations.push(conversation);
    }
    let latency = Rc::new(RefCell::new(Histogram::<u64>::new(3).expect("3 digits")));
    let (from, cpu_from) = (Instant::now(), cpu_seconds());
    let senders = (0..n_senders).map(|n| {
        let of = n % n_conversations;
        actix::spawn(send(
            Arc::clone(core),
            of,
            n,
            conversations[of],
            from + time,
            Rc::clone(&latency),
        ))
    });
    for sender in senders.collect::<Vec<_>>() {
        sender.await.expect("no panic");
    }
    let (seconds, cpu) = (from.elapsed().as_secs_f64(), cpu_seconds() - cpu_from);
    let latency = Rc::into_inner(latency)
        .expect("all senders are done")
        .into_inner();
    let n = latency.len() as f64;
    system.drain(Duration::from_secs(1)).await;
    system.stop().await.expect("a clean stop");
    Measured {
        per_second: n / seconds,
        cpu_us: cpu * 1e6 / n,
        latency,
    }
}

async fn send(
    core: Arc<Core>,
    of: usize,
    sender: usize,
    conversation: ConversationId,
    until: Instant,
    latency: Rc<RefCell<Histogram<u64>>>,
) {
    let caller = caller(user(2 * of));
    let mut n = 0_u64;
    while Instant::now() < until {
        n += 1;
        let key = IdempotencyKey::new(&format!("{sender}-{n}")).expect("short");
        let content = Content {
            text: "x".repeat(200),
            ..Content::default()
        };
        let command = Command::Send {
            to: Target::Conversation(conversation),
            content,
            attachments: Vec::new(),
            key: Some(key),
        };
        let from = Instant::now();
        let reply = core.ask(Arc::clone(&caller), Request::Do(command)).await;
        assert!(
            matches!(
                reply,
                Ok(Reply::Sent {
                    repeated: false,
                    ..
                })
            ),
            "{reply:?}"
        );
        let micros = u64::try_from(from.elapsed().as_micros()).unwrap_or(u64::MAX);
        latency.borrow_mut().record(micros).expect("resizes");
    }
}
