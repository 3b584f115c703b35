//! What an HTTP request asks for, by its method and query alone; and why one is refused.

use serde::Serialize;

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ask<'a> {
    /// A connection, by polling.
    Open,
    /// A connection, by WebSocket.
    OpenWebSocket,
    /// What there is for a connection (its session id).
    Poll(&'a str),
    /// To take packets of a connection (its session id).
    Post(&'a str),
    /// A WebSocket for a connection (its session id) that polls.
    Upgrade(&'a str),
}

/// Why a request is refused. Codes and messages are those of the reference server; clients show them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// Neither `polling` nor `websocket`.
    UnknownTransport,
    /// There is no such connection (any more).
    UnknownSession,
    /// A connection is opened by GET.
    BadHandshakeMethod,
    /// Something else is wrong with it.
    BadRequest,
    /// Whoever asks may not connect.
    Forbidden,
    /// Not Engine.IO 4.
    UnsupportedVersion,
}

impl Refused {
    /// The answer's body, JSON.
    pub fn body(self) -> String {
        #[derive(Serialize)]
        struct Body {
            code: u8,
            message: &'static str,
        }
        let (code, message) = match self {
            Self::UnknownTransport => (0, "Transport unknown"),
            Self::UnknownSession => (1, "Session ID unknown"),
            Self::BadHandshakeMethod => (2, "Bad handshake method"),
            Self::BadRequest => (3, "Bad request"),
            Self::Forbidden => (4, "Forbidden"),
            Self::UnsupportedVersion => (5, "Unsupported protocol version"),
        };
        serde_json::to_string(&Body { code, message }).expect("a number and a text")
    }
}

impl<'a> Ask<'a> {
    /// Reads a request. `upgrade`: it asks for a WebSocket.
    ///
    /// # Errors
    ///
    /// It asks for nothing that there is. The order of the checks is the reference server's, since it shows in the codes.
    pub fn read(method: &str, query: &'a str, upgrade: bool) -> Result<Self, Refused> {
        let [transport, sid, version, jsonp] = parameters(query)?;
        let websocket = match transport {
            Some("polling") => false,
            Some("websocket") => true,
            _ => return Err(Refused::UnknownTransport),
        };
        // JSONP runs whatever the server answers as a script of the page; nobody needs it any more.
        if jsonp.is_some() || websocket != upgrade {
            return Err(Refused::BadRequest);
        }
        match (sid, method) {
            // An empty one is no invitation to open another.
            (Some(""), _) => Err(Refused::UnknownSession),
            (Some(sid), "GET") if websocket => Ok(Self::Upgrade(sid)),
            (Some(sid), "GET") => Ok(Self::Poll(sid)),
            (Some(sid), "POST") if !websocket => Ok(Self::Post(sid)),
            (Some(_), _) => Err(Refused::BadRequest),
            (None, "GET") if version != Some("4") => Err(Refused::UnsupportedVersion),
            (None, "GET") if websocket => Ok(Self::OpenWebSocket),
            (None, "GET") => Ok(Self::Open),
            (None, _) => Err(Refused::BadHandshakeMethod),
        }
    }
}

/// `transport`, `sid`, `EIO` and `j`. None of their values needs escapes, so one with escapes is another value.
fn parameters(query: &str) -> Result<[Option<&str>; 4], Refused> {
    let mut found = [None; 4];
    for pair in query.split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let names = ["transport", "sid", "EIO", "j"];
        if let Some(i) = names.iter().position(|&known| known == name)
            && found[i].replace(value).is_some()
        {
            return Err(Refused::BadRequest);
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_clients_ask() {
        let read = |method, query, upgrade| Ask::read(method, query, upgrade);
        assert_eq!(
            read("GET", "EIO=4&transport=polling&t=x", false),
            Ok(Ask::Open)
        );
        assert_eq!(
            read("GET", "token=a&EIO=4&transport=websocket", true),
            Ok(Ask::OpenWebSocket)
        );
        assert_eq!(
            read("GET", "EIO=4&transport=polling&sid=a", false),
            Ok(Ask::Poll("a"))
        );
        assert_eq!(
            read("POST", "EIO=4&transport=polling&sid=a", false),
            Ok(Ask::Post("a"))
        );
        assert_eq!(
            read("GET", "EIO=4&transport=websocket&sid=a", true),
            Ok(Ask::Upgrade("a"))
        );
    }

    #[test]
    fn what_is_refused_and_as_what() {
        use Refused as R;
        for (method, query, upgrade, refused) in [
            ("GET", "", false, R::UnknownTransport),
            ("GET", "EIO=4", false, R::UnknownTransport),
            ("GET", "EIO=4&transport=abc", false, R::UnknownTransport),
            (
                "GET",
                "EIO=4&transport=webtransport",
                false,
                R::UnknownTransport,
            ),
            ("GET", "transport=polling", false, R::UnsupportedVersion),
            (
                "GET",
                "EIO=3&transport=polling",
                false,
                R::UnsupportedVersion,
            ),
            (
                "GET",
                "EIO=abc&transport=websocket",
                true,
                R::UnsupportedVersion,
            ),
            (
                "POST",
                "EIO=4&transport=polling",
                false,
                R::BadHandshakeMethod,
            ),
            (
                "PUT",
                "EIO=4&transport=polling",
                false,
                R::BadHandshakeMethod,
            ),
            ("PUT", "EIO=4&transport=polling&sid=a", false, R::BadRequest),
            ("GET", "EIO=4&transport=websocket", false, R::BadRequest),
            ("GET", "EIO=4&transport=polling", true, R::BadRequest),
            ("GET", "EIO=4&transport=polling&j=0", false, R::BadRequest),
            ("GET", "EIO=4&transport=polling&j", false, R::BadRequest),
            (
                "GET",
                "EIO=4&transport=polling&sid=a&sid=b",
                false,
                R::BadRequest,
            ),
        ] {
            assert_eq!(
                Ask::read(method, query, upgrade),
                Err(refused),
                "{method} {query}"
            );
        }
    }

    /// socketioxide opened a new session for a session id that it could not read.
    #[test]
    fn a_malformed_session_id_opens_nothing() {
        for query in [
            "EIO=4&transport=polling&sid=",
            "EIO=4&transport=polling&sid",
        ] {
            assert_eq!(Ask::read("GET", query, false), Err(Refused::UnknownSession));
        }
        for sid in ["%00", "..", "\u{e9}"] {
            let query = format!("EIO=4&transport=polling&sid={sid}");
            assert_eq!(
                Ask::read("GET", &query, false),
                Ok(Ask::Poll(sid)),
                "unknown to any hub"
            );
        }
    }

    #[test]
    fn bodies_are_the_references() {
        assert_eq!(
            Refused::UnknownTransport.body(),
            r#"{"code":0,"message":"Transport unknown"}"#
        );
        assert_eq!(
            Refused::UnsupportedVersion.body(),
            r#"{"code":5,"message":"Unsupported protocol version"}"#
        );
    }
}
