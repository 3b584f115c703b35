//! What a block hides, decided in one place for live delivery, resume and history alike.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        message::Message,
        user::Blocks,
    },
    ids::{Timestamp, UserId},
};

use crate::{
    command::{About, Shown},
    push::Push,
};

/// How much of a change one reader is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Show {
    /// All of it.
    All,
    /// That something is there, so that the order has no gap, but nothing of it.
    Veiled,
    /// Nothing.
    Nothing,
}

/// The rule. Receipts pass a block in neither direction; what was written is veiled from whoever blocks its author.
fn show(body: &ChangeBody, reader_blocks_author: bool, author_blocks_reader: bool) -> Show {
    match body {
        ChangeBody::Read { .. } | ChangeBody::Delivered { .. }
            if reader_blocks_author || author_blocks_reader =>
        {
            Show::Nothing
        }
        ChangeBody::Sent(_) | ChangeBody::Edited(_) | ChangeBody::Reacted { .. }
            if reader_blocks_author =>
        {
            Show::Veiled
        }
        _ => Show::All,
    }
}

/// The author's side, for live delivery: who is told less of what they do now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Audience {
    /// Who blocks the author.
    pub blocked_by: Arc<HashSet<UserId>>,
    /// Whom the author blocks.
    pub blocks: Arc<HashSet<UserId>>,
}

impl Audience {
    /// How much `reader` is told of a change that the author makes now.
    pub fn show(&self, body: &ChangeBody, reader: &UserId) -> Show {
        if self.blocked_by.is_empty() && self.blocks.is_empty() {
            return Show::All;
        }
        show(
            body,
            self.blocked_by.contains(reader),
            self.blocks.contains(reader),
        )
    }

    /// Whether there is no block between the author and `reader`, either way.
    pub fn may_meet(&self, reader: &UserId) -> bool {
        !self.blocked_by.contains(reader) && !self.blocks.contains(reader)
    }

    /// They block `other`, or no longer do.
    pub fn set_blocks(&mut self, other: &UserId, on: bool) {
        set(&mut self.blocks, other, on);
    }

    /// `other` blocks them, or no longer does.
    pub fn set_blocked_by(&mut self, other: &UserId, on: bool) {
        set(&mut self.blocked_by, other, on);
    }
}

fn set(people: &mut Arc<HashSet<UserId>>, other: &UserId, on: bool) {
    if people.contains(other) != on {
        let people = Arc::make_mut(people);
        if on {
            people.insert(other.clone())
        } else {
            people.remove(other)
        };
    }
}

impl From<Blocks> for Audience {
    fn from(blocks: Blocks) -> Self {
        Self {
            blocked_by: Arc::new(blocks.of_them.into_iter().collect()),
            blocks: Arc::new(
                blocks
                    .by_them
                    .into_iter()
                    .map(|block| block.blocked)
                    .collect(),
            ),
        }
    }
}

/// The reader's side, for what is read back: whose later doings they are told less of.
#[derive(Clone, Debug, Default)]
pub struct Eyes {
    blocks: HashMap<UserId, Timestamp>,
    blocked_by: HashSet<UserId>,
}

impl From<Blocks> for Eyes {
    fn from(blocks: Blocks) -> Self {
        Self {
            blocks: blocks
                .by_them
                .into_iter()
                .map(|block| (block.blocked, block.at))
                .collect(),
            blocked_by: blocks.of_them.into_iter().collect(),
        }
    }
}

impl Eyes {
    /// What the reader is told of a change of the past.
    pub fn push(&self, mut change: Change, about: About) -> Option<Push> {
        match self.show(&change) {
            Show::Nothing => None,
            Show::Veiled => Some(Push::Veiled(Arc::new(change), about)),
            Show::All => {
                if let ChangeBody::Sent(message) | ChangeBody::Edited(message) = &mut change.body {
                    self.hide_reactions(message);
                }
                Some(Push::Change(Arc::new(change), about))
            }
        }
    }

    /// How much the reader is told of a change of the past.
    fn show(&self, change: &Change) -> Show {
        // Read back, a message stands as it is now: what was sent before the block may say what was
        // written after it.
        let at = match &change.body {
            ChangeBody::Sent(message) | ChangeBody::Edited(message) => written_at(message),
            _ => change.at,
        };
        show(
            &change.body,
            self.blocks_at(&change.by, at),
            self.blocked_by.contains(&change.by),
        )
    }

