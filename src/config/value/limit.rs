//! How often somebody may do something: `message.send=300 per 1m`.

use std::{fmt, num::NonZeroU32, time::Duration};

use parlour_actors::action::Action;

use super::{Value, duration::printed};

/// What a rule can limit: all but getting what one missed, so that nobody stays behind.
pub fn limited() -> impl Iterator<Item = Action> {
    let all = Action::ALL.iter().copied();
    all.filter(|action| *action != Action::Resume)
}

/// The longest period of a rule: limiter state is kept for as long.
const PERIOD_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// One rule: a person may do `action` `n` times in `period`. An action may have several rules; each
/// must allow it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitRule {
    /// What is limited; one of [`limited`].
    pub action: Action,
    /// How often in one period.
    pub n: NonZeroU32,
    /// From 1 s to 30 days.
    pub period: Duration,
}

impl fmt::Display for LimitRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let period = printed(self.period);
        write!(f, "{}={} per {period}", self.action.name(), self.n)
    }
}

impl Value for LimitRule {
    const NAME: &'static str = "RULE";

    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "expected a rule such as message.send=300 per 1m".to_owned();
        let (action, rate) = text.split_once('=').ok_or_else(expected)?;
        let (n, period) = rate.split_once(" per ").ok_or_else(expected)?;
        let action = limited()
            .find(|known| known.name() == action.trim())
            .ok_or_else(|| {
                let names: Vec<_> = limited().map(Action::name).collect();
                format!("{}; the actions are {}", expected(), names.join(", "))
            })?;
        let n = n.trim().parse().map_err(|_| {
            "expected a number of times above 0; to forbid an action is not a matter of rate"
                .to_owned()
        })?;
        let period = Duration::parse(period.trim())?;
        if !(Duration::from_secs(1)..=PERIOD_MAX).contains(&period) {
            return Err("the period of a rule is between 1s and 30days".into());
        }
        Ok(Self { action, n, period })
    }

    fn print(&self) -> String {
        self.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_names_its_action_its_number_and_its_period() {
        let rule = LimitRule::parse("message.send = 120 per 1m").unwrap();
        assert_eq!(rule.action, Action::Send);
        assert_eq!((rule.n.get(), rule.period.as_secs()), (120, 60));
        assert_eq!(rule.print(), "message.send=120 per 1m");
    }

    #[test]
    fn the_option_names_every_action_that_can_be_limited() {
        let option = crate::config::Opt::find("policy.limits").unwrap();
        let doc = option.doc.join(" ");
        for action in limited() {
            let named = [',', '.'].map(|end| format!(" {}{end}", action.name()));
            assert!(
                named.iter().any(|name| doc.contains(name)),
                "{named:?}: {doc}"
            );
        }
    }

    #[test]
    fn a_rule_that_limits_nothing_or_everything_is_refused() {
        for text in [
            "",
            "message.send",
            "message.send=5",
            "message.send=0 per 1m",
            "message.send=5 per 1",
            "message.send=5 per 0s",
            "message.send=5 per 1year",
            "messages=5 per 1m",
            "resume=5 per 1m",
        ] {
            assert!(LimitRule::parse(text).is_err(), "{text}");
        }
    }
}
