//! Clients against a server that misbehaves on purpose: what it does has to be found, and nothing else.

use std::{
    cell::{Cell, RefCell},
    rc::Rc,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream, tcp::OwnedWriteHalf},
};

use super::*;
use crate::{
    check::Faults,
    plan::{Pace, Spread},
    report::Verdict,
    stamp::Stamp,
    trial::Trial,
};

const ANSWER: &str = "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

/// What becomes of a text, given its line and number: which texts are told now to those who didn't write it, and after how long.
/// What stands behind an empty one is held back.
type Mischief = fn(at: (u32, u32), texts: &mut Vec<Vec<u8>>) -> Duration;

/// Tells everybody everything, but for its mischief.
struct Server {
    clients: RefCell<Vec<(usize, OwnedWriteHalf)>>,
    n_clients: Cell<usize>,
    held: RefCell<Vec<Vec<u8>>>,
    mischief: Mischief,
}

impl Server {
    /// Listens on a free port, for as long as the test runs.
    async fn start(mischief: Mischief) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("ws://{}", listener.local_addr().unwrap());
        let server = Rc::new(Self {
            clients: RefCell::default(),
            n_clients: Cell::new(0),
            held: RefCell::default(),
            mischief,
        });
        actix_rt::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                actix_rt::spawn(Rc::clone(&server).serve(stream));
            }
        });
        url
    }

    async fn serve(self: Rc<Self>, stream: TcpStream) {
        let (mut read, mut write) = stream.into_split();
        let mut bytes = Vec::new();
        while !bytes.ends_with(b"\r\n\r\n") {
            read.read_buf(&mut bytes).await.unwrap();
        }
        write.write_all(ANSWER.as_bytes()).await.unwrap();
        let n = self.n_clients.replace(self.n_clients.get() + 1);
        self.clients.borrow_mut().push((n, write));
        bytes.clear();
        while read.read_buf(&mut bytes).await.is_ok_and(|n| n > 0) {
            // All texts of these tests are between 126 and 65,535 bytes long.
            while bytes.len() >= 8 {
                let length = usize::from(u16::from_be_bytes([bytes[2], bytes[3]]));
                if bytes.len() < 8 + length {
                    break;
                }
                let key: [u8; 4] = bytes[4..8].try_into().unwrap();
                let masked = bytes[8..8 + length].iter().zip(key.iter().cycle());
                let text = masked.map(|(byte, mask)| byte ^ mask).collect();
                bytes.drain(..8 + length);
                self.take(n, text).await;
            }
        }
    }

    /// The writer is told its own text as it stands: that is its acknowledgement.
    async fn take(&self, writer: usize, text: Vec<u8>) {
        let stamp = Stamp::find(&text).unwrap();
        let mut texts = self.held.take();
        texts.push(text.clone());
        let pause = (self.mischief)((stamp.line, stamp.number), &mut texts);
        if !pause.is_zero() {
            tokio::time::sleep(pause).await;
        }
        let told = texts.iter().position(Vec::is_empty);
        let held = texts.split_off(told.unwrap_or(texts.len()));
        *self.held.borrow_mut() = held.into_iter().filter(|text| !text.is_empty()).collect();
        for (client, stream) in &mut *self.clients.borrow_mut() {
            let own = [text.clone()];
            let texts = if *client == writer {
                &own[..]
            } else {
                &texts[..]
            };
            for text in texts {
                let mut frame = vec![0x81, 126];
                frame.extend(u16::try_from(text.len()).unwrap().to_be_bytes());
                frame.extend(text);
                // Small enough for what the socket buffers.
                assert_eq!(stream.try_write(&frame).unwrap(), frame.len());
            }
        }
    }
}

async fn plan(url: &str, n_messages: u64) -> Plan {
    Plan {
        scenario: Scenario::Fanout,
        dialect: Dialect::Raw,
        target: Target::find(url, false).await.unwrap(),
        mint: Box::new(|_| Ok(String::new())),
        rooms: 1,
        members: 3,
        texts: Texts {
            length: 200,
            keys: false,
        },
        demand: Demand::At(Pace::Rate(200.0, Spread::Uniform)),
        timing: Timing {
            warm_up: Duration::ZERO,
            measured: Duration::from_secs(60),
            messages_max: n_messages,
            grace: Duration::from_secs(1),
        },
        seed: 1,
        server: None,
    }
}

