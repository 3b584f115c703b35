//! What is left of an index that was cut off: killed at each step of a commit, or taken away.

use std::{
    fs,
    os::unix::process::ExitStatusExt as _,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::{Value, json};

use crate::{
    FREELY,
    common::{Node, Rest, Trace, token_with},
    direct, found, indexed, send,
};

fn parlour(node: &Node, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_parlour"))
        .args(words)
        .arg("--data")
        .arg(node.data())
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn report(node: &Node) -> Value {
    let output = parlour(node, &["index", "check", "--json"]);
    let err = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{err}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Where a node under strace is killed: at the nth call of a name, of those that concern a path if there is one.
struct At<'a> {
    call: &'a str,
    of: Option<&'a Path>,
    n: usize,
}

impl At<'_> {
    /// Says things until the node is killed, which it is by nobody else. Returns the call that it didn't live to see.
    async fn kill(&self, node: &mut Node, conversation: &str) -> String {
        node.kill();
        let output = node.folder().join("trace");
        let inject = format!("inject={}:signal=SIGKILL:when={}", self.call, self.n);
        let trace = format!("trace={}", self.call);
        let mut more = vec!["-e", &trace, "-e", &inject];
        if let Some(path) = self.of {
            more.extend(["-P", path.to_str().unwrap()]);
        }
        let wrapper = Trace::wrapper(output.to_str().unwrap(), &more);
        let status = match node.try_start_again_under(&wrapper).await {
            // It tidies up after the last kill before it listens.
            Err(status) => status,
            Ok(()) => {
                let ann = Rest::new(node, "ann");
                let mut n = 0;
                while !node.has_ended() {
                    n += 1;
                    say_and_unsay(&ann, conversation, n).await;
                }
                node.ended().await
            }
        };
        assert_eq!(status.signal(), Some(9), "{}", node.log());
        let trace = fs::read_to_string(&output).unwrap();
        let begins = format!(" {}(", self.call);
        let cut_off = trace.lines().rfind(|line| line.contains(&begins));
        cut_off.unwrap().to_owned()
    }
}

/// Says two things and takes one of them back, if the node lives so long.
async fn say_and_unsay(ann: &Rest, conversation: &str, n: usize) {
    let path = format!("/v1/conversations/{conversation}/messages");
    for word in ["kraken", "unsaid"] {
        let text = json!({ "text": format!("{word} {n}") });
        let sent = ann.request(reqwest::Method::POST, &path).json(&text);
        let Ok(sent) = sent.send().await else { return };
        let Ok(sent) = sent.json::<Value>().await else {
            return;
        };
        if word == "unsaid" {
            let path = format!("/v1/messages/{}", sent["message"]["id"].as_str().unwrap());
            // It may be gone by now.
            let _answer = ann.request(reqwest::Method::DELETE, &path).send().await;
        }
    }
}

/// Everything that is there is found once, and nothing else.
async fn is_right(node: &Node, conversation: &str) {
    indexed(node).await;
    let bob = Rest::new(node, "bob");
    let history = bob.history(conversation).await;
    for word in ["kraken", "unsaid"] {
        let stored = history.iter().filter(|message| {
            let text = message["text"].as_str();
            text.is_some_and(|text| text.starts_with(word))
        });
        let hits = found(&bob, &format!("query={word}")).await;
        assert_eq!(hits["total"], stored.count(), "{word}");
    }
    assert!(!history.is_empty());
    assert_eq!(found(&bob, "query=erased").await["total"], 0);
}

/// What a commit does on the disk, in its order: `.managed.json` says which files are about to be there, they are
/// written, the folder is synced, and with the new `meta.json` it is done; then old files go, and `.managed.json` says so.
/// The node dies instead of each of these calls, in one commit after the other.
#[actix_web::test]
async fn the_index_survives_kill_9_at_every_step_of_a_commit() {
    let mut node = Node::start(&FREELY).await;
    let ann = Rest::new(&node, "ann");
    let chat = direct(&ann, "bob").await;
    // Somebody whose words must not come back.
    let eve = Rest::new(&node, "eve");
    let other = direct(&eve, "bob").await;
    send(&eve, &other, "erased").await;
    let root = token_with("root", |claims| claims.role = Some("admin".to_owned()));
    let erased = Rest::with_token(&node, &root);
    let path = "/v1/moderation/users/eve/erase";
    erased.post(path, Value::Null).await.ok();
    send(&ann, &chat, "kraken").await;
    indexed(&node).await;

    let folder = node.data().join("search");
    let mut cut_off = Vec::new();
    // The store's own files get their names by another call.
    let renamed = (1..=8).map(|n| At {
        call: "renameat",
        of: None,
        n,
    });
    let synced = (1..=3).map(|n| At {
        call: "fdatasync",
        of: Some(&folder),
        n,
    });
    for at in renamed.chain(synced) {
        cut_off.push(at.kill(&mut node, &chat).await);
        node.start_again().await;
        is_right(&node, &chat).await;
    }
    for step in ["/.managed.json", "/meta.json", "/search>"] {
        let hit = cut_off.iter().any(|call| call.contains(step));
        assert!(hit, "{step} is not in {cut_off:#?}");
    }
    node.kill();
    let report = report(&node);
    assert_eq!([&report["wrong"], &report["surplus"]], [0, 0], "{report}");
}

#[actix_web::test]
async fn an_index_is_rebuilt_from_the_messages() {
    let mut node = Node::start(&FREELY).await;
    let ann = Rest::new(&node, "ann");
    let chat = direct(&ann, "bob").await;
    for n in 0..5 {
        send(&ann, &chat, &format!("heron {n}")).await;
    }
    node.kill();
    let rebuilt = parlour(&node, &["index", "rebuild"]);
    assert_eq!(
        String::from_utf8_lossy(&rebuilt.stdout),
        "5 messages can be found\n"
    );
    assert_eq!(report(&node)["messages"], 5);
    // Gone with its folder, it comes back by itself.
    std::fs::remove_dir_all(node.data().join("search")).unwrap();
    node.start_again().await;
    indexed(&node).await;
    let ann = Rest::new(&node, "ann");
    assert_eq!(found(&ann, "query=heron").await["total"], 5);
    let nothing = tempfile::tempdir().unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_parlour"))
        .args(["index", "check", "--data"])
        .arg(nothing.path())
        .env_clear()
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(69));
}
