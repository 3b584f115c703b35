//! Conversations as this dialect knows them: by the two in them, `1_2` (CONTRACT S1-11, C-11).
//!
//! Computed, and never stored. What isn't the conversation of just two, or has a `_` in a user id, which would make it
//! ambiguous, is known by its decimal id.

use parlour_actors::{command::Target, error::Failure};
use parlour_storage::{domain::conversation::Conversation, ids::UserId};

use crate::dialects::{
    fields::Fields,
    shape::{canonical, pair},
};

const SEPARATOR: char = '_';

/// The id of a conversation. Smaller first: by number if both are, else by bytes.
pub(super) fn id(conversation: &Conversation) -> String {
    match pair(conversation).map(|[a, b]| (a.as_str(), b.as_str())) {
        Some((a, b)) if !a.contains(SEPARATOR) && !b.contains(SEPARATOR) => {
            let by_number = canonical(a).zip(canonical(b));
            // The pair is in the order of its bytes already.
            let turned = by_number.is_some_and(|(a, b)| b < a);
            let (first, second) = if turned { (b, a) } else { (a, b) };
            format!("{first}{SEPARATOR}{second}")
        }
        _ => conversation.id.to_string(),
    }
}

/// The conversation that an id of either form means to `me`.
///
/// # Errors
///
/// It is neither, or a pair that they are not in.
pub(super) fn target(id: &str, me: &UserId) -> Result<Target, Failure> {
    if let Ok(id) = id.parse() {
        return Ok(Target::Conversation(id));
    }
    let other = match id.split_once(SEPARATOR) {
        Some((a, b)) if a == me.as_str() => b,
        Some((a, b)) if b == me.as_str() => a,
        _ => return Err(Failure::no_conversation()),
    };
    let is_plain = !other.contains(SEPARATOR) && other != me.as_str();
    let user = UserId::new(other).ok().filter(|_| is_plain);
    user.map(Target::User).ok_or_else(Failure::no_conversation)
}

/// Where something goes: to a conversation, to a person, or if both are named to whichever of them it can.
///
/// # Errors
///
/// Neither is named, or the conversation is none of theirs.
pub(super) fn place(fields: &Fields, user: &'static str, me: &UserId) -> Result<Target, Failure> {
    let conversation = fields.text(&["conversation_id"])?;
    let conversation = conversation.map(|id| target(&id, me)).transpose()?;
    match (conversation, fields.user(&[user])?) {
        (Some(Target::Conversation(id)), Some(user)) => Ok(Target::Either(id, user)),
        (Some(target), _) => Ok(target),
        (None, Some(user)) => Ok(Target::User(user)),
        (None, None) => {
            let message = format!("give {user} or conversation_id");
            Err(Failure::bad_value(user, message))
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::{domain::conversation::ConversationKind, ids::Timestamp};

    use super::*;

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    fn conversation(kind: ConversationKind) -> Conversation {
        Conversation {
            id: "4711".parse().unwrap(),
            kind,
            created_by: user("1"),
            created_at: Timestamp(0),
            n_members: 2,
            archived: false,
        }
    }

    fn between(a: &str, b: &str) -> String {
        let mut pair = [user(a), user(b)];
        pair.sort();
        id(&conversation(ConversationKind::Direct { pair }))
    }

    /// S1-11.
    #[test]
    fn a_conversation_is_known_by_its_pair_smaller_first() {
        assert_eq!(between("1", "2"), "1_2");
        assert_eq!(between("2", "1"), "1_2");
        assert_eq!(between("10", "9"), "9_10", "by number");
        assert_eq!(between("10", "9a"), "10_9a", "by bytes");
        assert_eq!(between("010", "9"), "010_9", "no canonical number");
        assert_eq!(between("alice", "Bob"), "Bob_alice");
        assert_eq!(between("a_b", "c"), "4711", "ambiguous");
        assert_eq!(
            id(&conversation(ConversationKind::Group { name: None })),
            "4711"
        );
    }

    /// S1-11.
    #[test]
    fn a_pair_means_the_other_one() {
        for (id, me, other) in [
            ("1_2", "1", "2"),
            ("1_2", "2", "1"),
            ("2_1", "1", "2"),
            ("Bob_alice", "alice", "Bob"),
        ] {
            assert_eq!(target(id, &user(me)), Ok(Target::User(user(other))), "{id}");
        }
        let by_id = Target::Conversation("4711".parse().unwrap());
        assert_eq!(target("4711", &user("1")), Ok(by_id));
    }

    /// C-11: what isn't theirs looks as if it weren't there.
    #[test]
    fn another_pair_is_no_conversation_of_theirs() {
        for (id, me) in [
            ("1_2", "3"),
            ("1_1", "1"),
            ("1_", "1"),
            ("_1", "1"),
            ("_", "1"),
            ("", "1"),
            ("x_y_2", "x_y"),
            ("x_y_2", "x"),
            ("conv", "1"),
            ("0", "1"),
            ("99999999999999999999", "1"),
        ] {
            let refused = target(id, &user(me)).unwrap_err();
            assert_eq!(refused, Failure::no_conversation(), "{id}");
        }
    }
}
