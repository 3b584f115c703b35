//! Which events: `message.sent`, or `message.*` for all of a kind.

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
        let letter = |b: u8| b.is_ascii_lowercase() || b == b'_';
        let word = |word: &str| !word.is_empty() && word.bytes().all(letter);
        match text.split_once('.') {
            Some((kind, what)) if word(kind) && (what == "*" || word(what)) => {
                Ok(Self(text.to_owned()))
            }
            _ => {
                Err("expected an event such as message.sent, or message.* for all of a kind".into())
            }
        }
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
