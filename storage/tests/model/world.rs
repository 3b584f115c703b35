//! The model: plain lists. What is done to it; what it answers is in `answers`.

use std::collections::BTreeSet;

use parlour_storage::{
    domain::{
        change::{Change, ChangeBody},
        conversation::MemberRole::{self, Admin, Member, Owner},
        message::Content,
        safety::Sanction,
    },
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    safety::Retention,
    store::{Outcome, Rejection, Write},
};

/// What someone tries. Conversations and people are meant by number, messages by place.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    OpenDirect(usize),
    OpenGroup(Vec<usize>),
    Send(usize),
    Delete(usize, u64),
    Edit(usize, u64),
    Read(usize, u64),
    Deliver(usize, u64),
    Add(usize, Vec<usize>),
    Remove(usize, usize),
    SetRole(usize, usize, usize),
    Block(usize),
    Unblock(usize),
    TakeDown(usize, u64),
    ShadowBan(usize, bool),
}

const ROLES: [MemberRole; 3] = [Member, Admin, Owner];
const REJECTED_AS_INVALID: Rejection = Rejection::Invalid("");

pub(super) struct Seat {
    pub(super) user: usize,
    pub(super) role: MemberRole,
    pub(super) read: u64,
    pub(super) delivered: u64,
}

pub(super) struct Message {
    pub(super) id: MessageId,
    pub(super) author: usize,
    pub(super) text: String,
    pub(super) deleted: bool,
}

pub(super) struct Talk {
    pub(super) id: ConversationId,
    pub(super) direct: bool,
    /// In the order of coming; of those who came together, of first coming ever.
    pub(super) seats: Vec<Seat>,
    /// Everyone who ever came, in the order of first coming.
    pub(super) ever: Vec<usize>,
    /// All that were ever sent.
    pub(super) messages: Vec<Message>,
    /// So many of them, the oldest, are no longer there.
    pub(super) n_gone: usize,
    pub(super) log: Vec<Change>,
}

impl Talk {
    fn seat(&mut self, user: usize) -> Option<&mut Seat> {
        self.seats.iter_mut().find(|seat| seat.user == user)
    }

    fn head(&self) -> u64 {
        self.messages.len() as u64
    }

    /// The messages of others above one place and up to another. No script comes near the most that are named.
    fn newly_read(&self, reader: usize, above: u64, up_to: u64) -> Vec<MessageId> {
        let [above, up_to] = [above, up_to].map(|seq| usize::try_from(seq).unwrap());
        let others = self.messages[above.max(self.n_gone)..up_to.max(self.n_gone)].iter();
        let others = others.filter(|message| message.author != reader && !message.deleted);
        others.map(|message| message.id).collect()
    }

    fn enter(&mut self, users: &[usize]) {
        for user in users {
            if !self.ever.contains(user) {
                self.ever.push(*user);
            }
        }
        let mut users = users.to_vec();
        users.sort_by_key(|user| self.ever.iter().position(|other| other == user));
        let head = self.head();
        self.seats.extend(users.into_iter().map(|user| Seat {
            user,
            role: Member,
            read: head,
            delivered: head,
        }));
    }
}

/// Everything that ever happened.
pub(crate) struct World {
    pub(super) people: Vec<UserId>,
    pub(super) talks: Vec<Talk>,
    pub(super) blocks: BTreeSet<(usize, usize)>,
    /// Whose writing is shown to nobody else.
    pub(super) shadowed: BTreeSet<usize>,
    n_texts: usize,
}

/// What an act should lead to: this many changes, or none.
type Expected = Result<usize, Rejection>;

impl World {
    pub(crate) fn new(people: Vec<UserId>) -> Self {
        Self {
            people,
            talks: Vec::new(),
            blocks: BTreeSet::new(),
            shadowed: BTreeSet::new(),
            n_texts: 0,
        }
    }

    fn id(&self, talk: usize) -> ConversationId {
        let nowhere = ConversationId::created_at(Position::new(1).unwrap());
        self.talks.get(talk).map_or(nowhere, |talk| talk.id)
    }

