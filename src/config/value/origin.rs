//! A web origin that may talk to the node: `https://chat.example.org`, `https://*.example.org`, `*`.

use super::Value;

/// The origin of a page whose scripts may connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedOrigin(String);

impl AllowedOrigin {
    /// Whether this is `*`, which every page matches.
    pub fn is_any(&self) -> bool {
        self.0 == "*"
    }

    /// Whether a browser's `Origin` header matches. `*.` stands for exactly one label. `null`, which
    /// sandboxed pages and local files send, matches nothing, not even `*`.
    pub fn allows(&self, origin: &str) -> bool {
        let Ok(origin) = normal(origin) else {
            return false;
        };
        if self.is_any() {
            return true;
        }
        match self.0.split_once("://*.") {
            None => self.0 == origin,
            Some((scheme, parent)) => origin
                .strip_prefix(scheme)
                .and_then(|rest| rest.strip_prefix("://"))
                .and_then(|host| host.split_once('.'))
                .is_some_and(|(label, rest)| !label.is_empty() && label != "*" && rest == parent),
        }
    }
}

/// The spelling browsers use: lower case, no default port, no slash.
fn normal(text: &str) -> Result<String, String> {
    let expected =
        || "expected an origin such as https://chat.example.org, without a path".to_owned();
    let text = text.to_ascii_lowercase();
    let (scheme, host) = text.split_once("://").ok_or_else(expected)?;
    let default_port = match scheme {
        "http" => ":80",
        "https" => ":443",
        // Apps built on a web view have schemes of their own (capacitor://localhost).
        _ if scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c)) =>
        {
            ""
        }
        _ => return Err(expected()),
    };
    let host = host.strip_suffix('/').unwrap_or(host);
    let host = match host.strip_suffix(default_port) {
        Some(short) if !default_port.is_empty() => short,
        _ => host,
    };
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._~:[]*%".contains(c);
    if host.is_empty() || !host.chars().all(plain) {
        return Err(expected());
    }
    Ok(format!("{scheme}://{host}"))
}

impl Value for AllowedOrigin {
    const NAME: &'static str = "ORIGIN";

    fn parse(text: &str) -> Result<Self, String> {
        if text == "*" {
            return Ok(Self(text.into()));
        }
        let origin = normal(text)?;
        let host = origin.split_once("://").map_or("", |(_, host)| host);
        if host.strip_prefix("*.").unwrap_or(host).contains('*') {
            return Err(
                "`*` may only stand for the first label, as in https://*.example.org".into(),
            );
        }
        Ok(Self(origin))
    }

    fn print(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_match_as_browsers_spell_them() {
        for (allowed, origin, expected) in [
            ("https://a.example", "https://a.example", true),
            ("HTTPS://A.example:443/", "https://a.example", true),
            ("http://localhost:3000", "http://localhost:3000", true),
            ("http://localhost:3000", "http://localhost:3001", false),
            ("https://a.example", "http://a.example", false),
            ("https://*.a.example", "https://x.a.example", true),
            ("https://*.a.example", "https://x.y.a.example", false),
            ("https://*.a.example", "https://a.example", false),
            ("https://*.a.example", "https://.a.example", false),
            ("https://*.a.example", "https://x.a.example.evil", false),
            ("*", "https://anything.example", true),
            ("*", "null", false),
        ] {
            let allowed = AllowedOrigin::parse(allowed).unwrap();
            assert_eq!(allowed.allows(origin), expected, "{allowed:?} {origin}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "null",
            "a.example",
            "https://",
            "https://a.example/path",
            "https://a b",
            "https://x.*.example",
            "https://*",
            "://a",
        ] {
            assert!(AllowedOrigin::parse(text).is_err(), "{text}");
        }
    }
}
