//! What a page of events comes to: which conversations are to be looked at, and who has news of their own.
//!
//! However often something happens in a conversation meanwhile, it is looked at once. No clock, no I/O.

use std::collections::BTreeMap;

use parlour_storage::{
    domain::{
        event::{Event, EventId, Happening},
        notification::NotificationBody,
        safety::Sanction,
    },
    ids::{ConversationId, MatchId, MessageRequestId, Seq, UserId},
};

/// What is to be done.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// Conversations, and what happened there.
    pub(super) conversations: BTreeMap<ConversationId, Touched>,
    /// Who blocks whom.
    pub(super) blocks: Vec<(UserId, UserId)>,
    /// Who is to be told what the store notified them of.
    pub(super) personal: Vec<Personal>,
}

/// What happened in a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Touched {
    /// From the first to the last message that was sent.
    pub(super) sent: Option<(Seq, Seq)>,
    /// Something was taken away.
    pub(super) withdrawn: bool,
}

/// What somebody was notified of in the transaction of an event.
#[derive(Debug)]
pub(super) struct Personal {
    pub(super) user: UserId,
    pub(super) event: EventId,
    pub(super) news: News,
}

/// Which news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    Requested(MessageRequestId),
    RequestAccepted(MessageRequestId),
    Matched(MatchId),
    Warned,
}

impl News {
    /// Whether a notification is about this and no other.
    pub(super) fn is_in(self, body: &NotificationBody) -> bool {
        match (self, body) {
            (Self::Requested(id), NotificationBody::Requested { request, .. })
            | (Self::RequestAccepted(id), NotificationBody::RequestAccepted { request, .. }) => {
                id == *request
            }
            (Self::Matched(id), NotificationBody::Matched { matched, .. }) => id == *matched,
            (Self::Warned, NotificationBody::Warned { .. }) => true,
            _ => false,
        }
    }
}

impl Plan {
    pub(super) fn of(events: Vec<Event>) -> Self {
        let mut plan = Self::default();
        for event in events {
            plan.add(event);
        }
        plan
    }

    fn add(&mut self, event: Event) {
        let id = event.id;
        match event.what {
            // Withdrawn meanwhile: nobody is notified of it.
            Happening::MessageSent(message) if message.deleted_at.is_some() => {}
            Happening::MessageSent(message) => {
                let touched = self.conversations.entry(message.conversation).or_default();
                let (first, last) = touched.sent.unwrap_or((message.seq, message.seq));
                touched.sent = Some((first.min(message.seq), last.max(message.seq)));
            }
            Happening::MessageDeleted { conversation, .. }
            | Happening::MessagesPurged { conversation, .. } => {
                self.conversations
                    .entry(conversation)
                    .or_default()
                    .withdrawn = true;
            }
            Happening::UserBlocked { user, .. } => {
                self.blocks.extend(event.by.map(|by| (by, user)));
            }
            Happening::Requested(asked) => {
                self.tell(asked.to, id, News::Requested(asked.request));
            }
            Happening::RequestAccepted { asked, .. } => {
                self.tell(asked.from, id, News::RequestAccepted(asked.request));
            }
            Happening::MatchCreated(matched) => {
                for user in matched.pair {
                    self.tell(user, id, News::Matched(matched.id));
                }
            }
            Happening::Sanctioned {
                user,
                sanction: Sanction::Warn,
            } => self.tell(user, id, News::Warned),
            _ => {}
        }
    }

    fn tell(&mut self, user: UserId, event: EventId, news: News) {
        self.personal.push(Personal { user, event, news });
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::message::{Content, Message},
        ids::{MessageId, Position, Timestamp},
    };

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn at(n: u64) -> Position {
        Position::new(n).unwrap()
    }

    fn event(n: u64, by: &str, what: Happening) -> Event {
        let position = at(n);
        Event {
            id: EventId { position, n: 1 },
            by: Some(user(by)),
            at: Timestamp(0),
            what,
            hidden: false,
        }
    }

    fn sent(conversation: u64, seq: u64, by: &str, deleted: bool) -> Event {
        let message = Message {
            id: MessageId::created_at(at(100 + seq)),
            conversation: ConversationId::created_at(at(conversation)),
            seq: Seq(seq),
            author: user(by),
            content: Content::default(),
            attachments: Vec::new(),
            key: None,
            sent_at: Timestamp(0),
            edited_at: None,
            deleted_at: deleted.then_some(Timestamp(1)),
            reactions: Vec::new(),
        };
        event(100 + seq, by, Happening::MessageSent(message))
    }

    #[test]
    fn a_conversation_is_looked_at_once() {
        let conversation = ConversationId::created_at(at(1));
        let message = MessageId::created_at(at(101));
        let deleted = Happening::MessageDeleted {
            conversation,
            message,
        };
        let events = vec![
            sent(1, 1, "ann", true),
            sent(1, 2, "ann", false),
            sent(2, 3, "eve", false),
            sent(1, 4, "bob", false),
            event(105, "ann", deleted),
            sent(3, 5, "ann", true),
        ];
        let touched = |first, last, withdrawn| Touched {
            sent: Some((Seq(first), Seq(last))),
            withdrawn,
        };
        let plan = Plan::of(events);
        let conversations: Vec<_> = plan.conversations.into_values().collect();
        assert_eq!(conversations, [touched(2, 4, true), touched(3, 3, false)]);
        assert!(plan.personal.is_empty() && plan.blocks.is_empty());
    }

    #[test]
    fn only_a_warning_is_told_of_what_moderators_decide() {
        let decided = |sanction| {
            let user = user("bob");
            event(7, "mod", Happening::Sanctioned { user, sanction })
        };
        let plan = Plan::of(vec![decided(Sanction::Ban), decided(Sanction::Warn)]);
        let [told] = &plan.personal[..] else {
            panic!("{plan:?}")
        };
        assert_eq!((&told.user, told.event.position), (&user("bob"), at(7)));
        assert!(told.news.is_in(&NotificationBody::Warned { reason: None }));
    }

    #[test]
    fn of_another_match_it_is_no_news() {
        let about = |n| NotificationBody::Matched {
            matched: MatchId::created_at(at(n)),
            with: user("bob"),
            conversation: ConversationId::created_at(at(9)),
        };
        let news = News::Matched(MatchId::created_at(at(1)));
        assert!(news.is_in(&about(1)) && !news.is_in(&about(2)));
    }
}
