//! `gateway` (CONTRACT S3): the sample requests of the seed and its client as written, then groups.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    common::{Client, Node, Rest, Script, Stock},
    people::{is_moment, names, person, token_of},
};

/// The id that is the same as a number, as this dialect prints it.
fn is_uuid(value: &Value) -> bool {
    value
        .as_str()
        .is_some_and(|text| text.len() == 36 && text.as_bytes()[14] == b'8')
}

/// Opens the direct conversation of two, and returns its id.
async fn open(rest: &Rest, participants: Value) -> String {
    let body = json!({ "participantIds": participants, "type": "DIRECT" });
    let opened = rest.post("/api/messages/conversations", body).await.ok();
    opened["data"]["id"].as_str().unwrap().to_owned()
}

fn profile(user: &str, name: &str) -> Value {
    json!({
        "id": user, "fullName": name, "profilePhoto": format!("https://pictures.test/{name}.jpg"),
    })
}

/// S3-01, S3-02, S3-06, S3-08, C-15: conversations are opened and listed as in the seed.
#[actix_web::test]
async fn conversations_are_as_in_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "ann", "Ann"), person(&node, "bob", "Bob"));
    bob.get("/api/messages/conversations").await.ok();
    let body = json!({ "participantIds": ["ann", "bob"], "type": "DIRECT" });
    let answer = ann.post("/api/messages/conversations", body.clone()).await;
    assert_eq!(answer.status, 201);
    let opened = &answer.body["data"];
    let id = opened["id"].as_str().unwrap();
    let expected = json!({
        "success": true,
        "message": "Conversation created",
        "data": {
            "id": id,
            "type": "DIRECT",
            "name": null,
            "participants": [profile("ann", "Ann"), profile("bob", "Bob")],
            "lastMessage": null,
            "unreadCount": 0,
            "createdAt": opened["createdAt"],
        },
    });
    assert_eq!(answer.body, expected);
    assert!(is_uuid(&opened["id"]) && is_moment(&opened["createdAt"]));
    let again = bob.post("/api/messages/conversations", body).await;
    assert_eq!((again.status, &again.body["data"]["id"]), (200, &json!(id)));

    let path = format!("/api/messages/conversations/{id}/messages");
    bob.post(&path, json!({ "content": "Hello! How are you?" }))
        .await
        .ok();
    let list = ann
        .get("/api/messages/conversations?page=1&limit=20")
        .await
        .ok();
    let conversation = &list["data"][0];
    let mut other = profile("bob", "Bob");
    other["isOnline"] = false.into();
    other["lastSeen"] = Value::Null;
    assert_eq!(
        conversation["participants"],
        json!([other]),
        "the other one alone"
    );
    let last = &conversation["lastMessage"];
    assert_eq!(
        (&last["content"], &last["senderId"]),
        (&json!("Hello! How are you?"), &json!("bob"))
    );
    assert_eq!(conversation["unreadCount"], 1);
    assert!(is_moment(&conversation["updatedAt"]));
    let meta = json!({ "page": 1, "limit": 20, "total": 1, "totalPages": 1 });
    assert_eq!(list["meta"], meta);
    for (search, total) in [("bo", 1), ("nobody", 0)] {
        let path = format!("/api/messages/conversations?search={search}");
        assert_eq!(ann.get(&path).await.ok()["meta"]["total"], total);
    }
}

