//! How long to wait before the next attempt.

use std::time::Duration;

/// After the first failure.
const FIRST: Duration = Duration::from_secs(1);

/// However many there were.
const LONGEST: Duration = Duration::from_secs(5 * 60);

/// The wait after `n_failures` in a row (from 1): twice as long each time, and somewhere in its upper half, by `chance`
/// from 0 to 1, so that what failed together isn't tried together.
pub(super) fn wait(n_failures: u32, chance: f64) -> Duration {
    let doublings = n_failures.saturating_sub(1).min(16);
    let most = (FIRST * (1 << doublings)).min(LONGEST);
    most.mul_f64(0.5 + chance.clamp(0.0, 1.0) / 2.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_five_minutes_and_differ() {
        let most: Vec<_> = (1..=11).map(|n| wait(n, 1.0).as_secs()).collect();
        assert_eq!(most, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        for n in [1, 5, 1000, u32::MAX] {
            assert_eq!(wait(n, 0.0) * 2, wait(n, 1.0));
            assert!(wait(n, 0.0) < wait(n, 0.5) && wait(n, 0.5) < wait(n, 1.0));
        }
    }
}
