//! Stands in for the real `auth` until the branches meet: signs tokens, checks none.

use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use jsonwebtoken::{EncodingKey, Header};

/// What a token is to say. `None`: it doesn't say it.
#[derive(Clone, Debug, Default)]
pub struct MintClaims {
    /// The user's id.
    pub sub: String,
    /// Name to show.
    pub name: Option<String>,
    /// Address of a picture.
    pub picture: Option<String>,
    /// `user`, `moderator` or `admin`.
    pub role: Option<String>,
    /// `free` or `premium`.
    pub plan: Option<String>,
    /// The `iss` of the token.
    pub issuer: Option<String>,
    /// The `aud` of the token.
    pub audience: Option<String>,
    /// How long it is good, from now on.
    pub ttl: Duration,
}

/// Signs a token with HS256.
///
/// # Errors
/// When signing fails.
pub fn mint(secret: &[u8], claims: &MintClaims) -> anyhow::Result<String> {
    let iat = Timestamp::now().as_second();
    let payload = serde_json::json!({
        "sub": claims.sub,
        "name": claims.name,
        "picture": claims.picture,
        "role": claims.role,
        "plan": claims.plan,
        "iss": claims.issuer,
        "aud": claims.audience,
        "iat": iat,
        "exp": iat.saturating_add_unsigned(claims.ttl.as_secs()),
    });
    let key = EncodingKey::from_secret(secret);
    jsonwebtoken::encode(&Header::default(), &payload, &key).context("failed to sign the token")
}
