//! `mixed`: what people do on a day, in rooms, by turns and in a stated mix. Judged by how long until they are answered.

use std::{fmt, str::FromStr};

use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};

use super::Plan;
use crate::{report::Report, tally::Deed, trial::Measure};

/// How often each thing is done, in relation to the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mix(Vec<(Deed, u32)>);

impl Default for Mix {
    /// A message is typed, sent and read; now and then somebody looks who is there, scrolls up, or looks for something.
    fn default() -> Self {
        Self(vec![
            (Deed::Send, 30),
            (Deed::Typing, 30),
            (Deed::Read, 30),
            (Deed::Presence, 5),
            (Deed::History, 4),
            (Deed::Search, 1),
        ])
    }
}

impl fmt::Display for Mix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = self.0.iter();
        let parts: Vec<_> = parts
            .map(|(deed, n)| format!("{}={n}", deed.name()))
            .collect();
        f.write_str(&parts.join(","))
    }
}

impl FromStr for Mix {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let part = |part: &str| {
            let (name, n) = part.split_once('=')?;
            let deed = Deed::ALL.into_iter().find(|deed| deed.name() == name)?;
            Some((deed, n.parse().ok().filter(|n| *n <= 1_000_000)?))
        };
        let parts: Option<Vec<_>> = text.split(',').map(part).collect();
        let parts = parts.filter(|parts: &Vec<(Deed, u32)>| parts.iter().any(|(_, n)| *n > 0));
        parts.map(Self).ok_or_else(|| {
            let names = Deed::ALL.map(Deed::name).join(", ");
            format!("expected parts such as send=3,history=1, of {names}")
        })
    }
}

impl Mix {
    /// One by chance.
    fn choose(&self, chance: &mut StdRng) -> Deed {
        let all = self.0.iter().map(|(_, n)| n).sum();
        let mut at = chance.random_range(0..all);
        for (deed, n) in &self.0 {
            if at < *n {
                return *deed;
            }
            at -= n;
        }
        Deed::Send
    }
}

pub(super) async fn run(plan: Plan, mix: Mix) -> anyhow::Result<Report> {
    let what = format!("{} rooms of {}, {mix}", plan.rooms, plan.members);
    let title = plan.title("mixed", &what);
    let mut chance = StdRng::seed_from_u64(plan.seed);
    plan.rounds(title, Measure::Answers, || mix.choose(&mut chance))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mix_is_read_and_written() {
        let text = "send=3,history=1";
        assert_eq!(text.parse::<Mix>().unwrap().to_string(), text);
        let default = Mix::default();
        assert_eq!(default.to_string().parse(), Ok(default));
        for wrong in [
            "",
            "send",
            "send=-1",
            "sing=1",
            "send=0",
            "send=1,,",
            "send=9999999",
        ] {
            assert!(
                wrong.parse::<Mix>().unwrap_err().contains("send=3"),
                "{wrong}"
            );
        }
    }

    #[test]
    fn deeds_come_as_often_as_stated() {
        let mix: Mix = "send=3,history=1,search=0".parse().unwrap();
        let mut chance = StdRng::seed_from_u64(1);
        let deeds: Vec<_> = (0..10_000).map(|_| mix.choose(&mut chance)).collect();
        let n = |deed| deeds.iter().filter(|known| **known == deed).count();
        assert!(n(Deed::Send).abs_diff(7500) < 200, "{}", n(Deed::Send));
        assert_eq!(n(Deed::Send) + n(Deed::History), 10_000);
    }
}
