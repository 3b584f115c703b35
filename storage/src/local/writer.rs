//! The thread that writes: runs transactions into small batches and applies them.

use std::sync::Arc;

use crossbeam_channel::Receiver;
use tokio::sync::oneshot;

use crate::{
    engine::{commit::Engine, tx::Tx},
    error::StoreError,
    kv::{Batch, Kv},
    local::{
        options::Options,
        pulse::Pulse,
        tide::{Tide, Waiter},
    },
    store::{Outcome, Rejection, Transaction},
};

/// What came of a group.
pub(super) type Outcomes = Vec<Result<Outcome, Rejection>>;

/// One step of housekeeping; tells whether another is needed.
pub(super) type Chore = Box<dyn FnMut(&mut Tx<'_>) -> Result<bool, StoreError> + Send>;

/// What the writer is asked for.
pub(super) enum Job {
    Commit {
        group: Vec<Transaction>,
        reply: oneshot::Sender<Result<Outcomes, StoreError>>,
    },
    Chore {
        chore: Chore,
        reply: oneshot::Sender<Result<(), StoreError>>,
    },
}

/// The writer's part of the store.
pub(super) struct Writer {
    pub(super) kv: Arc<dyn Kv>,
    pub(super) tide: Arc<Tide>,
    pub(super) pulse: Arc<Pulse>,
    pub(super) engine: Engine,
    pub(super) options: Options,
    pub(super) batch: Batch,
    pub(super) n_operations: usize,
    /// The newest batch that was applied.
    pub(super) n_applied: u64,
    /// Answers that go out once the batch being filled is durable.
    pub(super) answers: Vec<Waiter>,
}

impl Writer {
    /// Works until every sender is gone, or something breaks.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(job) = jobs.recv() {
            let mut next = Some(job);
            while let Some(job) = next {
                if self.tide.has_failed() {
                    return;
                }
                if let Err(error) = self.work(job) {
                    return self.tide.fail("failed to write", &error);
                }
                next = jobs.try_recv().ok();
            }
            // Nobody waits, so nothing is gained by a fuller batch.
            if let Err(error) = self.apply() {
                return self.tide.fail("failed to write", &error);
            }
        }
        self.finish();
    }

    /// An error here is the end of the store; what only concerns the caller is answered.
    pub(super) fn work(&mut self, job: Job) -> Result<(), StoreError> {
        let pulse = Arc::clone(&self.pulse);
        match job {
            Job::Commit { group, reply } => {
                let mut outcomes = Vec::with_capacity(group.len());
                for transaction in &group {
                    let run = || self.engine.run(&*self.kv, &mut self.batch, transaction);
                    match pulse.step(run) {
                        Ok(outcome) => outcomes.push(outcome),
                        // The others of the group have nothing to do with it.
                        Err(error) if is_damage(&error) => outcomes.push(Err(Rejection::Damaged)),
                        Err(error) => return Err(error),
                    }
                    self.n_operations += 1;
                    self.apply_if_full()?;
                }
                self.answers.push(Box::new(move |durable| {
                    // A caller who has gone away doesn't want to know.
                    let _ = reply.send(durable.map(|()| outcomes));
                }));
            }
            Job::Chore { mut chore, reply } => {
                loop {
                    let step = || {
                        let engine = &mut self.engine;
                        engine.keep_house(&*self.kv, &mut self.batch, &mut chore)
                    };
                    match pulse.step(step) {
                        Ok(true) => self.apply()?,
                        Ok(false) => break,
                        Err(error) => return refuse(reply, error),
                    }
                }
                self.n_operations += 1;
                self.answers.push(Box::new(move |durable| {
                    let _ = reply.send(durable);
                }));
            }
        }
        Ok(())
    }

    fn apply_if_full(&mut self) -> Result<(), StoreError> {
        if self.batch.len() < self.options.batch_keys_max {
            return Ok(());
        }
        self.apply()
    }

    pub(super) fn apply(&mut self) -> Result<(), StoreError> {
        if self.batch.is_empty() {
            // Nothing new, but what was looked at may not be durable yet.
            for answer in self.answers.drain(..) {
                self.tide.when_durable(self.n_applied, answer);
            }
            return Ok(());
        }
        let batch = std::mem::take(&mut self.batch);
        let head = self.engine.last();
        let apply = || self.tide.gate.apply(head, || self.kv.apply(batch));
        let applied = self.pulse.step(apply)?;
        self.n_applied = applied.batch;
        for answer in self.answers.drain(..) {
            self.tide.when_durable(applied.batch, answer);
        }
        let n_operations = std::mem::take(&mut self.n_operations);
        let operations_max = self.options.commit_operations_max;
        self.tide.rise(applied, n_operations, operations_max);
        Ok(())
    }

    fn finish(mut self) {
        let done = self.engine.finish(&mut self.batch);
        if let Err(error) = done.and_then(|()| self.apply()) {
            self.tide.fail("failed to write", &error);
        }
        self.tide.writer_is_done();
    }
}

/// Tells one caller of a damaged record; anything else is the end of the store.
fn refuse<T>(
    reply: oneshot::Sender<Result<T, StoreError>>,
    error: StoreError,
) -> Result<(), StoreError> {
    if !is_damage(&error) {
        return Err(error);
    }
    // A caller who has gone away doesn't want to know.
    let _ = reply.send(Err(error));
    Ok(())
}

/// Whether an error is of one record and not of the store. Logged here, as nobody else sees which.
fn is_damage(error: &StoreError) -> bool {
    let is_damage = error.kind.is_damage();
    if is_damage {
        tracing::error!(%error, "met a damaged record in a commit");
    }
    is_damage
}
