//! Access to Google's services for the operator's service account: a signed claim is given for a token, which is used until
//! it runs out (RFC 7523, <https://developers.google.com/identity/protocols/oauth2/service-account>).

use anyhow::{Context as _, ensure};
use parlour_storage::ids::Timestamp;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;

use super::answer::{NotTaken, heard, taken};
use crate::{
    auth::JwtSigner,
    outbound::{
        Outbound, Url,
        header::{CONTENT_TYPE, HeaderMap, HeaderValue},
    },
};

/// What the token is for.
const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";

/// How long a claim is good, in seconds: the most that Google takes.
const LIFETIME: i64 = 60 * 60;

/// A token isn't used in its last seconds, so that it doesn't run out on the way.
const SPARE_SECONDS: i64 = 60;

/// The file of a service account, as Google's console gives it out.
#[derive(Deserialize)]
pub(super) struct Account {
    #[serde(rename = "type")]
    kind: String,
    pub(super) project_id: String,
    private_key_id: Option<String>,
    private_key: String,
    client_email: String,
    token_uri: String,
}

impl Account {
    /// # Errors
    ///
    /// It is the file of no service account. Doesn't repeat what is in it.
    pub(super) fn read(file: &[u8]) -> anyhow::Result<Self> {
        let account: Self = serde_json::from_slice(file).map_err(|error| {
            let at = (error.line(), error.column());
            anyhow::anyhow!(
                "it isn't the JSON of a service account (line {}, column {})",
                at.0,
                at.1
            )
        })?;
        ensure!(
            account.kind == "service_account",
            "it is of another kind than service_account"
        );
        Ok(account)
    }
}

/// An account, and the token it has.
#[derive(Debug)]
pub(super) struct Access {
    signer: JwtSigner,
    email: String,
    url: Url,
    /// Held while a new one is asked for: others wait for that one.
    token: Mutex<Option<Token>>,
}

#[derive(Clone)]
struct Token {
    text: String,
    expires: i64,
}

impl std::fmt::Debug for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Token")
    }
}

/// What is answered to a claim.
#[derive(Deserialize)]
struct Granted {
    access_token: String,
    expires_in: i64,
}

impl Access {
    /// # Errors
    ///
    /// Its key or its address is none.
    pub(super) fn new(account: Account) -> anyhow::Result<Self> {
        let key = account.private_key.as_bytes();
        Ok(Self {
            signer: JwtSigner::rs256(key, account.private_key_id)?,
            email: account.client_email,
            url: account.token_uri.parse().context("its token_uri is none")?,
            token: Mutex::default(),
        })
    }

    /// A token that is good now.
    pub(super) async fn token(
        &self,
        outbound: &Outbound,
        now: Timestamp,
    ) -> Result<String, NotTaken> {
        let now = now.0 / 1000;
        let mut token = self.token.lock().await;
        if let Some(token) = token.as_ref().filter(|it| now < it.expires) {
            return Ok(token.text.clone());
        }
        let Granted {
            access_token: text,
            expires_in,
        } = self.ask(outbound, now).await?;
        let expires = now.saturating_add(expires_in) - SPARE_SECONDS;
        *token = Some(Token {
            text: text.clone(),
            expires,
        });
        Ok(text)
    }

    /// Uses a token no more, unless there is another one by now.
    pub(super) async fn forget(&self, refused: &str) {
        self.token
            .lock()
            .await
            .take_if(|token| token.text == refused);
    }

    async fn ask(&self, outbound: &Outbound, now: i64) -> Result<Granted, NotTaken> {
        let claim = self.signer.sign(&json!({
            "iss": self.email,
            "scope": SCOPE,
            "aud": self.url.as_str(),
            "iat": now,
            "exp": now + LIFETIME,
        }));
        let claim = claim.map_err(NotTaken::refused)?;
        let mut headers = HeaderMap::new();
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        headers.insert(CONTENT_TYPE, form);
        // Neither has a character that a form would have to spell otherwise but these colons.
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion={claim}"
        );
        let reply = heard(outbound.post(&self.url, headers, body).await).await?;
        taken(&reply)?;
        serde_json::from_slice(&reply.body)
            .map_err(|_| NotTaken::later("the token it answered with can't be read"))
    }
}
