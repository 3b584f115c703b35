//! People, conversations and messages that are the same in each run.

use std::sync::Arc;

use anyhow::anyhow;
use parlour_actors::command::{About, Card, Identity};
use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::{Conversation, ConversationKind},
        message::{Content, Message},
        user::{NodeRole, Plan},
    },
    ids::{ConversationId, IdempotencyKey, MessageId, Position, Seq, Timestamp, UserId},
    store::Profile,
};

/// When it all begins: 2026-11-21.
pub(super) const START: Timestamp = Timestamp(1_795_219_200_000);

/// 200 letters, as people write.
pub(super) const TEXT: &str = "Hi Sam, thanks for the pictures! We could meet at the station on Friday, say at half past six, and \
    walk along the river to that place you told me about; if it rains, we take the bus instead. Bye!!";

pub(super) fn user(n: usize) -> anyhow::Result<UserId> {
    UserId::new(&format!("user-{n:06}")).map_err(|problem| anyhow!("{n}: {problem}"))
}

pub(super) fn key(n: usize) -> anyhow::Result<IdempotencyKey> {
    IdempotencyKey::new(&format!("key-{n:06}")).map_err(|problem| anyhow!("{n}: {problem}"))
}

pub(super) fn identity(n: usize) -> anyhow::Result<Identity> {
    let profile = Profile {
        name: None,
        picture: None,
        role: NodeRole::User,
        plan: Plan::Free,
    };
    Ok(Identity {
        user: user(n)?,
        profile,
        expires_at: Timestamp(i64::MAX),
    })
}

pub(super) fn content() -> Content {
    Content {
        text: TEXT.to_owned(),
        ..Content::default()
    }
}

/// The position of the nth thing that happens.
pub(super) fn position(n: usize) -> Position {
    let milliseconds = i64::try_from(n).unwrap_or(i64::MAX);
    Position::at(START.plus_ms(milliseconds))
}

/// A group of the first user's.
pub(super) fn group(n_members: u32) -> anyhow::Result<Conversation> {
    Ok(Conversation {
        id: ConversationId::created_at(position(0)),
        kind: ConversationKind::Group { name: None },
        created_by: user(0)?,
        created_at: START,
        n_members,
        archived: false,
    })
}

/// Where something happens, and that it is done by the first user.
pub(super) fn about(conversation: Conversation) -> anyhow::Result<About> {
    Ok(About {
        conversation: Arc::new(conversation),
        by: Card::nameless(user(0)?),
    })
}

/// The first user's nth message in a conversation, from 1 on.
pub(super) fn sent(conversation: ConversationId, n: usize) -> anyhow::Result<Arc<Change>> {
    let position = position(n);
    let message = Message {
        id: MessageId::created_at(position),
        conversation,
        seq: Seq(n as u64),
        author: user(0)?,
        content: content(),
        attachments: Vec::new(),
        key: Some(key(n)?),
        sent_at: START,
        edited_at: None,
        deleted_at: None,
        reactions: Vec::new(),
    };
    Ok(Arc::new(Change {
        position,
        conversation,
        by: user(0)?,
        at: START,
        body: ChangeBody::Sent(message),
    }))
}
