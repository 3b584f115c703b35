//! What ends the right to a file ends it at once, for who comes with a token and for who has an address: each way of the
//! policy.

use reqwest::Method;
use serde_json::{Value, json};

use super::{
    PDF,
    common::{Client, Node, Rest, token_with},
    download::{Scene, open, scene},
    uploaded,
};

/// What Bob has of a file of Ann's: his token, and an address.
struct Access {
    bob: Rest,
    path: String,
    url: String,
}

impl Access {
    /// Access that works.
    async fn to(bob: &Rest, path: &str) -> Self {
        let link = bob.post(&format!("{path}/link"), Value::Null).await.ok();
        let access = Self {
            bob: bob.clone(),
            path: path.to_owned(),
            url: link["url"].as_str().unwrap().to_owned(),
        };
        access.is([200, 200], "or the test shows nothing").await;
        access
    }

    async fn of(scene: &Scene) -> Self {
        Self::to(&scene.bob, &scene.path).await
    }

    /// The statuses by token and by address.
    async fn is(&self, expected: [u16; 2], why: &str) {
        let by_token = self.bob.request(Method::GET, &self.path);
        let mut statuses = Vec::new();
        for request in [by_token, open(&self.url)] {
            let response = request.send().await.unwrap();
            let status = response.status().as_u16();
            let body = response.bytes().await.unwrap();
            assert_eq!(body == PDF, status == 200, "{why}");
            statuses.push(status);
        }
        assert_eq!(statuses, expected, "{why}");
    }
}

fn with_role(node: &Node, role: &str) -> Rest {
    let token = token_with(role, |claims| claims.role = Some(role.to_owned()));
    Rest::with_token(node, &token)
}

async fn sanction(node: &Node, user: &str, action: &str) {
    let path = format!("/v1/moderation/users/{user}/actions");
    let body = json!({ "action": action, "reason": "test" });
    let answer = with_role(node, "moderator").post(&path, body).await;
    assert_eq!(answer.status, 204, "{action}");
}

/// S0-48, S2-06: whichever of the two blocks; and it is theirs again when it is taken back.
#[tokio::test]
async fn a_block_ends_it_both_ways() {
    for by_bob in [false, true] {
        let scene = scene(&[]).await;
        let access = Access::of(&scene).await;
        let (by, path) = match by_bob {
            true => (&scene.bob, "/v1/blocks/ann"),
            false => (&scene.ann, "/v1/blocks/bob"),
        };
        assert_eq!(by.put(path, json!({})).await.status, 204);
        access.is([404, 404], "blocked").await;
        let info = scene.bob.get(&format!("{}/info", scene.path)).await;
        assert_eq!((info.status, info.code()), (404, "NO_ATTACHMENT"));
        assert_eq!(by.delete(path).await.status, 204);
        access.is([200, 200], "unblocked").await;
    }
}

/// Whoever is suspended or banned may nothing; whose file it is doesn't matter.
#[tokio::test]
async fn a_ban_ends_it_until_it_is_lifted() {
    let scene = scene(&[]).await;
    let access = Access::of(&scene).await;
    for action in ["suspend", "ban"] {
        sanction(&scene.node, "bob", action).await;
        access.is([403, 403], action).await;
        sanction(&scene.node, "bob", "reinstate").await;
        access.is([200, 200], "reinstated").await;
    }
}

/// Files go with their messages: nobody sees what is written from then on.
#[tokio::test]
async fn a_shadow_ban_hides_what_is_sent_from_then_on() {
    let scene = scene(&[]).await;
    let before = Access::of(&scene).await;
    sanction(&scene.node, "ann", "shadow_ban").await;
    let file = uploaded(&scene.ann, PDF, "b.pdf", "application/pdf").await;
    let path = format!("/v1/attachments/{}", file["id"].as_str().unwrap());
    let body = json!({ "text": "see", "attachments": [file["id"]] });
    let messages = format!("/v1/conversations/{}/messages", scene.conversation);
    scene.ann.post(&messages, body).await.ok();
    Access::to(&scene.ann, &path).await;
    assert_eq!(scene.bob.get(&path).await.code(), "NO_ATTACHMENT");
    let link = scene.bob.post(&format!("{path}/link"), Value::Null).await;
    assert_eq!(link.code(), "NO_ATTACHMENT");
    before.is([200, 200], "read before, as the text was").await;
    sanction(&scene.node, "ann", "end_shadow_ban").await;
    Access::to(&scene.bob, &path).await;
}

