//! `parlour events`: what happened on a node, what was given up, and sending it once more, while the node is stopped.

use anyhow::Context as _;
use parlour_actors::{
    error::ErrorCode,
    feed::{Replay, forgotten},
    system::Core,
};
use parlour_storage::{
    domain::event::EventId,
    ids::{Epoch, Position},
};
use serde_json::Value;

use super::{config_args::ConfigArgs, out, stopped};
use crate::{
    config::{TopicFilter, Value as _},
    events::{Place, event_json, letter_json, replayed_json},
    exit::{Exit, Failure},
    node,
};

/// Read at a time.
const PAGE: usize = 100;

/// List the events of a node that is stopped, and have them sent again.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Print events as JSON, one line each, oldest first.
    List {
        /// Begin after this event. Without it: with the oldest that wasn't forgotten.
        #[arg(long, value_name = "EVENT", value_parser = named)]
        after: Option<Named>,
        /// Only these, such as message.sent or request.*; several with commas between them.
        #[arg(long, value_name = "TOPICS", value_delimiter = ',', value_parser = TopicFilter::parse)]
        topics: Vec<TopicFilter>,
        /// Print so many at most.
        #[arg(long, value_name = "N", default_value_t = usize::MAX, hide_default_value = true)]
        limit: usize,
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
    /// Print what webhooks gave up on as JSON, one line each, with why, and the event if it is still there.
    Dead {
        /// Only of this one.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
    /// Have webhooks send events once more, when the node runs again. A running node is asked by POST /v1/events/replay.
    Replay {
        /// From this event on, it too; its id, the position in it, or `oldest`.
        #[arg(long, value_name = "EVENT", value_parser = named, required_unless_present = "dead")]
        from: Option<Named>,
        /// What was given up.
        #[arg(long, conflicts_with = "from")]
        dead: bool,
        /// Only this one.
        #[arg(long, value_name = "NAME")]
        consumer: Option<String>,
        #[command(flatten)]
        config: Box<ConfigArgs>,
    },
}

/// How an operator names an event.
#[derive(Clone, Copy, Debug)]
enum Named {
    Oldest,
    Of(Place),
    /// In whatever history there is: as logs name it.
    Here(EventId),
}

fn named(text: &str) -> Result<Named, String> {
    if text == "oldest" {
        return Ok(Named::Oldest);
    }
    if let Ok(place) = text.parse() {
        return Ok(Named::Of(place));
    }
    let (position, n) = text.split_once('-').unwrap_or((text, "0"));
    let position = position.parse().ok().and_then(Position::new);
    match (position, n.parse()) {
        (Some(position), Ok(n)) => Ok(Named::Here(EventId { position, n })),
        _ => Err("give the id of an event, such as c0ffee00-81234567890-0, or `oldest`".to_owned()),
    }
}

impl Named {
    /// Which event it is. `None`: the oldest.
    fn in_history(self, epoch: Epoch) -> anyhow::Result<Option<EventId>> {
        match self {
            Self::Oldest => Ok(None),
            Self::Here(id) => Ok(Some(id)),
            Self::Of(place) if place.epoch == epoch => Ok(Some(place.id)),
            Self::Of(_) => Err(failed(forgotten())),
        }
    }
}

/// What the core refused or failed at, with the exit code that fits.
fn failed(failure: parlour_actors::error::Failure) -> anyhow::Error {
    let exit = match failure.code {
        ErrorCode::EventsForgotten | ErrorCode::NoConsumer => Exit::Unavailable,
        ErrorCode::Unavailable => Exit::Io,
        _ => Exit::Internal,
    };
    Failure::new(exit, failure.message).into()
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        match self.command {
            Command::List {
                after,
                topics,
                limit,
                config,
            } => on(&config, async |core| {
                let after = after.unwrap_or(Named::Oldest);
                let after = after.in_history(core.epoch())?;
                list(core, after, &topics, limit).await
            }),
            Command::Dead { consumer, config } => {
                on(&config, async |core| dead(core, consumer.as_deref()).await)
            }
            Command::Replay {
                from,
                dead: _,
                consumer,
                config,
            } => on(&config, async |core| {
                let replay = match from {
                    Some(from) => Replay::From(from.in_history(core.epoch())?),
                    None => Replay::Dead,
                };
                replay_on(core, consumer.as_deref(), replay).await
            }),
        }
    }
}

/// Works on the data of a stopped node.
fn on(
    config: &ConfigArgs,
    work: impl AsyncFnOnce(&Core) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    stopped::store(config)?;
    let config = config.sources().load()?.config;
    node::offline(config, async |core| work(&core).await)
}

fn line(json: &Value) -> anyhow::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(json).context("failed to write JSON")?;
    line.push(b'\n');
    Ok(line)
}

async fn list(
    core: &Core,
    after: Option<EventId>,
    topics: &[TopicFilter],
    limit: usize,
) -> anyhow::Result<()> {
    let (store, epoch) = (core.store_ref(), core.epoch());
    let mut lines = out::Lines::to(None)?;
    let (mut after, mut left) = match after {
        Some(after) => (after, limit),
        None => (store.events_floor().await?, limit),
    };
    while left > 0 {
        let page = store.events_after(after, PAGE).await?;
        if page.missed {
            return Err(failed(forgotten()));
        }
        let is_wanted = |topic: &str| topics.is_empty() || topics.iter().any(|t| t.matches(topic));
        let wanted = page.events.iter().filter(|e| is_wanted(e.what.topic()));
        for event in wanted.take(left) {
            if !lines.add(&line(&event_json(epoch, event))?)? {
                return Ok(());
            }
            left -= 1;
        }
        if !page.more {
            break;
        }
        after = page.through;
    }
    lines.end()
}

async fn dead(core: &Core, consumer: Option<&str>) -> anyhow::Result<()> {
    let epoch = core.epoch();
    let mut lines = out::Lines::to(None)?;
    let consumers = core.consumers().await.map_err(failed)?;
    let names = match consumer {
        Some(name) => vec![name.to_owned()],
        None => consumers.into_iter().map(|it| it.name).collect(),
    };
    for name in names {
        let mut after = None;
        loop {
            let letters = core.dead_letters(&name, after, PAGE).await;
            let letters = letters.map_err(failed)?;
            let Some(last) = letters.last() else { break };
            after = Some(last.event);
            for letter in &letters {
                let event = core.store_ref().event(letter.event).await?;
                let mut told = letter_json(epoch, letter, event.as_ref());
                told["consumer"] = name.as_str().into();
                if !lines.add(&line(&told)?)? {
                    return Ok(());
                }
            }
        }
    }
    lines.end()
}

async fn replay_on(core: &Core, consumer: Option<&str>, replay: Replay) -> anyhow::Result<()> {
    let epoch = core.epoch();
    let replayed = core.replay(consumer, replay).await.map_err(failed)?;
    let mut lines = out::Lines::to(None)?;
    for replayed in &replayed {
        lines.add(&line(&replayed_json(epoch, replayed))?)?;
    }
    lines.end()
}