/// S3-03, S3-04, S3-07, S3-08, C-16: history as in the seed; `before` is for paging.
#[actix_web::test]
async fn history_is_as_in_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "ann", "Ann"), person(&node, "bob", "Bob"));
    let id = open(&ann, json!(["bob"])).await;
    let path = format!("/api/messages/conversations/{id}/messages");
    let body = json!({ "content": "Hello! How are you?", "type": "TEXT" });
    let answer = ann.post(&path, body).await;
    assert_eq!(answer.status, 201);
    let sent = &answer.body["data"];
    let expected = json!({
        "id": sent["id"],
        "conversationId": id,
        "senderId": "ann",
        "content": "Hello! How are you?",
        "type": "TEXT",
        "attachments": [],
        "createdAt": sent["createdAt"],
    });
    assert_eq!(*sent, expected);
    bob.post(
        &path,
        json!({ "content": "I'm good, thanks!", "type": "IMAGE" }),
    )
    .await
    .ok();
    let read = format!("/v1/conversations/{}/read", number(&ann, &id).await);
    bob.post(&read, json!({ "seq": 1 })).await.ok();

    let page = ann.get(&path).await.ok();
    let [first, second] = &page["data"].as_array().unwrap()[..] else {
        panic!("{page}")
    };
    let expected = json!({
        "id": sent["id"],
        "conversationId": id,
        "sender": profile("ann", "Ann"),
        "content": "Hello! How are you?",
        "type": "TEXT",
        "attachments": [],
        "readBy": ["ann", "bob"],
        "createdAt": sent["createdAt"],
        "updatedAt": sent["createdAt"],
    });
    assert_eq!(*first, expected);
    assert_eq!(
        (&second["type"], &second["readBy"]),
        (&json!("IMAGE"), &json!(["bob"]))
    );
    let meta = json!({ "page": 1, "limit": 50, "total": 2, "hasMore": false, "nextCursor": null });
    assert_eq!(page["meta"], meta);
    let newest = ann.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!(
        newest["data"][0]["id"], second["id"],
        "page 1 is the newest"
    );
    assert_eq!(newest["meta"]["hasMore"], true);
    let cursor = newest["meta"]["nextCursor"].as_str().unwrap();
    let rest = ann
        .get(&format!("{path}?limit=1&cursor={cursor}"))
        .await
        .ok();
    assert_eq!(rest["data"][0]["id"], first["id"]);
    let long_ago = ann
        .get(&format!("{path}?before=2025-12-11T10:30:00Z"))
        .await
        .ok();
    assert_eq!(
        (&long_ago["data"], &long_ago["meta"]["total"]),
        (&json!([]), &json!(2))
    );
}

/// The decimal spelling of a conversation's id.
async fn number(rest: &Rest, id: &str) -> String {
    let conversation = rest.get(&format!("/v1/conversations/{id}")).await.ok();
    let id = conversation["conversation"]["id"].as_str();
    id.unwrap_or_else(|| panic!("{conversation}")).to_owned()
}

/// S3-05, S3-08: messages are found in one conversation or all.
#[actix_web::test]
async fn messages_are_searched_as_in_the_seed() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "ann", "Ann"), person(&node, "bob", "Bob"));
    bob.get("/api/messages/conversations").await.ok();
    let (id, other) = (
        open(&ann, json!(["bob"])).await,
        open(&ann, json!(["cyd"])).await,
    );
    for (to, text) in [
        (&id, "Hello! How are you?"),
        (&other, "Hello!"),
        (&id, "Fine"),
    ] {
        let path = format!("/api/messages/conversations/{to}/messages");
        ann.post(&path, json!({ "content": text })).await.ok();
    }
    node.metric_becomes("parlour_search_behind", |behind| behind == 0)
        .await;
    let found = bob.get("/api/messages/search?query=hello").await.ok();
    let message = &found["data"][0];
    assert_eq!(found["meta"], json!({ "page": 1, "limit": 20, "total": 1 }));
    assert_eq!(found["data"].as_array().unwrap().len(), 1);
    assert_eq!(
        (
            &message["conversationId"],
            &message["sender"],
            &message["content"]
        ),
        (
            &json!(id),
            &profile("ann", "Ann"),
            &json!("Hello! How are you?")
        )
    );
    assert!(is_uuid(&message["id"]) && is_moment(&message["createdAt"]));
    let conversation = json!({
        "type": "DIRECT", "name": null, "participants": [profile("ann", "Ann"), profile("bob", "Bob")],
    });
    assert_eq!(message["conversation"], conversation);
    for (query, total) in [
        ("query=hello", 2),
        (&*format!("query=hello&conversationId={id}"), 1),
        ("query=hello&page=3&limit=1", 2),
        ("query=nothing", 0),
    ] {
        let found = ann.get(&format!("/api/messages/search?{query}")).await.ok();
        assert_eq!(found["meta"]["total"], total, "{query}");
    }
}

/// S3-01, S3-05, S3-24, S3-35: what is refused, and what comes later.
#[actix_web::test]
async fn refusals_say_why() {
    let node = Node::start(&[]).await;
    let (ann, eve) = (person(&node, "ann", "Ann"), person(&node, "eve", "Eve"));
    let id = open(&ann, json!(["bob"])).await;
    let conversations = "/api/messages/conversations";
    let path = format!("{conversations}/{id}/messages");
    let search = |query: &str| format!("/api/messages/search?{query}");
    let file = json!({ "content": "x", "attachments": [{ "id": "x" }] });
    for (status, answer) in [
        (
            400,
            ann.post(conversations, json!({ "type": "DIRECT" })).await,
        ),
        (
            400,
            ann.post(conversations, json!({ "participantIds": ["b", "c"] }))
                .await,
        ),
        (
            400,
            ann.post(
                conversations,
                json!({ "participantIds": ["b"], "type": "X" }),
            )
            .await,
        ),
        (400, ann.post(&path, json!({ "type": "TEXT" })).await),
        (
            400,
            ann.post(&path, json!({ "content": "x", "type": "SMELL" }))
                .await,
        ),
        (404, eve.post(&path, json!({ "content": "x" })).await),
        (404, eve.get(&path).await),
        (400, ann.post(&path, file).await),
        (400, ann.get(&search("page=1")).await),
        (
            404,
            eve.get(&search(&format!("query=x&conversationId={id}")))
                .await,
        ),
        (405, ann.ask(Method::PUT, &path, &Value::Null).await),
        (
            404,
            ann.get(&format!("{conversations}/nothing/messages")).await,
        ),
    ] {
        assert_eq!(answer.status, status, "{}", answer.body);
        assert_eq!(answer.body["success"], false);
    }
}

