//! Which events somebody wants: names of topics, or whole families of them, as in `message.sent,request.*`.

use std::{fmt, str::FromStr};

use parlour_storage::domain::event::TOPICS;

/// Which events somebody wants. The default: all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topics(Option<Vec<&'static str>>);

impl Topics {
    /// Whether events of a topic are wanted.
    pub fn contains(&self, topic: &str) -> bool {
        self.0.as_ref().is_none_or(|wanted| wanted.contains(&topic))
    }
}

/// Says which name is no topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotATopic(String);

impl fmt::Display for NotATopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let known = TOPICS.join(", ");
        write!(f, "there is no topic {:?}; there are {known}", self.0)
    }
}

impl std::error::Error for NotATopic {}

impl FromStr for Topics {
    type Err = NotATopic;

    /// Names with commas between them; `*` for all that begin so. Empty: all.
    fn from_str(text: &str) -> Result<Self, NotATopic> {
        let mut wanted = Vec::new();
        for name in text
            .split(',')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            let before = wanted.len();
            let matches = |topic: &&&str| match name.strip_suffix('*') {
                Some(begin) => topic.starts_with(begin),
                None => **topic == name,
            };
            wanted.extend(TOPICS.iter().filter(matches));
            if wanted.len() == before {
                return Err(NotATopic(name.to_owned()));
            }
        }
        Ok(Self((!wanted.is_empty()).then_some(wanted)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_said_is_all() {
        for text in ["", " , ", "*"] {
            let topics: Topics = text.parse().unwrap();
            assert!(TOPICS.iter().all(|topic| topics.contains(topic)));
        }
    }

    #[test]
    fn names_and_families_are_taken_as_they_are() {
        let topics: Topics = "message.sent, request.*".parse().unwrap();
        let wanted: Vec<_> = TOPICS.iter().filter(|t| topics.contains(t)).collect();
        let expected = [
            "message.sent",
            "request.sent",
            "request.accepted",
            "request.declined",
            "request.withdrawn",
        ];
        assert_eq!(wanted.len(), expected.len());
        assert!(expected.iter().all(|topic| topics.contains(topic)));
    }

    #[test]
    fn a_name_that_is_none_is_named() {
        for text in ["message.sent,message.send", "chat.*"] {
            let error = text.parse::<Topics>().unwrap_err();
            let name = text.rsplit(',').next().unwrap();
            assert_eq!(error, NotATopic(name.to_owned()));
        }
    }
}
