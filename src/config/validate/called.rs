//! What holds of every service that the node calls for its operator: where it may be, what it knows the node by, and who
//! reads along. Which services there are is said elsewhere.

use super::super::{
    Config,
    value::{Secret, WebUrl},
    weak_secret,
};
use crate::outbound::{self, Reach, Url};

/// Why a URL can't be called, if so.
pub(super) fn unreachable(config: &Config, url: &WebUrl) -> Option<String> {
    match url.as_str().parse::<Url>() {
        Ok(url) => {
            let checked = Reach::guarded(&config.outbound).check(&url);
            checked.err().map(|refused| refused.to_string())
        }
        Err(problem) => Some(problem.to_string()),
    }
}

/// Why a secret is no good to sign with, if so. Doesn't repeat it.
pub(super) fn bad_secret(config: &Config, secret: &Secret) -> Option<String> {
    let weakness = || weak_secret::weakness(secret).filter(|_| !config.node.dev);
    outbound::check_secret(secret.expose())
        .err()
        .or_else(weakness)
}

/// What is to be said of options whose URLs somebody on the way can listen to.
pub(super) fn exposed<'a>(
    options: &str,
    mut urls: impl Iterator<Item = &'a WebUrl>,
    read: &str,
) -> Option<String> {
    urls.any(WebUrl::is_exposed).then(|| {
        format!(
            "{options} is http and another machine: whoever is between reads {read}; take https"
        )
    })
}
