//! `GET /v1/events`: what happens, as server-sent events (WHATWG HTML, section 9.2), which many libraries and `curl -N` know.
//!
//! Pulled: the store is asked for more when the client has taken what there was, so nothing waits in memory for one that
//! is slow. One that takes nothing for too long is cut off, and goes on later from the last id it has.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use actix_web::{HttpResponse, web::Bytes};
use futures_util::stream;
use parlour_actors::{error::Failure, feed::Feed, outbox::Kill};
use parlour_storage::{
    domain::event::EventId,
    events::EventPage,
    ids::{Epoch, Timestamp},
};
use tokio::{sync::watch, time::Instant};

use super::kill::SecondHandle;
use crate::{
    config::TopicFilter,
    events::{Place, event_json},
};

/// How a stream behaves, and when it ends.
pub(super) struct Terms {
    /// Which history the events are of.
    pub(super) epoch: Epoch,
    /// Which are wanted; all if there are none.
    pub(super) topics: Vec<TopicFilter>,
    /// A sign of life after so long without an event.
    pub(super) heartbeat: Duration,
    /// Who takes nothing for so long is cut off.
    pub(super) patience: Duration,
    /// When the token runs out.
    pub(super) expires_at: Timestamp,
    /// Whether the node stops.
    pub(super) stopping: watch::Receiver<bool>,
    /// The connection: watched for its end, and cut off if need be.
    pub(super) socket: SecondHandle,
}

/// The answer, for as long as it goes on.
pub(super) fn answer(feed: Feed, terms: Terms) -> HttpResponse {
    let given = Arc::new(Given::default());
    actix_web::rt::spawn(watch_over(
        Arc::downgrade(&given),
        terms.patience,
        terms.socket.kill(),
    ));
    let telling = Telling {
        epoch: terms.epoch,
        told: feed.at(),
        feed,
        topics: terms.topics,
        heartbeat: terms.heartbeat,
        expires_at: terms.expires_at,
        stopping: terms.stopping,
        // Else it would be noticed with the next sign of life, and their place kept until then.
        gone: Box::pin(async move { terms.socket.peer_is_gone().await }),
        given,
    };
    let pieces = stream::unfold(telling, async |mut telling| {
        let piece = telling.next().await?;
        Some((Ok::<_, Infallible>(piece), telling))
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        // Else nginx keeps events until there are some kilobytes of them.
        .insert_header(("X-Accel-Buffering", "no"))
        .streaming(pieces)
}

/// What a stream waits for.
enum Next {
    Page(Result<EventPage, Failure>),
    Beat,
    End,
}

struct Telling {
    epoch: Epoch,
    feed: Feed,
    topics: Vec<TopicFilter>,
    heartbeat: Duration,
    expires_at: Timestamp,
    stopping: watch::Receiver<bool>,
    /// Ends when the client hangs up.
    gone: Pin<Box<dyn Future<Output = ()>>>,
    /// The last id that the client was told.
    told: EventId,
    given: Arc<Given>,
}

impl Telling {
    /// The next piece. `None`: it is over; the client comes back with its last id.
    async fn next(&mut self) -> Option<Bytes> {
        self.given.taken();
        let left_ms = self.expires_at.0.saturating_sub(Timestamp::now().0);
        let left = Duration::from_millis(u64::try_from(left_ms).unwrap_or(0));
        // A timer can't reach as far as some tokens do.
        let expired = tokio::time::sleep(left.min(Duration::from_secs(1 << 31)));
        tokio::pin!(expired);
        let beat = Instant::now() + self.heartbeat;
        loop {
            let next = tokio::select! {
                page = self.feed.next() => Next::Page(page),
                () = tokio::time::sleep_until(beat) => Next::Beat,
                () = &mut expired => Next::End,
                () = &mut self.gone => Next::End,
                _ = self.stopping.wait_for(|stopping| *stopping) => Next::End,
            };
            let piece = match next {
                Next::Page(Ok(page)) => self.write(&page),
                Next::Page(Err(failure)) => {
                    tracing::info!(%failure, "a stream of events ended");
                    return None;
                }
                Next::Beat => Some(self.beat()),
                Next::End => return None,
            };
            if let Some(piece) = piece {
                self.given.give();
                return Some(Bytes::from(piece));
            }
        }
    }

    fn place(&self, id: EventId) -> Place {
        let epoch = self.epoch;
        Place { epoch, id }
    }

    /// The events of a page that are wanted, if there are any.
    fn write(&mut self, page: &EventPage) -> Option<String> {
        let mut text = String::new();
        for event in &page.events {
            let topic = event.what.topic();
            if self.topics.is_empty() || self.topics.iter().any(|it| it.matches(topic)) {
                let id = self.place(event.id);
                let json = event_json(self.epoch, event);
                text += &format!("id: {id}\ndata: {json}\n\n");
                self.told = event.id;
            }
        }
        (!text.is_empty()).then_some(text)
    }

    /// A comment. With an id of its own if events passed that aren't wanted, so that who comes back needn't look through
    /// them again, and isn't too late for those.
    fn beat(&mut self) -> String {
        let at = self.feed.at();
        if self.told == at {
            return ":\n\n".to_owned();
        }
        self.told = at;
        format!("id: {}\n\n", self.place(at))
    }
}

/// Since when a piece has been with the connection. `None`: it was taken, and the next one is waited for.
#[derive(Debug, Default)]
struct Given(Mutex<Option<Instant>>);

impl Given {
    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }

    fn give(&self) {
        self.set(Some(Instant::now()));
    }

    fn taken(&self) {
        self.set(None);
    }

    fn since(&self) -> Option<Instant> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Looks from outside: a response whose client doesn't read isn't polled, and neither are its timers.
async fn watch_over(given: Weak<Given>, patience: Duration, cut_off: Kill) {
    let mut tick = tokio::time::interval((patience / 4).max(Duration::from_millis(10)));
    loop {
        tick.tick().await;
        // Gone with the response.
        let Some(given) = given.upgrade() else { return };
        if given
            .since()
            .is_some_and(|since| since.elapsed() >= patience)
        {
            tracing::info!("a stream of events was cut off, since its client takes nothing");
            return cut_off();
        }
    }
}
