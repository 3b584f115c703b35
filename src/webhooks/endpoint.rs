//! One address that events are posted to: who it is, what it wants to hear, and one request.

use std::{fmt::Write as _, time::Duration};

use anyhow::Context as _;
use parlour_actors::feed::WEBHOOKS;
use parlour_storage::ids::Timestamp;
use sha2::{Digest, Sha256};

use crate::{
    config::{Config, Secret, Secrets, TopicFilter},
    outbound::{
        Outbound, Reach, Signer, Url, Verdict,
        header::{CONTENT_TYPE, HeaderValue},
    },
};

/// An endpoint.
#[derive(Debug)]
pub(super) struct Endpoint {
    url: Url,
    /// What its place is kept under: by the address, so that places don't move when the order of endpoints does, and
    /// without it, since it may have a token in it.
    pub(super) name: String,
    topics: Vec<TopicFilter>,
    outbound: Outbound,
    signer: Signer,
    pub(super) at_once_max: usize,
    pub(super) give_up: Duration,
}

impl Endpoint {
    /// All that are configured.
    ///
    /// # Errors
    ///
    /// A URL or a secret is none, or the machine's certificates can't be used.
    pub(super) fn all(config: &Config) -> anyhow::Result<Vec<Self>> {
        let events = &config.events;
        let endpoints = events.webhook_url.iter().map(|url| {
            let url: Url = url.as_str().parse().context("a webhook_url is none")?;
            let secrets = events.webhook_secret.iter().flat_map(Secrets::iter);
            Ok(Self {
                name: name(&url),
                topics: events.webhook_topics.clone(),
                outbound: Outbound::new(Reach::guarded(&config.outbound), events.webhook_timeout)?,
                signer: Signer::new(secrets.map(Secret::expose))
                    .context("a webhook_secret is none")?,
                at_once_max: events.webhook_concurrency,
                give_up: events.webhook_give_up,
                url,
            })
        });
        endpoints.collect()
    }

    /// What to call it in a log.
    pub(super) fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Whether it wants to hear of a topic.
    pub(super) fn wants(&self, topic: &str) -> bool {
        self.topics.is_empty() || self.topics.iter().any(|filter| filter.matches(topic))
    }

    /// Posts an event once.
    pub(super) async fn post(&self, id: &str, body: String) -> Verdict {
        let mut headers = self.signer.headers(id, Timestamp::now().0 / 1000, &body);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Verdict::on(self.outbound.post(&self.url, headers, body).await).await
    }
}

fn name(url: &Url) -> String {
    let mut name = WEBHOOKS.to_owned();
    for byte in &Sha256::digest(url.as_str())[..8] {
        let _infallible = write!(name, "{byte:02x}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    #[test]
    fn places_belong_to_addresses_and_do_not_tell_them() {
        let mut config = Config::default();
        config.events.webhook_secret = Value::parse("a").unwrap();
        let mut names = |urls| {
            config.events.webhook_url = Value::parse(urls).unwrap();
            let endpoints = Endpoint::all(&config).unwrap();
            endpoints.into_iter().map(|it| it.name).collect::<Vec<_>>()
        };
        let one = names("https://a.example/?token=1,https://a.example/?token=2");
        let other = names("https://a.example/?token=2,https://a.example/?token=1");
        assert_eq!([&one[0], &one[1]], [&other[1], &other[0]]);
        assert_ne!(one[0], one[1]);
        assert_eq!(one[0].len(), WEBHOOKS.len() + 16);
    }

    #[test]
    fn an_endpoint_hears_what_it_wants_to() {
        let mut config = Config::default();
        config.events.webhook_secret = Value::parse("a").unwrap();
        config.events.webhook_url = Value::parse("https://a.example/").unwrap();
        let mut wants = |topics, topic| {
            config.events.webhook_topics = Value::parse(topics).unwrap();
            Endpoint::all(&config).unwrap()[0].wants(topic)
        };
        assert!(wants("", "message.sent"));
        assert!(wants("user.*,message.sent", "message.sent"));
        assert!(!wants("user.*,message.read", "message.sent"));
    }
}
