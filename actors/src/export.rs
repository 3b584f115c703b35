//! Export: everything that the node keeps of a person, item by item, as they may see it.
//!
//! Read page by page while whoever takes it takes it, so that the whole is never in memory. It is no picture of one
//! moment: what is written meanwhile may or may not be in it. Knows no format; that is who writes it down.

use std::{collections::BTreeMap, sync::Arc};

use parlour_storage::{
    contacts::{Direction, Lifetime, RequestPage},
    domain::{
        attachment::Attachment,
        contact::{Hidden, MessageRequest},
        conversation::{Conversation, ConversationKind, Member},
        message::{Message, Revision},
        notification::{DoNotDisturb, Mute, Notification},
        push::PushSubscription,
        safety::{Preferences, Report, Standing},
        scheduled::{Scheduled, Template},
        user::{Block, Plan, User},
    },
    ids::{ConversationId, Epoch, Position, Seq, Timestamp, UserId},
    personal::{Part, Reacted, Stay},
    store::{MessagePage, PageFrom},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc};

use crate::{
    command::{Action, Caller, Card, Shown, ShownMatch, ShownRequest},
    error::Failure,
    limits::PAGE_MAX,
    moderation::audit,
    system::Core,
    visibility::Eyes,
};

/// Exports at once on a node: each keeps a thread of the store busy. One more is answered `BUSY`.
pub(crate) const EXPORTS_AT_ONCE: usize = 2;

/// Items that are read ahead of who takes them.
const AHEAD: usize = 64;

/// One thing that the node keeps of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The first of all.
    Begin {
        /// Of whom.
        user: UserId,
        /// When it was begun.
        at: Timestamp,
        /// Everything up to here is in it. Ids of another history than this one mean something else.
        resume: (Epoch, Position),
    },
    /// Name, picture, role, plan.
    Profile(User),
    /// What they chose for themselves.
    Preferences(Preferences),
    /// What moderators decided. A shadow ban, which nobody is told of, is in it only if somebody else asks.
    Standing {
        /// How they stand ...
        standing: Standing,
        /// ... at this time.
        at: Timestamp,
    },
    /// Whom they block.
    Block(Block),
    /// A conversation that they are in, or were.
    Conversation {
        /// Which.
        conversation: Conversation,
        /// Their part in it. `None`: they are in it no more.
        member: Option<Member>,
        /// When they came and went.
        stays: Vec<Stay>,
    },
    /// A message that they wrote, with what it said before. Of a deleted one what was written, as long as it is kept.
    Written {
        /// The message.
        message: Message,
        /// Oldest first.
        revisions: Vec<Revision>,
    },
    /// A message that somebody else wrote in a direct conversation of theirs.
    Received(Shown),
    /// A reaction of theirs that stands.
    Reaction {
        /// Where.
        conversation: ConversationId,
        /// Which.
        reacted: Reacted,
    },
    /// A request for first contact that they made or were made.
    Request(ShownRequest),
    /// Whom they like.
    Like(UserId),
    /// With whom they are matched.
    Match(ShownMatch),
    /// Somebody who need not be shown to them in discovery.
    Hidden(Hidden),
    /// A report that they made, without what moderators noted.
    Report(Report),
    /// A file that they uploaded, without what is in it: that is to be had where files always are.
    Attachment(Attachment),
    /// A message that they scheduled and that wasn't sent.
    Scheduled(Scheduled),
    /// A text that they keep for their messages.
    Template(Template),
    /// A device that they want to be reached on.
    PushTarget(PushSubscription),
    /// A notification.
    Notification(Notification),
    /// A conversation that they want no notifications of.
    Mute(Mute),
    /// When they want to be left alone, if they chose anything.
    DoNotDisturb(DoNotDisturb),
    /// The last of all, if nothing is missing: how many there were of each kind.
    End(BTreeMap<&'static str, u64>),
}

impl Item {
    /// What it is called. Those between the first and the last are counted by it.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Begin { .. } => "export",
            Self::Profile(_) => "profile",
            Self::Preferences(_) => "preferences",
            Self::Standing { .. } => "standing",
            Self::Block(_) => "block",
            Self::Conversation { .. } => "conversation",
            Self::Written { .. } => "message",
            Self::Received(_) => "received",
            Self::Reaction { .. } => "reaction",
            Self::Request(_) => "request",
            Self::Like(_) => "like",
            Self::Match(_) => "match",
            Self::Hidden(_) => "hidden",
            Self::Report(_) => "report",
            Self::Attachment(_) => "attachment",
            Self::Scheduled(_) => "scheduled",
            Self::Template(_) => "template",
            Self::PushTarget(_) => "push_target",
            Self::Notification(_) => "notification",
            Self::Mute(_) => "mute",
            Self::DoNotDisturb(_) => "do_not_disturb",
            Self::End(_) => "end",
        }
    }
}

