//! Who talks in these tests, and what shapes are compared by.

use serde_json::{Value, json};

use crate::common::{Node, Rest, token_with};

/// The token of somebody with a name and a picture.
pub(crate) fn token_of(user: &str, name: &str) -> String {
    token_with(user, |claims| {
        claims.name = Some(name.to_owned());
        claims.picture = Some(format!("https://pictures.test/{name}.jpg"));
    })
}

/// Somebody with a name and a picture.
pub(crate) fn person(node: &Node, user: &str, name: &str) -> Rest {
    Rest::with_token(node, &token_of(user, name))
}

/// Opens a direct conversation, and returns its number.
pub(crate) async fn direct(rest: &Rest, with: &str) -> u64 {
    let body = json!({ "user": with });
    let opened = rest.post("/v1/conversations", body).await.ok();
    let id = opened["conversation"].as_str().unwrap();
    id.parse().unwrap()
}

/// Opens a group, and returns its number.
pub(crate) async fn group(rest: &Rest, members: &[&str]) -> u64 {
    let body = json!({ "members": members });
    let opened = rest.post("/v1/conversations", body).await.ok();
    let id = opened["conversation"].as_str().unwrap();
    id.parse().unwrap()
}

/// The names of an object's fields, in their order.
pub(crate) fn names(object: &Value) -> Vec<&str> {
    let object = object.as_object().unwrap_or_else(|| panic!("{object}"));
    object.keys().map(String::as_str).collect()
}

/// A moment as every seed writes it: whole seconds, UTC, with `Z` (CONTRACT S0-13, S3-06).
pub(crate) fn is_moment(value: &Value) -> bool {
    let pattern = "dddd-dd-ddTdd:dd:ddZ";
    value.as_str().is_some_and(|text| {
        let fits = |(a, p): (char, char)| a == p || p == 'd' && a.is_ascii_digit();
        text.len() == pattern.len() && text.chars().zip(pattern.chars()).all(fits)
    })
}

/// An id as the UUID dialects print it (CONTRACT S0-12): of version 8.
pub(crate) fn is_uuid(value: &Value) -> bool {
    let text = value.as_str();
    text.is_some_and(|text| text.len() == 36 && text.as_bytes()[14] == b'8')
}
