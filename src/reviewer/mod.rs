//! Asks the operator's review service about a text, over HTTP. What is asked and what may be answered: docs/policy.md.
//!
//! Decides nothing, and doesn't try again: the policy says what becomes of a text that there is no opinion about. How long
//! it may take in all is up to who asks; whoever stops waiting drops the request.

mod signature;
mod wire;

use async_trait::async_trait;
use parlour_actors::reviewer::{Draft, NoOpinion, Opinion, Reviewer};
use parlour_storage::ids::Timestamp;
use rand::RngExt;
use reqwest::{
    Client, Response, StatusCode, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue},
    redirect,
};
use tokio::sync::Semaphore;

use self::{signature::Key, wire::Question};

/// Requests at once. The others wait, within their time: a service that is slow isn't flooded.
const ASKED_AT_ONCE_MAX: usize = 64;

/// Longest answer, in bytes: the longest text that may go out, with room for how JSON may write it.
const ANSWER_BYTES_MAX: usize = 512 << 10;

/// The service.
#[derive(Debug)]
pub(crate) struct ReviewService {
    client: Client,
    url: Url,
    key: Option<Key>,
    turns: Semaphore,
}

impl ReviewService {
    /// A service at `url`, which knows by `secret` who asks.
    ///
    /// # Errors
    ///
    /// The URL or the secret is none, or the machine's certificates can't be used.
    pub(crate) fn new(url: &str, secret: Option<&str>) -> anyhow::Result<Self> {
        // It is asked what it thinks, and not where else to ask: what it is sent would go to who knows whom.
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .user_agent(concat!("parlour/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self {
            client,
            url: url.parse()?,
            key: secret.map(Key::new).transpose()?,
            turns: Semaphore::new(ASKED_AT_ONCE_MAX),
        })
    }

    async fn ask(&self, draft: Draft) -> Result<Opinion, NoOpinion> {
        let _turn = self.turns.acquire().await.map_err(none)?;
        let id = format!("msg_{:032x}", rand::rng().random::<u128>());
        let question = serde_json::to_string(&Question::new(&id, &draft)).map_err(none)?;
        let answer = self
            .client
            .post(self.url.clone())
            .headers(self.headers(&id, &question)?)
            .body(question)
            .send()
            .await
            // The address may have a token in it, and goes to the log.
            .map_err(|error| none(error.without_url()))?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(Opinion::Allow),
            StatusCode::OK => wire::opinion(&body(answer).await?),
            status => Err(NoOpinion(format!("it answered with status {status}"))),
        }
    }

    fn headers(&self, id: &str, body: &str) -> Result<HeaderMap, NoOpinion> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let Some(key) = &self.key else {
            return Ok(headers);
        };
        let now = Timestamp::now().0 / 1000;
        for (name, value) in [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", now.to_string()),
            ("webhook-signature", key.sign(id, now, body)),
        ] {
            let value = HeaderValue::try_from(value).map_err(none)?;
            headers.insert(HeaderName::from_static(name), value);
        }
        Ok(headers)
    }
}

/// Whether something will do as a secret.
///
/// # Errors
///
/// Why not.
pub(crate) fn check_secret(secret: &str) -> Result<(), String> {
    Key::new(secret)
        .map(drop)
        .map_err(|problem| format!("{problem:#}"))
}

#[async_trait]
impl Reviewer for ReviewService {
    async fn review(&self, draft: Draft) -> Result<Opinion, NoOpinion> {
        self.ask(draft).await
    }
}

async fn body(mut answer: Response) -> Result<Vec<u8>, NoOpinion> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| none(e.without_url()))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            let message = format!("its answer has more than {ANSWER_BYTES_MAX} bytes");
            return Err(NoOpinion(message));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What went wrong, down to its cause: a client's own message often names only the outermost.
fn none(error: impl std::error::Error) -> NoOpinion {
    let mut message = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        message.push_str(": ");
        message.push_str(&cause.to_string());
        source = cause.source();
    }
    NoOpinion(message)
}

#[cfg(test)]
mod tests;
