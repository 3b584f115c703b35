//! Takes away files that nobody may have any more: of messages that are gone, of uploads that nobody sent, and whatever
//! a process left behind that ended in the middle of an upload.
//!
//! The store says what goes ([`Attachments`](parlour_storage::attachments::Attachments)); a file goes before the store
//! forgets where it lay, so that what can't be taken away now is tried again. It rests like the janitor does.

use std::{sync::Arc, time::Duration};

use actix::{Actor, ActorContext, ActorFutureExt, AsyncContext, Context, WrapFuture};
use parlour_storage::{
    error::{StoreError, StoreErrorKind},
    ids::Timestamp,
};
use tokio::{sync::mpsc, time::Instant};

use crate::{
    files::Files,
    janitor::{REST_FACTOR, REST_MIN, ROUND_PAUSE},
    system::Core,
};

/// An upload that no message was sent with by then is given up.
pub(crate) const UNSENT_AGE: Duration = Duration::from_hours(24);

/// A file that the store knows nothing of was left behind, once it is as old: an upload is over by then. At the start it
/// is whatever its age, since nobody is uploading yet.
const ORPHAN_AGE: Duration = Duration::from_hours(1);

/// How far the clock of files may be behind: that of Linux goes by ticks.
const CLOCKS_APART: Duration = Duration::from_millis(100);

/// How often all files are looked at for some that were left behind.
const ORPHANS_EVERY: Duration = Duration::from_hours(24);

/// Files dealt with in one step.
const STEP_FILES: usize = 32;

/// The actor.
#[derive(Debug)]
pub(crate) struct Collector {
    core: Arc<Core>,
    files: Arc<dyn Files>,
    /// When all files were last looked at.
    looked: Option<Instant>,
    /// When it was made: what was written before was written by another process.
    since: Timestamp,
}

impl Collector {
    pub(crate) fn new(core: Arc<Core>, files: Arc<dyn Files>) -> Self {
        let since = before(core.now(), CLOCKS_APART);
        Self {
            core,
            files,
            looked: None,
            since,
        }
    }

    fn round_after(&self, pause: Duration, ctx: &mut Context<Self>) {
        ctx.run_later(pause, |this, ctx| this.round(ctx));
    }

    fn round(&mut self, ctx: &mut Context<Self>) {
        let (core, files) = (Arc::clone(&self.core), Arc::clone(&self.files));
        let orphans_before = self.orphans_before();
        let round = async move { round(&core, &*files, orphans_before).await }.into_actor(self);
        ctx.spawn(round.map(move |done, this, ctx| match done {
            Ok(()) => {
                if orphans_before.is_some() {
                    this.looked = Some(Instant::now());
                }
                this.round_after(ROUND_PAUSE, ctx);
            }
            Err(error) if error.kind == StoreErrorKind::Busy => {
                this.round_after(ROUND_PAUSE / 60, ctx);
            }
            Err(error) if error.kind.is_damage() => {
                tracing::error!(%error, "met a damaged record among those of files; goes on later");
                this.round_after(ROUND_PAUSE, ctx);
            }
            // The store is closed, or failed and says so itself.
            Err(_) => ctx.stop(),
        }));
    }

    /// Files last written before then are looked for, if it is time to.
    fn orphans_before(&self) -> Option<Timestamp> {
        match self.looked {
            None => Some(self.since),
            Some(looked) if looked.elapsed() >= ORPHANS_EVERY => {
                Some(before(self.core.now(), ORPHAN_AGE))
            }
            Some(_) => None,
        }
    }
}

impl Actor for Collector {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Self::Context) {
        self.round_after(REST_MIN, ctx);
    }
}

fn before(now: Timestamp, age: Duration) -> Timestamp {
    now.plus_ms(-i64::try_from(age.as_millis()).unwrap_or(i64::MAX))
}

/// Takes away all that is to go now.
async fn round(
    core: &Core,
    files: &dyn Files,
    orphans_before: Option<Timestamp>,
) -> Result<(), StoreError> {
    give_up_unsent(core).await?;
    take_doomed(core, files).await?;
    if let Some(before) = orphans_before {
        take_orphans(core, files, before).await?;
    }
    Ok(())
}

async fn give_up_unsent(core: &Core) -> Result<(), StoreError> {
    let old = before(core.now(), UNSENT_AGE);
    loop {
        let began = Instant::now();
        let n = core.store_ref().give_up_unsent(old, STEP_FILES).await?;
        core.counters.files_given_up.add(n as u64);
        if n < STEP_FILES {
            return Ok(());
        }
        rest(began).await;
    }
}

/// One that can't be taken away is passed over until the next round.
async fn take_doomed(core: &Core, files: &dyn Files) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let began = Instant::now();
        let doomed = core.store_ref().doomed(after, STEP_FILES).await?;
        let Some(last) = doomed.last() else {
            return Ok(());
        };
        after = Some(last.id);
        let mut gone = Vec::with_capacity(doomed.len());
        for one in doomed {
            let mut is_gone = true;
            for object in &one.objects {
                is_gone &= take(core, files, object).await;
            }
            if is_gone {
                gone.push(one.id);
            }
        }
        if !gone.is_empty() {
            core.store_ref().forget_doomed(&gone).await?;
        }
        rest(began).await;
    }
}

/// Whether a file is gone.
async fn take(core: &Core, files: &dyn Files, object: &str) -> bool {
    match files.delete(object).await {
        Ok(()) => {
            core.counters.files_deleted.add_one();
            true
        }
        Err(error) => {
            core.counters.files_failed.add_one();
            tracing::warn!(%error, "a file can't be taken away; tried again later");
            false
        }
    }
}

async fn take_orphans(core: &Core, files: &dyn Files, before: Timestamp) -> Result<(), StoreError> {
    let (found, mut orphans) = mpsc::channel(STEP_FILES);
    let listing = files.list_older(before, found);
    // The receiver goes with it: a listing that nobody listens to any more has to end, and not wait for room.
    let taking = async move {
        let mut step = Vec::with_capacity(STEP_FILES);
        while orphans.recv_many(&mut step, STEP_FILES).await > 0 {
            let began = Instant::now();
            for object in step.drain(..) {
                if !core.store_ref().is_object_known(&object).await? {
                    let is_gone = take(core, files, &object).await;
                    core.counters.files_orphaned.add(u64::from(is_gone));
                }
            }
            rest(began).await;
        }
        Ok(())
    };
    let (listed, taken): (_, Result<(), StoreError>) = tokio::join!(listing, taking);
    if let Err(error) = listed {
        core.counters.files_failed.add_one();
        tracing::warn!(%error, "files that were left behind can't all be found; tried again later");
    }
    taken
}

async fn rest(began: Instant) {
    let pause = (began.elapsed() * REST_FACTOR).max(REST_MIN);
    tokio::time::sleep(pause).await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        limits::Settings,
        testkit::{Folder, TestNode},
    };

    #[actix::test]
    async fn a_listing_ends_when_nobody_can_take_what_it_finds() {
        let node = TestNode::start(Settings::default());
        let core = Arc::clone(node.core());
        node.stop().await;
        let folder = Folder::default();
        let now = Timestamp::now();
        // More than wait to be looked at, and as many again.
        for n in 0..=2 * STEP_FILES {
            folder.write(&format!("{n}"), before(now, UNSENT_AGE));
        }
        let failed = take_orphans(&core, &folder, now).await.unwrap_err();
        assert_eq!(failed.kind, StoreErrorKind::Closed);
    }
}
