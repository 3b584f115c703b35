//! What is left of a limit, as headers: on every answer to a request that met one.
//!
//! `RateLimit-Policy` and `RateLimit` are of draft-ietf-httpapi-ratelimit-headers-10, `X-RateLimit-*` of old custom.
//! `Retry-After` comes with the refusal itself, in `error`.

use std::{sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage as _, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
};
use parlour_actors::{
    command::Caller,
    limits::{Meter, Quota},
};
use parlour_storage::ids::Timestamp;

use super::error::Refused;

/// The names, for browsers to let pages read them.
pub(super) const HEADERS: [HeaderName; 5] = [
    HeaderName::from_static("ratelimit-policy"),
    HeaderName::from_static("ratelimit"),
    HeaderName::from_static("x-ratelimit-limit"),
    HeaderName::from_static("x-ratelimit-remaining"),
    HeaderName::from_static("x-ratelimit-reset"),
];

/// Where a request's limits are noted.
struct Noted(Arc<Caller>);

/// Remembers whose request it is, so that its answer tells what is left to them.
pub(super) fn note(request: &HttpRequest, caller: &Arc<Caller>) {
    request.extensions_mut().insert(Noted(Arc::clone(caller)));
}

/// Adds the headers.
pub(super) async fn tell(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let mut response = next.call(request).await?;
    if let Some(quota) = quota(&response) {
        write(response.headers_mut(), quota, Timestamp::now());
    }
    Ok(response)
}

/// The limit that refused it, or else the tightest of those that let it through.
fn quota<B>(response: &ServiceResponse<B>) -> Option<Quota> {
    let error = response.response().error();
    let refused = error.and_then(|error| error.as_error::<Refused>());
    let noted = || {
        let extensions = response.request().extensions();
        let meter: &Meter = &extensions.get::<Noted>()?.0.quota;
        meter.get()
    };
    refused.and_then(|refused| refused.0.quota).or_else(noted)
}

fn write(headers: &mut HeaderMap, quota: Quota, now: Timestamp) {
    let Quota {
        action,
        rate,
        remaining,
        reset,
    } = quota;
    let (name, n) = (action.name(), rate.n);
    let (window, seconds) = (seconds(rate.period), seconds(reset));
    let at = now.0.div_euclid(1000).saturating_add_unsigned(seconds);
    let values = [
        format!("\"{name}\";q={n};w={window}"),
        format!("\"{name}\";r={remaining};t={seconds}"),
        n.to_string(),
        remaining.to_string(),
        at.to_string(),
    ];
    for (header, value) in HEADERS.into_iter().zip(values) {
        // Names of actions and numbers: always fit for a header.
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(header, value);
        }
    }
}

/// Whole seconds, rounded up: who waits as long finds it so.
fn seconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis().div_ceil(1000)).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use actix_web::{
        App, HttpResponse,
        test::{TestRequest, call_service, init_service},
        web,
    };
    use parlour_actors::{action::Action, error::Failure, limits::Rate};

    use super::*;

    const QUOTA: Quota = Quota {
        action: Action::Send,
        rate: Rate {
            n: 300,
            period: Duration::from_secs(60),
        },
        remaining: 299,
        reset: Duration::from_millis(200),
    };

    #[test]
    fn headers_are_as_the_draft_and_custom_have_them() {
        let mut headers = HeaderMap::new();
        write(&mut headers, QUOTA, Timestamp(1_000_999));
        let expected = [
            r#""message.send";q=300;w=60"#,
            r#""message.send";r=299;t=1"#,
            "300",
            "299",
            "1001",
        ];
        for (name, value) in HEADERS.iter().zip(expected) {
            assert_eq!(headers.get(name).unwrap(), value, "{name}");
        }
    }

    #[actix_web::test]
    async fn a_refusal_tells_its_own_limit_and_nothing_tells_nothing() {
        let refuse = || async {
            let failure = Failure {
                quota: Some(Quota {
                    remaining: 0,
                    ..QUOTA
                }),
                ..Failure::busy()
            };
            Err::<HttpResponse, _>(Refused(failure))
        };
        let app = App::new()
            .wrap(actix_web::middleware::from_fn(tell))
            .route("/refused", web::get().to(refuse))
            .route("/plain", web::get().to(HttpResponse::Ok));
        let app = init_service(app).await;
        for (path, remaining) in [("/refused", Some("0")), ("/plain", None)] {
            let request = TestRequest::get().uri(path).to_request();
            let response = call_service(&app, request).await;
            let told = response.headers().get("x-ratelimit-remaining");
            assert_eq!(told.map(|value| value.to_str().unwrap()), remaining);
        }
    }
}