    fn message(&self, talk: usize, seq: u64) -> MessageId {
        let nothing = MessageId::created_at(Position::new(1).unwrap());
        let place = usize::try_from(seq).unwrap().checked_sub(1);
        let found = place.and_then(|place| self.talks.get(talk)?.messages.get(place));
        found.map_or(nothing, |message| message.id)
    }

    /// Forgets what is not to be kept, and tells how many messages that were.
    pub(crate) fn purge(&mut self, retention: Retention, at: Timestamp) -> u64 {
        let mut n_gone = 0;
        let age_ms = retention
            .age
            .map(|age| i64::try_from(age.as_millis()).unwrap());
        let young = age_ms.map(|age| Position::at(Timestamp(at.0 - age)));
        for talk in &mut self.talks {
            let is_old = |m: &Message| young.is_some_and(|young| m.id.position() < young);
            let by_age = talk.messages.iter().filter(|m| is_old(m)).count();
            let most = retention
                .messages_max
                .map_or(usize::MAX, |most| usize::try_from(most).unwrap());
            let by_count = talk.messages.len().saturating_sub(most);
            let gone = talk.n_gone.max(by_age).max(by_count);
            n_gone += (gone - talk.n_gone) as u64;
            talk.n_gone = gone;
            let Some(newest) = talk.messages[..gone].last() else {
                continue;
            };
            // What was said of them goes too, but for what came late.
            let floor = newest.id.position();
            let is_late = |p: Position| p > floor && young.is_none_or(|young| p >= young);
            talk.log.retain(|change| match &change.body {
                ChangeBody::Sent(_) => true,
                ChangeBody::Read { seq, .. } | ChangeBody::Delivered { seq } => {
                    seq.0 > gone as u64 || is_late(change.position)
                }
                _ => true,
            });
        }
        n_gone
    }

    /// The act as the store is asked for it.
    pub(crate) fn write(&self, act: &Act) -> Write {
        let name = |user: &usize| self.people[*user].clone();
        let names = |users: &[usize]| users.iter().map(name).collect();
        match act {
            Act::OpenDirect(with) => Write::OpenDirect { with: name(with) },
            Act::OpenGroup(members) => Write::OpenGroup {
                name: None,
                members: names(members),
                key: None,
            },
            Act::Send(talk) => Write::Send {
                conversation: self.id(*talk),
                content: Content {
                    text: format!("text {}", self.n_texts),
                    ..Content::default()
                },
                attachments: Vec::new(),
                key: None,
            },
            Act::Delete(talk, seq) => Write::Delete {
                message: self.message(*talk, *seq),
            },
            Act::Edit(talk, seq) => Write::Edit {
                message: self.message(*talk, *seq),
                text: format!("edit {}", self.n_texts),
            },
            Act::Read(talk, seq) => Write::Read {
                conversation: self.id(*talk),
                seq: Seq(*seq),
            },
            Act::Deliver(talk, seq) => Write::Deliver {
                conversation: self.id(*talk),
                seq: Seq(*seq),
            },
            Act::Add(talk, users) => Write::Add {
                conversation: self.id(*talk),
                users: names(users),
            },
            Act::Remove(talk, user) => Write::Remove {
                conversation: self.id(*talk),
                user: name(user),
            },
            Act::SetRole(talk, user, role) => Write::SetRole {
                conversation: self.id(*talk),
                user: name(user),
                role: ROLES[*role],
            },
            Act::Block(user) => Write::Block {
                user: name(user),
                reason: None,
            },
            Act::Unblock(user) => Write::Unblock { user: name(user) },
            Act::TakeDown(talk, seq) => Write::Takedown {
                message: self.message(*talk, *seq),
            },
            Act::ShadowBan(user, on) => Write::Sanction {
                user: name(user),
                sanction: if *on {
                    Sanction::ShadowBan
                } else {
                    Sanction::EndShadowBan
                },
            },
        }
    }

