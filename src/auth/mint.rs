//! Signs tokens, for `parlour token`, the tests and the bench. In production the app's back end does this.

use std::time::Duration;

use anyhow::{Context, ensure};
use jsonwebtoken::{EncodingKey, Header};
use parlour_storage::ids::Timestamp;
use serde::Serialize;

use super::verifier::{Settings, Verifier};

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
    /// How long it is good, from now on; whole seconds count.
    pub ttl: Duration,
}

/// The payload, as it is sent.
#[derive(Serialize)]
struct Payload<'a> {
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    picture: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<&'a str>,
}

/// Signs a token with HS256.
///
/// # Errors
///
/// When a node with this secret would refuse the token: nobody should find that out later.
pub fn mint(secret: &[u8], claims: &MintClaims) -> anyhow::Result<String> {
    ensure!(
        Duration::from_secs(1) <= claims.ttl,
        "a token is good for at least one second: give a longer time"
    );
    let now = Timestamp::now();
    let iat = now.0.div_euclid(1000);
    let payload = Payload {
        sub: &claims.sub,
        iat,
        exp: iat.saturating_add_unsigned(claims.ttl.as_secs()),
        iss: claims.issuer.as_deref(),
        aud: claims.audience.as_deref(),
        name: claims.name.as_deref(),
        picture: claims.picture.as_deref(),
        role: claims.role.as_deref(),
        plan: claims.plan.as_deref(),
    };
    let key = EncodingKey::from_secret(secret);
    let token = jsonwebtoken::encode(&Header::default(), &payload, &key)
        .context("failed to sign the token")?;
    let verifier = Verifier::new(Settings {
        secret: Some(secret.to_vec()),
        issuer: claims.issuer.clone(),
        audience: claims.audience.clone(),
        ..Settings::default()
    })?;
    verifier
        .verify_at(&token, now)
        .context("the node would refuse this token")?;
    Ok(token)
}

#[cfg(test)]
mod tests {
    use parlour_storage::domain::user::{NodeRole, Plan};

    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn claims() -> MintClaims {
        MintClaims {
            sub: "ada".into(),
            name: Some("Ada".into()),
            picture: Some("https://x.example/a.png".into()),
            role: Some("admin".into()),
            plan: Some("premium".into()),
            issuer: Some("https://id.example".into()),
            audience: Some("chat".into()),
            ttl: Duration::from_secs(60),
        }
    }

    #[test]
    fn a_minted_token_says_what_was_asked_for() {
        let before = Timestamp::now();
        let token = mint(SECRET, &claims()).unwrap();
        let verifier = Verifier::new(Settings {
            secret: Some(SECRET.to_vec()),
            issuer: Some("https://id.example".into()),
            audience: Some("chat".into()),
            ..Settings::default()
        });
        let identity = verifier.unwrap().verify(&token).unwrap();
        assert_eq!(identity.user.as_str(), "ada");
        assert_eq!(identity.profile.name.as_deref(), Some("Ada"));
        let picture = identity.profile.picture.as_deref();
        assert_eq!(picture, Some("https://x.example/a.png"));
        assert_eq!(identity.profile.role, NodeRole::Admin);
        assert_eq!(identity.profile.plan, Plan::Premium);
        let lifetime = identity.expires_at.0 - before.0;
        assert!((59_000..=60_000 + 10_000).contains(&lifetime), "{lifetime}");
    }

    #[test]
    fn a_token_that_would_be_refused_is_not_minted() {
        let refusal = |change: fn(&mut MintClaims)| {
            let mut claims = claims();
            change(&mut claims);
            format!("{:#}", mint(SECRET, &claims).unwrap_err())
        };
        assert!(refusal(|c| c.sub.clear()).contains("`sub`"));
        assert!(refusal(|c| c.role = Some("root".into())).contains("`role`"));
        assert!(refusal(|c| c.plan = Some("gold".into())).contains("`plan`"));
        assert!(refusal(|c| c.ttl = Duration::from_millis(999)).contains("one second"));
        assert!(refusal(|c| c.ttl = Duration::MAX).contains("`exp`"));
        assert!(refusal(|c| c.name = Some("x".repeat(9000))).contains("longer than 8192 bytes"));
        assert!(mint(b"", &claims()).is_err());
    }
}
