//! Rules of webhooks: where they may go, and that they are signed.

use std::collections::HashSet;

use super::{
    super::{Config, value::Secrets},
    called,
};

/// Tells each rule, and whether it holds.
pub(super) fn rules(config: &Config, mut rule: impl FnMut(&'static [&'static str], bool, &str)) {
    let events = &config.events;
    let secret = &["events.webhook_secret", "events.webhook_secret_file"];
    rule(
        secret,
        events.webhook_url.is_empty() || events.webhook_secret.is_some(),
        "webhooks are signed, so that nobody else's are believed; make a secret with `echo whsec_$(openssl rand -base64 32)`, for the node and for whom it calls",
    );
    for one in events.webhook_secret.iter().flat_map(Secrets::iter) {
        let problem = called::bad_secret(config, one);
        rule(secret, problem.is_none(), problem.as_deref().unwrap_or(""));
    }
    let mut seen = HashSet::new();
    for url in &events.webhook_url {
        if let Some(problem) = called::unreachable(config, url) {
            let options = &["events.webhook_url", "outbound.allow"];
            rule(options, false, &problem);
        }
        let url = url.as_str();
        let message = format!("{url} is there twice; each is told everything");
        rule(&["events.webhook_url"], seen.insert(url), &message);
    }
}

/// What may be, but should not.
pub(super) fn notice(config: &Config) -> Option<String> {
    let urls = config.events.webhook_url.iter();
    called::exposed("events.webhook_url", urls, "every message")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    const SECRET: &str = "V7bQz0kd3mXw9TfLr2YpHs6NcGj4UaEo";

    fn broken(url: &str, secret: &str, allow: &str) -> Vec<(&'static str, String)> {
        let mut config = Config::default();
        config.events.webhook_url = Value::parse(url).unwrap();
        config.events.webhook_secret = Value::parse(secret).unwrap();
        config.outbound.allow = Value::parse(allow).unwrap();
        let mut broken = Vec::new();
        rules(&config, |options, holds, message| {
            if !holds {
                broken.push((options[0], message.to_owned()));
            }
        });
        broken
    }

    #[test]
    fn webhooks_go_to_the_internet_once_each_and_signed() {
        assert!(broken("", "", "").is_empty());
        assert!(
            broken(
                "https://a.example/,https://b.example/",
                &format!("{SECRET} whsec_{SECRET}"),
                ""
            )
            .is_empty()
        );
        for (url, secret, allow, option, said) in [
            ("https://a.example/", "", "", "webhook_secret", "openssl"),
            (
                "https://a.example/",
                "hunter2",
                "",
                "webhook_secret",
                "at least",
            ),
            (
                "https://a.example/",
                &format!("{SECRET} whsec_?"),
                "",
                "webhook_secret",
                "base64",
            ),
            (
                "https://127.0.0.1/",
                SECRET,
                "",
                "webhook_url",
                "outbound.allow",
            ),
            (
                "https://a.example/,https://a.example/",
                SECRET,
                "",
                "webhook_url",
                "twice",
            ),
        ] {
            let broken = broken(url, secret, allow);
            let [(found, message)] = &broken[..] else {
                panic!("{broken:?}")
            };
            assert_eq!(*found, format!("events.{option}"));
            assert!(message.contains(said), "{message}");
        }
        assert!(broken("https://127.0.0.1/", SECRET, "127.0.0.0/8").is_empty());
    }

    #[test]
    fn what_is_read_on_the_way_is_said() {
        let mut config = Config::default();
        for (url, exposed) in [("http://a.example/", true), ("https://a.example/", false)] {
            config.events.webhook_url = Value::parse(url).unwrap();
            assert_eq!(notice(&config).is_some(), exposed);
        }
    }
}
