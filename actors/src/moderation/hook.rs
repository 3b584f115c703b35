//! Asking the operator's own service about a text, before it goes out.
//!
//! What is asked about has passed every rule of the node and was charged for. While it is out, later writes of the same
//! person wait behind it, and nobody else does; each text is asked about as soon as it comes, not when its turn has come.
//! Blocks are looked at again afterwards: one that came meanwhile is ahead of the text on the way to the store.

use std::sync::Arc;

use actix::{ActorFutureExt, AsyncContext, Context, Handler, ResponseFuture, WrapFuture};
use parlour_storage::{
    domain::{message::MessageKind, safety::FlagDraft},
    ids::UserId,
    store::Write,
};
use tokio::sync::oneshot;

use super::{Concerns, Deed, Moderation, Review, Verdict, content::Reviewed, line::Leaving};
use crate::{
    command::{Action, Caller},
    error::{ErrorCode, Failure},
    limits::PARKED_PER_USER_MAX,
    policy::Finding,
    reply::ReplyTo,
    reviewer::{Draft, NoOpinion, Opinion, Purpose, Reviewer},
};

/// Longest reason of a flag or a refusal that is taken from the service, in Unicode scalar values.
const REASON_MAX: usize = 200;

/// What a flag says of a text that nobody looked at.
const UNREVIEWED: &str = "unreviewed";

/// A text that passed, while it is out.
#[derive(Debug)]
pub(super) struct Held {
    caller: Arc<Caller>,
    action: Action,
    concerns: Concerns,
    passed: Verdict,
    write: Write,
    reply: ReplyTo,
}

/// A text that came back, and what was said of it.
#[derive(Debug)]
pub(super) struct Judged {
    held: Held,
    opinion: Option<Opinion>,
}

/// Waits until every text that is out now has come back.
#[derive(Debug, actix::Message)]
#[rtype(result = "()")]
pub(crate) struct AllBack;

impl Handler<AllBack> for Moderation {
    type Result = ResponseFuture<()>;

    fn handle(&mut self, _: AllBack, _ctx: &mut Self::Context) -> Self::Result {
        let (all_back, waits) = oneshot::channel();
        self.wait_for_back
            .push((self.lines.next_number(), all_back));
        self.tell_who_waits();
        Box::pin(async move {
            // Moderation is gone, and with it whatever was out.
            let _gone = waits.await;
        })
    }
}

impl Moderation {
    /// Takes a request, unless it has to wait for an earlier text of the same person.
    pub(super) fn line_up(&mut self, review: Review) -> Option<Review> {
        let user = &review.caller.user;
        let n_waiting = self.lines.len(user);
        let Deed::Write(write) = &review.deed else {
            return Some(review);
        };
        if n_waiting == 0 {
            return Some(review);
        }
        if n_waiting >= PARKED_PER_USER_MAX {
            review.reply.answer(Err(Failure::busy()));
            return None;
        }
        if purpose(write).is_some() {
            return Some(review);
        }
        let user = user.clone();
        self.lines.wait(&user, review);
        None
    }

    /// Goes on with a write that passed: first to the service, if there is one and it is a text.
    pub(super) fn consult(&mut self, held: Held, ctx: &mut Context<Self>) {
        let asked = self.core.reviewer().zip(draft(&held));
        let Some((reviewer, draft)) = asked else {
            return self.release(held, ctx);
        };
        let user = held.caller.user.clone();
        let number = self.lines.go_out(&user);
        // A task of its own: a panic in there is no panic in here.
        let asking = actix_rt::spawn(tokio::time::timeout(
            self.core.settings.policy.review_timeout,
            ask(reviewer, draft),
        ));
        ctx.spawn(asking.into_actor(self).map(move |answer, this, ctx| {
            let opinion = match answer {
                Ok(Ok(Ok(opinion))) => Some(opinion),
                Ok(Ok(Err(error))) => {
                    tracing::warn!(%error, "the review service gave no opinion");
                    this.core.counters.reviews_failed.add_one();
                    None
                }
                Ok(Err(_elapsed)) => {
                    this.core.counters.reviews_late.add_one();
                    None
                }
                Err(error) => {
                    tracing::error!(%error, "asking the review service failed");
                    this.core.counters.reviews_failed.add_one();
                    None
                }
            };
            this.lines
                .come_back(&user, number, Judged { held, opinion });
            this.move_on(&user, ctx);
        }));
    }

    /// Lets go of everything in somebody's line that need not wait any more.
    fn move_on(&mut self, user: &UserId, ctx: &mut Context<Self>) {
        while let Some(leaving) = self.lines.first(user) {
            match leaving {
                Leaving::Back(judged) => self.judge(judged, ctx),
                Leaving::Turn(review) => self.receive(review, ctx),
            }
        }
        self.tell_who_waits();
    }

    fn tell_who_waits(&mut self) {
        if self.wait_for_back.is_empty() {
            return;
        }
        let oldest = self.lines.oldest_out();
        let is_back = |(until, _): &mut (u64, _)| oldest.is_none_or(|oldest| oldest >= *until);
        for (_, waits) in self.wait_for_back.extract_if(.., is_back) {
            // Who no longer waits needn't know.
            let _gone = waits.send(());
        }
    }

