//! The node's limits for people, which load meets: how they are known, and what to do about them.

/// Whether a refusal is one of these.
pub(crate) fn is_limit(reason: &str) -> bool {
    ["429", "RATE_LIMITED", "TOO_MANY_IN_FLIGHT"]
        .iter()
        .any(|limit| reason.contains(limit))
}

/// What to do.
pub(crate) const ADVICE: &str = "the node has limits for people, and this is load: run it with `--flagfile flags/bench.flags`, which lifts them";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_known_for_what_it_is() {
        for reason in [
            "4429 too many connections",
            "HTTP/1.1 429 Too Many Requests",
            "RATE_LIMITED",
        ] {
            assert!(is_limit(reason), "{reason}");
        }
        for reason in ["4000 too slow", "NO_USER", "HTTP 500"] {
            assert!(!is_limit(reason), "{reason}");
        }
    }
}
