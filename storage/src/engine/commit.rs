//! The writer's side of the engine: runs transactions one after the other into a batch.

use crate::{
    audit::Mark,
    domain::scheduled::Keep,
    engine::{
        attachments, audit, blocks, bounds, contacts, conversations, cursors, erase, events, flags,
        members, messages, notifications, preferences, push, reactions, records, reports,
        scheduled, standing, templates,
        tx::{Made, Memory, Stop, Tx, Written},
        users,
    },
    error::StoreError,
    ids::{Position, Timestamp, UserId},
    keys::{self, Meta, Parts, Table},
    kv::{Batch, Kv, Order, Source},
    record::{CeilingV1, LimitV1},
    store::{LimiterState, Outcome, Rejection, Transaction, Write},
};

/// Positions are reserved this far ahead, so that the ceiling is written once a second and not with every
/// change: 1,000 ms of 4,096.
const RESERVED: u64 = 1000 << 12;

/// What the writer remembers between transactions.
#[derive(Debug)]
pub(crate) struct Engine {
    /// The newest position given out.
    last: Position,
    /// Written in the store: no position above it was given out.
    ceiling: Position,
    memory: Memory,
    /// The newest line of the audit log.
    audit: Mark,
    /// Whether what is told only if somebody wants to follow it is told.
    pub(crate) events_all: bool,
}

impl Engine {
    /// Continues where the store ends: above every position that can have been used.
    pub(crate) fn load(source: &dyn Source) -> Result<Self, StoreError> {
        let ceiling: CeilingV1 = records::must(source, &keys::meta(Meta::Ceiling))?;
        Ok(Self {
            last: ceiling.position,
            ceiling: ceiling.position,
            memory: Memory::default(),
            audit: audit::head(source)?,
            events_all: false,
        })
    }

    /// The newest position given out.
    pub(crate) fn last(&self) -> Position {
        self.last
    }

    /// Adds a transaction to the batch, or nothing if it is refused or the store is broken.
    pub(crate) fn run(
        &mut self,
        kv: &dyn Kv,
        batch: &mut Batch,
        transaction: &Transaction,
    ) -> Result<Result<Outcome, Rejection>, StoreError> {
        let mut tx = Tx::new(kv, batch, &self.memory, self.last, self.audit, transaction);
        let result = match write(&mut tx, transaction, self.events_all) {
            Ok(outcome) => Ok(outcome),
            Err(Stop::Rejected(rejection)) => {
                // An attempt counts against a limit whether it succeeds or not, also over a restart.
                tx = Tx::new(kv, batch, &self.memory, self.last, self.audit, transaction);
                match remember(&mut tx, &transaction.limits) {
                    Err(Stop::Broken(error)) => return Err(error),
                    Ok(()) | Err(Stop::Rejected(_)) => Err(rejection),
                }
            }
            Err(Stop::Broken(error)) => return Err(error),
        };
        let made = tx.done();
        self.keep(batch, made)?;
        Ok(result)
    }

