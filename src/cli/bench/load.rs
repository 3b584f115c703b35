//! The flags that both kinds of load have: how much, how long, what texts.

use std::time::Duration;

use parlour_bench::{
    plan::{Pace, Spread, Timing},
    rounds::Demand,
    search::Goal,
    stamp::STAMP_LENGTH,
    wire::Texts,
};

use crate::config::Value;

/// Nobody waits longer for a figure; what is wanted is more runs, then.
const LONGEST: Duration = Duration::from_secs(3600);
/// A higher rate is no request that one core makes.
const RATE_MAX: f64 = 10_000_000.0;
/// How near to each other the rates of a search have to come.
const CLOSENESS: f64 = 1.05;

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Load")]
pub(super) struct Load {
    /// Requests a second, at moments that don't depend on the answers (an open loop).
    #[arg(long, value_name = "N", value_parser = rate)]
    pub(super) rate: Option<f64>,
    /// As fast as it goes instead: so many requests are on their way at a time (a closed loop).
    #[arg(long, value_name = "N", conflicts_with_all = ["rate", "search"], value_parser = clap::value_parser!(u32).range(1..=65_536))]
    flood: Option<u32>,
    /// Look for the highest rate that keeps --p99, from --rate upwards.
    #[arg(long)]
    pub(super) search: bool,
    /// 99 of 100 deliveries (in rooms of two: acknowledgements) take no longer.
    #[arg(long, value_name = "DURATION", default_value = "250ms", value_parser = duration, requires = "search")]
    p99: Duration,
    /// No higher rate is tried.
    #[arg(long, value_name = "N", default_value = "10000000", value_parser = rate, requires = "search")]
    rate_max: f64,
    /// Equal gaps between requests; without it they come by chance, as from people.
    #[arg(long, conflicts_with = "flood")]
    uniform: bool,
    /// How long is measured; at most 1h. A search measures each rate for so long.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    pub(super) duration: Duration,
    /// How long is warmed up before that.
    #[arg(long, value_name = "DURATION", default_value = "2s", value_parser = duration)]
    warm_up: Duration,
    /// How long answers are waited for in the end.
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    grace: Duration,
    /// End after so many requests, those of the warming up included.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    messages: Option<u64>,
    /// Length of texts, in bytes.
    #[arg(long, value_name = "N", default_value_t = 200, value_parser = length)]
    bytes: usize,
    /// Give each message an idempotency key, as clients do that must not lose or double anything.
    #[arg(long)]
    keys: bool,
    /// The same number makes the same moments and the same choices.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) seed: u64,
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text.parse().ok();
    rate.filter(|rate| (0.001..=RATE_MAX).contains(rate))
        .ok_or_else(|| format!("expected a number from 0.001 to {RATE_MAX}"))
}

fn duration(text: &str) -> Result<Duration, String> {
    let duration = <Duration as Value>::parse(text)?;
    match duration <= LONGEST {
        true => Ok(duration),
        false => Err("expected at most 1h".to_owned()),
    }
}

fn length(text: &str) -> Result<usize, String> {
    let length = text.parse().ok();
    // The node's default for the longest text.
    length
        .filter(|length| (STAMP_LENGTH..=5000).contains(length))
        .ok_or_else(|| {
            format!("expected a number from {STAMP_LENGTH} (what tells messages apart) to 5000")
        })
}

impl Load {
    /// How much is asked; at `usual` a second if nothing is said.
    pub(super) fn demand(&self, usual: f64) -> Demand {
        let spread = match self.uniform {
            true => Spread::Uniform,
            false => Spread::Poisson,
        };
        let rate = self.rate.unwrap_or(usual);
        match self.flood {
            Some(n) => Demand::At(Pace::Flood(n as usize)),
            None if self.search => Demand::Highest {
                goal: Goal {
                    from: rate,
                    to: self.rate_max,
                    closeness: CLOSENESS,
                },
                spread,
                p99: self.p99,
            },
            None => Demand::At(Pace::Rate(rate, spread)),
        }
    }

    pub(super) fn timing(&self) -> Timing {
        Timing {
            warm_up: self.warm_up,
            measured: self.duration,
            messages_max: self.messages.unwrap_or(u64::MAX),
            grace: self.grace,
        }
    }

    pub(super) fn texts(&self) -> Texts {
        Texts {
            length: self.bytes,
            keys: self.keys,
        }
    }
}
