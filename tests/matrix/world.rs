//! The people of the matrix, and what there is between them.

use serde_json::{Value, json};

use crate::common::{Answer, Client, Node, Rest, token, token_with};

/// A node under a gate, and what belongs to others there.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) node: Node,
    admin: Rest,
    others: Others,
    /// A place to go on from.
    resume: String,
}

/// What somebody names who has nothing of their own.
#[derive(Debug)]
struct Others {
    conversation: String,
    message: String,
    group: String,
    request: String,
    matched: String,
    report: String,
}

/// Somebody and the other one, and what there is between the two.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) me: String,
    pub(crate) other: String,
    pub(crate) conversation: String,
    pub(crate) token: String,
    /// Whoever they are, over REST.
    pub(crate) rest: Rest,
    /// The other one.
    pub(crate) other_rest: Rest,
    places: Vec<(&'static str, String)>,
}

impl Pair {
    /// What is put into the places of a way.
    pub(crate) fn places(&self) -> Vec<(&str, &str)> {
        let places = self.places.iter();
        places
            .map(|(name, value)| (*name, value.as_str()))
            .collect()
    }
}

fn id(answer: &Value, name: &str) -> String {
    let id = answer[name].as_str();
    id.unwrap_or_else(|| panic!("no {name} in {answer}"))
        .to_owned()
}

/// Both like each other. The match and the conversation.
pub(crate) async fn match_up(a: &Rest, a_id: &str, b: &Rest, b_id: &str) -> (String, String) {
    a.put(&format!("/v1/users/{b_id}/like"), json!({}))
        .await
        .ok();
    let liked = b
        .put(&format!("/v1/users/{a_id}/like"), json!({}))
        .await
        .ok();
    let matched = &liked["match"];
    (id(matched, "id"), id(matched, "conversation"))
}

async fn say(who: &Rest, conversation: &str, text: &str) -> String {
    let path = format!("/v1/conversations/{conversation}/messages");
    let said = who.post(&path, json!({ "text": text })).await.ok();
    id(&said["message"], "id")
}

/// What a request that was made is called.
pub(crate) async fn ask(who: &Rest, whom: &str) -> String {
    let body = json!({ "user": whom, "text": "may I?" });
    let asked = who.post("/v1/requests", body).await.ok();
    id(&asked["request"], "id")
}

async fn group(who: &Rest, members: &[&str]) -> String {
    let opened = who.post("/v1/conversations", json!({ "members": members }));
    id(&opened.await.ok(), "conversation")
}

impl World {
    /// A node with a gate, without limits.
    pub(crate) async fn new(gate: &str) -> Self {
        let flags = [
            "--storage-engine=memory",
            "--policy-limits=",
            "--session-per-ip-max=100000",
            // So that a barrier is answered after what came before it.
            "--session-in-flight-max=1",
            // So that there is something to review.
            "--policy-contact-details=flag",
            &format!("--policy-contact-gate={gate}"),
        ];
        let node = Node::start(&flags).await;
        let admin = token_with("admin", |claims| claims.role = Some("admin".into()));
        let admin = Rest::with_token(&node, &admin);
        let [ann, ben] = ["1", "2"].map(|user| Rest::new(&node, user));
        let (matched, conversation) = match_up(&ann, "1", &ben, "2").await;
        let message = say(&ben, &conversation, "theirs, ben@example.org").await;
        let request = ask(&Rest::new(&node, "3"), "4").await;
        let group = group(&ann, &["2"]).await;
        let report = json!({ "message": message, "category": "spam" });
        let report = id(&ann.post("/v1/reports", report).await.ok(), "report");
        let others = Others {
            conversation,
            message,
            group,
            request,
            matched,
            report,
        };
        let resume = Client::connect(&node, "1").await.resume;
        Self {
            node,
            admin,
            others,
            resume,
        }
    }

    /// Has a moderator do something to somebody.
    pub(crate) async fn moderate(&self, user: &str, action: &str) -> Answer {
        let path = format!("/v1/moderation/users/{user}/actions");
        let body = json!({ "action": action, "reason": "it had to be" });
        self.admin.post(&path, body).await
    }

