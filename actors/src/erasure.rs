//! Erasure: takes what a person wrote and chose away for good, and reports what went, what was kept, and why.
//!
//! A series of small transactions through the archive, as everything that is written, so that readers are told in
//! order. What is left to do is read from the store each time: ended in the middle, it is simply begun again.
//! Has no rule of its own about what a row holds; that is the store's ([`Erase`]).

mod scheduled;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use parlour_storage::{
    contacts::{Direction, Lifetime, RequestPage},
    domain::{
        contact::ContactRules, conversation::ConversationKind, event::EventId, safety::Standing,
        user::NodeRole,
    },
    ids::{ConversationId, MessageId, Position, Seq, Timestamp, UserId},
    personal::{Erase, Part, ROWS_AT_ONCE, Reacted, Written},
    safety::ReportPage,
    store::{Transaction, Write},
};

use crate::{
    archive::Submit,
    command::{Action, Caller, Card},
    error::{CloseCode, ErrorCode, Failure},
    limits::PAGE_MAX,
    moderation::{Concerns, Deed, Reload, Review, audit},
    presence::SetBlock,
    reply::ReplyTo,
    system::Core,
    visibility::Audience,
};

/// How long it waits before it asks a node that is busy again.
const AGAIN: Duration = Duration::from_millis(50);

/// What erasing somebody came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Erased {
    /// Who.
    pub user: UserId,
    /// When.
    pub at: Timestamp,
    /// What went, this time, and how much of it.
    pub gone: Vec<(&'static str, u64)>,
    /// What was kept.
    pub kept: Vec<Kept>,
}

/// Something that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What.
    pub what: &'static str,
    /// How many.
    pub n: u64,
    /// Why.
    pub why: &'static str,
}

/// How far it is: so many of the person's conversations were gone through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// So many.
    pub done: usize,
    /// Of so many.
    pub of: usize,
}

impl Core {
    /// Erases somebody, for an admin. Goes on to its end even if nobody waits for it any more.
    ///
    /// # Errors
    ///
    /// The caller is no admin, nothing is known of the person, or the store failed half-way: do it again.
    pub async fn erase_for(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        user: UserId,
    ) -> Result<Erased, Failure> {
        self.must_be_admin(caller).await?;
        let (core, by) = (Arc::clone(self), caller.user.clone());
        let erasing = actix_rt::spawn(async move { core.erase(&user, &by, &mut |_| {}).await });
        erasing.await.unwrap_or_else(|_| Err(Failure::internal()))
    }

