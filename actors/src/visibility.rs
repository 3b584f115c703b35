//! What blocks, shadow bans and the policy of receipts hide, decided in one place for live delivery, resume and history
//! alike.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        message::Message,
        safety::Preferences,
        user::{Blocks, Plan},
    },
    ids::{Timestamp, UserId},
};

use crate::{
    command::{About, Shown},
    policy::Receipts,
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

/// How a reader stands to who did something.
#[derive(Clone, Copy, Debug, Default)]
struct Between {
    /// They did it themselves, on another device.
    own: bool,
    reader_blocks_author: bool,
    author_blocks_reader: bool,
    /// The author is shown to nobody else.
    shadowed: bool,
    /// The policy, or the author, keeps it from the reader what the author has read.
    no_receipts: bool,
}

/// The rule. One's own devices are told everything. Receipts pass a block in neither direction; what was written is
/// veiled from whoever blocks its author, and from everyone if the author is shadow-banned.
fn show(body: &ChangeBody, between: Between) -> Show {
    let Between {
        own,
        reader_blocks_author,
        author_blocks_reader,
        shadowed,
        no_receipts,
    } = between;
    let veils = reader_blocks_author || shadowed;
    match body {
        _ if own => Show::All,
        ChangeBody::Read { .. } | ChangeBody::Delivered { .. }
            if veils || author_blocks_reader || no_receipts =>
        {
            Show::Nothing
        }
        ChangeBody::Sent(_) | ChangeBody::Edited(_) | ChangeBody::Reacted { .. } if veils => {
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
    /// What the author writes is shown to nobody else.
    pub shadowed: bool,
    /// The author wants nobody to know what they have read.
    pub hides_receipts: bool,
    /// Who is told at all what others have read.
    pub receipts: Receipts,
}

impl Audience {
    /// Whether everyone is told everything, whoever they are.
    pub fn is_everyone(&self) -> bool {
        let Self {
            blocked_by,
            blocks,
            shadowed,
            hides_receipts,
            receipts,
        } = self;
        let nobody = blocked_by.is_empty() && blocks.is_empty();
        nobody && !shadowed && !hides_receipts && *receipts == Receipts::Everyone
    }

    /// How much `reader`, of a plan, is told of a change that the author makes now.
    pub fn show(&self, change: &Change, reader: &UserId, plan: Plan) -> Show {
        let between = Between {
            own: change.by == *reader,
            reader_blocks_author: self.blocked_by.contains(reader),
            author_blocks_reader: self.blocks.contains(reader),
            shadowed: self.shadowed,
            no_receipts: self.hides_receipts || !self.receipts.are_for(plan),
        };
        show(&change.body, between)
    }

    /// Whether `reader` is told that the author types.
    pub fn may_hear(&self, reader: &UserId) -> bool {
        !self.shadowed && self.may_meet(reader)
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
            ..Self::default()
        }
    }
}

/// The reader's side, for what is read back: whose later doings they are told less of.
#[derive(Clone, Debug)]
pub struct Eyes {
    me: UserId,
    blocks: HashMap<UserId, Timestamp>,
    blocked_by: HashSet<UserId>,
    shadows: Arc<HashMap<UserId, Timestamp>>,
    receipts: bool,
}

impl Eyes {
    /// Those of `me`. `receipts`: the policy lets them know what others have read.
    pub fn new(
        me: UserId,
        blocks: Blocks,
        shadows: Arc<HashMap<UserId, Timestamp>>,
        receipts: bool,
    ) -> Self {
        Self {
            me,
            blocks: blocks
                .by_them
                .into_iter()
                .map(|block| (block.blocked, block.at))
                .collect(),
            blocked_by: blocks.of_them.into_iter().collect(),
            shadows,
            receipts,
        }
    }

    /// What the reader is told of a change of the past. `chose` is what its author chose for themselves.
    pub fn push(&self, mut change: Change, about: About, chose: Preferences) -> Option<Push> {
        match self.show(&change, chose) {
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
    fn show(&self, change: &Change, chose: Preferences) -> Show {
        // Read back, a message stands as it is now: what was sent before the block may say what was
        // written after it.
        let at = match &change.body {
            ChangeBody::Sent(message) | ChangeBody::Edited(message) => written_at(message),
            _ => change.at,
        };
        let between = Between {
            own: change.by == self.me,
            reader_blocks_author: since(&self.blocks, &change.by, at),
            author_blocks_reader: self.blocked_by.contains(&change.by),
            shadowed: since(&self.shadows, &change.by, at),
            no_receipts: chose.hide_receipts || !self.receipts,
        };
        show(&change.body, between)
    }

    /// A message of the past as the reader may see it. What was written before the block stays visible.
    pub fn view(&self, mut message: Message) -> Shown {
        self.hide_reactions(&mut message);
        let veiled = self.veils(&message.author, written_at(&message));
        Shown { message, veiled }
    }

    /// Takes the reactions of those whom the reader doesn't hear off a message: all of them, since a reaction
    /// doesn't know when it was given.
    pub fn hide_reactions(&self, message: &mut Message) {
        message
            .reactions
            .retain(|reaction| !self.veils(&reaction.user, Timestamp::MAX));
    }

    /// Whether there is no block between the reader and `other`, either way.
    pub fn may_meet(&self, other: &UserId) -> bool {
        !self.blocks.contains_key(other) && !self.blocked_by.contains(other)
    }

    /// Whether the reader is told anything new that `other` writes: messages, requests.
    pub fn may_hear(&self, other: &UserId) -> bool {
        !self.veils(other, Timestamp::MAX)
    }

    /// Whether the reader may know what `other`, who chose so for themselves, has read and received.
    pub fn sees_reading_of(&self, other: &UserId, chose: Preferences) -> bool {
        *other == self.me
            || self.receipts && !chose.hide_receipts && self.may_meet(other) && self.may_hear(other)
    }

    /// Whether the reader may know of others at all what they have read.
    pub fn sees_receipts(&self) -> bool {
        self.receipts
    }

    /// Those of whom something is veiled, and since when, in the order of their ids.
    pub fn unheard(&self) -> Vec<(UserId, Timestamp)> {
        let mut unheard = BTreeMap::new();
        let others = self.shadows.iter().filter(|(user, _)| **user != self.me);
        for (user, &since) in self.blocks.iter().chain(others) {
            let first = unheard.entry(user.clone()).or_insert(since);
            *first = since.min(*first);
        }
        unheard.into_iter().collect()
    }

    /// Whether nothing that anybody writes is veiled.
    pub fn hide_nobody(&self) -> bool {
        self.blocks.is_empty() && self.shadows.keys().all(|user| *user == self.me)
    }

    /// Whether the reader blocks `other`.
    pub fn blocks(&self, other: &UserId) -> bool {
        self.blocks.contains_key(other)
    }

    /// Whether `other` blocks the reader.
    pub fn blocked_by(&self, other: &UserId) -> bool {
        self.blocked_by.contains(other)
    }

    fn veils(&self, author: &UserId, at: Timestamp) -> bool {
        *author != self.me && (since(&self.blocks, author, at) || since(&self.shadows, author, at))
    }
}

/// Whether it holds for somebody at a time.
fn since(people: &HashMap<UserId, Timestamp>, user: &UserId, at: Timestamp) -> bool {
    people.get(user).is_some_and(|&since| at >= since)
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

    fn read() -> ChangeBody {
        ChangeBody::Read {
            seq: Seq(1),
            messages: Vec::new(),
        }
    }

    fn block(blocked: &str, at: i64) -> Block {
        Block {
            blocked: user(blocked),
            reason: None,
            at: Timestamp(at),
        }
    }

    const HIDES: Preferences = Preferences {
        hide_receipts: true,
    };

    #[test]
    fn what_was_done_before_the_block_stays_visible() {
        let blocks = Blocks {
            by_them: vec![block("b", 10)],
            of_them: vec![user("c")],
        };
        let eyes = Eyes::new(user("a"), blocks, Arc::default(), true);
        let show = |change| eyes.show(&change, Preferences::default());
        assert_eq!(show(change("b", 9, reaction())), Show::All);
        assert_eq!(show(change("b", 10, reaction())), Show::Veiled);
        assert_eq!(show(change("b", 10, read())), Show::Nothing);
        assert_eq!(show(change("c", 1, read())), Show::Nothing);
        assert_eq!(
            show(change("c", 1, reaction())),
            Show::All,
            "the blocked one sees the blocker in groups"
        );
        assert!(
            !eyes.may_meet(&user("b")) && !eyes.may_meet(&user("c")) && eyes.may_meet(&user("d"))
        );
    }

    #[test]
    fn who_is_shadow_banned_is_veiled_from_all_but_themselves() {
        let shadows = Arc::new(HashMap::from([(user("b"), Timestamp(10))]));
        let eyes = |me| Eyes::new(user(me), Blocks::default(), Arc::clone(&shadows), true);
        let show = |me, change| eyes(me).show(&change, Preferences::default());
        assert_eq!(show("a", change("b", 9, reaction())), Show::All);
        assert_eq!(show("a", change("b", 10, reaction())), Show::Veiled);
        assert_eq!(show("a", change("b", 10, read())), Show::Nothing);
        assert_eq!(show("b", change("b", 10, reaction())), Show::All);
        assert_eq!(show("b", change("b", 10, read())), Show::All);
        assert!(!eyes("a").may_hear(&user("b")) && eyes("b").may_hear(&user("b")));
        assert!(eyes("a").may_meet(&user("b")), "they are there as before");
        assert!(!eyes("a").hide_nobody() && eyes("b").hide_nobody());
        assert!(!eyes("a").sees_reading_of(&user("b"), Preferences::default()));
    }

    #[test]
    fn receipts_are_for_whom_the_policy_and_the_reader_want() {
        let eyes = |receipts| Eyes::new(user("a"), Blocks::default(), Arc::default(), receipts);
        for (receipts, chose, sees) in [
            (true, Preferences::default(), true),
            (true, HIDES, false),
            (false, Preferences::default(), false),
        ] {
            let eyes = eyes(receipts);
            assert_eq!(eyes.sees_reading_of(&user("b"), chose), sees);
            assert!(
                eyes.sees_reading_of(&user("a"), chose),
                "one's own devices always"
            );
            let shown = eyes.show(&change("b", 1, read()), chose);
            assert_eq!(shown, if sees { Show::All } else { Show::Nothing });
            assert_eq!(eyes.show(&change("a", 1, read()), chose), Show::All);
            assert_eq!(eyes.show(&change("b", 1, reaction()), chose), Show::All);
        }
    }

    #[test]
    fn both_sides_come_to_the_same_verdict() {
        let bools = [false, true];
        for bits in 0..32_u8 {
            let [blocks, blocked, shadowed, hides, premium] =
                [0, 1, 2, 3, 4].map(|n| bits >> n & 1 == 1);
            let plan = if premium { Plan::Premium } else { Plan::Free };
            let person = |on: bool| Arc::new(on.then(|| user("reader")).into_iter().collect());
            for receipts in [Receipts::Everyone, Receipts::Premium] {
                let author = Audience {
                    blocked_by: person(blocks),
                    blocks: person(blocked),
                    shadowed,
                    hides_receipts: hides,
                    receipts,
                };
                let chose = Preferences {
                    hide_receipts: hides,
                };
                for (own, body) in bools.iter().flat_map(|own| {
                    [reaction(), read(), ChangeBody::Renamed { name: None }]
                        .map(|body| (*own, body))
                }) {
                    let me = if own { "author" } else { "reader" };
                    let by_them = blocks.then(|| block("author", 0)).into_iter().collect();
                    let of_them = blocked.then(|| user("author")).into_iter().collect();
                    let shadows = shadowed.then(|| (user("author"), Timestamp(0)));
                    let eyes = Eyes::new(
                        user(me),
                        Blocks { by_them, of_them },
                        Arc::new(shadows.into_iter().collect()),
                        receipts.are_for(plan),
                    );
                    let past = change("author", 1, body);
                    assert_eq!(
                        author.show(&past, &user(me), plan),
                        eyes.show(&past, chose),
                        "{past:?} for {eyes:?}"
                    );
                }
            }
        }
    }
}
