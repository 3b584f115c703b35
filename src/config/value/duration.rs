//! Spans of time: `30s`, `250ms`, `1h`, `1h 30m`.

use std::time::Duration;

use super::Value;

const DAY: u64 = 24 * 60 * 60;

impl Value for Duration {
    const NAME: &'static str = "DURATION";

    fn parse(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map_err(|_| "expected a duration with its unit such as 30s, 250ms or 1h".into())
    }

    fn print(&self) -> String {
        printed(*self)
    }
}

/// Days are the largest unit: humantime's months and years are means, so that 365 days would be "11months
/// 30days 3h 50m 24s".
pub(super) fn printed(duration: Duration) -> String {
    let days = duration.as_secs() / DAY;
    let rest = duration - Duration::from_secs(days * DAY);
    let unit = if days == 1 { "day" } else { "days" };
    let rest_printed = humantime::format_duration(rest);
    match (days, rest.is_zero()) {
        (0, _) => rest_printed.to_string(),
        (_, true) => format!("{days}{unit}"),
        (_, false) => format!("{days}{unit} {rest_printed}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_needs_its_unit() {
        assert_eq!(Duration::parse("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(Duration::parse("0s"), Ok(Duration::ZERO));
        assert!(Duration::parse("30").is_err());
        assert!(Duration::parse("-1s").is_err());
    }

    #[test]
    fn a_duration_is_printed_in_days_at_most() {
        for text in [
            "0s",
            "1s 500ms",
            "23h 59m 59s",
            "1day",
            "365days",
            "400days 3h 50m",
        ] {
            assert_eq!(Duration::parse(text).unwrap().print(), text);
        }
    }
}