    /// Does the same here, and compares what came of it.
    pub(crate) fn follow(&mut self, by: usize, act: &Act, outcome: &Result<Outcome, Rejection>) {
        let changes: &[Change] = match outcome {
            Ok(Outcome::Changed(changes)) => changes,
            _ => &[],
        };
        let expected = self.act(by, act, changes);
        match (outcome, &expected) {
            (Ok(_), Ok(n)) => assert_eq!(changes.len(), *n, "{by} {act:?}: {outcome:?}"),
            (Err(Rejection::Invalid(_)), Err(Rejection::Invalid(_))) => {}
            (Err(rejection), Err(expected)) => assert_eq!(rejection, expected, "{by} {act:?}"),
            _ => panic!("{by} {act:?} gave {outcome:?}, not {expected:?}"),
        }
        for change in changes {
            let newest = self
                .talks
                .iter()
                .filter_map(|talk| talk.log.last())
                .map(|c| c.position)
                .max();
            assert!(newest < Some(change.position), "positions grow");
            let mut talks = self.talks.iter_mut();
            let talk = talks.find(|talk| talk.id == change.conversation).unwrap();
            talk.log.push(change.clone());
        }
    }

    fn act(&mut self, by: usize, act: &Act, changes: &[Change]) -> Expected {
        self.n_texts += 1;
        match act {
            Act::OpenDirect(with) => self.open_direct(by, *with, changes),
            Act::OpenGroup(members) => {
                let mut all = vec![by];
                for member in members {
                    if !all.contains(member) {
                        all.push(*member);
                    }
                }
                self.open(&all, false, changes);
                self.talks.last_mut().unwrap().seats[0].role = Owner;
                Ok(1)
            }
            Act::Send(talk) => {
                let text = format!("text {}", self.n_texts - 1);
                let talk = self.talk_of(by, *talk)?;
                let [
                    Change {
                        position,
                        body: ChangeBody::Sent(sent),
                        ..
                    },
                ] = changes
                else {
                    panic!("{changes:?}")
                };
                assert_eq!(sent.seq.0, talk.head() + 1);
                talk.messages.push(Message {
                    id: MessageId::created_at(*position),
                    author: by,
                    text,
                    deleted: false,
                });
                Ok(1)
            }
            Act::Delete(talk, seq) => {
                let (talk, place) = self.message_of(by, *talk, *seq)?;
                let may = talk.seat(by).unwrap().role >= Admin;
                let direct = talk.direct;
                let message = &mut talk.messages[place];
                if message.author != by && !may {
                    return Err(if direct {
                        Rejection::NotAuthor
                    } else {
                        Rejection::NotAllowed
                    });
                }
                Ok(usize::from(!std::mem::replace(&mut message.deleted, true)))
            }
            Act::Edit(talk, seq) => {
                let text = format!("edit {}", self.n_texts - 1);
                let (talk, place) = self.message_of(by, *talk, *seq)?;
                let message = &mut talk.messages[place];
                if message.author != by {
                    return Err(Rejection::NotAuthor);
                }
                if message.deleted {
                    return Err(Rejection::Deleted);
                }
                message.text = text;
                Ok(1)
            }
            Act::Read(talk, seq) => {
                let talk = self.talk_of(by, *talk)?;
                let seq = talk.head().min(*seq);
                let seat = talk.seat(by).unwrap();
                let before = seat.read;
                seat.read = before.max(seq);
                seat.delivered = seat.delivered.max(seat.read);
                if seq <= before {
                    return Ok(0);
                }
                let messages = talk.newly_read(by, before, seq);
                let seq = Seq(seq);
                assert_eq!(changes[0].body, ChangeBody::Read { seq, messages });
                Ok(1)
            }
            Act::Deliver(talk, seq) => {
                let talk = self.talk_of(by, *talk)?;
                let seq = talk.head().min(*seq);
                let seat = talk.seat(by).unwrap();
                let moves = seq > seat.delivered;
                seat.delivered = seat.delivered.max(seq);
                Ok(usize::from(moves))
            }
            Act::Add(talk, users) => {
                let talk = self.group_of(by, *talk)?;
                if talk.seat(by).unwrap().role < Admin {
                    return Err(Rejection::NotAllowed);
                }
                let mut new = Vec::new();
                for user in users {
                    if talk.seat(*user).is_none() && !new.contains(user) {
                        new.push(*user);
                    }
                }
                talk.enter(&new);
                Ok(usize::from(!new.is_empty()))
            }
            Act::Remove(talk, user) => self.remove(by, *talk, *user),
            Act::SetRole(talk, user, role) => {
                let role = ROLES[*role];
                let talk = self.group_of(by, *talk)?;
                if talk.seat(by).unwrap().role != Owner {
                    return Err(Rejection::NotAllowed);
                }
                let owners = talk.seats.iter().filter(|seat| seat.role == Owner).count();
                let seat = talk.seat(*user).ok_or(Rejection::NoSuchMember)?;
                if seat.role == role {
                    return Ok(0);
                }
                if seat.role == Owner && owners == 1 {
                    return Err(REJECTED_AS_INVALID);
                }
                seat.role = role;
                Ok(1)
            }
            Act::Block(user) if *user == by => Err(REJECTED_AS_INVALID),
            Act::Block(user) => {
                self.blocks.insert((by, *user));
                Ok(0)
            }
            Act::Unblock(user) => {
                self.blocks.remove(&(by, *user));
                Ok(0)
            }
            Act::TakeDown(talk, seq) => {
                let place = self.place_of(*talk, *seq)?;
                let message = &mut self.talks[*talk].messages[place];
                Ok(usize::from(!std::mem::replace(&mut message.deleted, true)))
            }
            Act::ShadowBan(user, on) => {
                if *on {
                    self.shadowed.insert(*user);
                } else {
                    self.shadowed.remove(user);
                }
                Ok(0)
            }
        }
    }