/// S3-10 to S3-19, S3-34: the seed's class `ChatService`, as written but for the address and the types, which Node
/// doesn't read.
#[actix_web::test]
async fn the_seeds_chat_service_runs_as_written() {
    let node = Node::start(&[]).await;
    let (ann, _bob) = (person(&node, "ann", "Ann"), person(&node, "bob", "Bob"));
    let id = open(&ann, json!(["bob"])).await;
    let class = include_str!("../clients/chat_service.ts")
        .replace("http://localhost:4000", &node.url(""))
        .replace("private ", "")
        .replace(": string", "");
    let play = r#"
        class App extends ChatService {
            constructor(token) {
                super(token);
                this.heard = [];
                this.waiting = [];
            }
            told(...words) {
                this.heard.push(words);
                this.waiting.splice(0).forEach((check) => check());
            }
            onNewMessage(message) { this.told('newMessage', message); }
            showTypingIndicator(conversation, name) { this.told('userTyping', conversation, name); }
            updateReadReceipt(message, user) { this.told('messageRead', message, user); }
            hears(kind) {
                return new Promise((resolve) => {
                    const check = () => {
                        const at = this.heard.findIndex(([heard]) => heard === kind);
                        if (at < 0) this.waiting.push(check);
                        else resolve(this.heard.splice(at, 1)[0].slice(1));
                    };
                    check();
                });
            }
        }
        const ann = new App(ANN);
        const bob = new App(BOB);
        const connected = (app) => new Promise((resolve) => app.socket.on('connect', resolve));
        await Promise.all([connected(ann), connected(bob)]);
        ann.startTyping(ID);
        const typing = await bob.hears('userTyping');
        ann.stopTyping(ID);
        ann.sendMessage(ID, 'Hello! How are you?');
        const [message] = await bob.hears('newMessage');
        const [own] = await ann.hears('newMessage');
        bob.markAsRead(ID, message.id);
        const read = await ann.hears('messageRead');
        console.log(JSON.stringify({ typing, message, own, read }));
    "#;
    let given = json!([token_of("ann", "Ann"), token_of("bob", "Bob"), id]);
    let given = format!("const [ANN, BOB, ID] = {given};");
    let Some(mut script) = Script::run_module(&format!("{class}\n{given}\n{play}")) else {
        return;
    };
    assert_eq!(script.line().await, "Connected");
    assert_eq!(script.line().await, "Connected");
    let told: Value = serde_json::from_str(&script.line().await).unwrap();
    assert_eq!(told["typing"], json!([id, "Ann"]));
    let message = &told["message"];
    let expected = json!({
        "id": message["id"],
        "conversationId": id,
        "sender": profile("ann", "Ann"),
        "content": "Hello! How are you?",
        "type": "TEXT",
        "attachments": [],
        "createdAt": message["createdAt"],
    });
    assert_eq!(*message, expected);
    assert!(is_uuid(&message["id"]) && is_moment(&message["createdAt"]));
    assert_eq!(told["own"], *message, "S3-12: the sender too");
    assert_eq!(told["read"], json!([message["id"], "bob"]));
}

/// Somebody who speaks `gateway`.
async fn connect(node: &Node, user: &str, name: &str) -> Option<Stock> {
    let options = json!({ "auth": { "dialect": "gateway" } });
    Stock::connect_with(node, &token_of(user, name), options).await
}

