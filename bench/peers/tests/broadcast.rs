//! The broadcasts as they are run: the real binaries, over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    process::{Child, Command, Stdio},
    time::Duration,
};

/// Longest wait for anything.
const DEADLINE: Duration = Duration::from_secs(20);

const FLOOR: &str = env!("CARGO_BIN_EXE_peer-floor");

/// All there are, by binary and flags.
const SERVERS: [&[&str]; 3] = [
    &[FLOOR],
    &[FLOOR, "--coalesce"],
    &[env!("CARGO_BIN_EXE_peer-bare")],
];

/// A server on a free port, ended with the test.
#[derive(Debug)]
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(words: &[&str]) -> Self {
        let mut child = Command::new(words[0])
            .args(&words[1..])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let stdout = child.stdout.take().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on ").unwrap();
        Self {
            address: address.to_owned(),
            child,
        }
    }

    /// Somebody who is in a room.
    fn client(&self, room: &str) -> Client {
        let mut client = self.dial();
        client.put(head(room).as_bytes());
        client.answered();
        client
    }

    fn dial(&self) -> Client {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        Client(BufReader::new(stream))
    }

    /// Sockets that it has open, as the kernel lists them.
    fn n_sockets(&self) -> usize {
        let files = std::fs::read_dir(format!("/proc/{}/fd", self.child.id())).unwrap();
        let targets = files.filter_map(|file| std::fs::read_link(file.ok()?.path()).ok());
        targets
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn head(room: &str) -> String {
    format!(
        "GET /?room={room}&user=u HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
}

/// A text as a client sends it, masked with zeros.
fn frame(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap();
    let mut frame = match length {
        0..126 => vec![0x81, 0x80 | u8::try_from(length).unwrap()],
        _ => [&[0x81, 0xfe][..], &length.to_be_bytes()].concat(),
    };
    frame.extend([0; 4]);
    frame.extend(text.as_bytes());
    frame
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn put(&mut self, bytes: &[u8]) {
        self.0.get_mut().write_all(bytes).unwrap();
    }

    fn answered(&mut self) {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            assert_ne!(self.0.read_until(b'\n', &mut head).unwrap(), 0);
        }
        let head = String::from_utf8(head).unwrap().to_lowercase();
        assert!(head.starts_with("http/1.1 101"), "{head}");
        assert!(head.contains(&"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".to_lowercase()));
    }

    fn take(&mut self) -> (u8, Vec<u8>) {
        let mut head = [0; 2];
        self.0.read_exact(&mut head).unwrap();
        let length = match head[1] {
            126 => {
                let mut length = [0; 2];
                self.0.read_exact(&mut length).unwrap();
                u16::from_be_bytes(length).into()
            }
            length => u64::from(length),
        };
        let mut payload = Vec::new();
        (&mut self.0)
            .take(length)
            .read_to_end(&mut payload)
            .unwrap();
        (head[0], payload)
    }

    fn text(&mut self) -> String {
        let (kind, payload) = self.take();
        assert_eq!(kind, 0x81);
        String::from_utf8(payload).unwrap()
    }
}

#[test]
fn a_text_goes_to_everybody_in_its_room_and_to_nobody_else() {
    for words in SERVERS {
        let server = Server::start(words);
        let mut a = server.client("1");
        let mut b = server.client("1");
        let mut other = server.client("2");
        a.put(&frame("hello"));
        assert_eq!((a.text(), b.text()), ("hello".into(), "hello".into()));
        other.put(&frame("elsewhere"));
        assert_eq!(other.text(), "elsewhere");
        // And it was the first that came there, so nothing of the other room did.
        a.put(&frame("again"));
        assert_eq!((a.text(), b.text()), ("again".into(), "again".into()));
    }
}

#[test]
fn bytes_may_come_one_by_one_and_many_frames_at_once() {
    for words in SERVERS {
        let server = Server::start(words);
        let mut a = server.dial();
        let text = "x".repeat(300);
        let bytes = [head("1").as_bytes(), &frame(&text)].concat();
        for byte in bytes {
            a.put(&[byte]);
        }
        a.answered();
        assert_eq!(a.text(), text);
        let numbers: Vec<String> = (0..100).map(|n| n.to_string()).collect();
        a.put(&numbers.iter().flat_map(|n| frame(n)).collect::<Vec<_>>());
        for n in numbers {
            assert_eq!(a.text(), n);
        }
    }
}

#[test]
fn a_large_room_is_told_all_and_in_order() {
    for words in SERVERS {
        let server = Server::start(words);
        let mut clients: Vec<_> = (0..300).map(|_| server.client("1")).collect();
        let said: Vec<String> = (0..20).map(|n| format!("text {n}")).collect();
        for text in &said {
            clients[0].put(&frame(text));
        }
        for client in &mut clients {
            for text in &said {
                assert_eq!(&client.text(), text);
            }
        }
    }
}

#[test]
fn pings_are_answered_and_who_says_goodbye_is_let_go() {
    for words in SERVERS {
        let server = Server::start(words);
        let mut a = server.client("1");
        a.put(&[0x89, 0x82, 0, 0, 0, 0, b'h', b'i']);
        assert_eq!(a.take(), (0x8a, b"hi".to_vec()));
        let gone = server.client("1");
        drop(gone);
        a.put(&frame("still here"));
        assert_eq!(a.text(), "still here");
    }
}

#[test]
fn a_close_is_answered_and_nonsense_ends_a_connection() {
    let server = Server::start(&[FLOOR]);
    let mut a = server.client("1");
    a.put(&[0x88, 0x80, 0, 0, 0, 0]);
    assert_eq!(a.take(), (0x88, Vec::new()));
    assert_eq!(a.0.read(&mut [0; 8]).unwrap(), 0);
    let mut unmasked = server.client("1");
    unmasked.put(&[0x81, 1, b'x']);
    assert_eq!(unmasked.0.read(&mut [0; 8]).unwrap(), 0);
    let mut no_websocket = server.dial();
    no_websocket.put(b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(no_websocket.0.read(&mut [0; 8]).unwrap(), 0);
    // The place of each was given back: others go on.
    let mut b = server.client("1");
    b.put(&frame("on"));
    assert_eq!(b.text(), "on");
}

#[test]
fn who_stops_reading_is_cut_off_and_holds_nobody_up() {
    for words in [&[FLOOR][..], &[FLOOR, "--coalesce"]] {
        let server = Server::start(words);
        let stuck = server.client("1");
        let mut a = server.client("1");
        assert_eq!(server.n_sockets(), 3, "the listener and two clients");
        let text = "x".repeat(60_000);
        for n in 0.. {
            a.put(&frame(&text));
            assert_eq!(a.text(), text);
            if server.n_sockets() == 2 {
                break;
            }
            // A hundred megabytes are beyond all that the kernel and the server keep for one.
            assert!(n < 2000, "nobody was cut off");
        }
        drop(stuck);
        a.put(&frame("on"));
        assert_eq!(a.text(), "on");
    }
}
