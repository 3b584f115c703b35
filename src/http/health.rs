//! Whether the node lives and is ready, for whoever supervises it, and what it counts.

use std::{collections::BTreeMap, time::Duration};

use actix_web::{HttpRequest, HttpResponse, http::header, web};
use parlour_storage::store::Health;
use serde_json::json;

use super::{Edge, error};
use crate::push::PushService;

/// An event loop that doesn't answer for so long is stuck.
const ANSWERS_WITHIN: Duration = Duration::from_secs(2);

pub(super) fn routes(config: &mut web::ServiceConfig) {
    // HEAD too: it is what many load balancers and monitors ask with.
    config
        .service(
            web::resource("/livez")
                .route(web::get().to(livez))
                .route(web::head().to(livez)),
        )
        .service(
            web::resource(["/readyz", "/healthz"])
                .route(web::get().to(readyz))
                .route(web::head().to(readyz)),
        )
        .route("/metrics", web::get().to(metrics));
}

/// The event loops turn, and the store isn't stuck.
async fn livez(edge: web::Data<Edge>) -> HttpResponse {
    let turns = tokio::time::timeout(ANSWERS_WITHIN, edge.core.answers())
        .await
        .unwrap_or(false);
    let store = store(&edge);
    answer(
        turns && store == "good",
        json!({ "actors": if turns { "good" } else { "stuck" }, "store": store }),
    )
}

/// It lives, and takes work.
async fn readyz(edge: web::Data<Edge>) -> HttpResponse {
    let store = store(&edge);
    let draining = edge.is_draining();
    answer(
        store == "good" && !draining,
        json!({ "draining": draining, "store": store }),
    )
}

fn store(edge: &Edge) -> &'static str {
    match *edge.core.store_ref().health().borrow() {
        Health::Good => "good",
        Health::Stalled => "stalled",
        Health::Failed { .. } => "failed",
    }
}

fn answer(well: bool, checks: serde_json::Value) -> HttpResponse {
    let mut response = if well {
        HttpResponse::Ok()
    } else {
        HttpResponse::ServiceUnavailable()
    };
    response.json(json!({ "status": if well { "ok" } else { "unavailable" }, "checks": checks }))
}

/// Counters in the Prometheus text format. For this machine alone: they tell how much the node is used.
async fn metrics(request: HttpRequest, edge: web::Data<Edge>) -> HttpResponse {
    let local = request
        .peer_addr()
        .is_some_and(|peer| peer.ip().is_loopback());
    let forwarded = request.headers().contains_key("x-forwarded-for")
        || request.headers().contains_key(header::FORWARDED);
    if !local || forwarded {
        return error::no_route()
            .await
            .unwrap_or_else(|refused| actix_web::ResponseError::error_response(&refused));
    }
    let mut text = String::new();
    for (name, value) in edge.core.counters.all() {
        text += &format!("# TYPE parlour_{name}_total counter\nparlour_{name}_total {value}\n");
    }
    if let Some(push) = &edge.push {
        text += &tallied(push);
    }
    let searcher = edge.core.searcher();
    let behind = searcher.is_some_and(|searcher| searcher.is_behind());
    let mut gauges = vec![
        ("connections", edge.core.registry.n_outboxes() as u64),
        ("rooms", edge.core.registry.n_rooms() as u64),
        ("webhook_lag_seconds", edge.webhook_lag.seconds()),
        ("search_behind", u64::from(behind)),
    ];
    // Counted when it is asked for: no number that could drift. One that isn't known is not told.
    match edge.core.store_ref().n_scheduled().await {
        Ok(pending) => gauges.push(("scheduled_pending", pending)),
        Err(error) => tracing::warn!(%error, "scheduled messages can't be counted"),
    }
    for (name, value) in gauges {
        text += &format!("# TYPE parlour_{name} gauge\nparlour_{name} {value}\n");
    }
    HttpResponse::Ok()
        .content_type("text/plain; version=0.0.4")
        .body(text)
}

/// What became of pushes, by the kind of device. All lines of a name stand together, as the format wants it.
fn tallied(push: &PushService) -> String {
    let mut names = BTreeMap::<_, String>::new();
    for (kind, tally) in push.tallies() {
        for (name, value) in tally.all() {
            let name = format!("parlour_{name}_total");
            let line = format!("{name}{{kind=\"{kind}\"}} {value}\n");
            *names.entry(name).or_default() += &line;
        }
    }
    let named = names.iter();
    named
        .map(|(name, lines)| format!("# TYPE {name} counter\n{lines}"))
        .collect()
}
