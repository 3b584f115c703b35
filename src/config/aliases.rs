//! Environment names that existing deployments of chat servers use, and what they mean here.
//!
//! So that a `.env` file written for one of them starts a node too. `PARLOUR_*` wins over them.

use super::{
    table::Opt,
    value::{DialectListener, LimitRule, LimitedAction, Value},
};
use crate::dialects::Dialect;

/// A name of the environment that is not ours.
pub(super) struct Alias {
    pub(super) name: &'static str,
    pub(super) meaning: Meaning,
}

/// What an alias means.
pub(super) enum Meaning {
    /// An option, by its key; and how its value follows from the alias and from what weaker sources said.
    Option(&'static str, Convert),
    /// Nothing yet, and why.
    Unused(&'static str),
}

type Convert = fn(text: &str, weaker: &str) -> Result<String, String>;

impl Alias {
    /// The option it means, if any.
    pub(super) fn option(&self) -> Option<&'static Opt> {
        match self.meaning {
            Meaning::Option(key, _) => Opt::find(key),
            Meaning::Unused(_) => None,
        }
    }

    /// The names that mean this option, for its documentation.
    pub(super) fn of(option: &Opt) -> impl Iterator<Item = &'static str> {
        let means = |alias: &&Self| alias.option().is_some_and(|known| known.key == option.key);
        ALIASES.iter().filter(means).map(|alias| alias.name)
    }
}

const NO_REQUESTS: &str = "there are no message requests yet";
const NO_FILES: &str = "files are not kept yet";
const NO_MODERATION: &str = "content is not moderated yet";
const NO_PUSH: &str = "there are no push notifications yet";

/// All of them (CONTRACT.md, C-37).
pub(super) static ALIASES: &[Alias] = &[
    alias(
        "WS_PORT",
        Meaning::Option("http.listen_dialect", dating_port),
    ),
    alias("REDIS_URL", Meaning::Unused("a single node needs no Redis")),
    alias(
        "MESSAGE_RATE_LIMIT",
        Meaning::Option("policy.limits", messages_per_hour),
    ),
    alias("REQUEST_RATE_LIMIT", Meaning::Unused(NO_REQUESTS)),
    alias(
        "TYPING_TIMEOUT",
        Meaning::Option("rooms.typing_timeout", milliseconds),
    ),
    alias(
        "MAX_MESSAGE_LENGTH",
        Meaning::Option("policy.message_length_max", number),
    ),
    alias("MAX_REQUEST_LENGTH", Meaning::Unused(NO_REQUESTS)),
    alias("UPLOAD_DIR", Meaning::Unused(NO_FILES)),
    alias(
        "WS_HEARTBEAT_INTERVAL",
        Meaning::Option("session.ping_interval", seconds),
    ),
    alias("ENABLE_CONTENT_MODERATION", Meaning::Unused(NO_MODERATION)),
    alias("PROFANITY_FILTER_STRICT", Meaning::Unused(NO_MODERATION)),
    alias("FCM_SERVER_KEY", Meaning::Unused(NO_PUSH)),
    alias("ENABLE_PUSH_NOTIFICATIONS", Meaning::Unused(NO_PUSH)),
    alias("DB_SYNC", Meaning::Unused("the store creates itself")),
    alias(
        "FRONTEND_URL",
        Meaning::Option("http.allowed_origins", as_it_is),
    ),
    alias("JWT_SECRET", Meaning::Option("auth.secret", as_it_is)),
];

const fn alias(name: &'static str, meaning: Meaning) -> Alias {
    Alias { name, meaning }
}

fn as_it_is(text: &str, _: &str) -> Result<String, String> {
    Ok(text.into())
}

/// A port for the dialect it is from, in place of any other listener of that.
fn dating_port(text: &str, weaker: &str) -> Result<String, String> {
    let port = text
        .parse()
        .map_err(|_| format!("{text:?} does not do: expected a port such as 3001"))?;
    let mut listeners = Vec::<DialectListener>::parse(weaker)?;
    listeners.retain(|listener| listener.dialect != Dialect::Dating);
    listeners.push(DialectListener::beside(Dialect::Dating, port));
    Ok(listeners.print())
}

/// A number of messages an hour, in place of all other rules for messages.
fn messages_per_hour(text: &str, weaker: &str) -> Result<String, String> {
    let mut rules = Vec::<LimitRule>::parse(weaker)?;
    rules.retain(|rule| rule.action != LimitedAction::MessageSend);
    rules.push(
        LimitRule::parse(&format!("message.send={text} per 1h"))
            .map_err(|_| format!("{text:?} does not do: expected a number of messages an hour"))?,
    );
    Ok(rules.print())
}

fn number(text: &str, _: &str) -> Result<String, String> {
    whole(text).map(|n| n.to_string())
}

fn milliseconds(text: &str, _: &str) -> Result<String, String> {
    whole(text).map(|n| format!("{n}ms"))
}

fn seconds(text: &str, _: &str) -> Result<String, String> {
    whole(text).map(|n| format!("{n}s"))
}

fn whole(text: &str) -> Result<u64, String> {
    text.parse()
        .map_err(|_| format!("{text:?} does not do: expected a whole number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_alias_means_an_option_or_says_why_not() {
        assert_eq!(ALIASES.len(), 16);
        for alias in ALIASES {
            match alias.meaning {
                Meaning::Option(key, _) => assert!(alias.option().is_some(), "{key}"),
                Meaning::Unused(why) => assert!(!why.is_empty()),
            }
        }
    }

    #[test]
    fn an_alias_keeps_what_it_says_nothing_about() {
        let listeners = dating_port("3001", "dating=[::1]:9,gateway=4000");
        assert_eq!(listeners, Ok("gateway=4000,dating=3001".into()));
        assert!(dating_port("none", "").is_err());
        let rules = messages_per_hour("100", "message.send=9 per 1s,typing=5 per 1s");
        assert_eq!(rules, Ok("typing=5 per 1s,message.send=100 per 1h".into()));
        assert!(messages_per_hour("many", "").is_err());
        assert_eq!(milliseconds("3000", ""), Ok("3000ms".into()));
    }
}
