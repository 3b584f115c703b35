//! Messages as lists of dialects show them: with where, by whom, and who has read them.
//!
//! Who may see a message at all was decided before.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parlour_storage::{
    domain::{
        conversation::Conversation,
        message::{Message, ReadMark},
    },
    ids::{ConversationId, Seq, Timestamp, UserId},
};

use crate::{
    command::{About, Item},
    error::Failure,
    limits::PEOPLE_SHOWN_MAX,
    scenes::Scenes,
    system::Core,
    visibility::Eyes,
};

impl Core {
    /// Adds to messages, which `me` may see, what dialects tell of them. What belongs to a whole conversation is
    /// read once for all of its messages.
    pub(super) async fn items(
        &self,
        me: &UserId,
        eyes: &Eyes,
        messages: Vec<Message>,
    ) -> Result<Vec<Item>, Failure> {
        let mut scenes = Scenes::default();
        let authors: BTreeSet<_> = messages.iter().map(|m| m.author.clone()).collect();
        scenes.add_people(self, authors).await?;
        let mut spans: BTreeMap<ConversationId, (Seq, Seq)> = BTreeMap::new();
        for Message {
            conversation, seq, ..
        } in &messages
        {
            let (from, to) = spans.entry(*conversation).or_insert((*seq, *seq));
            (*from, *to) = ((*from).min(*seq), (*to).max(*seq));
        }
        let mut readings = BTreeMap::new();
        for (id, span) in spans {
            // One that is gone for good took its messages along.
            if let Some(conversation) = self.store_ref().conversation(id).await? {
                readings.insert(id, self.reading(me, eyes, conversation, span).await?);
            }
        }
        let items = messages.into_iter().filter_map(|message| {
            let reading = readings.get(&message.conversation)?;
            Some(Item {
                about: About {
                    conversation: Arc::clone(&reading.conversation),
                    by: scenes.card(&message.author),
                },
                read_by: reading.read_by(&message),
                read_at: reading.read_at(&message),
                message,
            })
        });
        Ok(items.collect())
    }

    /// Who has read what of some messages of a conversation, as far as `me` may know.
    async fn reading(
        &self,
        me: &UserId,
        eyes: &Eyes,
        conversation: Conversation,
        (from, to): (Seq, Seq),
    ) -> Result<Reading, Failure> {
        let (store, id) = (self.store_ref(), conversation.id);
        let members = if conversation.n_members as usize > PEOPLE_SHOWN_MAX {
            store.member(id, me).await?.into_iter().collect()
        } else {
            let roster = store.roster(id).await?;
            roster.map(|roster| roster.members).unwrap_or_default()
        };
        let mut readers = Vec::with_capacity(members.len());
        for member in self.readers(eyes, members).await? {
            let read = member.cursor.read;
            // Kept of direct conversations alone.
            let marks = match conversation.peer_of(&member.user) {
                Some(_) if read >= from => {
                    let to = to.min(read);
                    store.read_marks(id, &member.user, from, to).await?
                }
                _ => Vec::new(),
            };
            readers.push(Reader {
                user: member.user,
                read,
                marks,
            });
        }
        Ok(Reading {
            conversation: Arc::new(conversation),
            readers,
        })
    }
}

/// A message as `eyes` may see it, unless it is deleted or a block hides it.
pub(super) fn seen(eyes: &Eyes, message: Message) -> Option<Message> {
    if message.deleted_at.is_some() {
        return None;
    }
    let shown = eyes.view(message);
    (!shown.veiled).then_some(shown.message)
}

/// Who has read how much of a conversation.
struct Reading {
    conversation: Arc<Conversation>,
    /// In the order of their ids.
    readers: Vec<Reader>,
}

struct Reader {
    user: UserId,
    read: Seq,
    marks: Vec<ReadMark>,
}

impl Reading {
    fn read_by(&self, message: &Message) -> Vec<UserId> {
        let readers = self.readers.iter().filter(|r| r.read >= message.seq);
        let mut read_by: Vec<_> = readers.map(|r| r.user.clone()).collect();
        // Whether or not they marked it, and also if they have left since.
        if let Err(place) = read_by.binary_search(&message.author) {
            read_by.insert(place, message.author.clone());
        }
        read_by
    }

    fn read_at(&self, message: &Message) -> Option<Timestamp> {
        let other = self.readers.iter().find(|r| r.user != message.author)?;
        let mark = other.marks.iter().find(|mark| mark.up_to >= message.seq);
        mark.filter(|_| other.read >= message.seq)
            .map(|mark| mark.at)
    }
}