async fn trial(mischief: Mischief, n_messages: u64) -> (Trial, Verdict) {
    let url = Server::start(mischief).await;
    let mut report = run(plan(&url, n_messages).await).await.unwrap();
    let verdict = report.verdict();
    (report.trials.remove(0), verdict)
}

#[actix::test]
async fn an_honest_server_is_found_honest() {
    let (trial, verdict) = trial(|_, _| Duration::ZERO, 90).await;
    assert!(trial.is_clean(), "{trial:?}");
    assert_eq!(verdict, Verdict::Sound);
    assert_eq!(trial.answers.unwrap().n, 90);
    assert_eq!(trial.deliveries.unwrap().n, 3 * 90);
}

#[actix::test]
async fn what_a_server_drops_is_lost_for_both_who_did_not_write_it() {
    let drops = |at: (u32, u32), texts: &mut Vec<Vec<u8>>| {
        if at == (0, 4) {
            texts.clear();
        }
        Duration::ZERO
    };
    let (trial, verdict) = trial(drops, 60).await;
    let lost = Faults {
        lost: 2,
        ..Faults::default()
    };
    assert_eq!((trial.faults, trial.unfinished), (lost, 2));
    assert_eq!(verdict, Verdict::Broken);
}

#[actix::test]
async fn what_a_server_says_twice_is_repeated() {
    let repeats = |at: (u32, u32), texts: &mut Vec<Vec<u8>>| {
        if at == (0, 4) {
            texts.push(texts[0].clone());
        }
        Duration::ZERO
    };
    let (trial, verdict) = trial(repeats, 60).await;
    let repeated = Faults {
        repeated: 2,
        ..Faults::default()
    };
    assert_eq!(trial.faults, repeated);
    assert_eq!(verdict, Verdict::Broken);
}

#[actix::test]
async fn what_a_server_tells_behind_a_later_one_is_swapped() {
    let swaps = |at: (u32, u32), texts: &mut Vec<Vec<u8>>| {
        match at {
            (0, 4) => texts.insert(0, Vec::new()),
            (0, 5) => texts.reverse(),
            _ if texts.len() > 1 => {
                texts.rotate_left(1);
                texts.insert(1, Vec::new());
            }
            _ => {}
        }
        Duration::ZERO
    };
    let (trial, verdict) = trial(swaps, 60).await;
    let swapped = Faults {
        swapped: 2,
        ..Faults::default()
    };
    assert_eq!(trial.faults, swapped);
    assert_eq!(verdict, Verdict::Broken);
}

#[actix::test]
async fn a_server_that_stands_still_shows_in_p99() {
    // One of three is not heard for half a second, in which 33 of its texts were meant to be sent.
    let stalls = |at: (u32, u32), _: &mut Vec<Vec<u8>>| match at {
        (0, 34) => Duration::from_millis(500),
        _ => Duration::ZERO,
    };
    let (trial, _) = trial(stalls, 300).await;
    assert!(trial.faults.is_clean(), "{trial:?}");
    let answers = trial.answers.unwrap();
    assert!(answers.p99 > 300.0, "{answers:?}");
    assert_eq!(answers.n, 300);
}

#[actix::test]
async fn a_server_that_is_not_there_or_is_none_is_named() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}", listener.local_addr().unwrap());
    actix_rt::spawn(async move {
        let answer = b"HTTP/1.1 429 Too Many Requests\r\n\r\n";
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut bytes = Vec::new();
            stream.read_buf(&mut bytes).await.unwrap();
            stream.write_all(answer).await.unwrap();
        }
    });
    let refused = run(plan(&url, 1).await).await.unwrap_err();
    let told = format!("{refused:#}");
    assert!(
        told.contains("429") && told.contains("bench.flags"),
        "{told}"
    );
    let nobody = run(plan("ws://127.0.0.1:1", 1).await).await.unwrap_err();
    assert!(format!("{nobody:#}").contains("refused"), "{nobody:#}");
}
