//! What one reader may see of the past: their [`Eyes`], and what these need to know of others.

use std::collections::{BTreeSet, HashMap};

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::Member,
        safety::Preferences,
        user::Plan,
    },
    ids::UserId,
};

use crate::{
    command::Caller, connection::Connection, error::Failure, push::Push, scenes::with_scenes,
    system::Core, visibility::Eyes,
};

impl Core {
    /// The eyes of who asks.
    pub(crate) async fn eyes(&self, caller: &Caller) -> Result<Eyes, Failure> {
        self.eyes_of(&caller.user, caller.plan).await
    }

    /// The eyes of whom a connection belongs to.
    pub(crate) async fn eyes_behind(&self, connection: &Connection) -> Result<Eyes, Failure> {
        self.eyes_of(&connection.user, connection.plan()).await
    }

    async fn eyes_of(&self, user: &UserId, plan: Plan) -> Result<Eyes, Failure> {
        let blocks = self.store_ref().blocks_of(user).await?;
        let receipts = self.settings.policy.receipts.are_for(plan);
        Ok(Eyes::new(
            user.clone(),
            blocks,
            self.shadows.all(),
            receipts,
        ))
    }

    /// Those members of whom the reader may know what they have read.
    pub(crate) async fn readers(
        &self,
        eyes: &Eyes,
        members: Vec<Member>,
    ) -> Result<Vec<Member>, Failure> {
        let users = members.iter().map(|member| member.user.clone());
        let chose = self.choices(eyes, users.collect()).await?;
        let mut readers = members;
        readers.retain(|member| {
            let chose = chose.get(&member.user).copied().unwrap_or_default();
            eyes.sees_reading_of(&member.user, chose)
        });
        Ok(readers)
    }

    /// What the reader is told of changes of the past.
    pub(crate) async fn shown(
        &self,
        eyes: &Eyes,
        changes: Vec<Change>,
    ) -> Result<Vec<Push>, Failure> {
        let receipts = changes.iter().filter(|change| {
            matches!(
                change.body,
                ChangeBody::Read { .. } | ChangeBody::Delivered { .. }
            )
        });
        let readers = receipts.map(|change| change.by.clone()).collect();
        let chose = self.choices(eyes, readers).await?;
        let pushes = with_scenes(self, changes).await?.into_iter();
        let pushes = pushes.filter_map(|(change, about)| {
            let chose = chose.get(&change.by).copied().unwrap_or_default();
            eyes.push(change, about, chose)
        });
        Ok(pushes.collect())
    }

    /// What people chose for themselves, as far as it matters to the reader.
    async fn choices(
        &self,
        eyes: &Eyes,
        users: BTreeSet<UserId>,
    ) -> Result<HashMap<UserId, Preferences>, Failure> {
        if users.is_empty() || !eyes.sees_receipts() {
            return Ok(HashMap::new());
        }
        let users: Vec<_> = users.into_iter().collect();
        let chose = self.store_ref().preferences(&users).await?;
        Ok(users.into_iter().zip(chose).collect())
    }
}
