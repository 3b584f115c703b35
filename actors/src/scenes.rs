//! Where things happened and by whom, read from the store for what is told later than it happened.

use std::{
    collections::{BTreeSet, HashMap},
    sync::Arc,
};

use parlour_storage::{
    domain::{change::Change, conversation::Conversation},
    ids::{ConversationId, UserId},
};

use crate::{
    command::{About, Card},
    error::Failure,
    system::Core,
};

/// Adds where each change happened and by whom, as these are now.
///
/// # Errors
///
/// The store's.
pub(crate) async fn with_scenes(
    core: &Core,
    changes: Vec<Change>,
) -> Result<Vec<(Change, About)>, Failure> {
    let mut scenes = Scenes::default();
    let people: BTreeSet<_> = changes.iter().map(|change| change.by.clone()).collect();
    scenes.add_people(core, people).await?;
    let mut with = Vec::with_capacity(changes.len());
    for change in changes {
        // A conversation that is gone for good took its changes along.
        if let Some(about) = scenes.about(core, change.conversation, &change.by).await? {
            with.push((change, about));
        }
    }
    Ok(with)
}

/// Conversations and people as the store has them, each read once.
#[derive(Debug, Default)]
pub(crate) struct Scenes {
    conversations: HashMap<ConversationId, Option<Arc<Conversation>>>,
    people: HashMap<UserId, Arc<Card>>,
}

impl Scenes {
    /// Reads who people are.
    pub(crate) async fn add_people(
        &mut self,
        core: &Core,
        people: impl IntoIterator<Item = UserId>,
    ) -> Result<(), Failure> {
        let unknown: Vec<_> = people
            .into_iter()
            .filter(|user| !self.people.contains_key(user))
            .collect();
        for user in core.store_ref().users(&unknown).await? {
            self.people
                .insert(user.id.clone(), Arc::new(Card::from(user)));
        }
        Ok(())
    }

    /// Somebody as others see them: nameless if they never signed in, or weren't added.
    pub(crate) fn card(&self, user: &UserId) -> Arc<Card> {
        let card = self.people.get(user).map(Arc::clone);
        card.unwrap_or_else(|| Card::nameless(user.clone()))
    }

    /// Where something happened, and by whom. `None` if there is no such conversation.
    pub(crate) async fn about(
        &mut self,
        core: &Core,
        id: ConversationId,
        by: &UserId,
    ) -> Result<Option<About>, Failure> {
        let conversation = match self.conversations.get(&id) {
            Some(known) => known.clone(),
            None => {
                let read = core.store_ref().conversation(id).await?.map(Arc::new);
                self.conversations.insert(id, read.clone());
                read
            }
        };
        Ok(conversation.map(|conversation| About {
            conversation,
            by: self.card(by),
        }))
    }
}
