//! The stock client of Socket.IO, run by Node and driven from here.

use std::{
    collections::VecDeque,
    fs,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, Command, Stdio},
};

use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{Node, token, within};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients");

/// The stock client that people install now.
pub(crate) const NEWEST: &str = "socket.io-client";

/// The last one that knew nothing of going on after a drop.
pub(crate) const OLD: &str = "socket.io-client-4-5";

/// A program that Node runs: its standard input, and the lines of its output.
#[derive(Debug)]
pub(crate) struct Script {
    child: Child,
    input: Option<ChildStdin>,
    lines: mpsc::UnboundedReceiver<String>,
}

impl Script {
    /// Runs a file of the folder `clients`. `None`: there is no Node, which is said aloud; with `CI` set it is an error.
    pub(crate) fn run(file: &str, arguments: &[&str]) -> Option<Self> {
        Self::run_in(Path::new(FOLDER), file, arguments)
    }

    /// Runs a file of a folder that has a lock file of its own, likewise.
    pub(crate) fn run_in(folder: &Path, file: &str, arguments: &[&str]) -> Option<Self> {
        Self::start(folder, &[&[file], arguments].concat())
    }

    /// Runs a module given as text.
    pub(crate) fn run_module(text: &str) -> Option<Self> {
        let mut script = Self::start(Path::new(FOLDER), &["--input-type=module", "-"])?;
        script.write(text);
        script.input = None;
        Some(script)
    }

    fn start(folder: &Path, arguments: &[&str]) -> Option<Self> {
        if !node_is_there() {
            return None;
        }
        install(folder);
        let mut child = Command::new("node")
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node starts");
        let output = BufReader::new(child.stdout.take().expect("piped"));
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _nobody_reads_on = sender.send(line);
            }
        });
        Some(Self {
            input: child.stdin.take(),
            child,
            lines,
        })
    }

    fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("open until it is closed");
        input.write_all(text.as_bytes()).expect("node reads");
        input.flush().expect("node reads");
    }

    /// The next line that it prints.
    pub(crate) async fn line(&mut self) -> String {
        let line = within("line of the script", self.lines.recv()).await;
        line.expect("the script goes on")
    }
}

impl Drop for Script {
    fn drop(&mut self) {
        let _has_ended = self.child.kill();
        let _is_ours = self.child.wait();
    }
}

/// Whether there is Node. If not, what needs it is skipped, but not in CI.
pub(crate) fn node_is_there() -> bool {
    let version = Command::new("node").arg("--version").output();
    if version.is_ok_and(|output| output.status.success()) {
        return true;
    }
    #[expect(clippy::disallowed_methods, reason = "what CI sets is no option")]
    let ci = std::env::var("CI").is_ok();
    assert!(!ci, "node is not installed, and CI needs it");
    eprintln!("SKIPPED: node is not installed, and what this test talks with runs on it");
    false
}

