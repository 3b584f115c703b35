//! Who is it? A JSON Web Token in, an [`Identity`] out. And the other way round, who the node is ([`JwtSigner`]).
//!
//! The node doesn't know passwords: the app's own back end signs a token, and a token whose
//! signature and claims hold is the whole proof. This folder is the only one that imports
//! jsonwebtoken, and takes from it signatures and key formats alone: header and claims are read
//! here, because the crate rounds fractions in `exp`, accepts a token for one second too long,
//! ignores `crit`, and has no `sub` that is a number.
//!
//! It fetches nothing: a key is in the configuration, or the token is not believed, whatever
//! `jku`, `x5u` or `jwk` in its header say. It keeps no list of revoked tokens either; tokens are
//! meant to be short-lived, and a connection ends with the token it was opened with.

#[cfg(test)]
mod attacks;
mod claims;
mod error;
#[cfg(test)]
mod fuzz;
mod jwks;
mod keys;
mod mint;
mod profile;
mod signer;
#[cfg(test)]
mod testkeys;
mod token;
mod verifier;

pub use claims::Identity;
pub use error::TokenError;
pub use jwks::JWKS_KEYS_MAX;
pub use keys::KeyProblem;
pub use mint::{MintClaims, mint};
pub use profile::{NAME_CHARS_MAX, PICTURE_BYTES_MAX};
pub use signer::{JwtSigner, NoSignature};
pub use token::{TOKEN_BYTES_MAX, bearer};
pub use verifier::{Settings, Verifier};