/// What comes of an export, in order. Ends after [`Item::End`], or after a failure.
#[derive(Debug)]
pub struct Items(mpsc::Receiver<Result<Item, Failure>>);

impl Items {
    /// The next one.
    pub async fn next(&mut self) -> Option<Result<Item, Failure>> {
        self.0.recv().await
    }
}

impl Core {
    /// Exports the caller's own.
    ///
    /// # Errors
    ///
    /// They may read nothing, or nothing is known of them.
    pub async fn export_own(self: &Arc<Self>, caller: &Arc<Caller>) -> Result<Items, Failure> {
        self.let_pass(caller, Action::Read).await?;
        self.export(&caller.user, &caller.user).await
    }

    /// Exports somebody's, for an admin.
    ///
    /// # Errors
    ///
    /// The caller is no admin, or nothing is known of the person.
    pub async fn export_for(
        self: &Arc<Self>,
        caller: &Arc<Caller>,
        user: &UserId,
    ) -> Result<Items, Failure> {
        self.must_be_admin(caller).await?;
        self.export(user, &caller.user).await
    }

    /// Exports somebody's. `by` stands in the audit log.
    ///
    /// # Errors
    ///
    /// Nothing is known of the person, or too many are exported already.
    pub async fn export(self: &Arc<Self>, user: &UserId, by: &UserId) -> Result<Items, Failure> {
        let permit = Arc::clone(&self.exports).try_acquire_owned();
        let permit = permit.map_err(|_| Failure::busy())?;
        self.must_be_known(user).await?;
        let draft = audit::of_person(self.settings.policy.audit, "user.exported", user);
        self.note(by, draft).await?;
        let (items, taken) = mpsc::channel(AHEAD);
        let walk = Walk {
            core: Arc::clone(self),
            user: user.clone(),
            is_own: user == by,
            items,
            counts: BTreeMap::new(),
            _permit: permit,
        };
        actix_rt::spawn(walk.run());
        Ok(Items(taken))
    }
}

/// Goes through everything.
struct Walk {
    core: Arc<Core>,
    user: UserId,
    /// They asked for it themselves.
    is_own: bool,
    items: mpsc::Sender<Result<Item, Failure>>,
    counts: BTreeMap<&'static str, u64>,
    _permit: OwnedSemaphorePermit,
}

/// Why it ends early.
enum Stop {
    Failed(Failure),
    /// Nobody takes it any more.
    Gone,
}

impl<E: Into<Failure>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Walk {
    async fn run(mut self) {
        if let Err(Stop::Failed(failure)) = self.all().await {
            let _gone = self.items.send(Err(failure)).await;
        }
    }

    async fn give(&mut self, item: Item) -> Result<(), Stop> {
        if !matches!(item, Item::Begin { .. } | Item::End(_)) {
            *self.counts.entry(item.kind()).or_default() += 1;
        }
        self.items.send(Ok(item)).await.map_err(|_| Stop::Gone)
    }

