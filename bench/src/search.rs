//! The highest rate that a node bears: grown until one is too much, then closed in on.
//!
//! Knows nothing of what is tried. A generator that can't keep up ends the growth too, and the result says so: what was
//! measured then is the generator.

/// What to look for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Goal {
    /// The first rate to try, a second.
    pub from: f64,
    /// No rate above it is tried.
    pub to: f64,
    /// How near to each other the highest rate that held and the lowest that didn't have to come: 1.05 is 5 %.
    pub closeness: f64,
}

/// How a rate went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All is as it should be.
    Holds,
    /// Too much for the node.
    Breaks,
    /// Too much for the generator, so nothing is known of the node.
    Lags,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Found {
    /// The highest rate that held. `None`: none did.
    pub best: Option<f64>,
    /// What kept it from being higher.
    pub limit: Limit,
}

/// What ended the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Limit {
    /// The node bears no more.
    Node,
    /// The generator makes no more; the node may bear it.
    Generator,
    /// No higher rate was to be tried.
    Asked,
}

/// A rate so many times lower than the first is not looked for: nothing works, then.
const LOWEST: f64 = 1.0 / 1024.0;

/// Looks for it. Each rate is tried once.
///
/// # Errors
///
/// Those of a try.
pub async fn highest(
    goal: Goal,
    mut attempt: impl AsyncFnMut(f64) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Found> {
    let (mut holds, mut fails): (Option<f64>, Option<f64>) = (None, None);
    let mut limit = Limit::Node;
    loop {
        let rate = match (holds, fails) {
            (None, None) => goal.from.min(goal.to),
            (Some(low), None) if low >= goal.to => {
                limit = Limit::Asked;
                break;
            }
            (Some(low), None) => (low * 2.0).min(goal.to),
            (None, Some(high)) if high <= goal.from * LOWEST => break,
            (None, Some(high)) => high / 2.0,
            (Some(low), Some(high)) if high / low <= goal.closeness => break,
            // In the middle as the eye sees it on a scale of ratios.
            (Some(low), Some(high)) => (low * high).sqrt(),
        };
        match attempt(rate).await? {
            Outcome::Holds => holds = Some(rate),
            Outcome::Breaks => (fails, limit) = (Some(rate), Limit::Node),
            Outcome::Lags => (fails, limit) = (Some(rate), Limit::Generator),
        }
    }
    Ok(Found { best: holds, limit })
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOAL: Goal = Goal {
        from: 100.0,
        to: 1e9,
        closeness: 1.05,
    };

    /// Latency of a single server with a known knee (M/M/1): the mean wait, in ms, is 1 / (capacity - rate).
    fn wait_ms(rate: f64, capacity: f64) -> f64 {
        match capacity - rate {
            left if left > 0.0 => 1000.0 / left,
            _ => f64::INFINITY,
        }
    }

    async fn search(goal: Goal, judge: impl Fn(f64) -> Outcome) -> (Found, Vec<f64>) {
        let mut tried = Vec::new();
        let found = highest(goal, async |rate| {
            tried.push(rate);
            Ok(judge(rate))
        });
        let found = found.await.unwrap();
        (found, tried)
    }

    #[tokio::test]
    async fn the_knee_of_a_simulated_server_is_found() {
        for capacity in [150.0, 12_345.0, 4_400_000.0] {
            // 10 ms are kept up to 100 a second below the capacity.
            let knee = capacity - 100.0;
            let (found, tried) = search(GOAL, |rate| match wait_ms(rate, capacity) {
                wait if wait <= 10.0 => Outcome::Holds,
                _ => Outcome::Breaks,
            })
            .await;
            let best = found.best.unwrap();
            assert!(best <= knee && knee / best <= 1.05, "{best} of {knee}");
            assert_eq!(found.limit, Limit::Node);
            assert!(tried.len() < 30, "{tried:?}");
        }
    }

    #[tokio::test]
    async fn a_generator_that_lags_is_no_knee_of_the_node() {
        let (found, tried) = search(GOAL, |rate| match rate {
            rate if rate > 5000.0 => Outcome::Lags,
            _ => Outcome::Holds,
        })
        .await;
        assert_eq!(found.limit, Limit::Generator);
        assert!((4750.0..=5000.0).contains(&found.best.unwrap()));
        assert_eq!(tried[..3], [100.0, 200.0, 400.0]);
        // Unless the node breaks below that.
        let (found, _) = search(GOAL, |rate| match rate {
            rate if rate > 5000.0 => Outcome::Lags,
            rate if rate > 4000.0 => Outcome::Breaks,
            _ => Outcome::Holds,
        })
        .await;
        assert_eq!(found.limit, Limit::Node);
        assert!(found.best.unwrap() <= 4000.0);
    }

    #[tokio::test]
    async fn nothing_above_what_was_asked_for_is_tried() {
        let goal = Goal { to: 1000.0, ..GOAL };
        let (found, tried) = search(goal, |_| Outcome::Holds).await;
        let expected = Found {
            best: Some(1000.0),
            limit: Limit::Asked,
        };
        assert_eq!(found, expected);
        assert_eq!(tried, [100.0, 200.0, 400.0, 800.0, 1000.0]);
    }

    #[tokio::test]
    async fn a_first_rate_that_is_too_high_is_halved_and_a_dead_node_ends_it() {
        let (found, tried) = search(GOAL, |rate| match rate {
            rate if rate > 30.0 => Outcome::Breaks,
            _ => Outcome::Holds,
        })
        .await;
        assert!((28.5..=30.0).contains(&found.best.unwrap()), "{found:?}");
        assert_eq!(tried[..3], [100.0, 50.0, 25.0]);
        let (found, tried) = search(GOAL, |_| Outcome::Breaks).await;
        assert_eq!((found.best, tried.len()), (None, 11));
    }

    #[tokio::test]
    async fn a_try_that_fails_ends_the_search() {
        let failed = highest(GOAL, async |_| anyhow::bail!("the node is gone")).await;
        assert_eq!(failed.unwrap_err().to_string(), "the node is gone");
    }
}
