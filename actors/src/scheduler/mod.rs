//! Sends messages when their time has come, as their authors: through the room and Moderation, like any other.
//!
//! The store takes a message from what waits in the transaction that sends it. So nothing here has to be remembered:
//! whatever ends the process, what is still there is sent after the next start, the oldest first.

mod agenda;

use std::{collections::HashSet, sync::Arc, time::Duration};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use futures_util::future::join_all;
use parlour_storage::{
    domain::{
        scheduled::{Destination, Keep, Scheduled},
        user::User,
    },
    error::{StoreError, StoreErrorKind},
    ids::{Timestamp, UserId},
    store::{Profile, Transaction, Write},
};

use self::agenda::Agenda;
use crate::{
    archive::Submit,
    command::{Action, Caller, Card, Identity, LaterReply, Reply, Target},
    error::{ErrorCode, Failure},
    push::Push,
    reply::ReplyTo,
    room::{Perform, What},
    system::Core,
    visibility::Audience,
};

/// Messages that are looked at together.
const PAGE: usize = 64;
/// It looks again after so long at most: the clock of the machine may be set meanwhile.
const LOOK_AGAIN_MAX: Duration = Duration::from_secs(60);
/// It waits so long for a store that is busy.
const BUSY_PAUSE: Duration = Duration::from_secs(1);

/// The actor.
#[derive(Debug)]
pub(crate) struct Scheduler {
    core: Arc<Core>,
}

impl Scheduler {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        Self { core }
    }
}

impl Actor for Scheduler {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        let work = run(Arc::clone(&self.core)).into_actor(self);
        ctx.spawn(work.map(|(), _this, ctx| ctx.stop()));
    }
}

/// Until the store is closed, or failed and says so itself.
async fn run(core: Arc<Core>) {
    let mut agenda = Agenda::default();
    loop {
        // Whoever schedules something while it looks wakes it again.
        let woken = core.scheduled.notified();
        let pause = match round(&core, &mut agenda).await {
            Ok(Some(next)) => until(core.now(), next),
            Ok(None) => LOOK_AGAIN_MAX,
            Err(error) if error.kind == StoreErrorKind::Busy => BUSY_PAUSE,
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "met a damaged record among scheduled messages; goes on later");
                LOOK_AGAIN_MAX
            }
            Err(_) => return,
        };
        // Woken or not, it looks again.
        let _slept = tokio::time::timeout(pause, woken).await;
    }
}

fn until(now: Timestamp, next: Timestamp) -> Duration {
    let ms = u64::try_from(next.0.saturating_sub(now.0)).unwrap_or(0);
    // A little late rather than once more too early.
    Duration::from_millis(ms + 1).min(LOOK_AGAIN_MAX)
}

/// Sends what is due, and tells when there is more to do.
async fn round(core: &Arc<Core>, agenda: &mut Agenda) -> Result<Option<Timestamp>, StoreError> {
    let (mut after, mut later) = (None, None);
    let mut has_due = HashSet::new();
    loop {
        let now = core.now();
        let mut page = core.store_ref().due(after, PAGE).await?;
        let is_last = page.len() < PAGE;
        after = page.last().map(|last| (last.at, last.id));
        let n_due = page.partition_point(|scheduled| scheduled.at <= now);
        later = page.get(n_due).map(|first| first.at).or(later);
        page.truncate(n_due);
        has_due.extend(page.iter().map(|scheduled| scheduled.author.clone()));
        send_all(core, agenda, page, now).await?;
        if is_last || later.is_some() {
            break;
        }
    }
    let again = agenda.next(|author| has_due.contains(author));
    Ok(later.into_iter().chain(again).min())
}

/// In waves of different authors: begun in the order of time, each author's one after the other.
async fn send_all(
    core: &Arc<Core>,
    agenda: &mut Agenda,
    due: Vec<Scheduled>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut authors: Vec<_> = due
        .iter()
        .map(|scheduled| scheduled.author.clone())
        .collect();
    authors.sort_unstable();
    authors.dedup();
    let users = core.store_ref().users(&authors).await?;
    let mut due = due.into_iter().peekable();
    while due.peek().is_some() {
        let mut in_wave = HashSet::new();
        let mut wave = Vec::new();
        while let Some(next) = due.next_if(|next| !in_wave.contains(&next.author)) {
            in_wave.insert(next.author.clone());
            if agenda.may_try(&next.author, now) {
                wave.push(next);
            }
        }
        let sending = wave.iter().map(|scheduled| {
            let caller = caller(&users, &scheduled.author);
            send(core, caller, scheduled)
        });
        let results = join_all(sending).await;
        for (scheduled, result) in wave.iter().zip(results) {
            settle(core, agenda, scheduled, result).await;
        }
    }
    Ok(())
}