    /// Erases somebody. `by` stands in the audit log.
    ///
    /// # Errors
    ///
    /// Nothing is known of the person, or the store failed half-way: do it again.
    pub async fn erase(
        self: &Arc<Self>,
        user: &UserId,
        by: &UserId,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Erased, Failure> {
        self.must_be_known(user).await?;
        self.send_away(user);
        let mut eraser = Eraser {
            core: self,
            user,
            gone: Vec::new(),
        };
        eraser.scheduled().await?;
        let stays = self.store_ref().stays(user).await?;
        let conversations: BTreeSet<_> = stays.iter().map(|stay| stay.conversation).collect();
        let of = conversations.len();
        progress(Progress { done: 0, of });
        for (n, &id) in conversations.iter().enumerate() {
            eraser.messages(id).await?;
            eraser.reactions(id).await?;
            progress(Progress { done: n + 1, of });
        }
        for stay in stays.iter().filter(|stay| stay.left.is_none()) {
            eraser.leave(stay.conversation).await?;
        }
        eraser.contacts().await?;
        eraser.events().await?;
        eraser.rows().await?;
        let gone = eraser.gone;
        let kept = self.kept(user, &conversations).await?;
        let draft = audit::of_person(self.settings.policy.audit, "user.erased", user);
        self.note(by, draft).await?;
        Ok(Erased {
            user: user.clone(),
            at: self.now(),
            gone,
            kept,
        })
    }

    /// Refuses who is no admin, or may do nothing at all.
    pub(crate) async fn must_be_admin(&self, caller: &Arc<Caller>) -> Result<(), Failure> {
        self.let_pass(caller, Action::Moderate).await?;
        if caller.role == NodeRole::Admin {
            return Ok(());
        }
        let message = "this is for admins: it takes a token with the role admin";
        Err(Failure::new(ErrorCode::NotAllowed, message))
    }

    /// Asks Moderation whether the caller may do anything of a kind.
    pub(crate) async fn let_pass(
        &self,
        caller: &Arc<Caller>,
        action: Action,
    ) -> Result<(), Failure> {
        let (reply, passed) = ReplyTo::task();
        self.review(Review {
            caller: Arc::clone(caller),
            action,
            conversation: None,
            concerns: Concerns::Nobody,
            deed: Deed::Nothing,
            reply,
        });
        let passed = passed.await.unwrap_or_else(|_| Err(Failure::internal()));
        passed.map(drop)
    }

    /// Refuses a person of whom the store has nothing.
    pub(crate) async fn must_be_known(&self, user: &UserId) -> Result<(), Failure> {
        // What their token says of them may still be on its way there.
        self.flush().await;
        let store = self.store_ref();
        let is_known = store.holdings(user).await?.total() > 0
            || !store.stays(user).await?.is_empty()
            || store.standing(user).await? != Standing::default();
        let nobody = || Failure::new(ErrorCode::NoUser, "nothing is known of such a person");
        is_known.then_some(()).ok_or_else(nobody)
    }

    /// Ends their sessions. A token that is still valid lets them in again, as somebody new.
    fn send_away(&self, user: &UserId) {
        for connection in self.registry.connections_of(user) {
            connection.outbox.close(CloseCode::Unauthorized);
        }
        self.forget_profile(user);
    }

    /// Writes a line of the audit log, if the policy wants it.
    pub(crate) async fn note(
        &self,
        by: &UserId,
        draft: Option<parlour_storage::domain::safety::AuditDraft>,
    ) -> Result<(), Failure> {
        if draft.is_none() {
            return Ok(());
        }
        let transaction = Transaction {
            audit: draft,
            ..Transaction::new(self.now(), by.clone(), Write::Note)
        };
        self.write_all(vec![transaction]).await
    }

    /// Writes all of it, however busy the node is.
    async fn write_all(&self, mut transactions: Vec<Transaction>) -> Result<(), Failure> {
        while !transactions.is_empty() {
            let submitted: Vec<_> = transactions
                .into_iter()
                .map(|transaction| {
                    let (reply, written) = ReplyTo::task();
                    self.submit(Submit {
                        by: Card::nameless(transaction.by.clone()),
                        transaction: transaction.clone(),
                        conversation: None,
                        audience: Audience::default(),
                        reply,
                    });
                    (transaction, written)
                })
                .collect();
            transactions = Vec::new();
            for (transaction, written) in submitted {
                match written.await.unwrap_or_else(|_| Err(Failure::internal())) {
                    Ok(_) => {}
                    Err(failure) if failure.code == ErrorCode::Busy => {
                        transactions.push(transaction);
                    }
                    Err(failure) => return Err(failure),
                }
            }
            if !transactions.is_empty() {
                tokio::time::sleep(AGAIN).await;
            }
        }
        Ok(())
    }

    /// What was kept, and why.
    async fn kept(
        &self,
        user: &UserId,
        conversations: &BTreeSet<ConversationId>,
    ) -> Result<Vec<Kept>, Failure> {
        let store = self.store_ref();
        let (mut n_direct, mut n_tombstones, mut n_taken_back) = (0, 0, 0);
        for &id in conversations {
            let conversation = store.conversation(id).await?;
            let is_direct = conversation
                .is_some_and(|found| matches!(found.kind, ConversationKind::Direct { .. }));
            n_direct += u64::from(is_direct);
            let mut from = Some(Seq(1));
            while let Some(seq) = from {
                let part = store.written_by(user, id, seq).await?;
                n_tombstones += part.items.len() as u64;
                from = part.next;
            }
            let mut from = Some(Position::ZERO);
            while let Some(position) = from {
                let part = store.reacted_by(user, id, position).await?;
                n_taken_back += part.items.len() as u64;
                from = part.next;
            }
        }
        let about = ReportPage {
            about: Some(user.clone()),
            limit: 1,
            ..ReportPage::default()
        };
        let (mut n_about, mut page) = (0, about);
        while let Some(report) = store.reports(page.clone()).await?.pop() {
            n_about += 1;
            page.before = Some(report.id);
        }
        let (mut n_made, mut before) = (0, None);
        loop {
            let part = store.reports_by(user, before).await?;
            n_made += part.items.len() as u64;
            before = part.next;
            if before.is_none() {
                break;
            }
        }
        let received = RequestPage {
            direction: Direction::Received,
            limit: PAGE_MAX,
            ..RequestPage::default()
        };
        let (mut n_requests, mut page) = (0, received);
        loop {
            let requests = store.message_requests(user, page, Lifetime::default());
            let requests = requests.await?;
            let Some(last) = requests.last() else { break };
            page.before = Some(last.id);
            n_requests += requests.len() as u64;
        }
        let is_sanctioned = store.standing(user).await? != Standing::default();
        let mentions = store.mentions(user).await?;
        let n_blocked_by = store.blocks_of(user).await?.of_them.len() as u64;
        let kept = [
            Kept {
                what: "places",
                n: n_tombstones,
                why: "empty messages with the id and the time: the order of a conversation is that of everyone in it",
            },
            Kept {
                what: "direct_conversations",
                n: n_direct,
                why: "they are those of the other person too, with how far each has read",
            },
            Kept {
                what: "reactions_taken_back",
                n: n_taken_back,
                why: "devices that were away have to learn of it",
            },
            Kept {
                what: "requests_received",
                n: n_requests,
                why: "what others wrote to them is theirs",
            },
            Kept {
                what: "reports_about",
                n: n_about,
                why: "safety of others",
            },
            Kept {
                what: "reports_made",
                n: n_made,
                why: "safety of others: moderators decide, or decided, by them",
            },
            Kept {
                what: "sanctions",
                n: u64::from(is_sanctioned),
                why: "safety of others: a decision outlives the profile",
            },
            Kept {
                what: "blocked_by",
                n: n_blocked_by,
                why: "what others chose is theirs",
            },
            Kept {
                what: "liked_by",
                n: mentions.liked_by,
                why: "what others chose is theirs",
            },
            Kept {
                what: "hidden_from",
                n: mentions.hidden_from,
                why: "whom others need not be shown is theirs",
            },
            Kept {
                what: "ties",
                n: mentions.ties,
                why: "that they and somebody had to do with each other, without a word of it: it is the other's too",
            },
        ];
        let mut kept: Vec<_> = kept.into_iter().filter(|kept| kept.n > 0).collect();
        if self.settings.policy.audit != crate::policy::Audit::Off {
            kept.push(Kept {
                what: "audit",
                n: 1,
                why: "lines of the audit log, which hold no text, until they are older than policy.audit_age: without them it can't be verified",
            });
        }
        Ok(kept)
    }
}

/// Erases one person.
struct Eraser<'a> {
    core: &'a Arc<Core>,
    user: &'a UserId,
    gone: Vec<(&'static str, u64)>,
}

impl Eraser<'_> {
    fn count(&mut self, what: &'static str, n: u64) {
        match self.gone.iter_mut().find(|(counted, _)| *counted == what) {
            Some((_, so_far)) => *so_far += n,
            None => self.gone.push((what, n)),
        }
    }

