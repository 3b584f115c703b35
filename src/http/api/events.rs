//! Events for those who run the node: the feed, who follows, and sending once more. Who is an admin is the core's to check.

use actix_web::HttpResponse;
use parlour_actors::{
    error::{ErrorCode, Failure},
    feed::{self, Replay, Start},
    limits::PAGE_MAX,
};
use parlour_storage::{domain::event::EventId, ids::Epoch};
use serde::Deserialize;
use serde_json::json;

use super::asked::{Answered, Asked};
use crate::{
    config::{TopicFilter, Value as _},
    dialects::native::scalar::Number,
    events::{self, Place},
    http::{
        error::Refused,
        events::{Terms, answer},
    },
};

#[derive(Deserialize)]
struct Follow {
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    topics: String,
}

pub(super) async fn follow(asked: Asked) -> Answered {
    let Follow { after, topics } = asked.query()?;
    let epoch = asked.core().epoch();
    // A client that comes back asks for the same address, and says in the header how far it came.
    let start = match asked.header("last-event-id").or(after.as_deref()) {
        None | Some("" | "now") => Start::Now,
        Some("oldest") => Start::Oldest,
        Some(text) => Start::After(event_of(epoch, text, "after")?),
    };
    let topics = topics.split(',').map(str::trim).filter(|it| !it.is_empty());
    let topics = topics.map(|topic| TopicFilter::parse(topic).map_err(|e| bad("topics", e)));
    let topics = topics.collect::<Result<_, _>>()?;
    // Out of file descriptors: nobody could end it.
    let socket = asked.socket().ok_or_else(Failure::busy)?;
    let settings = &asked.core().settings;
    let terms = Terms {
        epoch,
        topics,
        heartbeat: settings.ping_interval,
        patience: settings.ping_interval + settings.pong_timeout,
        expires_at: asked.expires_at()?,
        stopping: asked.stopping(),
        socket,
    };
    let feed = asked.core().follow(asked.caller(), start).await?;
    Ok(answer(feed, terms))
}

/// The event that a text names. One of another history was forgotten with it.
fn event_of(epoch: Epoch, text: &str, field: &'static str) -> Result<EventId, Failure> {
    let place: Place = text.parse().map_err(|e| bad(field, e))?;
    if place.epoch == epoch {
        Ok(place.id)
    } else {
        Err(feed::forgotten())
    }
}

fn bad(field: &'static str, error: impl ToString) -> Failure {
    Failure::bad_value(field, error.to_string())
}

pub(super) async fn consumers(asked: Asked) -> Answered {
    let epoch = asked.core().epoch();
    let consumers = asked.core().consumers_for(asked.caller()).await?;
    let consumers: Vec<_> = consumers
        .iter()
        .map(|consumer| {
            let id = consumer.through;
            json!({ "name": consumer.name, "through": Place { epoch, id }.to_string() })
        })
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "consumers": consumers })))
}

#[derive(Deserialize)]
struct Dead {
    consumer: String,
    #[serde(default)]
    after: Option<String>,
    #[serde(default)]
    limit: Option<Number>,
}

pub(super) async fn dead(asked: Asked) -> Answered {
    let Dead {
        consumer,
        after,
        limit,
    } = asked.query()?;
    let core = asked.core();
    let epoch = core.epoch();
    let after = after.map(|text| event_of(epoch, &text, "after"));
    let limit = limit.map_or(PAGE_MAX, |Number(limit)| limit);
    let letters = core.dead_letters_for(asked.caller(), &consumer, after.transpose()?, limit);
    let letters = letters.await?;
    let mut told = Vec::new();
    for letter in &letters {
        // What it tells of may be gone.
        let event = core.store_ref().event(letter.event).await;
        let event = event.map_err(Failure::from)?;
        told.push(events::letter_json(epoch, letter, event.as_ref()));
    }
    Ok(HttpResponse::Ok().json(json!({ "dead_letters": told })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Again {
    #[serde(default)]
    consumer: Option<String>,
    #[serde(default)]
    from: Option<String>,
    #[serde(default)]
    dead: bool,
}

pub(super) async fn replay(asked: Asked) -> Answered {
    let again: Again = asked.body()?;
    let core = asked.core();
    let epoch = core.epoch();
    let replay = match (again.from.as_deref(), again.dead) {
        (Some("oldest"), false) => Replay::From(None),
        (Some(text), false) => Replay::From(Some(event_of(epoch, text, "from")?)),
        (None, true) => Replay::Dead,
        (Some(_), true) | (None, false) => {
            let message = "say from which event on, or that the dead letters are meant";
            return Err(Refused(Failure::new(ErrorCode::BadRequest, message)));
        }
    };
    let consumer = again.consumer.as_deref();
    let replayed = core.replay_for(asked.caller(), consumer, replay).await?;
    let replayed: Vec<_> = replayed
        .iter()
        .map(|replayed| events::replayed_json(epoch, replayed))
        .collect();
    Ok(HttpResponse::Ok().json(json!({ "replayed": replayed })))
}