/// Deleted by its author or by a moderator, and for its author too.
#[tokio::test]
async fn a_deletion_ends_it_for_everybody() {
    for by_moderator in [false, true] {
        let scene = scene(&[]).await;
        let (bobs, anns) = (
            Access::of(&scene).await,
            Access::to(&scene.ann, &scene.path).await,
        );
        let message = scene.message["id"].as_str().unwrap();
        let deleted = match by_moderator {
            false => scene.ann.delete(&format!("/v1/messages/{message}")).await,
            true => {
                let path = format!("/v1/moderation/messages/{message}");
                with_role(&scene.node, "moderator").delete(&path).await
            }
        };
        assert_eq!(deleted.status, 204);
        bobs.is([404, 404], "deleted").await;
        anns.is([404, 404], "deleted").await;
    }
}

/// Of its author; and an address that was given to somebody who isn't there any more is nobody's.
#[tokio::test]
async fn an_erasure_ends_it() {
    for erased in ["ann", "bob"] {
        let scene = scene(&[]).await;
        let access = Access::of(&scene).await;
        let path = format!("/v1/moderation/users/{erased}/erase");
        let admin = with_role(&scene.node, "admin");
        admin.post(&path, Value::Null).await.ok();
        if erased == "ann" {
            access.is([404, 404], "the author is gone").await;
        } else {
            // A token that is still good makes them known anew, and has what its texts have.
            let by_address = open(&access.url).send().await.unwrap();
            assert_eq!(by_address.status(), 401);
        }
    }
}

/// Who was taken out of a group has what was said there no longer.
#[tokio::test]
async fn leaving_a_group_ends_it() {
    let node = Node::start(&[]).await;
    let (ann, bob) = (Rest::new(&node, "ann"), Rest::new(&node, "bob"));
    let mut client = Client::connect(&node, "ann").await;
    let group = client.group(&["bob"]).await;
    let file = uploaded(&ann, PDF, "a.pdf", "application/pdf").await;
    let send = json!({ "conversation": group, "text": "see", "attachments": [file["id"]] });
    client.ok("send", send).await;
    let path = format!("/v1/attachments/{}", file["id"].as_str().unwrap());
    let access = Access::to(&bob, &path).await;
    let member = format!("/v1/conversations/{group}/members/bob");
    assert_eq!(ann.delete(&member).await.status, 204);
    access.is([404, 404], "taken out").await;
}

/// S2-04: an unmatch archives: both can still read what they wrote, and fetch what they sent. A block ends that.
#[tokio::test]
async fn an_unmatch_leaves_it_as_it_leaves_the_texts() {
    let scene = scene(&[]).await;
    let access = Access::of(&scene).await;
    scene.ann.put("/v1/users/bob/like", Value::Null).await.ok();
    let matched = scene.bob.put("/v1/users/ann/like", Value::Null).await.ok();
    let id = matched["match"]["id"].as_str().unwrap();
    assert_eq!(
        scene.ann.delete(&format!("/v1/matches/{id}")).await.status,
        204
    );
    let messages = format!("/v1/conversations/{}/messages", scene.conversation);
    assert_eq!(scene.bob.get(&messages).await.status, 200);
    access.is([200, 200], "unmatched").await;
    let blocked = scene.ann.put("/v1/blocks/bob", json!({})).await;
    assert_eq!(blocked.status, 204);
    access.is([404, 404], "blocked").await;
}