    async fn all(&mut self) -> Result<(), Stop> {
        let core = Arc::clone(&self.core);
        let (store, user) = (core.store_ref(), self.user.clone());
        self.give(Item::Begin {
            user: user.clone(),
            at: core.now(),
            resume: (core.epoch(), store.head()),
        })
        .await?;
        let profile = store.user(&user).await?;
        let plan = profile.as_ref().map_or(Plan::Free, |profile| profile.plan);
        if let Some(profile) = profile {
            self.give(Item::Profile(profile)).await?;
        }
        for chosen in store.preferences(std::slice::from_ref(&user)).await? {
            self.give(Item::Preferences(chosen)).await?;
        }
        let mut standing = store.standing(&user).await?;
        if self.is_own {
            standing.shadowed_since = None;
        }
        let at = core.now();
        self.give(Item::Standing { standing, at }).await?;
        for block in store.blocks_of(&user).await?.by_them {
            self.give(Item::Block(block)).await?;
        }
        let eyes = core.eyes_of(&user, plan).await?;
        let mut conversations: BTreeMap<ConversationId, Vec<Stay>> = BTreeMap::new();
        for stay in store.stays(&user).await? {
            conversations
                .entry(stay.conversation)
                .or_default()
                .push(stay);
        }
        for (id, stays) in conversations {
            self.conversation(id, stays, &eyes).await?;
        }
        self.contacts().await?;
        let mut before = None;
        loop {
            let Part { items, next } = store.reports_by(&user, before).await?;
            for report in items {
                // How far it is tells enough: who looked at it, and what they noted, is for moderators.
                let report = Report {
                    note: None,
                    reviewed: None,
                    ..report
                };
                self.give(Item::Report(report)).await?;
            }
            match next {
                Some(next) => before = Some(next),
                None => break,
            }
        }
        let mut before = None;
        loop {
            let page = store.attachments_of(&user, before, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for attachment in page {
                self.give(Item::Attachment(attachment)).await?;
            }
        }
        for scheduled in store.scheduled_of(&user).await? {
            self.give(Item::Scheduled(scheduled)).await?;
        }
        for template in store.templates_of(&user).await? {
            self.give(Item::Template(template)).await?;
        }
        for target in store.push_targets(&user).await? {
            self.give(Item::PushTarget(target)).await?;
        }
        let mut before = None;
        loop {
            let page = store.notifications(&user, before, PAGE_MAX).await?;
            let Some(last) = page.last() else { break };
            before = Some(last.id);
            for notification in page {
                self.give(Item::Notification(notification)).await?;
            }
        }
        for mute in store.mutes(&user).await? {
            self.give(Item::Mute(mute)).await?;
        }
        let choice = store.do_not_disturb(&user).await?;
        if choice != DoNotDisturb::default() {
            self.give(Item::DoNotDisturb(choice)).await?;
        }
        let counts = std::mem::take(&mut self.counts);
        self.give(Item::End(counts)).await
    }

    async fn conversation(
        &mut self,
        id: ConversationId,
        stays: Vec<Stay>,
        eyes: &Eyes,
    ) -> Result<(), Stop> {
        let core = Arc::clone(&self.core);
        let (store, user) = (core.store_ref(), self.user.clone());
        let Some(conversation) = store.conversation(id).await? else {
            return Ok(());
        };
        let is_direct = matches!(conversation.kind, ConversationKind::Direct { .. });
        self.give(Item::Conversation {
            conversation,
            member: store.member(id, &user).await?,
            stays,
        })
        .await?;
        let mut from = Some(Seq(1));
        while let Some(seq) = from {
            let part = store.written_by(&user, id, seq).await?;
            for written in part.items {
                let mut message = written.message;
                eyes.hide_reactions(&mut message);
                let revisions = written.revisions;
                self.give(Item::Written { message, revisions }).await?;
            }
            from = part.next;
        }
        let mut after = is_direct.then_some(Seq::ZERO);
        while let Some(seq) = after {
            let page = MessagePage {
                from: PageFrom::After(seq),
                limit: PAGE_MAX,
            };
            let page = store.messages(id, page).await?;
            after = page.last().map(|last| last.seq);
            for message in page.into_iter().filter(|m| m.author != user) {
                self.give(Item::Received(eyes.view(message))).await?;
            }
        }
        let mut from = Some(Position::ZERO);
        while let Some(position) = from {
            let part = store.reacted_by(&user, id, position).await?;
            for reacted in part.items.into_iter().filter(|reacted| reacted.stands) {
                let conversation = id;
                self.give(Item::Reaction {
                    conversation,
                    reacted,
                })
                .await?;
            }
            from = part.next;
        }
        Ok(())
    }

    async fn card(&self, user: &UserId) -> Result<Arc<Card>, Stop> {
        let known = self.core.store_ref().user(user).await?;
        Ok(match known {
            Some(known) => Arc::new(Card::from(known)),
            None => Card::nameless(user.clone()),
        })
    }

    /// Requests as they are shown to the person: that one was declined is not theirs to know.
    async fn contacts(&mut self) -> Result<(), Stop> {
        let core = Arc::clone(&self.core);
        let (store, user) = (core.store_ref(), self.user.clone());
        let lifetime = Lifetime {
            at: core.now(),
            ttl: core.settings.policy.request_ttl,
        };
        let mut page = RequestPage {
            direction: Direction::Both,
            limit: PAGE_MAX,
            ..RequestPage::default()
        };
        loop {
            let requests = store.message_requests(&user, page, lifetime).await?;
            let Some(last) = requests.last() else { break };
            page.before = Some(last.id);
            for request in requests {
                let with = self.card(other(&request, &user)).await?;
                let shown = ShownRequest::to(&user, request, with);
                self.give(Item::Request(shown)).await?;
            }
        }
        let mut after: Option<UserId> = None;
        loop {
            let liked = store.likes(&user, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = liked.last() else { break };
            after = Some(last.clone());
            for liked in liked {
                self.give(Item::Like(liked)).await?;
            }
        }
        let mut before = None;
        loop {
            let matches = store.matches(&user, before, PAGE_MAX).await?;
            let Some(last) = matches.last() else { break };
            before = Some(last.id);
            for matched in matches {
                let other = matched.other(&user).unwrap_or(&user);
                let with = self.card(other).await?;
                self.give(Item::Match(ShownMatch { matched, with })).await?;
            }
        }
        let mut after: Option<UserId> = None;
        loop {
            let hidden = store.hidden(&user, after.as_ref(), PAGE_MAX).await?;
            let Some(last) = hidden.last() else { break };
            after = Some(last.user.clone());
            for hidden in hidden {
                self.give(Item::Hidden(hidden)).await?;
            }
        }
        Ok(())
    }
}

fn other<'a>(request: &'a MessageRequest, user: &UserId) -> &'a UserId {
    if request.from == *user {
        &request.to
    } else {
        &request.from
    }
}
