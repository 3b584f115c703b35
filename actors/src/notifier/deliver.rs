//! Tells devices, and tries again where it failed.
//!
//! What is told is looked up for each attempt: who has come back meanwhile, has read it, or wants to be left alone, is
//! told nothing.

use std::{collections::HashMap, sync::Arc, time::Duration};

use parlour_storage::{
    domain::{
        message::Message,
        notification::{Notification, NotificationBody, Notified},
        push::PushTarget,
        user::Plan,
    },
    ids::{PushTargetId, UserId},
    store::{Transaction, Write},
};
use tokio::{
    sync::mpsc,
    task::{Id, JoinSet},
    time::{Instant, sleep_until, timeout},
};

use super::queue::{Device, Queue, Told, Verdict};
use crate::{
    archive::Submit,
    command::Card,
    error::{ErrorCode, Failure},
    pusher::{PushContent, PushData, PushFailed, PushKind, PushNote, Pusher},
    reply::ReplyTo,
    system::Core,
    visibility::Audience,
};

/// Devices told at once.
const AT_ONCE: usize = 16;
/// An attempt that takes longer has failed.
const ATTEMPT_MAX: Duration = Duration::from_secs(30);

/// Tells devices what comes in, until nothing comes any more.
pub(super) async fn deliver(
    core: Arc<Core>,
    pusher: Arc<dyn Pusher>,
    mut told: mpsc::Receiver<Notified>,
) {
    let (mut queue, mut attempts) = (Queue::default(), JoinSet::new());
    let mut under_way: HashMap<Id, Device> = HashMap::new();
    loop {
        while attempts.len() < AT_ONCE
            && let Some((device, target, told)) = queue.take(Instant::now())
        {
            let attempt = attempt(Arc::clone(&core), Arc::clone(&pusher));
            let user = device.0.clone();
            let handle = attempts.spawn(attempt.run(user, target, told));
            under_way.insert(handle.id(), device);
        }
        // What rests is looked at when there is room for it.
        let rested = queue.next_at().filter(|_| attempts.len() < AT_ONCE);
        let rested = async {
            match rested {
                Some(at) => sleep_until(at).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            notified = told.recv() => match notified {
                Some(notified) => enqueue(&core, &*pusher, &mut queue, notified).await,
                None => return,
            },
            Some(over) = attempts.join_next_with_id() => {
                let (id, verdict) = match over {
                    Ok((id, verdict)) => (id, verdict),
                    Err(panicked) => (panicked.id(), Verdict::Over),
                };
                if let Some(device) = under_way.remove(&id) {
                    settle(&core, &mut queue, &device, verdict);
                }
            }
            () = rested => {}
        }
    }
}

async fn enqueue(core: &Core, pusher: &dyn Pusher, queue: &mut Queue, notified: Notified) {
    let Notified { user, notification } = notified;
    let subscriptions = match core.store_ref().push_targets(&user).await {
        Ok(subscriptions) => subscriptions,
        Err(error) => {
            tracing::warn!(%error, "somebody's devices can't be looked up; they are told nothing");
            core.counters.pushes_dropped.add_one();
            return;
        }
    };
    let told = Told {
        notification: notification.id,
        collapse: match notification.body {
            NotificationBody::Message { conversation, .. } => Some(conversation),
            _ => None,
        },
    };
    let devices = subscriptions.into_iter().map(|of| (Some(of.id), of.target));
    let webhook = pusher.has_webhook().then_some((None, PushTarget::Webhook));
    for (id, target) in devices.chain(webhook) {
        if !queue.add((user.clone(), id), target, told) {
            core.counters.pushes_dropped.add_one();
        }
    }
}

fn settle(core: &Core, queue: &mut Queue, device: &Device, verdict: Verdict) {
    if let (user, Some(target)) = device
        && verdict == Verdict::Gone
    {
        forget(core, user, *target);
    }
    if !queue.done(device, verdict, Instant::now()) {
        core.counters.pushes_dropped.add_one();
    }
}

/// Forgets a device that is gone. Where that fails, it will be found gone again.
fn forget(core: &Core, user: &UserId, target: PushTargetId) {
    let write = Write::DropPushTarget { target };
    core.submit(Submit {
        by: Card::nameless(user.clone()),
        conversation: None,
        transaction: Transaction::new(core.now(), user.clone(), write),
        audience: Audience::default(),
        reply: ReplyTo::nobody(),
    });
}

struct Attempt {
    core: Arc<Core>,
    pusher: Arc<dyn Pusher>,
}

fn attempt(core: Arc<Core>, pusher: Arc<dyn Pusher>) -> Attempt {
    Attempt { core, pusher }
}

impl Attempt {
    async fn run(self, user: UserId, target: PushTarget, told: Told) -> Verdict {
        let counters = &self.core.counters;
        let kind = target.kind();
        let note = match self.note(user, target, told).await {
            Ok(Some(note)) => note,
            Ok(None) => {
                counters.pushes_unwanted.add_one();
                return Verdict::Over;
            }
            Err(failure) if failure.code == ErrorCode::Busy => return Verdict::Later(None),
            Err(failure) => {
                tracing::warn!(%failure, "what a device is to be told can't be looked up");
                counters.pushes_dropped.add_one();
                return Verdict::Over;
            }
        };
        match timeout(ATTEMPT_MAX, self.pusher.push(note)).await {
            Ok(Ok(())) => Verdict::Over,
            Ok(Err(PushFailed::Gone)) => Verdict::Gone,
            Ok(Err(PushFailed::Later(after))) => Verdict::Later(after),
            Ok(Err(PushFailed::Refused(why))) => {
                tracing::warn!(kind, why, "a push was refused");
                counters.pushes_dropped.add_one();
                Verdict::Over
            }
            Err(_late) => Verdict::Later(None),
        }
    }

    /// What a device is told now. `None`: nothing any more.
    async fn note(
        &self,
        user: UserId,
        target: PushTarget,
        told: Told,
    ) -> Result<Option<PushNote>, Failure> {
        let (core, store) = (&self.core, self.core.store_ref());
        if !core.registry.connections_of(&user).is_empty() {
            return Ok(None);
        }
        let notification = store.notification(&user, told.notification).await?;
        let Some(notification) = notification.filter(|notification| !notification.read) else {
            return Ok(None);
        };
        if store.do_not_disturb(&user).await?.holds(core.now()) {
            return Ok(None);
        }
        let message = match &notification.body {
            NotificationBody::Message { message, .. } => {
                let message = store.message(*message).await?;
                let Some(message) = message.filter(|message| message.deleted_at.is_none()) else {
                    return Ok(None);
                };
                let eyes = core.eyes_of(&user, Plan::Free).await?;
                let shown = eyes.view(message);
                if shown.veiled {
                    return Ok(None);
                }
                Some(shown.message)
            }
            _ => None,
        };
        let data = data(&notification);
        let content = match message {
            Some(message) if core.settings.push_content => Some(self.words(&message).await?),
            _ => None,
        };
        let badge = store.unread_notifications(&user).await?;
        Ok(Some(PushNote {
            user,
            target,
            badge,
            collapse: told.collapse,
            content,
            data,
        }))
    }

    /// What a message says. One that is nothing but files is called by the first of them.
    async fn words(&self, message: &Message) -> Result<PushContent, Failure> {
        let author = self.core.store_ref().user(&message.author).await?;
        let card = author.map_or_else(
            || Card::nameless(message.author.clone()),
            |author| Arc::new(Card::from(author)),
        );
        let text = &message.content.text;
        let body = match message.attachments.first() {
            Some(file) if text.is_empty() => &file.name,
            _ => text,
        };
        Ok(PushContent {
            title: card.shown_name().to_owned(),
            body: body.clone(),
        })
    }
}

fn data(notification: &Notification) -> PushData {
    let (kind, message) = match notification.body {
        NotificationBody::Message { message, .. } => (PushKind::NewMessage, Some(message)),
        NotificationBody::Requested { .. } => (PushKind::MessageRequest, None),
        NotificationBody::RequestAccepted { .. } => (PushKind::RequestAccepted, None),
        NotificationBody::Matched { .. } => (PushKind::NewMatch, None),
        NotificationBody::Warned { .. } => (PushKind::Warning, None),
        NotificationBody::System { .. } => (PushKind::System, None),
    };
    PushData {
        kind,
        conversation: notification.body.conversation(),
        message,
    }
}
