//! Deliveries per second into a room of 1,000: from the command to frames taken out of outboxes.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use parlour::dialects::native::Native;
use parlour_actors::{
    command::{Command, Reply, Request, Target},
    connection::Connection,
    outbox::{Frame, Outbox, Wake},
};
use parlour_storage::{domain::message::Content, ids::Position};

use crate::system::{caller, cpu_seconds, identity, start, user};

const MEMBERS: usize = 1000;
/// Messages on their way at once.
const IN_FLIGHT: usize = 64;

/// Stands in for a pump: takes out what is there as soon as it is told.
struct Reader {
    outbox: Arc<Outbox>,
    frames: Mutex<Vec<Frame>>,
    n_read: Arc<AtomicU64>,
}

impl Wake for Reader {
    fn wake(&self) {
        let mut frames = self.frames.lock().expect("not poisoned");
        self.outbox.drain(&mut frames);
        self.n_read
            .fetch_add(frames.len() as u64, Ordering::Relaxed);
        frames.clear();
    }
}

pub(crate) fn run(seconds: u64) {
    println!(
        "\nfan-out: one room of {MEMBERS}, 200-byte texts, native frames, every message durable, {seconds} s"
    );
    actix::System::new().block_on(measure(Duration::from_secs(seconds)));
}

async fn measure(time: Duration) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let system = start(folder.path());
    let core = system.core();
    let n_read = Arc::new(AtomicU64::new(0));
    for n in 0..MEMBERS {
        let outbox = core
            .registry
            .open_outbox(100_000, 1 << 30)
            .expect("not stopping");
        outbox.open_gate(Position::ZERO);
        outbox.attach(Arc::new(Reader {
            outbox: Arc::clone(&outbox),
            frames: Mutex::default(),
            n_read: Arc::clone(&n_read),
        }));
        let connection = Connection::new(&identity(user(n)), Arc::new(Native), outbox);
        core.registry
            .connect(&connection, 16)
            .expect("the first one");
    }
    let members = (1..MEMBERS).map(user).collect();
    let open = Command::OpenGroup {
        name: None,
        members,
        key: None,
    };
    let reply = core.ask(caller(user(0)), Request::Do(open)).await;
    let Ok(Reply::Opened { conversation, .. }) = reply else {
        panic!("{reply:?}")
    };
    let n_before = n_read.load(Ordering::Relaxed);
    let (from, cpu_from) = (Instant::now(), cpu_seconds());
    let senders: Vec<_> = (0..IN_FLIGHT)
        .map(|_| {
            let core = Arc::clone(core);
            actix::spawn(async move {
                let mut n = 0_u64;
                while from.elapsed() < time {
                    let content = Content {
                        text: "x".repeat(200),
                        ..Content::default()
                    };
                    let send = Command::Send {
                        to: Target::Conversation(conversation),
                        content,
                        attachments: Vec::new(),
                        key: None,
                    };
                    core.ask(caller(user(0)), Request::Do(send))
                        .await
                        .expect("sent");
                    n += 1;
                }
                n
            })
        })
        .collect();
    let mut n_sent = 0;
    for sender in senders {
        n_sent += sender.await.expect("no panic");
    }
    let deadline = Instant::now() + Duration::from_secs(10);
    let n_expected = n_sent * MEMBERS as u64;
    while n_read.load(Ordering::Relaxed) - n_before < n_expected && Instant::now() < deadline {
        tokio::task::yield_now().await;
    }
    let (seconds, cpu) = (from.elapsed().as_secs_f64(), cpu_seconds() - cpu_from);
    let n = n_read.load(Ordering::Relaxed) - n_before;
    println!(
        "{n} deliveries of {n_sent} messages (expected {n_expected}): {:.0} deliveries/s, {:.3} CPU µs each, {:.0} messages/s",
        n as f64 / seconds,
        cpu * 1e6 / n as f64,
        n_sent as f64 / seconds,
    );
    system.drain(Duration::ZERO).await;
    system.stop().await.expect("a clean stop");
}
