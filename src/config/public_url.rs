//! The address that clients reach the node under.

use super::Config;

impl Config {
    /// Without a slash at its end, if it is configured.
    pub fn public_url(&self) -> Option<&str> {
        let url = self.node.public_url.as_ref()?;
        Some(url.as_str().trim_end_matches('/'))
    }
}
