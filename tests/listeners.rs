//! Listeners of their own for dialects (CONTRACT B-1, C-02, C-32; S0-14, S3-10, S4-11, S4-33): the real binary
//! listens on them, says so, serves every route there, and says which flag to change when it can't.

mod common;

use std::net::TcpListener;

use common::{Node, SECRET, token, within};
use parlour::dialects::Dialect;

/// The four on free ports, one by its port alone.
const FOUR: [&str; 6] = [
    "--listen-dialect",
    "dating=127.0.0.1:0",
    "--listen-dialect",
    "gateway=127.0.0.1:0,marketplace=127.0.0.1:0",
    "--listen-dialect",
    "direct=0",
];

#[tokio::test]
async fn every_listener_is_announced_and_serves_every_route() {
    let node = Node::start(&FOUR).await;
    let mut ports = vec![node.address().port()];
    for dialect in [
        Dialect::Dating,
        Dialect::Gateway,
        Dialect::Marketplace,
        Dialect::Direct,
    ] {
        let address = node.listener(dialect).await;
        assert!(!ports.contains(&address.port()), "{address} twice");
        ports.push(address.port());
        for path in ["/readyz", "/v1/conversations"] {
            let request = reqwest::Client::new()
                .get(format!("http://{address}{path}"))
                .bearer_auth(token("ada"));
            let answer = within("an answer", request.send()).await.unwrap();
            assert_eq!(answer.status(), 200, "{dialect}: {path}");
        }
        let line = format!("listening address={address} dialect={dialect} ");
        assert!(node.log().contains(&line), "no {line:?} in\n{}", node.log());
    }
}

#[tokio::test]
async fn a_node_with_a_listener_for_direct_prints_the_lines_its_people_wait_for() {
    let node = Node::start(&["--listen-dialect=direct=0"]).await;
    let port = node.listener(Dialect::Direct).await.port();
    let last = format!("Server running on port {port}");
    node.printed(|line| (line == last).then_some(())).await;
    let lines = ["Database connected successfully", "Database synchronized"];
    for line in lines {
        node.printed(|printed| (printed == line).then_some(()))
            .await;
    }

    let node = Node::start(&["--socketio-dialect=direct"]).await;
    let last = format!("Server running on port {}", node.address().port());
    node.printed(|line| (line == last).then_some(())).await;
}

#[tokio::test]
async fn each_preset_starts() {
    for dialect in Dialect::ALL {
        if *dialect == Dialect::Native {
            continue;
        }
        let file = format!("{}/flags/{dialect}.flags", env!("CARGO_MANIFEST_DIR"));
        // Its own port may be taken on this machine.
        let port = format!("--listen-dialect={dialect}=0");
        let node = Node::start(&["--dev", "--flagfile", &file, &port]).await;
        let address = node.listener(*dialect).await;
        let answer = reqwest::get(format!("http://{address}/readyz")).await;
        assert_eq!(answer.unwrap().status(), 200, "{dialect}");
    }
}

#[test]
fn a_taken_port_is_an_error_that_names_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let folder = tempfile::TempDir::new().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_parlour"))
        .args(["run", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .arg(format!("--listen-dialect=gateway={address}"))
        .env_clear()
        .env("JWT_SECRET", SECRET)
        .output()
        .unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    let expected = format!(
        "can't listen on {address} for gateway; is another program there? choose with --listen-dialect"
    );
    assert!(message.contains(&expected), "{message}");
    assert_eq!(output.status.code(), Some(69));
}
