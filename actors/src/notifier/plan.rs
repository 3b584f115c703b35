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
    ids::{ConversationId, Seq, UserId},
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
    /// The newest message that was sent, and by whom.
    pub(super) newest: Option<(Seq, UserId)>,
    /// Something was taken away.
    pub(super) withdrawn: bool,
}

/// What somebody was notified of in the transaction of an event.
#[derive(Debug)]
pub(super) struct Personal {
    pub(super) user: UserId,
    pub(super) event: EventId,
    /// What a notification about it says.
    pub(super) is: fn(&NotificationBody) -> bool,
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
                let newest = Some((message.seq, message.author));
                let touched = self.conversations.entry(message.conversation).or_default();
                if touched.newest < newest {
                    touched.newest = newest;
                }
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
            Happening::Requested(asked) => self.tell(asked.to, id, |body| {
                matches!(body, NotificationBody::Requested { .. })
            }),
            Happening::RequestAccepted { asked, .. } => self.tell(asked.from, id, |body| {
                matches!(body, NotificationBody::RequestAccepted { .. })
            }),
            Happening::MatchCreated(matched) => {
                for user in matched.pair {
                    self.tell(user, id, |body| {
                        matches!(body, NotificationBody::Matched { .. })
                    });
                }
            }
            Happening::Sanctioned {
                user,
                sanction: Sanction::Warn,
            } => self.tell(user, id, |body| {
                matches!(body, NotificationBody::Warned { .. })
            }),
            _ => {}
        }
    }

    fn tell(&mut self, user: UserId, event: EventId, is: fn(&NotificationBody) -> bool) {
        self.personal.push(Personal { user, event, is });
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
        let touched = |newest: Option<(u64, &str)>, withdrawn| Touched {
            newest: newest.map(|(seq, by)| (Seq(seq), user(by))),
            withdrawn,
        };
        let plan = Plan::of(events);
        let conversations: Vec<_> = plan.conversations.into_values().collect();
        assert_eq!(
            conversations,
            [
                touched(Some((4, "bob")), true),
                touched(Some((3, "eve")), false)
            ]
        );
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
        assert!((told.is)(&NotificationBody::Warned { reason: None }));
    }
}
