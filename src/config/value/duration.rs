//! Spans of time: `30s`, `250ms`, `1h`, `1h 30m`.

use std::time::Duration;

use super::Value;

impl Value for Duration {
    const NAME: &'static str = "DURATION";

    fn parse(text: &str) -> Result<Self, String> {
        humantime::parse_duration(text)
            .map_err(|_| "expected a duration with its unit such as 30s, 250ms or 1h".into())
    }

    fn print(&self) -> String {
        humantime::format_duration(*self).to_string()
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
}