    /// Does what was said of a text.
    fn judge(&mut self, Judged { mut held, opinion }: Judged, ctx: &mut Context<Self>) {
        let verdict = self
            .check_again(&mut held)
            .and_then(|()| self.follow(&mut held, opinion));
        match verdict {
            Ok(()) => self.release(held, ctx),
            Err(failure) => {
                self.core.counters.refused(&failure);
                held.reply.answer(Err(failure));
                // What was charged is kept for a text that is refused, too.
                self.note_down(&held.caller, held.passed, None, ReplyTo::nobody());
            }
        }
    }

    /// What came to be while a text was out holds for it.
    fn check_again(&mut self, held: &mut Held) -> Result<(), Failure> {
        let now = self.core.now();
        let Some(person) = self.people.known(&held.caller.user) else {
            // They are being loaded again, which is rare, and known in a moment.
            return Err(Failure::busy());
        };
        person.check_standing(true, now)?;
        person.check_blocks(held.action, &held.concerns)?;
        held.passed.audience = person.audience().clone();
        held.passed.at = now;
        Ok(())
    }

    /// Follows an opinion, or the policy where there is none.
    fn follow(&self, held: &mut Held, opinion: Option<Opinion>) -> Result<(), Failure> {
        let reviewed = &mut held.passed.reviewed;
        match opinion {
            Some(Opinion::Allow) => Ok(()),
            Some(Opinion::Flag(reason)) => {
                mark(reviewed, &shortened(&reason, "review"));
                reviewed.finding = reviewed.finding.max(Finding::Flag);
                Ok(())
            }
            Some(Opinion::Reject(reason)) => Err(Failure {
                field: Some("text"),
                ..Failure::new(
                    ErrorCode::ContentRefused,
                    shortened(&reason, "the text is not allowed here; put it differently"),
                )
            }),
            Some(Opinion::Replace(text)) => {
                let direct = matches!(held.concerns, Concerns::Peer(_));
                match self.rules.replace(&mut held.write, reviewed, text, direct) {
                    Ok(()) => Ok(()),
                    Err(error) => {
                        tracing::warn!(%error, "the review service gave a text that can't go out");
                        self.core.counters.reviews_failed.add_one();
                        self.without_opinion(reviewed)
                    }
                }
            }
            None => self.without_opinion(reviewed),
        }
    }

    fn without_opinion(&self, reviewed: &mut Reviewed) -> Result<(), Failure> {
        if !self.core.settings.policy.review_fails_open {
            return Err(Failure::new(
                ErrorCode::Busy,
                "texts can't be reviewed at the moment; send it again in a moment, with the same idempotency key",
            ));
        }
        mark(reviewed, UNREVIEWED);
        reviewed.finding = reviewed.finding.max(Finding::Flag);
        Ok(())
    }

    fn release(&mut self, held: Held, ctx: &mut Context<Self>) {
        self.go_on(
            &held.caller,
            held.passed,
            Deed::Write(held.write),
            held.reply,
            ctx,
        )
    }
}

async fn ask(reviewer: Arc<dyn Reviewer>, draft: Draft) -> Result<Opinion, NoOpinion> {
    reviewer.review(draft).await
}

impl Held {
    pub(super) fn new(
        caller: Arc<Caller>,
        action: Action,
        concerns: Concerns,
        passed: Verdict,
        write: Write,
        reply: ReplyTo,
    ) -> Self {
        Self {
            caller,
            action,
            concerns,
            passed,
            write,
            reply,
        }
    }
}

/// What a write's text is for, if it is one that the service is asked about. The app's own words aren't.
fn purpose(write: &Write) -> Option<Purpose> {
    match write {
        Write::Send { content, .. } | Write::SendDue { content, .. }
            if content.kind != MessageKind::System =>
        {
            Some(Purpose::Message(content.kind))
        }
        Write::Edit { .. } => Some(Purpose::Edit),
        Write::Ask { .. } => Some(Purpose::Request),
        _ => None,
    }
}

fn draft(held: &Held) -> Option<Draft> {
    let purpose = purpose(&held.write)?;
    let (text, asked) = match &held.write {
        Write::Send { content, .. } | Write::SendDue { content, .. } => (&content.text, None),
        Write::Edit { text, .. } => (text, None),
        Write::Ask { text, user, .. } => (text, Some(user)),
        _ => return None,
    };
    let peer = match &held.concerns {
        Concerns::Peer(peer) => Some(peer),
        _ => asked,
    };
    Some(Draft {
        author: held.caller.user.clone(),
        plan: held.caller.plan,
        purpose,
        conversation: held.passed.conversation.as_ref().map(|c| c.id),
        to: peer.cloned(),
        text: text.clone(),
    })
}

/// Adds to why a message is to be looked at.
fn mark(reviewed: &mut Reviewed, why: &str) {
    let flag = reviewed.flag.get_or_insert_with(|| FlagDraft {
        found: Vec::new(),
        original: None,
    });
    flag.found.push(why.to_owned());
}

fn shortened(reason: &str, or: &str) -> String {
    let visible = reason.chars().filter(|c| !c.is_control());
    let reason: String = visible.take(REASON_MAX).collect();
    if reason.trim().is_empty() {
        or.to_owned()
    } else {
        reason
    }
}
