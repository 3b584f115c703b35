//! Socket.IO: namespaces, events, acknowledgements both ways, attachments, over both transports.

use crate::client::{Polling, Ws, suites};

const PATH: &str = "/socket.io/";

/// A WebSocket in the namespace `/`.
async fn connected() -> Ws {
    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.send("40").await;
    ws.message(r#"42["auth""#).await;
    ws
}

#[tokio::test]
async fn clients_are_let_into_namespaces() {
    let mut ws = Ws::open(suites(), PATH, "").await;
    ws.send(r#"40{"token":"123"}"#).await;
    assert!(ws.message("40").await.contains(r#"{"sid":""#));
    assert_eq!(ws.message("42").await, r#"42["auth",{"token":"123"}]"#);
    ws.send("40/custom,").await;
    assert!(ws.message("40/custom,").await.contains(r#"{"sid":""#));
    assert_eq!(ws.message("42").await, r#"42/custom,["auth",{}]"#);
    ws.send("40/random").await;
    let told = r#"44/random,{"message":"Invalid namespace"}"#;
    assert_eq!(ws.message("44").await, told);
    ws.send("41/custom").await;
    ws.send(r#"42["message","still here"]"#).await;
    assert_eq!(ws.message("42").await, r#"42["message-back","still here"]"#);
}

#[tokio::test]
async fn the_same_by_polling() {
    let polling = Polling::open(suites(), PATH, "").await;
    assert_eq!(polling.post(r#"40{"token":"123"}"#).await, 200);
    let first = polling.packets().await.unwrap();
    assert!(
        first[0].starts_with(r#"40{"sid":""#),
        "the first: {first:?}"
    );
    let packet = "452-[\"message\",{\"_placeholder\":true,\"num\":0},{\"_placeholder\":true,\"num\":1}]\u{1e}bAQI=\u{1e}bAw==";
    assert_eq!(polling.post(packet).await, 200);
    let back = loop {
        let packets = polling.packets().await.unwrap();
        if packets != ["2"] {
            break packets;
        }
        assert_eq!(polling.post("3").await, 200);
    };
    let back: Vec<_> = back
        .into_iter()
        .filter(|packet| packet != "2" && !packet.contains("auth"))
        .collect();
    assert_eq!(
        back[0],
        packet
            .split('\u{1e}')
            .next()
            .unwrap()
            .replace("\"message\"", "\"message-back\"")
    );
    assert_eq!(back[1..], ["bAQI=", "bAw=="]);
    assert_eq!(polling.post("427[\"message-with-ack\",1]").await, 200);
    assert_eq!(polling.packet("43").await, "437[1]");
}

#[tokio::test]
async fn acknowledgements_go_both_ways() {
    let mut ws = connected().await;
    ws.send(r#"42456["message-with-ack",1,"2",{"3":[false]}]"#)
        .await;
    assert_eq!(ws.message("43").await, r#"43456[1,"2",{"3":[false]}]"#);
    ws.send(r#"42["ask"]"#).await;
    assert_eq!(ws.message("42").await, r#"4242["question",6,7]"#);
    ws.send("4342[42]").await;
    assert_eq!(ws.message("42").await, r#"42["answered",42,[42]]"#);
}

#[tokio::test]
async fn attachments_go_there_and_back() {
    let mut ws = connected().await;
    let places = r#"{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}"#;
    ws.send(&format!(r#"452-789["message-with-ack",{places}]"#))
        .await;
    ws.send_bytes(&[1, 2, 3]).await;
    ws.send_bytes(&[4]).await;
    assert_eq!(ws.message("46").await, format!("462-789[{places}]"));
    assert_eq!(ws.message("b").await, r#"b"\x01\x02\x03""#);
    assert_eq!(ws.message("b").await, r#"b"\x04""#);
}

#[tokio::test]
async fn what_breaks_the_protocol_closes_the_connection() {
    for packet in [
        "4abc",
        "42{}",
        r#"42abc["message-with-ack",1]"#,
        "40",
        "44{}",
        r#"42/custom,["a"]"#,
    ] {
        let mut ws = connected().await;
        ws.send(packet).await;
        ws.closed().await;
    }
    let mut ws = connected().await;
    ws.send_bytes(&[1]).await;
    ws.closed().await;
}

#[tokio::test]
async fn whoever_enters_no_namespace_is_sent_away() {
    let mut ws = Ws::open(suites(), PATH, "").await;
    loop {
        match ws.try_read().await.as_deref() {
            Some("2") => ws.send("3").await,
            Some(_) => {}
            None => break,
        }
    }
}
