//! What an answer means for what was sent, of a webhook or to a push service: taken, never to be taken, or to be tried again.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use actix_web::http::header::HttpDate;

use super::{Answer, StatusCode, Unanswered, header};

/// Of an answer's body so much is read: what it says helps to find a fault, and a connection that was read to its end is
/// used again.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Of that, so many characters are kept.
const TOLD_MAX: usize = 200;

/// Longest wait that an answer may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// What becomes of what was sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It arrived.
    Taken,
    /// It won't be taken, however often it is sent.
    Final {
        /// What was answered.
        why: String,
    },
    /// It may be taken another time.
    Later {
        /// What went wrong.
        why: String,
        /// How long whoever was asked wants to be left alone.
        retry_after: Option<Duration>,
    },
}

/// An answer as far as it is of use.
#[derive(Debug)]
pub(crate) struct Reply {
    /// Its status, which decides.
    pub(crate) status: StatusCode,
    retry_after: Option<Duration>,
    /// Its body, if that isn't too long: it may say more.
    pub(crate) body: Vec<u8>,
}

impl Verdict {
    /// On what was answered, or on nothing.
    pub(crate) async fn on(answered: Result<Answer, Unanswered>) -> Self {
        match answered {
            Ok(answer) => Reply::read(answer).await.verdict(),
            Err(unanswered) => Self::Later {
                why: unanswered.to_string(),
                retry_after: None,
            },
        }
    }
}

impl Reply {
    /// Reads an answer to its end.
    pub(crate) async fn read(answer: Answer) -> Self {
        let retry_after = answer.headers().get(header::RETRY_AFTER);
        Self {
            status: answer.status(),
            retry_after: retry_after
                .and_then(|value| delay(value.to_str().ok()?, SystemTime::now())),
            // The status has decided; a body that is too long or cut off changes nothing.
            body: answer.body(BODY_BYTES_MAX).await.unwrap_or_default(),
        }
    }

    /// One with this status and body.
    #[cfg(test)]
    pub(crate) fn of(status: u16, body: &[u8]) -> Self {
        Self {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            retry_after: None,
            body: body.to_vec(),
        }
    }

    /// What it means, if its status has no meaning of its own where it comes from.
    pub(crate) fn verdict(&self) -> Verdict {
        let Self {
            status,
            retry_after,
            ..
        } = *self;
        let for_now = [
            StatusCode::REQUEST_TIMEOUT,
            StatusCode::TOO_EARLY,
            StatusCode::TOO_MANY_REQUESTS,
        ];
        if status.is_success() {
            Verdict::Taken
        } else if status.is_client_error() && !for_now.contains(&status) {
            let why = self.told();
            Verdict::Final { why }
        } else {
            let why = self.told();
            Verdict::Later { why, retry_after }
        }
    }

    /// It in one short line, harmless to logs and terminals.
    pub(crate) fn told(&self) -> String {
        let mut told = format!("it answered with status {}", self.status.as_u16());
        if self.status.is_redirection() {
            told.push_str(" (redirects are not followed)");
        }
        let said: String = String::from_utf8_lossy(&self.body)
            .trim()
            .chars()
            .take(TOLD_MAX)
            .collect();
        if !said.is_empty() {
            let _infallible = write!(told, ": {}", said.escape_debug());
        }
        told
    }
}

/// What `Retry-After` says: seconds, or a date.
fn delay(value: &str, now: SystemTime) -> Option<Duration> {
    let asked = match value.trim().parse() {
        Ok(seconds) => Duration::from_secs(seconds),
        Err(_) => {
            let date: HttpDate = value.trim().parse().ok()?;
            SystemTime::from(date)
                .duration_since(now)
                .unwrap_or_default()
        }
    };
    Some(asked.min(RETRY_AFTER_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(status: u16) -> Verdict {
        Reply::of(status, b"").verdict()
    }

    #[test]
    fn statuses_have_their_classes() {
        for status in [200, 201, 202, 204, 299] {
            assert_eq!(verdict(status), Verdict::Taken);
        }
        for status in [400, 401, 403, 404, 409, 410, 413, 418, 422, 451] {
            assert!(matches!(verdict(status), Verdict::Final { .. }), "{status}");
        }
        for status in [301, 302, 307, 304, 408, 425, 429, 500, 502, 503, 504, 599] {
            assert!(matches!(verdict(status), Verdict::Later { .. }), "{status}");
        }
    }

    #[test]
    fn what_it_says_is_told_in_one_short_harmless_line() {
        assert_eq!(
            Reply::of(422, b" no\x1b[2J\nsuch \xff").told(),
            "it answered with status 422: no\\u{1b}[2J\\nsuch \u{fffd}"
        );
        assert!(Reply::of(422, &[b'x'; 5000]).told().len() < 300);
    }

    #[test]
    fn an_endpoint_may_ask_for_seconds_or_a_date_and_not_for_ever() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_445_412_480 - 90);
        for (value, seconds) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("99999999", Some(3600)),
            ("Wed, 21 Oct 2015 07:28:00 GMT", Some(90)),
            ("Tue, 21 Oct 2014 07:28:00 GMT", Some(0)),
            ("-1", None),
            ("soon", None),
            ("", None),
        ] {
            assert_eq!(
                delay(value, now).map(|it| it.as_secs()),
                seconds,
                "{value:?}"
            );
        }
    }
}
