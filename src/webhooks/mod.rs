//! Posts what happens on the node to the operator's own services, signed. What arrives there: docs/webhooks.md.
//!
//! Each endpoint has a follower, which reads the events in their order and keeps its place in the store: at least once, in
//! the order of each conversation, whatever ends in between. All of them run on a thread of their own, so that what
//! services are slow at costs the node's event loops nothing. Decides nothing about what happens, and knows no shape.

mod backoff;
mod endpoint;
mod follower;
mod lanes;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread::{self, JoinHandle},
};

use anyhow::Context as _;
use parlour_actors::{feed::WEBHOOKS, system::Core};
use parlour_storage::{
    error::StoreError,
    ids::{Position, Timestamp},
    store::Store,
};
use tokio::{
    sync::watch,
    task::{JoinSet, LocalSet},
};

use self::{endpoint::Endpoint, follower::Follower};
use crate::{
    config::Config,
    exit::{Exit, Failure},
};

/// The webhooks of a running node.
#[derive(Debug)]
pub(crate) struct Webhooks {
    stop: watch::Sender<bool>,
    thread: JoinHandle<()>,
}

/// How far behind the endpoints are.
#[derive(Debug, Default)]
pub struct Lag(Vec<AtomicU64>);

impl Lag {
    /// For as many endpoints as are configured.
    pub(crate) fn new(config: &Config) -> Self {
        let endpoints = config.events.webhook_url.iter();
        Self(endpoints.map(|_| AtomicU64::new(0)).collect())
    }

    /// An endpoint's oldest event that isn't done with, by its number in the configuration.
    fn set(&self, endpoint: usize, oldest: Option<Position>) {
        let position = oldest.map_or(0, Position::get);
        if let Some(place) = self.0.get(endpoint) {
            place.store(position, Ordering::Relaxed);
        }
    }

    /// Age of the oldest event that some endpoint has not taken, in seconds; 0 if there is none.
    pub(crate) fn seconds(&self) -> u64 {
        let oldest = self.0.iter().map(|it| it.load(Ordering::Relaxed));
        let oldest = oldest.filter(|position| *position > 0).min();
        let at = oldest.and_then(Position::new).map(Position::time);
        at.map_or(0, |at| {
            let ms = Timestamp::now().0.saturating_sub(at.0);
            u64::try_from(ms / 1000).unwrap_or(0)
        })
    }
}

impl Webhooks {
    /// Starts a follower for each endpoint of the configuration; `None` if there is none. When this returns each of them
    /// has its place: whatever happens from now on is told.
    ///
    /// # Errors
    ///
    /// An endpoint or a secret can't be used, or the store doesn't work.
    pub(crate) async fn start(
        core: &Arc<Core>,
        config: &Config,
        lag: &Arc<Lag>,
    ) -> anyhow::Result<Option<Self>> {
        let endpoints = Endpoint::all(config)
            .map_err(|problem| Failure::new(Exit::Config, format!("events: {problem:#}")))?;
        forget_places(core.store_ref(), &endpoints)
            .await
            .context("places of webhooks can't be read")?;
        if endpoints.is_empty() {
            return Ok(None);
        }
        let mut followers = Vec::new();
        for (number, endpoint) in endpoints.into_iter().enumerate() {
            let follower = Follower::new(endpoint, number, Arc::clone(core), Arc::clone(lag));
            let follower = follower
                .await
                .context("a webhook has no place in the store")?;
            followers.push(follower);
        }
        let (stop, stopped) = watch::channel(false);
        let thread = thread::Builder::new().name("webhooks".to_owned());
        let thread = thread
            .spawn(move || run(followers, &stopped))
            .context("the thread of webhooks can't be started")?;
        Ok(Some(Self { stop, thread }))
    }

    /// Ends them: what is on its way may arrive, within a few seconds, and what is not is sent after the next start.
    pub(crate) async fn stop(self) {
        self.stop.send_replace(true);
        let joined = actix_web::rt::task::spawn_blocking(move || self.thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!("the thread of webhooks panicked");
        }
    }
}

/// Forgets the places of endpoints that are configured no more, once they are worth nothing: until then one may come back.
async fn forget_places(store: &dyn Store, endpoints: &[Endpoint]) -> Result<(), StoreError> {
    let floor = store.events_floor().await?;
    for (name, place) in store.consumers().await? {
        let known = endpoints.iter().any(|endpoint| endpoint.name == name);
        if name.starts_with(WEBHOOKS) && !known && place < floor {
            store.forget_consumer(&name).await?;
            tracing::info!(
                consumer = name,
                "the place of a webhook that is gone was forgotten"
            );
        }
    }
    Ok(())
}

/// The thread. Each follower is a task of its own: a panic ends one of them, and says so.
fn run(followers: Vec<Follower>, stopped: &watch::Receiver<bool>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "webhooks can't run; none are sent until the node starts again");
            return;
        }
    };
    LocalSet::new().block_on(&runtime, async {
        let mut tasks = JoinSet::new();
        for follower in followers {
            tasks.spawn_local(follower.run(stopped.clone()));
        }
        while let Some(ended) = tasks.join_next().await {
            if let Err(error) = ended {
                tracing::error!(%error, "a webhook ended after a fault; it goes on when the node starts again");
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    #[test]
    fn lag_is_the_age_of_the_oldest_event_of_all_endpoints() {
        let mut config = Config::default();
        config.events.webhook_url = Value::parse("https://a.example/,https://b.example/").unwrap();
        let lag = Lag::new(&config);
        assert_eq!(lag.seconds(), 0);
        let ago = |seconds: i64| Position::at(Timestamp(Timestamp::now().0 - seconds * 1000));
        lag.set(0, Some(ago(10)));
        lag.set(1, Some(ago(500)));
        assert!((500..510).contains(&lag.seconds()));
        lag.set(1, None);
        assert!((10..20).contains(&lag.seconds()));
        lag.set(0, None);
        assert_eq!(lag.seconds(), 0);
    }
}
