//! Asks the operator's review service about a text, over HTTP. What is asked and what may be answered: docs/policy.md.
//!
//! Decides nothing, and doesn't try again: the policy says what becomes of a text that there is no opinion about. How long
//! it may take in all is up to who asks; whoever stops waiting drops the request.

mod wire;

use std::time::Duration;

use async_trait::async_trait;
use parlour_actors::reviewer::{Draft, NoOpinion, Opinion, Reviewer};
use rand::RngExt;
use tokio::sync::Semaphore;

use self::wire::Question;
use crate::outbound::{Outbound, Reach, Signer, StatusCode, Unanswered, Url};

/// Requests at once. The others wait, within their time: a service that is slow isn't flooded.
const ASKED_AT_ONCE_MAX: usize = 64;

/// Longest answer, in bytes: the longest text that may go out, with room for how JSON may write it.
const ANSWER_BYTES_MAX: usize = 512 << 10;

/// Longest time of a request that nobody gave up before: the most that `policy.review_timeout` can be.
const TIMEOUT: Duration = Duration::from_secs(30);

/// The service.
#[derive(Debug)]
pub(crate) struct ReviewService {
    outbound: Outbound,
    url: Url,
    signer: Option<Signer>,
    turns: Semaphore,
}

impl ReviewService {
    /// A service at `url`, which knows by `secret` who asks.
    ///
    /// # Errors
    ///
    /// The URL or the secret is none, or the machine's certificates can't be used.
    pub(crate) fn new(url: &str, secret: Option<&str>) -> anyhow::Result<Self> {
        Ok(Self {
            // The operator's own, and by its nature often on this machine.
            outbound: Outbound::new(Reach::Anywhere, TIMEOUT)?,
            url: url.parse()?,
            signer: secret.map(|secret| Signer::new([secret])).transpose()?,
            turns: Semaphore::new(ASKED_AT_ONCE_MAX),
        })
    }

    async fn ask(&self, draft: Draft) -> Result<Opinion, NoOpinion> {
        let _turn = self.turns.acquire().await.map_err(none)?;
        let id = format!("msg_{:032x}", rand::rng().random::<u128>());
        let question = serde_json::to_string(&Question::new(&id, &draft)).map_err(none)?;
        let (url, signer) = (&self.url, self.signer.as_ref());
        let answer = self.outbound.post_json(url, signer, &id, question).await?;
        match answer.status() {
            StatusCode::NO_CONTENT => Ok(Opinion::Allow),
            StatusCode::OK => wire::opinion(&answer.body(ANSWER_BYTES_MAX).await?),
            status => Err(NoOpinion(format!("it answered with status {status}"))),
        }
    }
}

#[async_trait]
impl Reviewer for ReviewService {
    async fn review(&self, draft: Draft) -> Result<Opinion, NoOpinion> {
        self.ask(draft).await
    }
}

impl From<Unanswered> for NoOpinion {
    fn from(unanswered: Unanswered) -> Self {
        none(unanswered)
    }
}

fn none(error: impl std::error::Error) -> NoOpinion {
    NoOpinion(error.to_string())
}

#[cfg(test)]
mod tests;