    /// Writes for the person.
    async fn write(&self, writes: Vec<Write>) -> Result<(), Failure> {
        let at = self.core.now();
        let contact = ContactRules {
            request_ttl: self.core.settings.policy.request_ttl,
            ..ContactRules::default()
        };
        let transaction = |write| Transaction {
            contact: contact.clone(),
            ..Transaction::new(at, self.user.clone(), write)
        };
        let transactions = writes.into_iter().map(transaction).collect();
        self.core.write_all(transactions).await
    }

    async fn erase(&self, what: impl IntoIterator<Item = Erase>) -> Result<(), Failure> {
        self.write(what.into_iter().map(Write::Erase).collect())
            .await
    }

    async fn messages(&mut self, id: ConversationId) -> Result<(), Failure> {
        let mut from = Seq(1);
        loop {
            let (mut left, next) = self.unerased(id, from).await?;
            self.count("messages", left.len() as u64);
            let n_revisions = left
                .iter()
                .map(|written| written.revisions.len())
                .sum::<usize>();
            self.count("revisions", n_revisions as u64);
            let n_files = left.iter().map(|written| written.message.attachments.len());
            self.count("attachments", n_files.sum::<usize>() as u64);
            // A message with much hanging on it takes several rounds.
            while !left.is_empty() {
                let ids = left.iter().map(|written| written.message.id);
                self.erase(ids.map(Erase::Message)).await?;
                left = self.unerased(id, from).await?.0;
            }
            match next {
                Some(next) => from = next,
                None => return Ok(()),
            }
        }
    }

    async fn unerased(
        &self,
        id: ConversationId,
        from: Seq,
    ) -> Result<(Vec<Written>, Option<Seq>), Failure> {
        let part = self.core.store_ref().written_by(self.user, id, from);
        let Part { mut items, next } = part.await?;
        items.retain(|written| !written.is_erased);
        Ok((items, next))
    }

    /// First those that stand, which others are told of; then that they were ever given.
    async fn reactions(&mut self, id: ConversationId) -> Result<(), Failure> {
        let mut from = Some(Position::ZERO);
        while let Some(position) = from {
            let Part { items, next } = self.reacted(id, position).await?;
            let standing = items.into_iter().filter(|reacted| reacted.stands);
            let standing: BTreeSet<(MessageId, String)> = standing
                .map(|reacted| (reacted.message, reacted.emoji))
                .collect();
            self.count("reactions", standing.len() as u64);
            let what = |(message, emoji)| Erase::Reaction { message, emoji };
            self.erase(standing.into_iter().map(what)).await?;
            from = next;
        }
        let mut from = Some(Position::ZERO);
        while let Some(position) = from {
            let Part { items, next } = self.reacted(id, position).await?;
            let given = items.iter().filter(|reacted| reacted.on);
            let positions: Vec<_> = given.map(|reacted| reacted.position).collect();
            let conversation = id;
            let what = (!positions.is_empty()).then_some(Erase::Given {
                conversation,
                positions,
            });
            self.erase(what).await?;
            from = next;
        }
        Ok(())
    }

