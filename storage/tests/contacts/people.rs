//! What three people can do to each other.

use parlour_storage::ids::UserId;
use proptest::prelude::*;

use super::model::Plan;

pub(crate) const PEOPLE: usize = 3;

pub(crate) fn name(n: usize) -> UserId {
    UserId::new(&format!("p{n}")).unwrap()
}

/// What someone tries. People are meant by number, requests by the order in which they were made.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Ask(usize),
    Answer(usize, bool),
    Withdraw(usize),
    Like(usize, bool),
    Block(usize),
    Unblock(usize),
    Unmatch(usize),
    Send(usize, Plan),
}

/// One step of a script.
#[derive(Clone, Debug)]
pub(crate) enum Step {
    Do {
        by: usize,
        act: Act,
    },
    /// The last write with a key comes once more.
    Retry,
    /// Until what is pending now is over.
    Wait,
    Reopen,
}

pub(crate) fn step() -> impl Strategy<Value = Step> {
    let pair = (0..PEOPLE, 1..PEOPLE).prop_map(|(by, ahead)| (by, (by + ahead) % PEOPLE));
    let plan = prop::sample::select(vec![Plan::Free, Plan::Free, Plan::Premium, Plan::Admin]);
    let request = 0_usize..6;
    let act = prop_oneof![
        4 => Just(0).prop_map(|_| Kind::Ask),
        4 => (request.clone(), any::<bool>()).prop_map(|(n, accept)| Kind::Answer(n, accept)),
        2 => request.prop_map(Kind::Withdraw),
        6 => prop::bool::weighted(0.8).prop_map(Kind::Like),
        1 => Just(Kind::Block),
        2 => Just(Kind::Unblock),
        2 => Just(Kind::Unmatch),
        10 => plan.prop_map(Kind::Send),
    ];
    prop_oneof![
        30 => (pair, act).prop_map(|((by, to), kind)| Step::Do { by, act: kind.to(to) }),
        3 => Just(Step::Retry),
        1 => Just(Step::Wait),
        1 => Just(Step::Reopen),
    ]
}

/// An act before it is known to whom.
#[derive(Clone, Debug)]
enum Kind {
    Ask,
    Answer(usize, bool),
    Withdraw(usize),
    Like(bool),
    Block,
    Unblock,
    Unmatch,
    Send(Plan),
}

impl Kind {
    fn to(self, to: usize) -> Act {
        match self {
            Self::Ask => Act::Ask(to),
            Self::Answer(n, accept) => Act::Answer(n, accept),
            Self::Withdraw(n) => Act::Withdraw(n),
            Self::Like(on) => Act::Like(to, on),
            Self::Block => Act::Block(to),
            Self::Unblock => Act::Unblock(to),
            Self::Unmatch => Act::Unmatch(to),
            Self::Send(plan) => Act::Send(to, plan),
        }
    }
}
