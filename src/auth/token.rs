//! The outer form of a token: where it stands in a request, its three parts, its header.
//!
//! RFC 7515 (JWS compact serialization). Nothing read here is trusted before the signature is checked.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::Algorithm;
use serde::de::{Deserialize, Deserializer, IgnoredAny};

use super::error::TokenError;

/// Longest token, in bytes. Nothing of a longer one is looked at.
pub const TOKEN_BYTES_MAX: usize = 8 * 1024;

/// Takes the token out of the value of an `Authorization` header.
///
/// `None` unless it is the word `Bearer`, in any case, spaces, and one word (RFC 6750 section 2.1).
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, rest) = header.trim().split_once(' ')?;
    let token = rest.trim_start_matches(' ');
    let one_word = !token.is_empty() && !token.contains(char::is_whitespace);
    (scheme.eq_ignore_ascii_case("bearer") && one_word).then_some(token)
}

/// A token taken apart. It borrows from the token, and promises nothing of the signature. No `Debug`,
/// so that no log can hold it.
pub(super) struct Parts<'a> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: Option<String>,
    /// What is signed: header, dot and payload, as they stand in the token.
    pub(super) signed: &'a str,
    /// In base64url still.
    pub(super) signature: &'a str,
    payload: &'a str,
}

/// The header fields that matter. `jku`, `jwk`, `x5u` and `x5c` are not among them: a token doesn't
/// bring its own key.
#[derive(serde::Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    typ: Option<String>,
    #[serde(default, deserialize_with = "present")]
    crit: bool,
    #[serde(default, deserialize_with = "present")]
    b64: bool,
}

/// Whatever the value is, `null` too: the field is there.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    IgnoredAny::deserialize(value).map(|_| true)
}

impl<'a> Parts<'a> {
    pub(super) fn of(token: &'a str) -> Result<Self, TokenError> {
        if token.is_empty() {
            return Err(TokenError::Missing);
        }
        if TOKEN_BYTES_MAX < token.len() {
            return Err(TokenError::TooLong);
        }
        let (signed, signature) = token.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        if payload.contains('.') {
            return Err(TokenError::Malformed);
        }
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
        if header.crit {
            return Err(TokenError::BadClaim("crit"));
        }
        // RFC 7797: an unencoded payload. It has to be named in `crit`, but who forges doesn't.
        if header.b64 {
            return Err(TokenError::BadClaim("b64"));
        }
        if !header.typ.as_deref().is_none_or(is_access_token) {
            return Err(TokenError::BadClaim("typ"));
        }
        Ok(Self {
            // `none` is not among the names that the crate knows.
            algorithm: header.alg.parse().map_err(|_| TokenError::WrongAlgorithm)?,
            key_id: header.kid,
            signed,
            signature,
            payload,
        })
    }

    /// The claims, as JSON text.
    pub(super) fn payload(&self) -> Result<Vec<u8>, TokenError> {
        decode(self.payload)
    }
}

/// Strict: no padding, no other alphabet, no stray bits at the end. So a token has one spelling.
fn decode(part: &str) -> Result<Vec<u8>, TokenError> {
    URL_SAFE_NO_PAD
        .decode(part)
        .map_err(|_| TokenError::Malformed)
}

/// Whether a token of this type may open a session: a logout token or a DPoP proof of the same
/// issuer, signed with the same key, may not (RFC 8725 section 3.11).
fn is_access_token(typ: &str) -> bool {
    let name = match typ.split_at_checked("application/".len()) {
        Some((prefix, name)) if prefix.eq_ignore_ascii_case("application/") => name,
        _ => typ,
    };
    ["jwt", "at+jwt"]
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bearer_token_is_found_in_its_header() {
        for header in [
            "Bearer a.b.c",
            "bearer a.b.c",
            "BEARER   a.b.c",
            " Bearer a.b.c ",
        ] {
            assert_eq!(bearer(header), Some("a.b.c"), "{header:?}");
        }
    }

    #[test]
    fn what_is_not_one_bearer_token_is_none() {
        for header in [
            "",
            "Bearer",
            "Bearer ",
            "Bearera.b.c",
            "Basic YTpi",
            "a.b.c",
            "Bearer a b",
            "Bearer a\tb",
            "Bearer\u{a0}a",
            "é",
        ] {
            assert_eq!(bearer(header), None, "{header:?}");
        }
    }

    #[test]
    fn types_of_access_tokens_are_told_from_others() {
        for typ in [
            "JWT",
            "jwt",
            "at+jwt",
            "application/at+JWT",
            "Application/jwt",
        ] {
            assert!(is_access_token(typ), "{typ}");
        }
        for typ in [
            "",
            "logout+jwt",
            "dpop+jwt",
            "secevent+jwt",
            "JWE",
            "application/",
            "ééééééé",
        ] {
            assert!(!is_access_token(typ), "{typ}");
        }
    }
}