    async fn reacted(
        &self,
        id: ConversationId,
        from: Position,
    ) -> Result<Part<Reacted, Position>, Failure> {
        let part = self.core.store_ref().reacted_by(self.user, id, from);
        Ok(part.await?)
    }

    /// Leaves a group. A direct conversation stays as it is: the other one's half of it is still theirs.
    async fn leave(&mut self, id: ConversationId) -> Result<(), Failure> {
        let store = self.core.store_ref();
        let is_group = store
            .conversation(id)
            .await?
            .is_some_and(|found| matches!(found.kind, ConversationKind::Group { .. }));
        // Somebody may have removed them meanwhile.
        if is_group && store.member(id, self.user).await?.is_some() {
            let remove = Write::Remove {
                conversation: id,
                user: self.user.clone(),
            };
            match self.write(vec![remove]).await {
                // Somebody was faster.
                Err(failure) if failure.code == ErrorCode::NoConversation => {}
                written => written?,
            }
            self.count("memberships", 1);
        }
        Ok(())
    }

    /// Ends what others should learn the end of. The records go with [`rows`](Self::rows).
    async fn contacts(&mut self) -> Result<(), Failure> {
        let store = self.core.store_ref();
        let mut before = None;
        loop {
            let page = store.matches(self.user, before, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            let writes = page.iter().map(|matched| Write::Unmatch {
                matched: matched.id,
            });
            self.end(writes).await?;
            self.count("matches", page.len() as u64);
        }
        let lifetime = Lifetime {
            at: self.core.now(),
            ttl: self.core.settings.policy.request_ttl,
        };
        let mut page = RequestPage {
            pending: true,
            limit: PAGE_MAX,
            ..RequestPage::default()
        };
        loop {
            let requests = store.message_requests(self.user, page, lifetime).await?;
            let Some(last) = requests.last() else { break };
            page.before = Some(last.id);
            let writes = requests
                .iter()
                .map(|request| match request.from == *self.user {
                    true => Write::Withdraw {
                        request: request.id,
                    },
                    false => Write::Answer {
                        request: request.id,
                        accept: false,
                    },
                });
            self.end(writes).await?;
        }
        Ok(())
    }

    /// Writes what the other one may have been faster with, or time.
    async fn end(&self, writes: impl Iterator<Item = Write>) -> Result<(), Failure> {
        for write in writes {
            match self.write(vec![write]).await {
                Err(failure)
                    if matches!(
                        failure.code,
                        ErrorCode::NoMatch | ErrorCode::NoRequest | ErrorCode::NotPending
                    ) => {}
                written => written?,
            }
        }
        Ok(())
    }

    async fn events(&mut self) -> Result<(), Failure> {
        let mut after = Some(EventId::default());
        while let Some(from) = after {
            let part = self.core.store_ref().events_by(self.user, from).await?;
            let ids = part.items;
            self.count("events", ids.len() as u64);
            self.erase((!ids.is_empty()).then_some(Erase::Events(ids)))
                .await?;
            after = part.next;
        }
        Ok(())
    }

    /// All else, as long as it gets less: somebody whose token is still valid may be writing anew.
    async fn rows(&mut self) -> Result<(), Failure> {
        let store = self.core.store_ref();
        let blocked = store.blocks_of(self.user).await?.by_them;
        let mut left = store.holdings(self.user).await?;
        for (what, n) in left.all() {
            self.count(what, n);
        }
        while left.total() > 0 {
            let n_batches = left.total().div_ceil(ROWS_AT_ONCE).min(64);
            self.erase((0..n_batches).map(|_| Erase::Rows)).await?;
            let now = store.holdings(self.user).await?;
            if now.total() >= left.total() {
                break;
            }
            left = now;
        }
        // What was known of them by heart is out of date.
        let mut users = vec![self.user.clone()];
        for block in blocked {
            self.core.tell_presence(SetBlock {
                by: self.user.clone(),
                other: block.blocked.clone(),
                on: false,
            });
            users.push(block.blocked);
        }
        let reload = Reload { users };
        // Gone, it knows nothing that could be out of date.
        let _gone = self.core.actors().moderation.send(reload).await;
        Ok(())
    }
}
