//! People, and who wants nothing from whom.

use crate::ids::{Timestamp, UserId};

/// A person, as their newest token described them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Who.
    pub id: UserId,
    /// Name to show. `None`: never told; show the id.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// What they may do on the node.
    pub role: NodeRole,
    /// What they pay for.
    pub plan: Plan,
    /// When they were first seen.
    pub created_at: Timestamp,
    /// When their last connection ended. `None`: never connected.
    pub last_seen: Option<Timestamp>,
}

/// What a person may do on the node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeRole {
    /// Uses it.
    #[default]
    User,
    /// Looks after what users write.
    Moderator,
    /// Runs it.
    Admin,
}

/// What a person pays for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Plan {
    /// Nothing.
    #[default]
    Free,
    /// The paid plan.
    Premium,
}

/// One person wants nothing to do with another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Who is kept away.
    pub blocked: UserId,
    /// Why, in the blocker's words.
    pub reason: Option<String>,
    /// Since when.
    pub at: Timestamp,
}

/// All blocks that concern one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Blocks {
    /// Whom they keep away, in the order of user ids.
    pub by_them: Vec<Block>,
    /// Who keeps them away, in the order of user ids. Never shown to them.
    pub of_them: Vec<UserId>,
}
