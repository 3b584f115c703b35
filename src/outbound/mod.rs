//! Requests to other machines: the node's one HTTP client, for reviews, webhooks and push.
//!
//! Asks what may be asked ([`Reach`]) and nothing that this leads to: redirects aren't followed, and no proxy of the
//! environment stands between. Every request has its time and every answer its bound. Doesn't try again.

mod reach;
mod resolver;
mod signature;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod testserver;
mod verdict;

use std::{error::Error, fmt, time::Duration};

use reqwest::{Client, Response, header::HeaderMap, redirect};
pub(crate) use reqwest::{StatusCode, Url, header};

use self::resolver::Guard;
pub(crate) use self::{
    reach::{Reach, Refused},
    signature::{Signer, check_secret},
    verdict::{Reply, Verdict},
};

/// Longest wait for a connection. Part of the time for the whole.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client. Belongs to one event loop: its open connections end with the loop that opened them.
#[derive(Debug)]
pub(crate) struct Outbound {
    client: Client,
    reach: Reach,
}

/// An answer, with its body yet to come.
#[derive(Debug)]
pub(crate) struct Answer(Response);

/// Why there is no answer. Never names more of the address than its host: the rest may be secret, and this is logged.
#[derive(Debug)]
pub(crate) enum Unanswered {
    /// Such an address may not be asked.
    Refused(Refused),
    /// Nobody answered, or not to the end, or not in time.
    Failed(String),
}

impl Outbound {
    /// A client whose requests take at most `timeout`, to the end of the answer's body.
    ///
    /// # Errors
    ///
    /// The machine's certificates can't be used.
    pub(crate) fn new(reach: Reach, timeout: Duration) -> anyhow::Result<Self> {
        let client = Client::builder()
            // What is sent is for who was asked, and not for whom they may name.
            .redirect(redirect::Policy::none())
            // A proxy would look up the names itself.
            .no_proxy()
            .dns_resolver(Guard(reach.clone()))
            .connect_timeout(CONNECT_TIMEOUT.min(timeout))
            .timeout(timeout)
            .user_agent(concat!("parlour/", env!("CARGO_PKG_VERSION")))
            .build()?;
        Ok(Self { client, reach })
    }

    /// Posts a body and waits for the head of the answer, whatever its status.
    ///
    /// # Errors
    ///
    /// The address may not be asked, or nobody answered.
    pub(crate) async fn post(
        &self,
        url: &Url,
        headers: HeaderMap,
        body: impl Into<reqwest::Body>,
    ) -> Result<Answer, Unanswered> {
        self.reach.check(url).map_err(Unanswered::Refused)?;
        let request = self.client.post(url.clone()).headers(headers).body(body);
        let answer = request.send().await.map_err(Unanswered::from)?;
        Ok(Answer(answer))
    }
}

impl Answer {
    /// Its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status()
    }

    /// Its headers.
    pub(crate) fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }

    /// Reads its body.
    ///
    /// # Errors
    ///
    /// It has more than `bytes_max` bytes, or doesn't come to its end.
    pub(crate) async fn body(mut self, bytes_max: usize) -> Result<Vec<u8>, Unanswered> {
        let mut body = Vec::new();
        while let Some(chunk) = self.0.chunk().await? {
            if body.len() + chunk.len() > bytes_max {
                let message = format!("its answer has more than {bytes_max} bytes");
                return Err(Unanswered::Failed(message));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl From<reqwest::Error> for Unanswered {
    /// What went wrong, down to its cause: a client's own message often names only the outermost.
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let mut message = error.to_string();
        let mut source = error.source();
        while let Some(cause) = source {
            if let Some(refused) = cause.downcast_ref::<Refused>() {
                return Self::Refused(refused.clone());
            }
            message.push_str(": ");
            message.push_str(&cause.to_string());
            source = cause.source();
        }
        Self::Failed(message)
    }
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(refused) => refused.fmt(f),
            Self::Failed(message) => f.write_str(message),
        }
    }
}

impl Error for Unanswered {}
