//! Rules between options, and what is allowed but worth saying. A value by itself is checked when it is
//! read.

mod bucket;
mod push;
mod webhooks;

use std::{collections::HashSet, fs::File, net::SocketAddr, path::PathBuf};

use super::{
    Config,
    value::{Engine, FindingAction, LimitRule, Secret},
    weak_secret, words_file,
};

/// A broken rule.
pub(super) struct Violation {
    /// The options it is about; the first is the one to mend.
    pub(super) options: &'static [&'static str],
    /// What is wrong and what to do.
    pub(super) message: String,
}

/// Every rule that `config` breaks.
pub(super) fn violations(config: &Config) -> Vec<Violation> {
    let mut broken = Vec::new();
    let mut rule = |options: &'static [&'static str], holds: bool, message: &str| {
        if !holds {
            broken.push(Violation {
                options,
                message: message.to_owned(),
            });
        }
    };
    let dev = config.node.dev;
    let (auth, session) = (&config.auth, &config.session);

    rule(
        &[
            "auth.secret",
            "auth.public_key_file",
            "auth.jwks_file",
            "auth.secret_file",
        ],
        dev || auth.secret.is_some() || auth.has_public_key(),
        "no key to check tokens with; set auth.secret_file, auth.public_key_file or auth.jwks_file, or try it out with --dev",
    );
    if let Some(weakness) = auth.secret.as_ref().and_then(weak_secret::weakness) {
        let message = format!("{weakness}; make one with `openssl rand -base64 48`");
        rule(&["auth.secret", "auth.secret_file"], dev, &message);
    }
    for (options, path) in [
        (["auth.public_key_file"].as_slice(), &auth.public_key_file),
        (["auth.jwks_file"].as_slice(), &auth.jwks_file),
    ] {
        if let Some(message) = unreadable(path.as_ref()) {
            rule(options, false, &message);
        }
    }
    rule(
        &["http.listen", "node.dev"],
        !dev || config.http.listen.ip().is_loopback(),
        "node.dev lets everybody in who can reach it, so it listens on 127.0.0.1 or [::1] only",
    );
    let extra = || {
        let listeners = config.http.listen_dialect.iter();
        listeners.map(|listener| listener.address(config.http.listen))
    };
    rule(
        &["http.listen_dialect", "node.dev"],
        !dev || extra().all(|address| address.ip().is_loopback()),
        "node.dev lets everybody in who can reach it, so it listens on 127.0.0.1 or [::1] only",
    );
    let addresses: Vec<_> = [config.http.listen].into_iter().chain(extra()).collect();
    if let Some(address) = first_repeated(&addresses) {
        rule(
            &["http.listen_dialect", "http.listen"],
            false,
            &format!("{address} is there twice, http.listen counted; each listener needs its own"),
        );
    }
    rule(
        &["http.allowed_origins", "node.dev"],
        dev || !config
            .http
            .allowed_origins
            .iter()
            .any(|origin| origin.is_any()),
        "`*` lets every web page connect; name the pages, or try it out with --dev",
    );
    rule(
        &["node.drain_delay", "node.shutdown_timeout"],
        config.node.drain_delay < config.node.shutdown_timeout,
        "must be shorter than node.shutdown_timeout, which it is part of",
    );
    rule(
        &["session.outbox_max", "session.message_max"],
        session.message_max <= session.outbox_max,
        "must be at least session.message_max, or a single message disconnects whoever it is for",
    );
    rule(
        &["policy.message_length_max", "session.message_max"],
        config.policy.message_length_max < session.message_max.bytes(),
        "a text of that length never fits into session.message_max",
    );
    rule(
        &["policy.limits"],
        !repeats(&config.policy.limits),
        "two rules have the same action and period; keep one",
    );
    let words = config.policy.words_file.as_deref().map(words_file::words);
    if let Some(Err(message)) = words {
        rule(&["policy.words_file"], false, &message);
    }
    let secret = config.policy.review_secret.as_ref().map(Secret::expose);
    if let Some(Err(message)) = secret.map(crate::outbound::check_secret) {
        let options = &["policy.review_secret", "policy.review_secret_file"];
        rule(options, false, &message);
    }
    bucket::rules(&config.attachments, &mut rule);
    push::rules(config, &mut rule);
    webhooks::rules(config, rule);
    broken
}

/// What is allowed but worth saying.
pub(super) fn notices(config: &Config) -> Vec<String> {
    let mut notices = Vec::new();
    if config.storage.engine == Engine::Memory {
        notices.push("storage.engine is memory: nothing outlives the process".into());
    }
    let policy = &config.policy;
    if policy.contact_details_until_match && policy.contact_details == FindingAction::Allow {
        notices.push(
            "policy.contact_details_until_match does nothing while policy.contact_details is allow"
                .into(),
        );
    }
    if policy
        .review_url
        .as_ref()
        .is_some_and(|url| url.is_exposed())
    {
        notices.push(
            "policy.review_url is http and another machine: whoever is between reads every text; take https"
                .into(),
        );
    }
    notices.extend(bucket::notice(&config.attachments));
    notices.extend(push::notice(config));
    notices.extend(webhooks::notice(config));
    notices
}

