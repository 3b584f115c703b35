//! Rules of push: what push services want of who asks them, and where requests may go.

use super::super::{Config, value::Secret};
use crate::{
    outbound::{self, Reach, Url},
    push,
};

/// Tells each rule, and whether it holds.
pub(super) fn rules(config: &Config, mut rule: impl FnMut(&'static [&'static str], bool, &str)) {
    let options = &config.push;
    let subject = options.vapid_subject.as_deref().unwrap_or("mailto:");
    rule(
        &["push.vapid_subject"],
        ["mailto:", "https:"]
            .iter()
            .any(|it| subject.starts_with(it)),
        "expected somebody to turn to: mailto:ops@example.org, or an https URL",
    );
    if let Err(problem) = push::check_account(options) {
        let options = &["push.fcm_credentials_file", "push.fcm_url"];
        rule(options, false, &problem);
    }
    let secret = options.webhook_secret.as_ref().map(Secret::expose);
    if let Some(Err(problem)) = secret.map(outbound::check_secret) {
        let options = &["push.webhook_secret", "push.webhook_secret_file"];
        rule(options, false, &problem);
    }
    let reach = Reach::guarded(&config.outbound);
    for (options, url) in [
        (
            ["push.webhook_url", "outbound.allow"].as_slice(),
            &options.webhook_url,
        ),
        (
            ["push.fcm_url", "outbound.allow"].as_slice(),
            &options.fcm_url,
        ),
    ] {
        let Some(url) = url else { continue };
        let problem = match url.as_str().parse::<Url>() {
            Ok(url) => reach.check(&url).err().map(|refused| refused.to_string()),
            Err(problem) => Some(problem.to_string()),
        };
        rule(options, problem.is_none(), problem.as_deref().unwrap_or(""));
    }
}

/// What may be, but should not.
pub(super) fn notice(config: &Config) -> Option<String> {
    let mut urls = [&config.push.webhook_url, &config.push.fcm_url].into_iter();
    urls.any(|url| url.as_ref().is_some_and(|url| url.is_exposed()))
        .then(|| {
            "push.webhook_url or push.fcm_url is http and another machine: whoever is between reads what is pushed; take https"
                .to_owned()
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Push, Value};

    fn broken(change: impl FnOnce(&mut Push), allow: &str) -> Vec<&'static str> {
        let mut config = Config::default();
        change(&mut config.push);
        config.outbound.allow = Value::parse(allow).unwrap();
        let mut broken = Vec::new();
        rules(&config, |options, holds, message| {
            if !holds {
                assert!(!message.is_empty());
                broken.push(options[0]);
            }
        });
        broken
    }

    #[test]
    fn each_rule_is_seen_to_be_broken() {
        assert!(broken(|_| (), "").is_empty());
        for (subject, holds) in [
            ("mailto:a@b.example", true),
            ("https://b.example", true),
            ("a@b.example", false),
        ] {
            let broken = broken(|push| push.vapid_subject = Some(subject.into()), "");
            assert_eq!(broken.is_empty(), holds, "{subject}");
        }
        let missing = Some("/nonexistent/account.json".into());
        let none = broken(|push| push.fcm_credentials_file = missing, "");
        assert_eq!(none, ["push.fcm_credentials_file"]);
        let secret = Some(Secret::new("whsec_?"));
        assert_eq!(
            broken(|push| push.webhook_secret = secret, ""),
            ["push.webhook_secret"]
        );
        let here =
            |push: &mut Push| push.webhook_url = Value::parse("http://127.0.0.1:9/").unwrap();
        assert_eq!(broken(here, ""), ["push.webhook_url"]);
        assert!(broken(here, "127.0.0.1").is_empty());
        let here = |push: &mut Push| push.fcm_url = Value::parse("http://10.0.0.1/").unwrap();
        assert_eq!(broken(here, ""), ["push.fcm_url"]);
    }

    #[test]
    fn what_is_read_on_the_way_is_said() {
        for (url, exposed) in [
            ("http://a.example/", true),
            ("https://a.example/", false),
            ("http://127.0.0.1/", false),
        ] {
            let mut config = Config::default();
            config.push.webhook_url = Value::parse(url).unwrap();
            assert_eq!(notice(&config).is_some(), exposed);
        }
    }
}
