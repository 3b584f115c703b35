//! What was given up, and what comes of sending it once more, as JSON.

use parlour_actors::feed::Replayed;
use parlour_storage::{domain::event::Event, events::DeadLetter, ids::Epoch};
use serde_json::{Value, json};

use super::{Place, event_json, json::time};

/// A dead letter. `event`: what it was to tell, if that is still there.
pub fn letter_json(epoch: Epoch, letter: &DeadLetter, event: Option<&Event>) -> Value {
    let id = letter.event;
    let mut told = json!({
        "id": Place { epoch, id }.to_string(),
        "why": letter.why,
        "attempts": letter.attempts,
        "at": time(letter.at),
        "revived": letter.revived,
    });
    if let Some(event) = event {
        told["event"] = event_json(epoch, event);
    }
    told
}

/// What a consumer sends once more.
pub fn replayed_json(epoch: Epoch, replayed: &Replayed) -> Value {
    let mut told = json!({ "consumer": replayed.consumer, "revived": replayed.n_revived });
    if let Some(id) = replayed.rewound {
        told["after"] = Place { epoch, id }.to_string().into();
    }
    told
}
