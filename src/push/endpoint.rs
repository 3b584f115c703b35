//! Browsers and UnifiedPush: a body is posted to the address that a device's own push service gave it (RFC 8030).
//!
//! For a browser it is encrypted and signed; of UnifiedPush this is the plain way, for apps that have no keys. Those that
//! have some are like browsers, and subscribe as such.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use parlour_actors::pusher::PushNote;
use parlour_storage::ids::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{NotTaken, heard, judge},
    encrypt::Keys,
    note,
    vapid::Vapid,
};
use crate::outbound::{
    Outbound, Reach, Url,
    header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue},
};

/// The address of a device, as its push service gave it out.
///
/// # Errors
///
/// It is none that may be asked.
pub(super) fn url(endpoint: &str, reach: &Reach) -> anyhow::Result<Url> {
    let url: Url = endpoint.parse().context("it is no URL")?;
    // It would be sent as a password.
    ensure!(
        url.username().is_empty() && url.password().is_none(),
        "it has a user or a password"
    );
    reach.check(&url)?;
    ensure!(
        !Reach::is_exposed(&url),
        "it is http, which others on the way can read; give an https URL"
    );
    Ok(url)
}

/// The keys of a browser, in base64url as its `PushSubscription` tells them, padded or not.
///
/// # Errors
///
/// They are none.
pub(super) fn keys(p256dh: &str, auth: &str) -> anyhow::Result<Keys> {
    let decoded = |text: &str| URL_SAFE_NO_PAD.decode(text.trim_end_matches('='));
    let public = decoded(p256dh).context("p256dh is no base64url")?;
    let auth = decoded(auth).context("auth is no base64url")?;
    Keys::new(&public, &auth)
}

/// Who asks push services of devices, and how.
#[derive(Debug)]
pub(super) struct Endpoints {
    pub(super) vapid: Vapid,
    pub(super) reach: Reach,
    /// How long they keep what can't be delivered yet.
    pub(super) ttl: Duration,
}

impl Endpoints {
    /// Tells a browser.
    pub(super) async fn browser(
        &self,
        outbound: &Outbound,
        note: &PushNote,
        endpoint: &str,
        (p256dh, auth): (&str, &str),
    ) -> Result<(), NotTaken> {
        let url = url(endpoint, &self.reach).map_err(NotTaken::refused)?;
        let keys = keys(p256dh, auth).map_err(NotTaken::refused)?;
        let text = note::plain(note).to_string();
        let body = keys.encrypt(text.as_bytes()).map_err(NotTaken::refused)?;
        let authorization = self.vapid.authorization(&url, Timestamp::now());
        let authorization = authorization
            .map(HeaderValue::try_from)
            .map_err(NotTaken::refused)?;
        let mut headers = self.headers(note, endpoint);
        headers.insert(AUTHORIZATION, authorization.map_err(NotTaken::refused)?);
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("aes128gcm"));
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/octet-stream"),
        );
        judge(&heard(outbound.post(&url, headers, body).await).await?)
    }

    /// Tells an app.
    pub(super) async fn app(
        &self,
        outbound: &Outbound,
        note: &PushNote,
        endpoint: &str,
    ) -> Result<(), NotTaken> {
        let url = url(endpoint, &self.reach).map_err(NotTaken::refused)?;
        let mut headers = self.headers(note, endpoint);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = note::plain(note).to_string();
        judge(&heard(outbound.post(&url, headers, body).await).await?)
    }

    /// What every push service wants to know (RFC 8030 sections 5.2 to 5.4).
    fn headers(&self, note: &PushNote, endpoint: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert("ttl", self.ttl.as_secs().into());
        // Android holds back what is only normal until the device is taken up.
        headers.insert("urgency", HeaderValue::from_static("high"));
        if let Some(conversation) = note.collapse {
            // Says which pushes are of one conversation, and to nobody which: 24 bytes are 32 characters, the most.
            let hash = Sha256::new()
                .chain_update(endpoint)
                .chain_update([0])
                .chain_update(conversation.get().to_be_bytes())
                .finalize();
            let topic = URL_SAFE_NO_PAD.encode(&hash[..24]);
            let topic = HeaderValue::try_from(topic).expect("base64url is visible ASCII");
            headers.insert("topic", topic);
        }
        headers
    }
}
