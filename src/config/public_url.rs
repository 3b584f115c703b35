//! The address that clients reach the node under.

use super::Config;

impl Config {
    /// Without a slash at its end, if it is configured.
    pub fn public_url(&self) -> Option<&str> {
        let url = self.node.public_url.as_ref()?;
        Some(url.as_str().trim_end_matches('/'))
    }
}

/// What is told live is the same for many people, and begins with the address that the node listens on if it has no other.
pub(super) fn notice(config: &Config) -> Option<String> {
    let listen = config.http.listen;
    let nowhere = config.attachments.enabled
        && config.node.public_url.is_none()
        && listen.ip().is_unspecified();
    nowhere.then(|| {
        format!(
            "node.public_url is empty, and nobody can reach {listen}: addresses of files in what is told live begin with it; set node.public_url, or attachments.enabled to false"
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Value;

    #[test]
    fn a_node_whose_files_nobody_can_reach_is_told() {
        for (listen, url, enabled, said) in [
            ("0.0.0.0:8080", "", true, true),
            ("[::]:8080", "", true, true),
            ("127.0.0.1:8080", "", true, false),
            ("0.0.0.0:8080", "https://chat.example/", true, false),
            ("0.0.0.0:8080", "", false, false),
        ] {
            let mut config = Config::default();
            config.http.listen = Value::parse(listen).unwrap();
            config.node.public_url = Value::parse(url).unwrap();
            config.attachments.enabled = enabled;
            assert_eq!(notice(&config).is_some(), said, "{listen} {url} {enabled}");
        }
    }
}
