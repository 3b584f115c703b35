//! Notes and accounts of the tests here.

use parlour_actors::pusher::{PushContent, PushData, PushKind, PushNote};
use parlour_storage::{domain::push::PushTarget, ids::UserId};
use serde_json::{Value, json};

/// A message 7 in a conversation 5, of which bob has three notifications, with a title and a text or without.
pub(super) fn note(content: Option<(&str, &str)>) -> PushNote {
    let conversation = "5".parse().ok();
    PushNote {
        user: UserId::new("bob").unwrap(),
        target: PushTarget::Webhook,
        badge: 3,
        collapse: conversation,
        content: content.map(|(title, body)| PushContent {
            title: title.into(),
            body: body.into(),
        }),
        data: PushData {
            kind: PushKind::NewMessage,
            conversation,
            message: "7".parse().ok(),
        },
    }
}

/// The file of a service account that asks for tokens at an address.
pub(super) fn account(token_uri: &str) -> Value {
    json!({
        "type": "service_account",
        "project_id": "chat-1",
        "private_key_id": "key-1",
        "private_key": include_str!("../auth/testdata/rsa.pem"),
        "client_email": "node@chat-1.iam.gserviceaccount.com",
        "client_id": "123",
        "token_uri": token_uri,
    })
}
