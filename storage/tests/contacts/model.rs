//! The model: what each pair has to do with each other, and what must come of each act.

use std::collections::{BTreeMap, BTreeSet};

use parlour_storage::{
    domain::contact::{
        Gate,
        HiddenBecause::{self, Blocked, Removed, Written},
        MatchKind, Notice, RequestStatus,
    },
    ids::{ConversationId, MatchId, MessageRequestId, UserId},
    store::{Outcome, Rejection},
};

use super::people::{Act, PEOPLE, name};

/// By what somebody writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Free,
    Premium,
    Admin,
}

/// What comes of an act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    Refused(Rejection),
    Unchanged,
    Happened {
        /// The two were matched by it.
        kind: Option<MatchKind>,
        /// What changed in their conversation, in order.
        changes: Vec<&'static str>,
    },
}

impl Expected {
    pub(crate) fn met<const N: usize>(changes: [&'static str; N]) -> Self {
        Self::Happened {
            kind: None,
            changes: changes.to_vec(),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) id: MessageRequestId,
    pub(crate) from: usize,
    pub(crate) to: usize,
    made: i64,
    until: i64,
    status: RequestStatus,
}

impl Request {
    pub(crate) fn status_at(&self, now: i64) -> RequestStatus {
        use RequestStatus::{Declined, Expired, Pending};
        match self.status {
            Pending | Declined if now >= self.until => Expired,
            status => status,
        }
    }
}

#[derive(Default)]
struct Pair {
    matched: Option<MatchId>,
    conversation: Option<ConversationId>,
    archived: bool,
    texts: Vec<(UserId, String)>,
}

pub(crate) struct Model {
    pub(crate) gate: Gate,
    ttl: i64,
    pub(crate) requests: Vec<Request>,
    pairs: BTreeMap<(usize, usize), Pair>,
    likes: BTreeSet<(usize, usize)>,
    wrote: BTreeSet<(usize, usize)>,
    /// Since when.
    blocks: BTreeMap<(usize, usize), i64>,
    hidden: BTreeMap<(usize, usize), [Option<i64>; 2]>,
}

impl Model {
    pub(crate) fn new(gate: Gate, ttl: i64) -> Self {
        let all = (0..PEOPLE).flat_map(|a| (a + 1..PEOPLE).map(move |b| (a, b)));
        Self {
            gate,
            ttl,
            requests: Vec::new(),
            pairs: all.map(|pair| (pair, Pair::default())).collect(),
            likes: BTreeSet::new(),
            wrote: BTreeSet::new(),
            blocks: BTreeMap::new(),
            hidden: BTreeMap::new(),
        }
    }

    fn pair(&self, a: usize, b: usize) -> &Pair {
        &self.pairs[&(a.min(b), a.max(b))]
    }

    fn pair_mut(&mut self, a: usize, b: usize) -> &mut Pair {
        self.pairs.get_mut(&(a.min(b), a.max(b))).unwrap()
    }

    pub(crate) fn matched(&self, a: usize, b: usize) -> Option<MatchId> {
        self.pair(a, b).matched
    }

    pub(crate) fn conversation(&self, a: usize, b: usize) -> Option<ConversationId> {
        self.pair(a, b).conversation
    }

    pub(crate) fn is_archived(&self, a: usize, b: usize) -> bool {
        self.pair(a, b).archived
    }

    pub(crate) fn texts(&self, a: usize, b: usize) -> &[(UserId, String)] {
        &self.pair(a, b).texts
    }

    pub(crate) fn likes(&self, by: usize, whom: usize) -> bool {
        self.likes.contains(&(by, whom))
    }

    pub(crate) fn wrote(&self, by: usize, whom: usize) -> bool {
        self.wrote.contains(&(by, whom))
    }

    pub(crate) fn matches_of(&self, user: usize) -> Vec<MatchId> {
        let theirs = self
            .pairs
            .iter()
            .filter(|((a, b), _)| [*a, *b].contains(&user));
        let mut ids: Vec<_> = theirs.filter_map(|(_, pair)| pair.matched).collect();
        ids.sort_by(|a, b| b.cmp(a));
        ids
    }

    /// In the order of the others.
    pub(crate) fn listed(&self, user: usize) -> Vec<ConversationId> {
        let others = (0..PEOPLE).filter(|other| *other != user);
        let pairs = others.map(|other| self.pair(user, other));
        let listed = pairs.filter(|pair| !pair.archived);
        listed.filter_map(|pair| pair.conversation).collect()
    }

    pub(crate) fn hidden(&self, user: usize) -> Vec<(UserId, HiddenBecause)> {
        let mut hidden = Vec::new();
        for other in 0..PEOPLE {
            let [written, unmatched] = self.hidden.get(&(user, other)).copied().unwrap_or_default();
            let blocked = self.blocks.get(&(user, other)).copied();
            let reasons = [(written, Written), (unmatched, Removed), (blocked, Blocked)];
            let newest = reasons.into_iter().max_by_key(|(since, _)| *since).unwrap();
            let by_them = self.blocks.get(&(other, user)).map(|_| Removed);
            let because = newest.0.map(|_| newest.1).or(by_them);
            hidden.extend(because.map(|because| (name(other), because)));
        }
        hidden
    }

    /// The request of the two that is pending, whoever made it.
    fn pending(&self, a: usize, b: usize, now: i64) -> Option<usize> {
        self.requests.iter().position(|request| {
            [(a, b), (b, a)].contains(&(request.from, request.to))
                && request.status_at(now) == RequestStatus::Pending
        })
    }

    fn pending_from(&self, from: usize, to: usize, now: i64) -> bool {
        let pending = self.pending(from, to, now);
        pending.is_some_and(|n| self.requests[n].from == from)
    }

    /// One that was declined, and looks pending to who made it.
    fn declined(&self, from: usize, to: usize, now: i64) -> Option<usize> {
        self.requests.iter().position(|request| {
            (request.from, request.to) == (from, to)
                && request.status_at(now) == RequestStatus::Declined
        })
    }

    /// The request that is pending, or looks so, to the first of the two.
    pub(crate) fn open_to(&self, a: usize, b: usize, now: i64) -> Option<MessageRequestId> {
        let open = self.pending(a, b, now).or(self.declined(a, b, now));
        open.map(|n| self.requests[n].id)
    }

    fn is_blocked(&self, a: usize, b: usize) -> bool {
        self.blocks.contains_key(&(a, b)) || self.blocks.contains_key(&(b, a))
    }

    pub(crate) fn ask(&self, by: usize, to: usize, now: i64) -> Expected {
        if self.is_blocked(by, to) {
            Expected::Refused(Rejection::Blocked)
        } else if self.matched(by, to).is_some() {
            Expected::Refused(Rejection::Matched)
        } else if self.pending(by, to, now).is_some() || self.declined(by, to, now).is_some() {
            Expected::Refused(Rejection::Asked)
        } else {
            Expected::met([])
        }
    }

    pub(crate) fn answer(&self, by: usize, n: usize, accept: bool, now: i64) -> Expected {
        let request = &self.requests[n];
        if request.to != by {
            Expected::Refused(Rejection::NoRequest)
        } else if request.status_at(now) != RequestStatus::Pending {
            Expected::Refused(Rejection::NotPending)
        } else if accept {
            self.meeting(by, request.from, MatchKind::RequestAccepted, now)
        } else {
            Expected::met([])
        }
    }

    pub(crate) fn withdraw(&self, by: usize, n: usize, now: i64) -> Expected {
        let request = &self.requests[n];
        if request.from != by {
            return Expected::Refused(Rejection::NoRequest);
        }
        match request.status_at(now) {
            RequestStatus::Pending | RequestStatus::Declined => Expected::met([]),
            _ => Expected::Refused(Rejection::NotPending),
        }
    }

    pub(crate) fn like(&self, by: usize, to: usize, on: bool, now: i64) -> Expected {
        let liked = self.likes(by, to);
        if !on {
            return if liked {
                Expected::met([])
            } else {
                Expected::Unchanged
            };
        }
        if self.is_blocked(by, to) {
            return Expected::Refused(Rejection::Blocked);
        }
        if self.matched(by, to).is_none() {
            if self.pending_from(to, by, now) {
                return self.meeting(by, to, MatchKind::LikeAfterRequest, now);
            }
            if self.likes(to, by) {
                return self.meeting(by, to, MatchKind::MutualLike, now);
            }
        }
        if liked {
            Expected::Unchanged
        } else {
            Expected::met([])
        }
    }

    pub(crate) fn block(&self, by: usize, to: usize) -> Expected {
        if self.blocks.contains_key(&(by, to)) {
            Expected::Unchanged
        } else {
            Expected::met([])
        }
    }

    pub(crate) fn unblock(&self, by: usize, to: usize) -> Expected {
        if self.blocks.contains_key(&(by, to)) {
            Expected::met([])
        } else {
            Expected::Unchanged
        }
    }

    pub(crate) fn open(&self, by: usize, to: usize, plan: Plan, now: i64) -> Expected {
        // Without a conversation there is no match.
        if self.may_write(by, to, plan) || self.pending_from(to, by, now) {
            Expected::met(["opened"])
        } else {
            self.refusal()
        }
    }

    fn refusal(&self) -> Expected {
        Expected::Refused(match self.gate {
            Gate::Match => Rejection::NotMatched,
            _ => Rejection::AskFirst,
        })
    }

    fn may_write(&self, by: usize, to: usize, plan: Plan) -> bool {
        match (self.gate, plan) {
            (Gate::Open, _) | (_, Plan::Admin) => true,
            (Gate::Request, Plan::Premium) => true,
            (Gate::Request, Plan::Free) => self.wrote(to, by),
            (Gate::Match, _) => false,
        }
    }

    /// Whether a message answers one that came without a match.
    fn is_reply(&self, by: usize, to: usize, plan: Plan) -> bool {
        self.gate == Gate::Request && plan != Plan::Admin && self.wrote(to, by)
    }

    pub(crate) fn send(&self, by: usize, to: usize, plan: Plan, now: i64) -> Expected {
        if self.matched(by, to).is_some() {
            return Expected::met(["sent"]);
        }
        if self.pending_from(to, by, now) || self.is_reply(by, to, plan) {
            if self.is_blocked(by, to) {
                return Expected::Refused(Rejection::Blocked);
            }
            let mut meeting = self.meeting(by, to, MatchKind::Reply, now);
            if let Expected::Happened { changes, .. } = &mut meeting {
                changes.push("sent");
            }
            return meeting;
        }
        if !self.may_write(by, to, plan) {
            self.refusal()
        } else if self.is_archived(by, to) {
            Expected::met(["resumed", "sent"])
        } else {
            Expected::met(["sent"])
        }
    }

    /// What a match of the two brings: their conversation, and the text of what was asked.
    fn meeting(&self, a: usize, b: usize, kind: MatchKind, now: i64) -> Expected {
        let pair = self.pair(a, b);
        let mut changes = Vec::new();
        changes.extend(pair.conversation.is_none().then_some("opened"));
        changes.extend(pair.archived.then_some("resumed"));
        changes.extend(self.pending(a, b, now).map(|_| "sent"));
        let kind = Some(kind);
        Expected::Happened { kind, changes }
    }

    /// Does what an act that came through does.
    pub(crate) fn follow(
        &mut self,
        by: usize,
        act: &Act,
        now: i64,
        outcome: &Result<Outcome, Rejection>,
    ) {
        let Ok(outcome) = outcome else { return };
        let nothing = Vec::new();
        let (notices, changes) = match outcome {
            Outcome::Met { notices, changes } => (notices, changes),
            Outcome::Changed(changes) => (&nothing, changes),
            _ => (&nothing, &Vec::new()),
        };
        let matched = notices.iter().find_map(|notice| match notice {
            Notice::Matched(matched) => Some(matched.id),
            _ => None,
        });
        let other = match *act {
            Act::Answer(n, _) | Act::Withdraw(n) => {
                let request = &self.requests[n];
                request.from + request.to - by
            }
            Act::Ask(to) | Act::Like(to, _) | Act::Send(to, _) => to,
            Act::Block(to) | Act::Unblock(to) | Act::Unmatch(to) => to,
        };
        if let Some(id) = matched {
            self.meet(by, other, id, now);
        }
        if let Some(change) = changes.first() {
            self.pair_mut(by, other).conversation = Some(change.conversation);
        }
        match *act {
            Act::Ask(to) => {
                let [Notice::Requested(request)] = &notices[..] else {
                    panic!("{notices:?}");
                };
                if let Some(n) = self.declined(to, by, now) {
                    self.requests[n].status = RequestStatus::Expired;
                }
                self.requests.push(Request {
                    id: request.id,
                    from: by,
                    to,
                    made: now,
                    until: now + self.ttl,
                    status: RequestStatus::Pending,
                });
            }
            Act::Answer(n, false) => self.requests[n].status = RequestStatus::Declined,
            Act::Answer(_, true) => {}
            Act::Withdraw(n) => self.requests[n].status = RequestStatus::Withdrawn,
            Act::Like(to, true) => drop(self.likes.insert((by, to))),
            Act::Like(to, false) => drop(self.likes.remove(&(by, to))),
            Act::Block(to) => {
                if !self.blocks.contains_key(&(by, to)) {
                    self.part(by, to, now);
                    self.blocks.insert((by, to), now);
                }
            }
            Act::Unblock(to) => drop(self.blocks.remove(&(by, to))),
            Act::Unmatch(to) => {
                self.forget(by, to);
                self.pair_mut(by, to).archived = true;
                for sides in [(by, to), (to, by)] {
                    self.hidden.entry(sides).or_default()[1] = Some(now);
                }
            }
            Act::Send(to, plan) => self.sent(by, to, plan, now, changes),
        }
    }

    fn sent(
        &mut self,
        by: usize,
        to: usize,
        plan: Plan,
        now: i64,
        changes: &[parlour_storage::domain::change::Change],
    ) {
        use parlour_storage::domain::change::ChangeBody;
        if !matches!(changes.last().unwrap().body, ChangeBody::Sent(_)) {
            return; // Their conversation was opened.
        }
        let is_matched = self.matched(by, to).is_some();
        let text = if is_matched {
            format!("sent at {now}")
        } else {
            "masked".to_owned()
        };
        let pair = self.pair_mut(by, to);
        pair.archived = false;
        pair.texts.push((name(by), text));
        let writes_directly = self.gate == Gate::Request && plan == Plan::Premium;
        if !is_matched && writes_directly && self.wrote.insert((by, to)) {
            self.hidden.entry((by, to)).or_default()[0] = Some(now);
        }
    }

    fn meet(&mut self, a: usize, b: usize, id: MatchId, now: i64) {
        for (from, to) in [(a, b), (b, a)] {
            self.wrote.remove(&(from, to));
            self.hidden.remove(&(from, to));
            if let Some(n) = self.declined(from, to, now) {
                self.requests[n].status = RequestStatus::Expired;
            }
        }
        if let Some(n) = self.pending(a, b, now) {
            self.requests[n].status = RequestStatus::Accepted;
            let Request { from, made, .. } = self.requests[n];
            let text = format!("asked at {made}");
            self.pair_mut(a, b).texts.push((name(from), text));
        }
        let pair = self.pair_mut(a, b);
        pair.matched = Some(id);
        pair.archived = false;
    }

    /// Ends a match, and what else was between the two.
    fn forget(&mut self, a: usize, b: usize) {
        self.pair_mut(a, b).matched = None;
        for sides in [(a, b), (b, a)] {
            self.likes.remove(&sides);
            self.wrote.remove(&sides);
        }
    }

    fn part(&mut self, by: usize, other: usize, now: i64) {
        self.forget(by, other);
        let mine = self
            .pending(by, other, now)
            .or(self.declined(by, other, now));
        if let Some(n) = mine {
            let status = if self.requests[n].from == by {
                RequestStatus::Withdrawn
            } else {
                RequestStatus::Declined
            };
            self.requests[n].status = status;
        }
    }
}
