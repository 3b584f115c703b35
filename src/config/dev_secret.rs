//! The secret of a node that somebody tries out: that `parlour token --dev` signs what `parlour run --dev` believes, and a
//! restart signs nobody out.

use std::path::Path;

use super::{Auth, Config, Secret, kept_secret};

/// Name of the file inside the data folder.
pub const DEV_SECRET_FILE: &str = "dev-secret";

impl Auth {
    /// Whether tokens are checked with public keys.
    pub fn has_public_key(&self) -> bool {
        self.public_key_file.is_some() || self.jwks_file.is_some()
    }
}

impl Config {
    /// Puts [`dev_secret`] in place when the node is tried out and no key of any kind is configured.
    ///
    /// # Errors
    /// Those of [`dev_secret`].
    pub fn with_dev_secret(mut self) -> anyhow::Result<Self> {
        if self.node.dev && self.auth.secret.is_none() && !self.auth.has_public_key() {
            self.auth.secret = Some(dev_secret(&self.node.data)?);
        }
        Ok(self)
    }
}

/// Reads the secret in `<data>/dev-secret`, or makes one that only the owner can read.
///
/// # Errors
/// Those of [`kept_secret()`].
pub fn dev_secret(data: &Path) -> anyhow::Result<Secret> {
    kept_secret(data, DEV_SECRET_FILE)
}
