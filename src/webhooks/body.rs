//! What is posted of an event, until src/events writes it for all who tell events.

use parlour_storage::domain::event::{Event, Happening};
use serde_json::json;

pub(super) fn text(id: &str, event: &Event) -> String {
    let data = match &event.what {
        Happening::MessageSent(message) => json!({
            "message_id": message.id.to_string(),
            "conversation_id": message.conversation.to_string(),
            "content": message.content.text,
        }),
        _ => json!({}),
    };
    json!({ "id": id, "type": event.what.topic(), "at": event.at.0, "data": data }).to_string()
}
