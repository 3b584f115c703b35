//! Environment names that existing deployments of chat servers use, and what they mean here.
//!
//! So that a `.env` file written for one of them starts a node too. `PARLOUR_*` wins over them.

use parlour_actors::action::Action;

use super::{
    table::Opt,
    value::{DialectListener, FindingAction, LimitRule, Value},
};
use crate::dialects::Dialect;

/// A name of the environment that is not ours.
pub(super) struct Alias {
    pub(super) name: &'static str,
    pub(super) meaning: Meaning,
}

/// What an alias means.
pub(super) enum Meaning {
    /// Options, by their keys; and how the value of each follows from the alias and from what weaker sources said.
    Options(&'static [(&'static str, Convert)]),
    /// Nothing yet, and why.
    Unused(&'static str),
}

type Convert = fn(text: &str, weaker: &str) -> Result<String, String>;

impl Alias {
    /// The names that mean this option, for its documentation.
    pub(super) fn of(option: &Opt) -> impl Iterator<Item = &'static str> {
        let means = |alias: &&Self| match alias.meaning {
            Meaning::Options(options) => options.iter().any(|(key, _)| *key == option.key),
            Meaning::Unused(_) => false,
        };
        ALIASES.iter().filter(means).map(|alias| alias.name)
    }
}

const NO_SERVER_KEY: &str =
    "Google has ended these keys; give the file of a service account: push.fcm_credentials_file";

/// All of them (CONTRACT.md, C-37). Those that mean the same option are heard in this order.
pub(super) static ALIASES: &[Alias] = &[
    means("WS_PORT", &[("http.listen_dialect", dating_port)]),
    unused("REDIS_URL", "a single node needs no Redis"),
    means(
        "MESSAGE_RATE_LIMIT",
        &[("policy.limits", messages_per_hour)],
    ),
    means(
        "REQUEST_RATE_LIMIT",
        &[("policy.limits", requests_per_hour)],
    ),
    means("TYPING_TIMEOUT", &[("rooms.typing_timeout", milliseconds)]),
    means(
        "MAX_MESSAGE_LENGTH",
        &[("policy.message_length_max", number)],
    ),
    means(
        "MAX_REQUEST_LENGTH",
        &[("policy.request_length_max", number)],
    ),
    means("UPLOAD_DIR", &[("attachments.folder", as_it_is)]),
    means(
        "WS_HEARTBEAT_INTERVAL",
        &[("session.ping_interval", seconds)],
    ),
    // Strictness before the switch, which has the last word.
    means(
        "PROFANITY_FILTER_STRICT",
        &[("policy.profanity", strictness)],
    ),
    means(
        "ENABLE_CONTENT_MODERATION",
        &[
            ("policy.profanity", profanity_on),
            ("policy.contact_details", contact_details_on),
        ],
    ),
    unused("FCM_SERVER_KEY", NO_SERVER_KEY),
    means("ENABLE_PUSH_NOTIFICATIONS", &[("push.enabled", on)]),
    unused("DB_SYNC", "the store creates itself"),
    means("FRONTEND_URL", &[("http.allowed_origins", as_it_is)]),
    means("JWT_SECRET", &[("auth.secret", as_it_is)]),
];

const fn means(name: &'static str, options: &'static [(&'static str, Convert)]) -> Alias {
    let meaning = Meaning::Options(options);
    Alias { name, meaning }
}

const fn unused(name: &'static str, why: &'static str) -> Alias {
    let meaning = Meaning::Unused(why);
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

fn messages_per_hour(text: &str, weaker: &str) -> Result<String, String> {
    per_hour(Action::Send, text, weaker)
}

fn requests_per_hour(text: &str, weaker: &str) -> Result<String, String> {
    per_hour(Action::Ask, text, weaker)
}

/// A number of times an hour, in place of all other rules for the action.
fn per_hour(action: Action, text: &str, weaker: &str) -> Result<String, String> {
    let mut rules = Vec::<LimitRule>::parse(weaker)?;
    rules.retain(|rule| rule.action != action);
    rules.push(
        LimitRule::parse(&format!("{}={text} per 1h", action.name()))
            .map_err(|_| format!("{text:?} does not do: expected a number of times an hour"))?,
    );
    Ok(rules.print())
}

/// Strict refuses what has profanity. Not strict is milder than that, and no more: it switches nothing on.
fn strictness(text: &str, weaker: &str) -> Result<String, String> {
    let weaker = FindingAction::parse(weaker)?;
    let action = match (switch(text)?, weaker) {
        (true, _) => FindingAction::Reject,
        (false, FindingAction::Reject) => FindingAction::Placeholder,
        (false, milder) => milder,
    };
    Ok(action.print())
}

fn profanity_on(text: &str, weaker: &str) -> Result<String, String> {
    switched(FindingAction::Placeholder, text, weaker)
}

fn contact_details_on(text: &str, weaker: &str) -> Result<String, String> {
    switched(FindingAction::Flag, text, weaker)
}

/// What is on already stays as it is.
fn switched(on: FindingAction, text: &str, weaker: &str) -> Result<String, String> {
    let weaker = FindingAction::parse(weaker)?;
    let action = match (switch(text)?, weaker) {
        (false, _) => FindingAction::Allow,
        (true, FindingAction::Allow) => on,
        (true, chosen) => chosen,
    };
    Ok(action.print())
}

fn on(text: &str, _: &str) -> Result<String, String> {
    Ok(switch(text)?.print())
}

fn switch(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "true" | "1" => Ok(true),
        "false" | "0" => Ok(false),
        _ => Err(format!("{text:?} does not do: expected true or false")),
    }
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
                Meaning::Options(options) => {
                    assert!(!options.is_empty(), "{}", alias.name);
                    for (key, _) in options {
                        assert!(Opt::find(key).is_some(), "{key}");
                    }
                }
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
        let rules = requests_per_hour("10", "request.send=30 per 1h,like=5 per 1s");
        assert_eq!(rules, Ok("like=5 per 1s,request.send=10 per 1h".into()));
        assert_eq!(milliseconds("3000", ""), Ok("3000ms".into()));
    }

    #[test]
    fn moderation_is_switched_on_and_off_and_made_stricter_but_never_milder_than_chosen() {
        for (convert, text, weaker, expected) in [
            (strictness as Convert, "true", "allow", "reject"),
            (strictness, "TRUE", "mask", "reject"),
            (strictness, "false", "allow", "allow"),
            (strictness, "false", "mask", "mask"),
            (strictness, "false", "reject", "placeholder"),
            (profanity_on, "true", "allow", "placeholder"),
            (profanity_on, "1", "reject", "reject"),
            (profanity_on, "true", "flag", "flag"),
            (profanity_on, "false", "reject", "allow"),
            (contact_details_on, "true", "allow", "flag"),
            (contact_details_on, "true", "mask", "mask"),
            (contact_details_on, "0", "mask", "allow"),
        ] {
            assert_eq!(
                convert(text, weaker),
                Ok(expected.into()),
                "{text} {weaker}"
            );
        }
        assert!(profanity_on("maybe", "allow").is_err());
    }
}
