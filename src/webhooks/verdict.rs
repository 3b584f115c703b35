//! What an endpoint's answer means for an event: taken, never to be taken, or to be tried again.

use std::{
    fmt::Write as _,
    time::{Duration, SystemTime},
};

use actix_web::http::header::HttpDate;

use crate::outbound::{Answer, StatusCode, Unanswered, header};

/// Of an answer's body so much is read: what it says helps to find a fault, and a connection that was read to its end is
/// used again.
const BODY_BYTES_MAX: usize = 16 << 10;

/// Of that, so many characters are kept.
const TOLD_MAX: usize = 200;

/// Longest wait that an endpoint may ask for.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60 * 60);

/// What becomes of an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It arrived.
    Taken,
    /// It won't be taken, however often it is sent.
    Final {
        /// What the endpoint said.
        why: String,
    },
    /// It may be taken another time.
    Later {
        /// What went wrong.
        why: String,
        /// How long the endpoint asks to be left alone.
        retry_after: Option<Duration>,
    },
}

/// The verdict on what was answered, or on nothing.
pub(super) async fn of(answered: Result<Answer, Unanswered>) -> Verdict {
    let answer = match answered {
        Ok(answer) => answer,
        Err(unanswered) => {
            let why = unanswered.to_string();
            let retry_after = None;
            return Verdict::Later { why, retry_after };
        }
    };
    let status = answer.status();
    let retry_after = answer.headers().get(header::RETRY_AFTER);
    let retry_after = retry_after.and_then(|value| delay(value.to_str().ok()?, SystemTime::now()));
    // The status has decided; a body that is too long or cut off changes nothing.
    let body = answer.body(BODY_BYTES_MAX).await.unwrap_or_default();
    judge(status, retry_after, &body)
}

fn judge(status: StatusCode, retry_after: Option<Duration>, body: &[u8]) -> Verdict {
    if status.is_success() {
        return Verdict::Taken;
    }
    let mut why = format!("it answered with status {}", status.as_u16());
    if status.is_redirection() {
        why.push_str(" (redirects are not followed)");
    }
    let said: String = String::from_utf8_lossy(body)
        .trim()
        .chars()
        .take(TOLD_MAX)
        .collect();
    if !said.is_empty() {
        // It goes to logs and terminals.
        let _infallible = write!(why, ": {}", said.escape_debug());
    }
    let for_now = [
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    if status.is_client_error() && !for_now.contains(&status) {
        Verdict::Final { why }
    } else {
        Verdict::Later { why, retry_after }
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
        judge(StatusCode::from_u16(status).unwrap(), None, b"")
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
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        let Verdict::Final { why } = judge(status, None, b" no\x1b[2J\nsuch \xff") else {
            panic!()
        };
        assert_eq!(
            why,
            "it answered with status 422: no\\u{1b}[2J\\nsuch \u{fffd}"
        );
        let Verdict::Final { why } = judge(status, None, &[b'x'; 5000]) else {
            panic!()
        };
        assert!(why.len() < 300);
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