/// The author, as their last token told of them.
fn caller(users: &[User], author: &UserId) -> Arc<Caller> {
    let user = users.iter().find(|user| user.id == *author);
    let profile = Profile {
        name: user.and_then(|user| user.name.clone()),
        picture: user.and_then(|user| user.picture.clone()),
        role: user.map(|user| user.role).unwrap_or_default(),
        plan: user.map(|user| user.plan).unwrap_or_default(),
    };
    let identity = Identity {
        user: author.clone(),
        profile,
        expires_at: Timestamp::MAX,
    };
    Caller::new(&identity, None)
}

async fn send(core: &Arc<Core>, caller: Arc<Caller>, scheduled: &Scheduled) -> Result<(), Failure> {
    let conversation = match &scheduled.to {
        Destination::Conversation(conversation) => *conversation,
        Destination::User(user) => {
            let target = Target::User(user.clone());
            core.conversation_for(&caller, target).await?
        }
    };
    let write = Write::SendDue {
        scheduled: scheduled.id,
        revision: scheduled.revision,
        conversation,
        content: scheduled.content.clone(),
        attachments: scheduled.attachments.iter().map(|file| file.id).collect(),
    };
    let (reply, answer) = ReplyTo::task();
    core.perform(
        conversation,
        Perform {
            caller,
            action: Action::Send,
            brings: Vec::new(),
            what: What::Write(write),
            reply,
        },
    );
    let answer = answer.await.unwrap_or_else(|_| Err(Failure::internal()));
    answer.map(drop)
}

/// What becomes of a message after a try.
async fn settle(
    core: &Arc<Core>,
    agenda: &mut Agenda,
    scheduled: &Scheduled,
    result: Result<(), Failure>,
) {
    let author = &scheduled.author;
    let failure = match result {
        Ok(()) => {
            core.counters.scheduled_sent.add_one();
            return agenda.done(author);
        }
        Err(failure) if is_gone(&failure) => return agenda.done(author),
        Err(failure) => failure,
    };
    let again = |agenda: &mut Agenda, failure: &Failure| {
        agenda.again(author, scheduled.id, failure.retry_after, core.now())
    };
    if failure.code.retry() && again(agenda, &failure) {
        return;
    }
    match give_up(core, scheduled, &failure).await {
        Ok(()) => agenda.done(author),
        Err(failure) if is_gone(&failure) => agenda.done(author),
        Err(failure) => _ = again(agenda, &failure),
    }
}

/// Its author changed it, or took it back, while it was on its way.
fn is_gone(failure: &Failure) -> bool {
    matches!(
        failure.code,
        ErrorCode::NoScheduled | ErrorCode::ScheduledSent
    )
}

/// Has it stay as failed, and tells its author.
async fn give_up(core: &Core, scheduled: &Scheduled, failure: &Failure) -> Result<(), Failure> {
    let fail = Keep::Fail {
        scheduled: scheduled.id,
        revision: scheduled.revision,
        code: failure.code.number(),
        reason: failure.message.clone(),
    };
    let (reply, answer) = ReplyTo::task();
    core.submit(Submit {
        transaction: Transaction::new(core.now(), scheduled.author.clone(), Write::Keep(fail)),
        by: Card::nameless(scheduled.author.clone()),
        conversation: None,
        audience: Audience::default(),
        reply,
    });
    let answer = answer.await.unwrap_or_else(|_| Err(Failure::internal()));
    let Reply::Later(LaterReply::Scheduled(failed)) = answer? else {
        return Err(Failure::internal());
    };
    core.counters.scheduled_failed.add_one();
    let push = Push::SendFailed(failed);
    for connection in core.registry.connections_of(&scheduled.author) {
        if let Some(frame) = connection.encode(core.epoch(), &push) {
            connection.outbox.push_live(frame);
        }
    }
    Ok(())
}
