//! Reaches devices that aren't connected: browsers by Web Push, apps by Firebase or UnifiedPush, and the operator's own
//! service. docs/push.md tells how an app subscribes and what it is sent.
//!
//! Sends one note once, and says what became of it. Whom to tell, what of it, and when to try again is the core's to say.
//! Devices' addresses are given by their users: all requests go through the guard of `outbound/`.

mod access;
mod answer;
mod encrypt;
mod endpoint;
mod fcm;
mod note;
mod tally;
#[cfg(test)]
mod testkit;
#[cfg(test)]
mod tests;
mod vapid;
mod webhook;

pub use self::tally::Tally;

use anyhow::{Context as _, ensure};
use async_trait::async_trait;
use parlour_actors::pusher::{PushFailed, PushNote, Pusher};
use parlour_storage::domain::push::PushTarget;

use self::{
    answer::NotTaken,
    endpoint::Endpoints,
    fcm::{Fcm, GOOGLE},
    tally::Tallies,
    vapid::Vapid,
    webhook::Webhook,
};
use crate::{
    config::{self, Config, Engine, Secret},
    exit::{Exit, Failure},
    outbound::{Outbound, Reach, Signer},
};

/// What reaches devices.
#[derive(Debug)]
pub struct PushService {
    outbound: Outbound,
    endpoints: Endpoints,
    fcm: Option<Fcm>,
    webhook: Option<Webhook>,
    tallies: Tallies,
}

impl PushService {
    /// Opens what the configuration says; `None` if nobody is to be pushed to. The data folder has to be the process's own
    /// by now.
    ///
    /// # Errors
    ///
    /// A key, a file or an address can't be used.
    pub fn open(config: &Config) -> anyhow::Result<Option<Self>> {
        let push = &config.push;
        if !push.enabled {
            return Ok(None);
        }
        let subject = subject(config);
        let vapid = match config.storage.engine {
            Engine::Memory => Vapid::new(&rand::random(), subject)?,
            Engine::Sled => Vapid::kept(&config.node.data, subject)?,
        };
        let reach = Reach::guarded(&config.outbound);
        let wrong =
            |problem: anyhow::Error| Failure::new(Exit::Config, format!("push: {problem:#}"));
        Ok(Some(Self {
            outbound: Outbound::new(reach.clone(), push.timeout)?,
            endpoints: Endpoints {
                vapid,
                reach,
                ttl: push.ttl,
            },
            fcm: fcm(push).map_err(wrong)?,
            webhook: webhook(push).map_err(wrong)?,
            tallies: Tallies::default(),
        }))
    }

    /// Whether a device can be reached from here.
    fn reaches(&self, target: &PushTarget) -> anyhow::Result<()> {
        let reach = &self.endpoints.reach;
        match target {
            PushTarget::WebPush {
                endpoint,
                p256dh,
                auth,
            } => {
                endpoint::url(endpoint, reach).context("endpoint")?;
                endpoint::keys(p256dh, auth).context("keys")?;
            }
            PushTarget::UnifiedPush { endpoint } => {
                endpoint::url(endpoint, reach).context("endpoint")?;
            }
            PushTarget::Fcm { token } => {
                ensure!(self.fcm.is_some(), "this node reaches no apps by Firebase");
                let is_one = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic());
                ensure!(is_one, "token: it is none of Firebase");
            }
            PushTarget::Webhook => {}
        }
        Ok(())
    }

    /// What was counted, by the kind of device.
    pub(crate) fn tallies(&self) -> impl Iterator<Item = (&'static str, &Tally)> {
        self.tallies.all()
    }

    async fn send(&self, note: &PushNote) -> Result<(), NotTaken> {
        let outbound = &self.outbound;
        match &note.target {
            PushTarget::WebPush {
                endpoint,
                p256dh,
                auth,
            } => {
                let keys = (p256dh.as_str(), auth.as_str());
                self.endpoints.browser(outbound, note, endpoint, keys).await
            }
            PushTarget::UnifiedPush { endpoint } => {
                self.endpoints.app(outbound, note, endpoint).await
            }
            PushTarget::Fcm { token } => match &self.fcm {
                Some(fcm) => fcm.push(outbound, note, token).await,
                None => Err(NotTaken::refused("push.fcm_credentials_file is empty")),
            },
            PushTarget::Webhook => match &self.webhook {
                Some(webhook) => webhook.push(outbound, note).await,
                None => Err(NotTaken::refused("push.webhook_url is empty")),
            },
        }
    }
}

#[async_trait]
impl Pusher for PushService {
    async fn push(&self, note: PushNote) -> Result<(), PushFailed> {
        let sent = self.send(&note).await;
        let kind = note.target.kind();
        self.tallies.of(&note.target).count(&sent);
        sent.map_err(|NotTaken { failed, why }| {
            // The one who asked tells of what is refused. Neither address nor words are told: whoever knows the one can use
            // it.
            if !matches!(failed, PushFailed::Refused(_)) {
                tracing::info!(kind, user = %note.user, why, "a push was not taken");
            }
            failed
        })
    }

    fn check(&self, target: &PushTarget) -> Result<(), String> {
        self.reaches(target)
            .map_err(|problem| format!("{problem:#}"))
    }

    fn key(&self) -> Option<&str> {
        Some(&self.endpoints.vapid.public)
    }

    fn has_webhook(&self) -> bool {
        self.webhook.is_some()
    }
}

/// Whom push services may turn to. Apple's wants somebody.
fn subject(config: &Config) -> Option<String> {
    let named = config.push.vapid_subject.clone();
    let node = config.public_url().filter(|url| url.starts_with("https:"));
    named.or_else(|| node.map(str::to_owned))
}

/// # Errors
///
/// The account can't be read, or is none.
fn fcm(push: &config::Push) -> anyhow::Result<Option<Fcm>> {
    let Some(path) = &push.fcm_credentials_file else {
        return Ok(None);
    };
    let about = || format!("fcm_credentials_file: {}", path.display());
    let account = std::fs::read(path).with_context(about)?;
    let url = push.fcm_url.as_ref().map_or(GOOGLE, |url| url.as_str());
    let fcm = Fcm::new(&account, url, push.ttl).with_context(about)?;
    Ok(Some(fcm))
}

/// Whether a file will do as that of a service account.
///
/// # Errors
///
/// Why not.
pub(crate) fn check_account(push: &config::Push) -> Result<(), String> {
    fcm(push)
        .map(drop)
        .map_err(|problem| format!("{problem:#}"))
}

/// # Errors
///
/// The secret is none.
fn webhook(push: &config::Push) -> anyhow::Result<Option<Webhook>> {
    let Some(url) = &push.webhook_url else {
        return Ok(None);
    };
    let secret = push.webhook_secret.as_ref().map(Secret::expose);
    let signer = secret.map(|secret| Signer::new([secret])).transpose();
    Ok(Some(Webhook {
        url: url.as_str().parse().context("webhook_url")?,
        signer: signer.context("webhook_secret")?,
    }))
}
