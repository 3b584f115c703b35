//! Which events: `message.sent`, or `message.*` for all of a kind.

use parlour_storage::domain::event::TOPICS;

use super::Value;

/// A topic, or all topics of a kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicFilter(String);

impl TopicFilter {
    /// Whether a topic is one of those meant.
    pub fn matches(&self, topic: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(kind) => topic.starts_with(kind),
            None => topic == self.0,
        }
    }
}

impl Value for TopicFilter {
    const NAME: &'static str = "TOPIC";

    fn parse(text: &str) -> Result<Self, String> {
        let filter = Self(text.to_owned());
        let kind = text
            .strip_suffix('*')
            .is_none_or(|kind| kind.ends_with('.'));
        if kind && TOPICS.iter().any(|topic| filter.matches(topic)) {
            return Ok(filter);
        }
        Err(format!(
            "expected an event, or all of a kind such as message.*; the events are {}",
            TOPICS.join(", ")
        ))
    }

    fn print(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_means_one_topic_or_all_of_a_kind() {
        let one = TopicFilter::parse("message.sent").unwrap();
        assert!(one.matches("message.sent") && !one.matches("message.read"));
        let kind = TopicFilter::parse("message.*").unwrap();
        assert!(kind.matches("message.read") && !kind.matches("messages.read"));
        for text in [
            "",
            "*",
            "message",
            "message.",
            ".sent",
            "Message.sent",
            "a.b.c",
            "a.s*",
        ] {
            assert!(TopicFilter::parse(text).is_err(), "{text}");
        }
    }
}
