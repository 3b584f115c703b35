//! Why a token is not believed. Sent to the client, so it says what to do and quotes nothing of the token.

use super::token::TOKEN_BYTES_MAX;

/// Why a token is not believed, in the order in which it is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// There is no token.
    #[error("a token is required: send `Authorization: Bearer <JWT>`")]
    Missing,
    /// It has more than [`TOKEN_BYTES_MAX`] bytes.
    #[error(
        "the token is longer than {TOKEN_BYTES_MAX} bytes: leave claims out that parlour does not need"
    )]
    TooLong,
    /// It isn't three parts of base64url with a JSON object each in the first two, or it names a field twice.
    #[error("this is not a token: send a signed JWT, the three parts as they were issued")]
    Malformed,
    /// No key of the node is for the algorithm of its header, or there is no such algorithm (`none`).
    #[error(
        "the node has no key for the token's algorithm: sign with the algorithm of a configured key"
    )]
    WrongAlgorithm,
    /// No key of the set has its `kid`, or it has none and several would fit.
    #[error(
        "the node does not know the token's key: sign with a key of its JWKS, and name it in `kid`"
    )]
    UnknownKey,
    /// It was signed with another key, or changed since.
    #[error("the token's signature is wrong: sign it with the key that the node is configured for")]
    BadSignature,
    /// Its time is over.
    #[error("the token has expired: get a new one")]
    Expired,
    /// Its time has not come.
    #[error("the token is not valid yet (`nbf`): wait, or set the clock of its issuer")]
    NotYetValid,
    /// It comes from another issuer than the node trusts, or doesn't say from whom.
    #[error("the token's `iss` is not the issuer that the node is configured for")]
    WrongIssuer,
    /// It is meant for somebody else, or doesn't say for whom.
    #[error("the token's `aud` does not name the audience that the node is configured for")]
    WrongAudience,
    /// A claim or header field (it is named) is missing or of the wrong form.
    #[error("the token's `{claim}` {rule}", claim = .0, rule = rule(.0))]
    BadClaim(&'static str),
}

/// What a claim has to be like.
fn rule(claim: &str) -> &'static str {
    match claim {
        "exp" => {
            "is required: when it expires, in whole seconds (not milliseconds) since 1970, up to the year 9999"
        }
        "nbf" => "must be in whole seconds (not milliseconds) since 1970, up to the year 9999",
        "sub" => {
            "is required: the user's id, an integer or a text of 1 to 128 bytes without control characters"
        }
        "name" => "must be a text",
        "role" => "must be user, client, worker, moderator or admin",
        "plan" => "must be free or premium",
        "premium" => "must be true or false",
        "typ" => "must be JWT or at+jwt, or absent",
        "crit" => "must be absent: no extension is supported",
        "b64" => "must be absent: the payload has to be base64url",
        _ => "is not as it must be",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_says_what_to_do() {
        let of = TokenError::BadClaim;
        assert_eq!(
            of("role").to_string(),
            "the token's `role` must be user, client, worker, moderator or admin"
        );
        for claim in [
            "exp", "nbf", "sub", "name", "role", "plan", "premium", "typ", "crit", "b64",
        ] {
            assert_ne!(rule(claim), rule("anything else"), "{claim}");
        }
    }
}