    /// Two people nobody else has to do with, the first of whom is such a person to the second.
    pub(crate) async fn pair(&self, number: usize, person: &str) -> Pair {
        // Numbers, as some dialects print them.
        let (me, other) = (
            format!("{}", 2 * number + 100),
            format!("{}", 2 * number + 101),
        );
        let token = match person {
            "premium" => token_with(&me, |claims| claims.plan = Some("premium".into())),
            "moderator" | "admin" => token_with(&me, |claims| claims.role = Some(person.into())),
            "stranger" => parlour::auth::mint(
                b"another secret, of another node altogether",
                &parlour::auth::MintClaims {
                    sub: me.clone(),
                    ttl: std::time::Duration::from_secs(3600),
                    ..Default::default()
                },
            )
            .unwrap(),
            _ => token(&me),
        };
        let mine = self.admin.to_token(&token);
        let theirs = self.admin.to_token(&self::token(&other));
        let others = &self.others;
        let [
            mut conversation,
            mut message,
            mut own,
            mut request,
            mut matched,
            mut own_group,
        ] = [
            &others.conversation,
            &others.message,
            &others.message,
            &others.request,
            &others.matched,
            &others.group,
        ]
        .map(Clone::clone);
        // Somebody is there once they were.
        theirs.get("/v1/me").await.ok();
        match person {
            "stranger" => {}
            "free" | "premium" | "moderator" | "admin" => own_group = group(&mine, &[]).await,
            "asker" => {
                request = ask(&mine, &other).await;
                own_group = group(&mine, &[]).await;
            }
            "asked" => {
                mine.get("/v1/me").await.ok();
                request = ask(&theirs, &me).await;
                own_group = group(&mine, &[]).await;
            }
            "intruder" => {
                match_up(&mine, &me, &theirs, &other).await;
            }
            _ => {
                (matched, conversation) = match_up(&mine, &me, &theirs, &other).await;
                message = say(&theirs, &conversation, "by the other one").await;
                own = say(&mine, &conversation, "by me").await;
                own_group = group(&mine, &[&other]).await;
            }
        }
        match person {
            "unmatched" => {
                let path = format!("/v1/matches/{matched}");
                theirs.delete(&path).await.ok();
            }
            "blocked" => {
                theirs
                    .put(&format!("/v1/blocks/{me}"), json!({}))
                    .await
                    .ok();
            }
            "blocker" => {
                mine.put(&format!("/v1/blocks/{other}"), json!({}))
                    .await
                    .ok();
            }
            "muted" => drop(self.moderate(&me, "mute").await.ok()),
            "shadow" => drop(self.moderate(&me, "shadow_ban").await.ok()),
            "suspended" => drop(self.moderate(&me, "suspend").await.ok()),
            _ => {}
        }
        let places = vec![
            ("user", other.clone()),
            ("me", me.clone()),
            ("conversation", conversation.clone()),
            ("elsewhere", others.conversation.clone()),
            ("message", message),
            ("own", own),
            ("group", own_group),
            ("request", request),
            ("match", matched),
            ("report", others.report.clone()),
            ("flagged", others.message.clone()),
            ("emoji", "x".to_owned()),
            ("attachment", "4711".to_owned()),
            ("scheduled", "4712".to_owned()),
            ("template", "4713".to_owned()),
            ("tomorrow", tomorrow()),
            ("target", "4711".to_owned()),
            ("name", "x".to_owned()),
            ("text", format!("matrix {number}")),
            ("token", token.clone()),
            ("resume", self.resume.clone()),
        ];
        Pair {
            me,
            other,
            conversation,
            token,
            rest: mine,
            other_rest: theirs,
            places,
        }
    }
}

/// In milliseconds since 1970.
fn tomorrow() -> String {
    let now = parlour_storage::ids::Timestamp::now();
    now.plus_ms(24 * 3_600_000).0.to_string()
}