    /// Adds housekeeping to the batch: writes that no user does and no position counts.
    pub(crate) fn keep_house<T>(
        &mut self,
        kv: &dyn Kv,
        batch: &mut Batch,
        work: impl FnOnce(&mut Tx<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let nobody = UserId::new("store").expect("a good name");
        let nothing = Transaction::new(Timestamp::default(), nobody, Write::Note);
        let mut tx = Tx::new(kv, batch, &self.memory, self.last, self.audit, &nothing);
        let done = work(&mut tx)?;
        let made = tx.done();
        self.keep(batch, made)?;
        Ok(done)
    }

    fn keep(&mut self, batch: &mut Batch, made: Made) -> Result<(), StoreError> {
        if made.last > self.ceiling {
            let ahead = made.last.get().saturating_add(RESERVED);
            self.ceiling = Position::new(ahead).unwrap_or(Position::MAX);
            self.put_ceiling(batch)?;
        }
        batch.extend(made.writes);
        self.last = made.last;
        self.audit = made.audit;
        if let Some((conversation, seq)) = made.sent {
            self.memory.heads.set(conversation, seq);
        }
        Ok(())
    }

    /// At a clean end nothing is reserved, so the next start continues right there.
    pub(crate) fn finish(&mut self, batch: &mut Batch) -> Result<(), StoreError> {
        self.ceiling = self.last;
        self.put_ceiling(batch)
    }

    fn put_ceiling(&self, batch: &mut Batch) -> Result<(), StoreError> {
        put_ceiling(batch, self.ceiling)
    }
}

/// Writes a ceiling into a batch.
pub(crate) fn put_ceiling(batch: &mut Batch, position: Position) -> Result<(), StoreError> {
    let key = keys::meta(Meta::Ceiling);
    let sealed = crate::codec::seal(&key, &CeilingV1 { position })?;
    batch.insert(key, Some(sealed.head));
    Ok(())
}

fn write(tx: &mut Tx<'_>, transaction: &Transaction, events_all: bool) -> Written {
    let Transaction {
        limits,
        notifications,
        flag,
        audit,
        ..
    } = transaction;
    remember(tx, limits)?;
    bounds::notifications(notifications)?;
    flag.iter().try_for_each(bounds::flag)?;
    audit.iter().try_for_each(bounds::audit)?;
    let outcome = do_it(tx, &transaction.write)?;
    // Nobody is told of what did not happen, or happened before.
    if matches!(
        outcome,
        Outcome::Changed(_)
            | Outcome::Met { .. }
            | Outcome::Filed(_)
            | Outcome::Uploaded(_)
            | Outcome::Kept { changed: true, .. }
            | Outcome::PushTarget(_)
            | Outcome::Done
    ) {
        notifications::write(tx, notifications)?;
        notifications::tell(tx, &outcome)?;
        if let Some(flag) = flag {
            flags::mark(tx, flag, &outcome)?;
        }
        if let Some(draft) = audit {
            audit::write(tx, draft, &outcome)?;
        }
        events::tell(tx, transaction, &outcome, events_all)?;
    }
    Ok(outcome)
}

/// Keeps what the rate limiter remembers.
fn remember(tx: &mut Tx<'_>, limits: &[LimiterState]) -> Result<(), Stop> {
    limits.iter().try_for_each(bounds::limit)?;
    for LimiterState { user, rule, tat_us } in limits {
        tx.put(keys::limit(user, rule), &LimitV1 { tat_us: *tat_us })?;
    }
    Ok(())
}

fn do_it(tx: &mut Tx<'_>, write: &Write) -> Written {
    match write {
        Write::SaveUser(profile) => users::save(tx, profile),
        Write::SeeUser => users::see(tx),
        Write::OpenDirect { with } => conversations::open_direct(tx, with),
        Write::OpenGroup { name, members, key } => {
            conversations::open_group(tx, name.as_deref(), members, key.as_ref())
        }
        Write::Send {
            conversation,
            content,
            attachments,
            key,
        } => messages::send(tx, *conversation, content, attachments, key.as_ref()),
        Write::Edit { message, text } => messages::edit(tx, *message, text),
        Write::Delete { message } => messages::delete(tx, *message),
        Write::React { message, emoji, on } => reactions::react(tx, *message, emoji, *on),
        Write::Read { conversation, seq } => cursors::read(tx, *conversation, *seq),
        Write::Deliver { conversation, seq } => cursors::deliver(tx, *conversation, *seq),
        Write::Add {
            conversation,
            users,
        } => members::add(tx, *conversation, users),
        Write::Remove { conversation, user } => members::remove(tx, *conversation, user),
        Write::SetRole {
            conversation,
            user,
            role,
        } => members::set_role(tx, *conversation, user, *role),
        Write::Rename { conversation, name } => {
            conversations::rename(tx, *conversation, name.as_deref())
        }
        Write::Block { user, reason } => blocks::block(tx, user, reason.as_deref()),
        Write::Unblock { user } => blocks::unblock(tx, user),
        Write::ReadNotifications { through } => notifications::read(tx, *through),
        Write::Ask {
            user,
            text,
            masked,
            key,
        } => contacts::requests::ask(tx, user, text, masked.as_deref(), key.as_ref()),
        Write::Answer { request, accept } => contacts::requests::answer(tx, *request, *accept),
        Write::Withdraw { request } => contacts::requests::withdraw(tx, *request),
        Write::Like { user, on } => contacts::likes::like(tx, user, *on),
        Write::Unmatch { matched } => contacts::matches::unmatch(tx, *matched),
        Write::Report(draft) => reports::file(tx, draft),
        Write::ReviewReport {
            report,
            status,
            note,
        } => reports::review(tx, *report, *status, note.as_deref()),
        Write::ReviewFlag { message, status } => flags::review(tx, *message, *status),
        Write::Sanction { user, sanction } => standing::sanction(tx, user, *sanction),
        Write::Takedown { message } => messages::take_down(tx, *message),
        Write::Prefer(preferences) => preferences::prefer(tx, *preferences),
        Write::Upload(draft) => attachments::upload(tx, draft),
        Write::DropAttachment { attachment } => attachments::give_up(tx, *attachment),
        Write::Keep(keep) => keep_for_later(tx, keep),
        Write::SendDue {
            scheduled,
            revision,
            conversation,
            content,
            attachments: _,
        } => scheduled::send(tx, (*scheduled, *revision), *conversation, content),
        Write::Mute {
            conversation,
            until,
        } => notifications::mute(tx, *conversation, *until),
        Write::DoNotDisturb(choice) => notifications::leave_alone(tx, *choice),
        Write::AddPushTarget(target) => push::add(tx, target),
        Write::DropPushTarget { target } => push::give_up(tx, *target),
        Write::Erase(what) => erase::erase(tx, what),
        Write::Note => Ok(Outcome::Done),
    }
}

fn keep_for_later(tx: &mut Tx<'_>, keep: &Keep) -> Written {
    match keep {
        Keep::Schedule(draft) => scheduled::schedule(tx, draft),
        Keep::Reschedule {
            scheduled: id,
            text,
            at,
        } => scheduled::reschedule(tx, *id, text.as_deref(), *at),
        Keep::Cancel { scheduled: id } => scheduled::cancel(tx, *id),
        Keep::Fail {
            scheduled: id,
            revision,
            code,
            reason,
        } => scheduled::fail(tx, *id, *revision, *code, reason),
        Keep::AddTemplate { name, text } => templates::add(tx, name, text),
        Keep::ChangeTemplate {
            template,
            name,
            text,
        } => templates::change(tx, *template, name.as_deref(), text.as_deref()),
        Keep::DropTemplate { template } => templates::drop_one(tx, *template),
    }
}

/// What the rate limiter remembers of a user.
pub(crate) fn limits_of(
    source: &dyn Source,
    user: &UserId,
) -> Result<Vec<LimiterState>, StoreError> {
    let entries = records::all::<LimitV1>(source, keys::limits(user), Order::Ascending);
    let limits = entries.map(|entry| {
        let (key, LimitV1 { tat_us }) = entry?;
        records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Limit, key)?;
            Some(LimiterState {
                user: parts.user()?,
                rule: parts.name()?.to_owned(),
                tat_us,
            })
        })
    });
    limits.collect()
}
