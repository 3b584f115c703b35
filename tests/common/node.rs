//! The real binary, on a free port and a folder of its own.

use std::{
    fs,
    io::{BufRead, BufReader},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
    thread::JoinHandle,
};

use parlour::dialects::Dialect;
use tempfile::TempDir;
use tokio::sync::oneshot;

use super::{SECRET, until, within};

/// A running node; or, between [`kill`](Self::kill) and [`start_again`](Self::start_again), what is left of one.
#[derive(Debug)]
pub(crate) struct Node {
    running: Option<Running>,
    folder: TempDir,
    flags: Vec<String>,
    log: Arc<Mutex<String>>,
    printed: Arc<Mutex<String>>,
}

#[derive(Debug)]
struct Running {
    child: Child,
    address: SocketAddr,
    readers: Vec<JoinHandle<()>>,
}

/// How a node is told to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Signal {
    Terminate,
    Interrupt,
}

impl Node {
    /// Starts a node with flags beside the usual ones, and waits until it listens.
    pub(crate) async fn start(flags: &[&str]) -> Self {
        Self::start_under(&[], flags).await
    }

    /// The same, with a command in front of it, such as `strace`.
    pub(crate) async fn start_under(wrapper: &[&str], flags: &[&str]) -> Self {
        let mut node = Self {
            running: None,
            folder: TempDir::new().expect("a temporary folder"),
            flags: flags.iter().map(ToString::to_string).collect(),
            log: Arc::default(),
            printed: Arc::default(),
        };
        node.start_again_under(wrapper).await;
        node
    }

    /// Gives it more flags from its next start on.
    pub(crate) fn add_flags(&mut self, flags: &[&str]) {
        self.flags.extend(flags.iter().map(ToString::to_string));
    }

    /// Starts it on the same data once more. The port is another one.
    pub(crate) async fn start_again(&mut self) {
        self.start_again_under(&[]).await;
    }

    /// The same, with a command in front of it.
    pub(crate) async fn start_again_under(&mut self, wrapper: &[&str]) {
        if let Err(status) = self.try_start_again_under(wrapper).await {
            panic!("the node did not start: {status}\n{}", self.log());
        }
    }

    /// The same, where it may end before it listens.
    pub(crate) async fn try_start_again_under(
        &mut self,
        wrapper: &[&str],
    ) -> Result<(), ExitStatus> {
        assert!(self.running.is_none(), "it runs already");
        let binary = env!("CARGO_BIN_EXE_parlour");
        let data = self.data();
        let data = data.to_str().expect("UTF-8");
        let fixed = ["run", "--listen", "127.0.0.1:0", "--data", data];
        let mut words = wrapper.iter().copied().chain([binary]).chain(fixed);
        let mut child = Command::new(words.next().expect("the binary at least"))
            .args(words)
            .args(&self.flags)
            .env_clear()
            .env("JWT_SECRET", SECRET)
            // All clients of the tests come from one address.
            .env("PARLOUR_SESSION_HANDSHAKES_PER_IP", "1000000")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let (found, address) = oneshot::channel();
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        let stderr = BufReader::new(child.stderr.take().expect("piped"));
        self.printed.lock().expect("no reader panics").clear();
        let printed = Arc::clone(&self.printed);
        let log = Arc::clone(&self.log);
        let readers = vec![
            std::thread::spawn(move || find_address(stdout, found, &printed)),
            std::thread::spawn(move || {
                for line in stderr.lines().map_while(Result::ok) {
                    *log.lock().expect("no reader panics") += &(line + "\n");
                }
            }),
        ];
        let address = within("address of the node", address).await;
        let Ok(address) = address else {
            return Err(child.wait().expect("it is ours"));
        };
        self.running = Some(Running {
            child,
            address,
            readers,
        });
        Ok(())
    }

    fn running(&self) -> &Running {
        self.running.as_ref().expect("the node runs")
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.running().address
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.running().child.id()
    }

