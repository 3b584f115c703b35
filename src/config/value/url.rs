//! The address of a service that the node calls: `https://review.example.org/message`.

use actix_web::http::Uri;

use super::Value;

/// An http or https URL with a host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebUrl(String);

impl WebUrl {
    /// The URL.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether somebody on the way could read what is sent there: it is not encrypted, and leaves this machine.
    pub fn is_exposed(&self) -> bool {
        let uri: Option<Uri> = self.0.parse().ok();
        uri.is_some_and(|uri| {
            let host = uri.host().unwrap_or_default();
            let address = host.trim_start_matches('[').trim_end_matches(']');
            let here = address
                .parse::<std::net::IpAddr>()
                .map_or(host == "localhost", |address| address.is_loopback());
            uri.scheme_str() == Some("http") && !here
        })
    }
}

impl Value for WebUrl {
    const NAME: &'static str = "URL";

    fn parse(text: &str) -> Result<Self, String> {
        let expected = || "expected a URL such as https://review.example.org/message".to_owned();
        let uri: Uri = text.parse().map_err(|_| expected())?;
        let known = matches!(uri.scheme_str(), Some("http" | "https"));
        if !known || uri.host().is_none_or(str::is_empty) || text.contains(char::is_whitespace) {
            return Err(expected());
        }
        // It would be printed with the configuration.
        if uri.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err(format!("{}, without a user or password", expected()));
        }
        Ok(Self(text.into()))
    }

    fn print(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_a_scheme_a_host_and_no_password() {
        for (text, exposed) in [
            ("https://review.example.org/message?v=1", false),
            ("http://127.0.0.1:9000", false),
            ("http://[::1]:9000/x", false),
            ("http://localhost/x", false),
            ("http://review:9000/x", true),
        ] {
            let url = WebUrl::parse(text).unwrap();
            assert_eq!((url.print(), url.is_exposed()), (text.to_owned(), exposed));
        }
        for text in [
            "",
            "review.example.org",
            "/message",
            "ftp://review.example.org/",
            "https://",
            "https://a b/",
            "https://user:password@review.example.org/",
        ] {
            assert!(WebUrl::parse(text).is_err(), "{text}");
        }
    }
}