/// Installs what a lock file says if that wasn't done yet, one test at a time.
fn install(folder: &Path) {
    let lock = Path::new(env!("CARGO_TARGET_TMPDIR")).join("npm-ci.lock");
    let lock = fs::File::create(lock).expect("a folder of the build's");
    lock.lock().expect("a lock");
    let changed = |path: &str| {
        let metadata = fs::metadata(folder.join(path));
        metadata.and_then(|metadata| metadata.modified()).ok()
    };
    if changed("node_modules/.package-lock.json") >= changed("package-lock.json") {
        return;
    }
    let installed = Command::new("npm")
        .args(["ci", "--no-audit", "--no-fund", "--loglevel=error"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .status();
    assert!(installed.expect("npm comes with node").success(), "npm ci");
}

/// A stock client.
#[derive(Debug)]
pub(crate) struct Stock {
    script: Script,
    /// Objects that came and were not taken.
    untaken: VecDeque<Value>,
    n_asked: u64,
}

impl Stock {
    /// Connects somebody with a token of theirs, and waits until it is. `None`: there is no Node.
    pub(crate) async fn connect(node: &Node, user: &str, options: Value) -> Option<Self> {
        Self::connect_with(node, &token(user), options).await
    }

    /// Connects with any token that is good, and waits until it is. `None`: there is no Node.
    pub(crate) async fn connect_with(node: &Node, token: &str, options: Value) -> Option<Self> {
        let mut client = Self::dial(node, token, options)?;
        client.take("connect").await;
        Some(client)
    }

    /// Connects, and waits for nothing.
    pub(crate) fn dial(node: &Node, token: &str, options: Value) -> Option<Self> {
        Self::dial_at(&node.url(""), token, options, NEWEST)
    }

    /// The same to any address, such as that of a proxy, with one of the versions that `package.json` names.
    pub(crate) fn dial_at(
        url: &str,
        token: &str,
        mut options: Value,
        version: &str,
    ) -> Option<Self> {
        options["auth"]["token"] = token.into();
        let script = Script::run("bridge.mjs", &[url, &options.to_string(), version])?;
        Some(Self {
            script,
            untaken: VecDeque::new(),
            n_asked: 0,
        })
    }

    /// Emits an event.
    pub(crate) fn emit(&mut self, event: &str, payload: Value) {
        self.command(&json!({ "emit": [event, payload] }));
    }

    /// Emits an event and waits for its acknowledgement.
    pub(crate) async fn ask(&mut self, event: &str, payload: Value) -> Value {
        self.n_asked += 1;
        let ack = self.n_asked;
        self.command(&json!({ "emit": [event, payload], "ack": ack }));
        let what = format!("acknowledgement of {event}");
        let mut answer = self.take_where(&what, |told| told["ack"] == ack).await;
        answer["answer"].take()
    }

    /// Cuts the connection, as a bad network does. The client comes back by itself.
    pub(crate) fn cut(&mut self) {
        self.command(&json!({ "cut": true }));
    }

    fn command(&mut self, command: &Value) {
        self.script.write(&format!("{command}\n"));
    }

    /// Takes the first thing of a kind that it tells: `connect`, `refused` or `disconnect`.
    pub(crate) async fn take(&mut self, kind: &str) -> Value {
        let mut told = self.take_where(kind, |told| told.get(kind).is_some()).await;
        told[kind].take()
    }

    /// Takes the next thing that it tells.
    pub(crate) async fn next(&mut self) -> Value {
        self.take_where("line", |_| true).await
    }

    /// Takes the next event, whatever it is: its name, and all of its arguments.
    pub(crate) async fn told(&mut self) -> (String, Vec<Value>) {
        let mut told = self
            .take_where("event", |told| told.get("event").is_some())
            .await;
        let name = told["event"].as_str().expect("a name").to_owned();
        let Value::Array(arguments) = told["args"].take() else {
            panic!("no list of arguments: {told}");
        };
        (name, arguments)
    }

    /// Shows another token from the next connection on.
    pub(crate) fn show(&mut self, token: &str) {
        self.command(&json!({ "token": token }));
    }

    /// Takes the first event of a name: the first argument of its.
    pub(crate) async fn event(&mut self, name: &str) -> Value {
        self.event_where(name, |_| true).await
    }

    /// Takes the first event of a name whose first argument fits.
    pub(crate) async fn event_where(&mut self, name: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let is_it = |told: &Value| told["event"] == name && fits(&told["args"][0]);
        self.take_where(name, is_it).await["args"][0].take()
    }

    async fn take_where(&mut self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        if let Some(at) = self.untaken.iter().position(&fits) {
            return self.untaken.remove(at).expect("found");
        }
        let read = async {
            loop {
                let line = self.script.lines.recv().await;
                let line = line.expect("the script goes on");
                let told = serde_json::from_str(&line).expect("JSON");
                if fits(&told) {
                    return told;
                }
                self.untaken.push_back(told);
            }
        };
        within(what, read).await
    }

    /// Forgets what came and was not taken.
    pub(crate) fn forget(&mut self) {
        self.untaken.clear();
    }

    /// The names of the events that came and were not taken.
    pub(crate) fn untaken(&self) -> Vec<&str> {
        let names = self
            .untaken
            .iter()
            .filter_map(|told| told["event"].as_str());
        names.collect()
    }
}