fn unreadable(path: Option<&PathBuf>) -> Option<String> {
    let path = path?;
    let error = File::open(path).err()?;
    Some(format!("failed to open {}: {error}", path.display()))
}

/// Port 0 takes another port each time.
fn first_repeated(addresses: &[SocketAddr]) -> Option<SocketAddr> {
    let mut seen = HashSet::new();
    let mut fixed = addresses.iter().filter(|address| address.port() != 0);
    fixed.find(|address| !seen.insert(**address)).copied()
}

fn repeats(rules: &[LimitRule]) -> bool {
    let same = |a: &LimitRule, b: &LimitRule| a.action == b.action && a.period == b.period;
    let mut rules = rules.iter().enumerate();
    let all = rules.clone();
    rules.any(|(i, rule)| all.clone().skip(i + 1).any(|(_, other)| same(rule, other)))
}

#[cfg(test)]
mod tests {
    use super::{
        super::value::{Secret, Value},
        *,
    };

    fn broken(change: impl FnOnce(&mut Config)) -> Vec<&'static str> {
        let mut config = Config::default();
        config.auth.secret = Some(Secret::new("V7bQz0kd3mXw9TfLr2YpHs6NcGj4UaEo"));
        change(&mut config);
        let broken = violations(&config);
        broken.iter().map(|rule| rule.options[0]).collect()
    }

    #[test]
    fn the_defaults_with_a_good_secret_break_no_rule() {
        assert!(broken(|_| ()).is_empty());
        assert!(
            broken(|config| {
                config.auth.secret = None;
                config.node.dev = true;
            })
            .is_empty()
        );
    }

    #[test]
    fn each_rule_is_seen_to_be_broken() {
        assert_eq!(broken(|c| c.auth.secret = None), ["auth.secret"]);
        assert_eq!(
            broken(|c| c.auth.secret = Some(Secret::new("your-secret-key"))),
            ["auth.secret"]
        );
        assert_eq!(
            broken(|c| c.auth.jwks_file = Some("/nonexistent/jwks".into())),
            ["auth.jwks_file"]
        );
        assert_eq!(
            broken(|c| {
                c.node.dev = true;
                c.http.listen = "0.0.0.0:80".parse().unwrap();
            }),
            ["http.listen"]
        );
        assert_eq!(
            broken(|c| {
                c.node.dev = true;
                c.http.listen_dialect = Value::parse("gateway=0.0.0.0:4000").unwrap();
            }),
            ["http.listen_dialect"]
        );
        for listeners in ["gateway=8080", "dating=1,direct=127.0.0.1:1"] {
            let listeners = Value::parse(listeners).unwrap();
            assert_eq!(
                broken(|c| c.http.listen_dialect = listeners),
                ["http.listen_dialect"]
            );
        }
        assert!(
            broken(|c| c.http.listen_dialect = Value::parse("dating=0,direct=0").unwrap())
                .is_empty()
        );
        assert_eq!(
            broken(|c| c.http.allowed_origins = Value::parse("https://a,*").unwrap()),
            ["http.allowed_origins"]
        );
        assert_eq!(
            broken(|c| c.node.drain_delay = c.node.shutdown_timeout),
            ["node.drain_delay"]
        );
        assert_eq!(
            broken(|c| c.session.outbox_max = Value::parse("32KiB").unwrap()),
            ["session.outbox_max"]
        );
        assert_eq!(
            broken(|c| c.policy.message_length_max = 65536),
            ["policy.message_length_max"]
        );
        assert_eq!(
            broken(|c| c.policy.limits = Value::parse("typing=1 per 1s,typing=2 per 1s").unwrap()),
            ["policy.limits"]
        );
        assert_eq!(
            broken(|c| c.policy.words_file = Some("/nonexistent/words".into())),
            ["policy.words_file"]
        );
    }

    #[test]
    fn what_does_nothing_or_is_read_on_the_way_is_said() {
        let said = |change: fn(&mut Config)| {
            let mut config = Config::default();
            change(&mut config);
            notices(&config).join("\n")
        };
        assert_eq!(said(|_| ()), "");
        assert!(said(|c| c.policy.contact_details_until_match = true).contains("does nothing"));
        let masked = |c: &mut Config| {
            c.policy.contact_details_until_match = true;
            c.policy.contact_details = FindingAction::Mask;
        };
        assert_eq!(said(masked), "");
        let exposed =
            |c: &mut Config| c.policy.review_url = Value::parse("http://review:9/").unwrap();
        assert!(said(exposed).contains("https"));
        let here = |c: &mut Config| c.policy.review_url = Value::parse("http://[::1]:9/").unwrap();
        assert_eq!(said(here), "");
    }
}