    /// A message of the past as the reader may see it. What was written before the block stays visible.
    pub fn view(&self, mut message: Message) -> Shown {
        self.hide_reactions(&mut message);
        let veiled = self.blocks_at(&message.author, written_at(&message));
        Shown { message, veiled }
    }

    /// Takes the reactions of those whom the reader blocks off a message: all of them, since a reaction
    /// doesn't know when it was given.
    pub fn hide_reactions(&self, message: &mut Message) {
        message
            .reactions
            .retain(|reaction| !self.blocks.contains_key(&reaction.user));
    }

    /// Whether there is no block between the reader and `other`, either way.
    pub fn may_meet(&self, other: &UserId) -> bool {
        !self.blocks.contains_key(other) && !self.blocked_by.contains(other)
    }

    /// Whether the reader blocks nobody, so that nothing is veiled.
    pub fn hide_nobody(&self) -> bool {
        self.blocks.is_empty()
    }

    /// Whether the reader blocks `other`.
    pub fn blocks(&self, other: &UserId) -> bool {
        self.blocks.contains_key(other)
    }

    /// Whether `other` blocks the reader.
    pub fn blocked_by(&self, other: &UserId) -> bool {
        self.blocked_by.contains(other)
    }

    fn blocks_at(&self, author: &UserId, at: Timestamp) -> bool {
        self.blocks.get(author).is_some_and(|&since| at >= since)
    }
}

/// When the words that a message has now were written.
fn written_at(message: &Message) -> Timestamp {
    message.edited_at.unwrap_or(message.sent_at)
}

#[cfg(test)]
mod tests {
    use parlour_storage::{
        domain::user::Block,
        ids::{ConversationId, Position, Seq},
    };

    use super::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn change(by: &str, at: i64, body: ChangeBody) -> Change {
        let position = Position::new(1).unwrap();
        Change {
            position,
            conversation: ConversationId::created_at(position),
            by: user(by),
            at: Timestamp(at),
            body,
        }
    }

    fn reaction() -> ChangeBody {
        let message = parlour_storage::ids::MessageId::created_at(Position::new(1).unwrap());
        ChangeBody::Reacted {
            message,
            seq: Seq(1),
            emoji: "+".into(),
            on: true,
        }
    }

    #[test]
    fn what_was_done_before_the_block_stays_visible() {
        let block = Block {
            blocked: user("b"),
            reason: None,
            at: Timestamp(10),
        };
        let eyes = Eyes::from(Blocks {
            by_them: vec![block],
            of_them: vec![user("c")],
        });
        assert_eq!(eyes.show(&change("b", 9, reaction())), Show::All);
        assert_eq!(eyes.show(&change("b", 10, reaction())), Show::Veiled);
        assert_eq!(
            eyes.show(&change(
                "b",
                10,
                ChangeBody::Read {
                    seq: Seq(1),
                    messages: Vec::new()
                }
            )),
            Show::Nothing
        );
        assert_eq!(
            eyes.show(&change(
                "c",
                1,
                ChangeBody::Read {
                    seq: Seq(1),
                    messages: Vec::new()
                }
            )),
            Show::Nothing
        );
        assert_eq!(
            eyes.show(&change("c", 1, reaction())),
            Show::All,
            "the blocked one sees the blocker in groups"
        );
        assert!(
            !eyes.may_meet(&user("b")) && !eyes.may_meet(&user("c")) && eyes.may_meet(&user("d"))
        );
    }

    #[test]
    fn both_sides_come_to_the_same_verdict() {
        let author = Audience {
            blocked_by: Arc::new(HashSet::from([user("x")])),
            blocks: Arc::new(HashSet::from([user("y")])),
        };
        let eyes = |blocks: bool, blocked: bool| {
            let block = Block {
                blocked: user("author"),
                reason: None,
                at: Timestamp(0),
            };
            let by_them = if blocks { vec![block] } else { vec![] };
            Eyes::from(Blocks {
                by_them,
                of_them: if blocked {
                    vec![user("author")]
                } else {
                    vec![]
                },
            })
        };
        for body in [
            reaction(),
            ChangeBody::Read {
                seq: Seq(1),
                messages: Vec::new(),
            },
            ChangeBody::Renamed { name: None },
        ] {
            let past = change("author", 1, body.clone());
            assert_eq!(
                author.show(&body, &user("x")),
                eyes(true, false).show(&past)
            );
            assert_eq!(
                author.show(&body, &user("y")),
                eyes(false, true).show(&past)
            );
            assert_eq!(
                author.show(&body, &user("z")),
                eyes(false, false).show(&past)
            );
        }
    }
}