    /// The address of one of its resources.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address())
    }

    /// Its data folder.
    pub(crate) fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// A folder that is there as long as the node, for what belongs to the test.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// What it logged so far, over all of its starts.
    pub(crate) fn log(&self) -> String {
        self.log.lock().expect("no reader panics").clone()
    }

    /// Waits for a line that it prints at its start, and gives what `wanted` finds in it.
    pub(crate) async fn printed<T>(&self, wanted: impl Fn(&str) -> Option<T>) -> T {
        until("line on standard output", async || {
            let printed = self.printed.lock().expect("no reader panics");
            printed.lines().find_map(&wanted)
        })
        .await
    }

    /// Where it listens for a dialect.
    pub(crate) async fn listener(&self, dialect: Dialect) -> SocketAddr {
        self.printed(|line| {
            let (name, address) = line.trim_start().split_once(" http://")?;
            let address = (name.trim_end() == dialect.name()).then_some(address)?;
            Some(address.parse().expect("an address"))
        })
        .await
    }

    /// Ends it with SIGKILL, in the middle of whatever it is doing.
    pub(crate) fn kill(&mut self) {
        let mut running = self.running.take().expect("the node runs");
        running.child.kill().expect("it is ours");
        running.child.wait().expect("it is ours");
        running.join_readers();
    }

    /// Sends it a signal, and doesn't wait.
    pub(crate) fn signal(&self, signal: Signal) {
        let name = match signal {
            Signal::Terminate => "TERM",
            Signal::Interrupt => "INT",
        };
        // The shell's own `kill`: there is no safe call for it in std, and no need of a crate.
        let command = format!("kill -{name} {}", self.pid());
        let sent = Command::new("sh").args(["-c", &command]).status();
        assert!(sent.expect("a shell").success(), "{command}");
    }

    /// Waits until it ends by itself.
    pub(crate) async fn ended(&mut self) -> ExitStatus {
        let running = self.running.as_mut().expect("the node runs");
        let status = until("end of the node", async || {
            running.child.try_wait().expect("it is ours")
        })
        .await;
        self.running.take().expect("still there").join_readers();
        status
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        let running = self.running.as_mut().expect("the node runs");
        running.child.try_wait().expect("it is ours").is_some()
    }

    /// Its resident memory, in bytes.
    pub(crate) fn resident_bytes(&self) -> u64 {
        let path = format!("/proc/{}/status", self.pid());
        let status = fs::read_to_string(path).expect("a running process");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|rest| rest.split_whitespace().next());
        1024 * kib
            .and_then(|kib| kib.parse::<u64>().ok())
            .expect("a number")
    }

    /// One of its metrics.
    pub(crate) async fn metric(&self, name: &str) -> u64 {
        let answer = reqwest::get(self.url("/metrics")).await.expect("an answer");
        let text = answer.text().await.expect("text");
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        let number = line.and_then(|number| number.parse().ok());
        number.unwrap_or_else(|| panic!("no metric {name} in\n{text}"))
    }

    /// Waits until one of its metrics has a value.
    pub(crate) async fn metric_becomes(&self, name: &str, wanted: impl Fn(u64) -> bool) {
        until(&format!("{name} as wanted"), async || {
            wanted(self.metric(name).await).then_some(())
        })
        .await;
    }
}

impl Running {
    /// Its pipes are closed by now.
    fn join_readers(self) {
        for reader in self.readers {
            reader.join().expect("a reader does not panic");
        }
    }
}

impl Drop for Node {
    /// G10 for every test: whatever was done to it, no part of the node panicked.
    fn drop(&mut self) {
        if let Some(mut running) = self.running.take() {
            let _has_ended = running.child.kill();
            let _is_ours = running.child.wait();
            running.join_readers();
        }
        let log = self.log();
        if std::thread::panicking() {
            eprintln!("--- log of the node ---\n{log}--- end of the log ---");
        } else {
            assert!(!log.contains("panicked"), "the node panicked:\n{log}");
        }
    }
}

/// Finds the address in what the node prints at its start, and reads on so that it never blocks on us.
fn find_address(stdout: impl BufRead, found: oneshot::Sender<SocketAddr>, printed: &Mutex<String>) {
    let mut found = Some(found);
    for line in stdout.lines().map_while(Result::ok) {
        *printed.lock().expect("no reader panics") += &format!("{line}\n");
        let address = line.split("http://").nth(1).and_then(|rest| {
            let end = rest.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ':'));
            rest[..end.unwrap_or(rest.len())].parse().ok()
        });
        if let Some((address, found)) = address.and_then(|address| Some((address, found.take()?))) {
            let _test_is_over = found.send(address);
        }
    }
}
