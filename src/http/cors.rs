//! What browsers ask before a page of another origin may use the API.

use actix_cors::Cors;
use actix_web::http::{
    Method,
    header::{self, HeaderName},
};

use super::quota;
use crate::config::Config;

/// Headers of requests that pages may set.
const ASKED: [HeaderName; 6] = [
    header::AUTHORIZATION,
    header::CONTENT_TYPE,
    HeaderName::from_static("idempotency-key"),
    // To go on with a stream, and with a file.
    HeaderName::from_static("last-event-id"),
    header::IF_NONE_MATCH,
    header::RANGE,
];

/// Headers of answers that pages may read, beside those of limits.
const ANSWERED: [HeaderName; 4] = [
    header::RETRY_AFTER,
    header::ETAG,
    header::CONTENT_DISPOSITION,
    header::CONTENT_RANGE,
];

/// Lets pages of the allowed origins use every route. There are no cookies, so none are allowed along.
pub(super) fn cors(config: &Config) -> Cors {
    let allowed = config.http.allowed_origins.clone();
    Cors::default()
        .allowed_origin_fn(move |origin, _| {
            origin
                .to_str()
                .is_ok_and(|origin| origin != "null" && allowed.iter().any(|a| a.allows(origin)))
        })
        .allowed_methods([
            Method::GET,
            Method::POST,
            Method::PUT,
            Method::PATCH,
            Method::DELETE,
        ])
        .allowed_headers(ASKED)
        .expose_headers(ANSWERED.into_iter().chain(quota::HEADERS))
        .max_age(600)
        // A page of a foreign origin is refused by its own browser; a program that sends one is not.
        .block_on_origin_mismatch(false)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, HttpResponse, test, web};

    use super::*;
    use crate::config::Value;

    const ORIGIN: (HeaderName, &str) = (header::ORIGIN, "https://app.example");

    fn config() -> Config {
        let mut config = Config::default();
        config.http.allowed_origins = Value::parse(ORIGIN.1).unwrap();
        config
    }

    #[actix_web::test]
    async fn pages_may_set_what_the_routes_look_at() {
        let app = test::init_service(App::new().wrap(cors(&config()))).await;
        for (name, allowed) in [
            ("authorization", true),
            ("content-type", true),
            ("idempotency-key", true),
            ("if-none-match", true),
            ("last-event-id", true),
            ("range", true),
            ("x-made-up", false),
        ] {
            let request = test::TestRequest::with_uri("/")
                .method(Method::OPTIONS)
                .insert_header(ORIGIN)
                .insert_header((header::ACCESS_CONTROL_REQUEST_METHOD, "GET"))
                .insert_header((header::ACCESS_CONTROL_REQUEST_HEADERS, name));
            let answer = test::call_service(&app, request.to_request()).await;
            assert_eq!(answer.status().is_success(), allowed, "{name}");
        }
    }

    #[actix_web::test]
    async fn pages_may_read_what_answers_tell() {
        let app = App::new().wrap(cors(&config()));
        let app = test::init_service(app.default_service(web::to(HttpResponse::Ok))).await;
        let request = test::TestRequest::with_uri("/").insert_header(ORIGIN);
        let answer = test::call_service(&app, request.to_request()).await;
        let exposed = answer.headers().get(header::ACCESS_CONTROL_EXPOSE_HEADERS);
        let exposed = exposed.unwrap().to_str().unwrap().to_ascii_lowercase();
        for name in [
            "etag",
            "content-disposition",
            "content-range",
            "retry-after",
            "ratelimit",
        ] {
            assert!(
                exposed.split(',').any(|it| it.trim() == name),
                "{name}: {exposed}"
            );
        }
    }
}
