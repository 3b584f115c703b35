//! When something is asked of the node: set before the run, and not by how the node does.
//!
//! In an open loop the moments are intended ones. What is asked late, since the node or the generator lags, counts as
//! late from its intended moment on (no coordinated omission). A closed loop has no such moments, and says so.

use std::time::Duration;

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

/// How much is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Pace {
    /// Open loop: so many a second, whatever comes back.
    Rate(f64, Spread),
    /// Closed loop, as fast as it goes: so many are on their way at a time.
    Flood(usize),
}

/// How the moments of a rate lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Spread {
    /// By chance, each independent of the others, as people are: gaps are exponentially distributed.
    #[default]
    Poisson,
    /// All gaps are the same.
    Uniform,
}

/// How long a run takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// What is asked before this doesn't count.
    pub warm_up: Duration,
    /// What is asked from then on does.
    pub measured: Duration,
    /// No more than so many are sent in all.
    pub messages_max: u64,
    /// How long answers are waited for after the last was asked for.
    pub grace: Duration,
}

impl Timing {
    /// From the first moment to the last.
    pub fn total(&self) -> Duration {
        self.warm_up + self.measured
    }
}

/// The intended moments of a rate, from the start of the run on. Endless.
#[derive(Debug)]
pub struct Arrivals {
    /// Seconds between two, on average.
    gap: f64,
    spread: Spread,
    chance: StdRng,
    /// The last moment, in seconds.
    at: f64,
}

impl Arrivals {
    /// So many a second; the same seed gives the same moments.
    pub fn new(per_second: f64, spread: Spread, seed: u64) -> Self {
        Self {
            gap: 1.0 / per_second,
            spread,
            chance: StdRng::seed_from_u64(seed),
            at: 0.0,
        }
    }
}

impl Iterator for Arrivals {
    type Item = Duration;

    fn next(&mut self) -> Option<Duration> {
        self.at += match self.spread {
            Spread::Uniform => self.gap,
            // 1 - u is never 0, so the logarithm is finite.
            Spread::Poisson => -(1.0 - self.chance.random::<f64>()).ln() * self.gap,
        };
        Duration::try_from_secs_f64(self.at).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(per_second: f64, spread: Spread, n: usize) -> Vec<f64> {
        let arrivals = Arrivals::new(per_second, spread, 7).take(n);
        arrivals.map(|at| at.as_secs_f64()).collect()
    }

    #[test]
    fn uniform_moments_are_a_gap_apart_and_do_not_drift() {
        let at = seconds(4.0, Spread::Uniform, 40_000);
        assert_eq!(at[..3], [0.25, 0.5, 0.75]);
        assert!((at[39_999] - 10_000.0).abs() < 1e-3, "{}", at[39_999]);
    }

    #[test]
    fn gaps_of_a_poisson_process_have_mean_and_deviation_alike() {
        let at = seconds(1000.0, Spread::Poisson, 100_000);
        assert!(at.is_sorted());
        let gaps: Vec<f64> = at.windows(2).map(|pair| pair[1] - pair[0]).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean * 1000.0 - 1.0).abs() < 0.02, "{mean}");
        assert!((variance.sqrt() * 1000.0 - 1.0).abs() < 0.03, "{variance}");
        // Memoryless: 1 - 1/e of them are shorter than the mean.
        let shorter = gaps.iter().filter(|gap| **gap < mean).count() as f64 / gaps.len() as f64;
        assert!((shorter - 0.632).abs() < 0.01, "{shorter}");
    }

    #[test]
    fn a_seed_says_when() {
        let of = |seed| Arrivals::new(10.0, Spread::Poisson, seed).nth(100);
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
    }
}