/// S3-14, S3-16, S3-18 to S3-22, S3-32: presence, typing and receipts say who.
#[actix_web::test]
async fn events_say_who() {
    let node = Node::start(&[]).await;
    let ann = person(&node, "ann", "Ann");
    let id = open(&ann, json!(["bob"])).await;
    open(&ann, json!(["cid"])).await;
    let mut cid = Client::connect(&node, "cid").await;
    let Some(mut a) = connect(&node, "ann", "Ann").await else {
        return;
    };
    // Coming is told after a moment; who comes later than that finds them there.
    cid.event_where("ann", |event| event["user"] == "ann").await;
    let Some(mut b) = connect(&node, "bob", "Bob").await else {
        return;
    };
    let bob = json!({ "userId": "bob", "userName": "Bob" });
    let is_bob = |payload: &Value| payload["userId"] == "bob";
    assert_eq!(a.event_where("userOnline", is_bob).await, bob);
    assert_eq!(
        b.event("onlineUsers").await,
        json!(["ann"]),
        "told once, unasked"
    );
    b.emit("getOnlineUsers", Value::Null);
    assert_eq!(b.event("onlineUsers").await, json!(["ann"]));

    let here = json!({ "conversationId": id });
    let who = json!({ "conversationId": id, "userId": "bob", "userName": "Bob" });
    b.emit("typing", here.clone());
    assert_eq!(a.event("userTyping").await, who);
    b.emit("stopTyping", here.clone());
    assert_eq!(a.event("userStoppedTyping").await, who);

    let mut ids = Vec::new();
    for text in ["one", "two", "three"] {
        let said = json!({ "conversationId": id, "content": text, "attachments": [] });
        let sent = a.ask("sendMessage", said).await;
        ids.push(sent["data"]["id"].clone());
    }
    let one = json!({ "conversationId": id, "messageId": ids[0] });
    assert_eq!(b.ask("markAsRead", one).await, json!({ "success": true }));
    let read = a.event("messageRead").await;
    let expected = json!({
        "messageId": ids[0],
        "conversationId": id,
        "userId": "bob",
        "userName": "Bob",
        "readAt": read["readAt"],
    });
    assert_eq!(read, expected);
    assert!(is_moment(&read["readAt"]));
    assert_eq!(
        b.ask("markAsRead", here).await,
        json!({ "success": true }),
        "all of it"
    );
    assert_eq!(a.event("messageRead").await["messageId"], ids[1]);
    assert_eq!(a.event("messageRead").await["messageId"], ids[2]);

    drop(b);
    let offline = a.event("userOffline").await;
    assert_eq!(names(&offline), ["userId", "userName", "lastSeen"]);
    assert!(offline["userId"] == "bob" && is_moment(&offline["lastSeen"]));
}

/// S3-01, S3-12, S3-24, S3-27: a group has a name and everyone in it, and all of them are told.
#[actix_web::test]
async fn groups_are_whole() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (person(&node, "ann", "Ann"), person(&node, "bob", "Bob"));
    let cid = person(&node, "cid", "Cid");
    for rest in [&bob, &cid] {
        rest.get("/api/messages/conversations").await.ok();
    }
    let body = json!({
        "participantIds": ["bob", "cid"], "type": "GROUP", "name": "Project Discussion",
    });
    let opened = ann.post("/api/messages/conversations", body).await;
    assert_eq!(opened.status, 201);
    let group = &opened.body["data"];
    assert_eq!(
        (&group["type"], &group["name"]),
        (&json!("GROUP"), &json!("Project Discussion"))
    );
    let everyone = [
        profile("ann", "Ann"),
        profile("bob", "Bob"),
        profile("cid", "Cid"),
    ];
    assert_eq!(group["participants"], json!(everyone));
    let id = group["id"].as_str().unwrap();

    let Some(mut b) = connect(&node, "bob", "Bob").await else {
        return;
    };
    let Some(mut c) = connect(&node, "cid", "Cid").await else {
        return;
    };
    let sent = b
        .ask(
            "sendMessage",
            json!({ "conversationId": id, "content": "Hello all" }),
        )
        .await;
    let message = c.event("newMessage").await;
    assert_eq!(message, sent["data"]);
    c.emit(
        "markAsRead",
        json!({ "conversationId": id, "messageId": message["id"] }),
    );
    assert_eq!(b.event("messageRead").await["userId"], "cid");

    let list = ann
        .get("/api/messages/conversations?search=project")
        .await
        .ok();
    let listed = &list["data"][0];
    let others: Vec<_> = listed["participants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|person| &person["id"])
        .collect();
    assert_eq!(others, ["bob", "cid"]);
    assert_eq!(
        (&listed["name"], &listed["unreadCount"]),
        (&group["name"], &json!(1))
    );
    let path = format!("/api/messages/conversations/{id}/messages");
    let page = ann.get(&path).await.ok();
    assert_eq!(page["data"][0]["readBy"], json!(["bob", "cid"]));
}
