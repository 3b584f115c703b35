//! What browsers ask before a page of another origin may use the API.

use actix_cors::Cors;
use actix_web::http::{Method, header};

use super::quota;
use crate::config::Config;

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
        .allowed_headers([
            header::AUTHORIZATION,
            header::CONTENT_TYPE,
            header::HeaderName::from_static("idempotency-key"),
        ])
        .expose_headers([header::RETRY_AFTER].into_iter().chain(quota::HEADERS))
        .max_age(600)
        // A page of a foreign origin is refused by its own browser; a program that sends one is not.
        .block_on_origin_mismatch(false)
}
