//! What a reply says, as JSON: the `result` of an ok frame, and the body of a REST answer.

use parlour_actors::{codec::Resume, command::Reply};
use parlour_storage::{domain::change::ChangeBody, ids::Epoch};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::{
    attachment, contact,
    event::Event,
    later, notice, safety,
    search::found,
    wire::{
        Text, WireUnread, block, member, message, receipt, revision, summary, user, wire_presence,
    },
};

/// What a reply says, without the frame or response around it.
#[derive(Debug)]
pub struct Answer<'a> {
    /// The reply.
    pub reply: &'a Reply,
    /// Which history positions belong to.
    pub epoch: Epoch,
}

impl Serialize for Answer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        match self.reply {
            Reply::Done => {}
            Reply::Opened {
                conversation,
                created,
            } => {
                map.serialize_entry("conversation", &Text(conversation))?;
                map.serialize_entry("created", created)?;
            }
            Reply::Sent {
                change, repeated, ..
            } => {
                if let ChangeBody::Sent(sent) = &change.body {
                    map.serialize_entry("message", &message(sent, false))?;
                }
                map.serialize_entry("repeated", repeated)?;
            }
            Reply::User(who) => map.serialize_entry("user", &user(who, false))?,
            Reply::Me(who) => map.serialize_entry("user", &user(who, true))?,
            Reply::Conversations { summaries, next } => {
                let list: Vec<_> = summaries.iter().map(summary).collect();
                map.serialize_entry("conversations", &list)?;
                map.serialize_entry("next", &next.map(Text))?;
            }
            Reply::Conversation(one) => map.serialize_entry("conversation", &summary(one))?,
            Reply::Roster(roster) => {
                let list: Vec<_> = roster.members.iter().map(member).collect();
                map.serialize_entry("members", &list)?;
            }
            Reply::Messages(messages) => {
                let list: Vec<_> = messages
                    .iter()
                    .map(|m| message(&m.message, m.veiled))
                    .collect();
                map.serialize_entry("messages", &list)?;
            }
            Reply::Message(shown) => {
                map.serialize_entry("message", &message(&shown.message, shown.veiled))?;
            }
            Reply::Revisions(revisions) => {
                let list: Vec<_> = revisions.iter().map(revision).collect();
                map.serialize_entry("revisions", &list)?;
            }
            Reply::Receipts(receipts) => {
                let list: Vec<_> = receipts.iter().map(receipt).collect();
                map.serialize_entry("receipts", &list)?;
            }
            Reply::Unread(unread) => {
                let total: u64 = unread.iter().map(|of| of.unread).sum();
                let list: Vec<_> = unread
                    .iter()
                    .map(|of| WireUnread {
                        conversation: Text(of.conversation.id),
                        unread: of.unread,
                    })
                    .collect();
                map.serialize_entry("total", &total)?;
                map.serialize_entry("conversations", &list)?;
            }
            Reply::Blocks(blocks) => {
                let list: Vec<_> = blocks.iter().map(block).collect();
                map.serialize_entry("blocks", &list)?;
            }
            Reply::Presence(presence) => {
                let list: Vec<_> = presence.iter().map(wire_presence).collect();
                map.serialize_entry("presence", &list)?;
            }
            Reply::Found { items, total, more } => {
                let list: Vec<_> = items.iter().map(found).collect();
                map.serialize_entry("found", &list)?;
                map.serialize_entry("total", total)?;
                map.serialize_entry("more", more)?;
            }
            // Questions that other dialects ask; native has its own for the same.
            Reply::Inbox { .. }
            | Reply::Entry(_)
            | Reply::History { .. }
            | Reply::Item(_)
            | Reply::People(_)
            | Reply::Online(_) => {}
            Reply::Contact(reply) => contact::answer(&mut map, reply)?,
            Reply::Safety(reply) => safety::answer(&mut map, reply)?,
            Reply::Notice(reply) => notice::answer(&mut map, reply)?,
            Reply::Attachment(reply) => attachment::answer(&mut map, reply)?,
            Reply::Later(reply) => later::answer(&mut map, reply)?,
            Reply::Changes {
                recovered,
                changes,
                through,
                more,
            } => {
                let list: Vec<_> = changes
                    .iter()
                    .map(|push| Event {
                        epoch: self.epoch,
                        push,
                    })
                    .collect();
                map.serialize_entry("recovered", recovered)?;
                map.serialize_entry("changes", &list)?;
                map.serialize_entry(
                    "resume",
                    &Text(Resume {
                        epoch: self.epoch,
                        position: *through,
                    }),
                )?;
                map.serialize_entry("more", more)?;
            }
        }
        map.end()
    }
}