    fn open(&mut self, members: &[usize], direct: bool, changes: &[Change]) {
        let mut talk = Talk {
            id: changes[0].conversation,
            direct,
            seats: Vec::new(),
            ever: Vec::new(),
            messages: Vec::new(),
            n_gone: 0,
            log: Vec::new(),
        };
        talk.enter(members);
        self.talks.push(talk);
    }

    fn open_direct(&mut self, by: usize, with: usize, changes: &[Change]) -> Expected {
        if by == with {
            return Err(REJECTED_AS_INVALID);
        }
        let is_theirs =
            |talk: &Talk| talk.direct && talk.ever.contains(&by) && talk.ever.contains(&with);
        if self.talks.iter().any(is_theirs) {
            return Ok(0);
        }
        self.open(&[by, with], true, changes);
        Ok(1)
    }

    fn remove(&mut self, by: usize, talk: usize, user: usize) -> Expected {
        let talk = self.group_of(by, talk)?;
        let mine = talk.seat(by).unwrap().role;
        let theirs = talk.seat(user).ok_or(Rejection::NoSuchMember)?.role;
        if user != by && (mine < Admin || mine <= theirs) {
            return Err(Rejection::NotAllowed);
        }
        talk.seats.retain(|seat| seat.user != user);
        let has_owner = talk.seats.iter().any(|seat| seat.role == Owner);
        if has_owner || talk.seats.is_empty() {
            return Ok(1);
        }
        let admin = talk.seats.iter().position(|seat| seat.role == Admin);
        talk.seats[admin.unwrap_or(0)].role = Owner;
        Ok(2)
    }

    fn talk_of(&mut self, by: usize, talk: usize) -> Result<&mut Talk, Rejection> {
        let talk = self.talks.get_mut(talk).ok_or(Rejection::NoConversation)?;
        match talk.seat(by) {
            Some(_) => Ok(talk),
            None => Err(Rejection::NotMember),
        }
    }

    fn group_of(&mut self, by: usize, talk: usize) -> Result<&mut Talk, Rejection> {
        let talk = self.talk_of(by, talk)?;
        if talk.direct {
            Err(Rejection::NotGroup)
        } else {
            Ok(talk)
        }
    }

    fn message_of(
        &mut self,
        by: usize,
        talk: usize,
        seq: u64,
    ) -> Result<(&mut Talk, usize), Rejection> {
        let place = self.place_of(talk, seq)?;
        Ok((self.talk_of(by, talk)?, place))
    }

    fn place_of(&self, talk: usize, seq: u64) -> Result<usize, Rejection> {
        let place = usize::try_from(seq).unwrap().checked_sub(1);
        let there =
            |talk: &Talk| place.filter(|place| (talk.n_gone..talk.messages.len()).contains(place));
        let found = self.talks.get(talk).and_then(there);
        found.ok_or(Rejection::NoMessage)
    }
}
