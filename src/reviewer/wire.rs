//! What the review service is asked and answers, as JSON.

use parlour_actors::reviewer::{Draft, NoOpinion, Opinion, Purpose};
use parlour_storage::domain::{message::MessageKind, user::Plan};
use serde::{Deserialize, Serialize};

/// What it is asked.
#[derive(Debug, Serialize)]
pub(super) struct Question<'a> {
    /// Which question; as in `webhook-id`.
    id: &'a str,
    /// Of what sort: services may get others one day.
    r#type: &'static str,
    /// What the text is for.
    purpose: &'static str,
    /// What sort of message it stands in.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    author: &'a str,
    plan: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    to: Option<&'a str>,
    text: &'a str,
}

impl<'a> Question<'a> {
    pub(super) fn new(id: &'a str, draft: &'a Draft) -> Self {
        let (purpose, kind) = match draft.purpose {
            Purpose::Message(kind) => ("message", Some(self::kind(kind))),
            Purpose::Edit => ("edit", None),
            Purpose::Request => ("request", None),
        };
        Self {
            id,
            r#type: "text.review",
            purpose,
            kind,
            author: draft.author.as_str(),
            plan: match draft.plan {
                Plan::Free => "free",
                Plan::Premium => "premium",
            },
            conversation: draft.conversation.map(|id| id.to_string()),
            to: draft.to.as_ref().map(|user| user.as_str()),
            text: &draft.text,
        }
    }
}

fn kind(kind: MessageKind) -> &'static str {
    match kind {
        MessageKind::Text => "text",
        MessageKind::File => "file",
        MessageKind::Image => "image",
        MessageKind::Video => "video",
        MessageKind::Audio => "audio",
        MessageKind::System => "system",
    }
}

/// What it answers. Fields that aren't known are no fault: a service may say more to others.
#[derive(Debug, Deserialize)]
#[serde(tag = "action", rename_all = "lowercase")]
enum Answer {
    Allow,
    Replace {
        text: String,
    },
    Flag {
        #[serde(default)]
        reason: String,
    },
    Reject {
        #[serde(default)]
        reason: String,
    },
}

/// Reads an answer.
///
/// # Errors
///
/// It is none, and why.
pub(super) fn opinion(body: &[u8]) -> Result<Opinion, NoOpinion> {
    let answer = serde_json::from_slice(body)
        .map_err(|error| NoOpinion(format!("its answer can't be read: {error}")))?;
    Ok(match answer {
        Answer::Allow => Opinion::Allow,
        Answer::Replace { text } => Opinion::Replace(text),
        Answer::Flag { reason } => Opinion::Flag(reason),
        Answer::Reject { reason } => Opinion::Reject(reason),
    })
}

#[cfg(test)]
mod tests {
    use parlour_storage::ids::UserId;

    use super::*;

    #[test]
    fn questions_look_as_documented() {
        let draft = Draft {
            author: UserId::new("alice").unwrap(),
            plan: Plan::Free,
            purpose: Purpose::Message(MessageKind::Image),
            conversation: Some("7".parse().unwrap()),
            to: Some(UserId::new("bob").unwrap()),
            text: "look".to_owned(),
        };
        assert_eq!(
            serde_json::to_string(&Question::new("msg_1", &draft)).unwrap(),
            r#"{"id":"msg_1","type":"text.review","purpose":"message","kind":"image","author":"alice","plan":"free","conversation":"7","to":"bob","text":"look"}"#
        );
        let request = Draft {
            purpose: Purpose::Request,
            conversation: None,
            ..draft
        };
        assert_eq!(
            serde_json::to_string(&Question::new("msg_2", &request)).unwrap(),
            r#"{"id":"msg_2","type":"text.review","purpose":"request","author":"alice","plan":"free","to":"bob","text":"look"}"#
        );
    }

    #[test]
    fn answers_are_read_and_garbage_is_not_guessed_at() {
        for (body, expected) in [
            (r#"{"action":"allow","score":0.1}"#, Opinion::Allow),
            (
                r#"{"action":"replace","text":"x"}"#,
                Opinion::Replace("x".to_owned()),
            ),
            (r#"{"action":"flag"}"#, Opinion::Flag(String::new())),
            (
                r#"{"action":"reject","reason":"no"}"#,
                Opinion::Reject("no".to_owned()),
            ),
        ] {
            assert_eq!(opinion(body.as_bytes()), Ok(expected));
        }
        for body in [
            "",
            "ok",
            "{}",
            r#"{"action":"ALLOW"}"#,
            r#"{"action":"replace"}"#,
            r#"{"action":"reject","reason":1}"#,
            r#"[{"action":"allow"}]"#,
            "\u{ff}",
        ] {
            assert!(opinion(body.as_bytes()).is_err(), "{body}");
        }
    }
}
