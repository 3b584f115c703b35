//! The dialects' REST routes, all of them in one flat table.
//!
//! No scopes: nested ones lose routes in either order (CONTRACT C-05). Ids are constrained and literals come first, so that
//! `GET .../participants` is never taken for a message (C-03); each path works with a slash at its end and without (C-06).

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use actix_web::{
    FromRequest, HttpRequest, HttpResponse, HttpResponseBuilder, Resource, guard, http::StatusCode,
    web, web::Bytes,
};
use parlour_actors::error::{ErrorCode, Failure};
use parlour_storage::ids::IdempotencyKey;

use super::{
    Edge,
    api::body_refused,
    error::{Refused, wrong_method},
    identity::Signed,
    uploads,
};
use crate::{
    dialects::{
        self,
        fields::Fields,
        rest::{Answer, Body, Call, Handler, Method, Route},
    },
    files::Fresh,
};

/// An id in either spelling (CONTRACT C-11).
const ID: &str = "[0-9]{1,16}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}";

/// Parts of paths that are ids.
const ID_PARTS: [&str; 4] = ["{conversation}", "{message}", "{request}", "{match}"];

pub(super) fn routes(config: &mut web::ServiceConfig) {
    for (path, routes) in by_path(dialects::routes()) {
        config.service(resource(path, &routes));
    }
}

/// Literals before ids, longer before shorter: `{` sorts behind every letter.
fn by_path(routes: impl Iterator<Item = &'static Route>) -> BTreeMap<&'static str, Vec<Route>> {
    let mut table: BTreeMap<_, Vec<Route>> = BTreeMap::new();
    for route in routes {
        table.entry(route.path).or_default().push(*route);
    }
    table
}

fn resource(path: &str, routes: &[Route]) -> Resource {
    let mut pattern = path.to_owned();
    for part in ID_PARTS {
        let name = part.trim_matches(['{', '}']);
        pattern = pattern.replace(part, &format!("{{{name}:{ID}}}"));
    }
    let mut resource = web::resource([pattern.clone(), format!("{pattern}/")]);
    let mut methods = Vec::new();
    for Route {
        method,
        files,
        handler,
        ..
    } in routes.iter().copied()
    {
        let (name, route) = match method {
            Method::Get => ("get", web::get()),
            Method::Post => ("post", web::post()),
            Method::Put => ("put", web::put()),
            Method::Delete => ("delete", web::delete()),
        };
        methods.push(name);
        resource = resource
            .route(route.to(move |request, payload| answer((handler, files), request, payload)));
    }
    resource.default_service(
        web::route()
            .guard(guard::fn_guard(|_| true))
            .to(move || std::future::ready(wrong_method(&methods))),
    )
}

async fn answer(
    (handler, takes_files): (Handler, bool),
    request: HttpRequest,
    payload: web::Payload,
) -> Result<HttpResponse, Refused> {
    let mut payload = payload.into_inner();
    // The token first: a stranger's body isn't worth reading.
    let Signed(caller) = Signed::from_request(&request, &mut payload).await?;
    let edge = request
        .app_data::<web::Data<Edge>>()
        .expect("every route has it");
    let mut fresh = None;
    let body = if uploads::is_form(&request) {
        let form = uploads::form(edge, &caller, &request, payload, takes_files).await?;
        let fields = Fields::of_pairs(form.texts).with_attachments(&form.files.ids());
        let files = form.files.list().to_vec();
        fresh = Some(form.files);
        Body::Form { fields, files }
    } else {
        let bytes = Bytes::from_request(&request, &mut payload).await;
        Body::Bytes(bytes.map_err(|error| body_refused(&error))?)
    };
    let parts = parts(&request);
    let query = web::Query::<Vec<(String, String)>>::from_query(request.query_string());
    let query = query.map_err(|error| {
        let message = format!("the query can't be read: {error}");
        Failure::new(ErrorCode::BadRequest, message)
    })?;
    let links = edge.links(&request, &caller.user);
    let call = Call::new(
        Arc::clone(&edge.core),
        caller,
        parts,
        Fields::of_pairs(query.into_inner()),
        body,
        idempotency_key(&request)?,
        links,
    );
    let Answer {
        status,
        body,
        keeps_files,
    } = handler(call).await?;
    if keeps_files {
        fresh.map(Fresh::keep);
    }
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::OK);
    Ok(HttpResponseBuilder::new(status)
        .content_type("application/json")
        .body(body))
}

/// The parts of the path, decoded. Not loaded as a map: actix-router takes the names of struct fields alone for keys.
fn parts(request: &HttpRequest) -> HashMap<String, String> {
    let path = request.match_info();
    let values: Vec<String> = path.load().unwrap_or_default();
    let names = path.iter().map(|(name, _)| name.to_owned());
    names.zip(values).collect()
}

/// The `Idempotency-Key` header.
pub(super) fn idempotency_key(request: &HttpRequest) -> Result<Option<IdempotencyKey>, Failure> {
    let Some(header) = request.headers().get("idempotency-key") else {
        return Ok(None);
    };
    let key = header
        .to_str()
        .ok()
        .and_then(|text| IdempotencyKey::new(text).ok());
    let words = "it takes 1 to 128 printable ASCII characters";
    key.map(Some)
        .ok_or_else(|| Failure::bad_value("Idempotency-Key", words))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_parts_of_a_path_are_known_by_name_and_decoded() {
        let request = actix_web::test::TestRequest::default()
            .param("conversation", "7")
            .param("user", "a%2Fb%25");
        let parts = parts(&request.to_http_request());
        assert_eq!((&*parts["conversation"], &*parts["user"]), ("7", "a/b%"));
    }

    #[test]
    fn no_two_dialects_answer_the_same_request() {
        let mut seen = BTreeSet::new();
        for route in dialects::routes() {
            assert!(
                seen.insert((route.path, route.method)),
                "{:?} {}",
                route.method,
                route.path
            );
            assert!(!route.path.ends_with('/'), "{}", route.path);
        }
    }
}
