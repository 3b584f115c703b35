//! Plays the entries of the examples, one after the other, and stops at the first that isn't true.
//!
//! Whatever comes has to be mentioned: of events in the order each one, of an answer its body.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use parlour::http::api::ROUTES;
use parlour_storage::ids::Timestamp;
use reqwest::Method;
use serde_json::Value;

use super::{
    common::{Node, SECRET, token_with, within},
    document::{Entry, Way},
    pattern::{self, Names},
    peer::{Handshake, Peer},
};

/// What is meant by times to come: those of the document must not be over one day.
fn times(text: &str) -> String {
    let in_ms = |ms| Timestamp::now().plus_ms(ms).0.to_string();
    let soon = text.replace("$soon", &in_ms(1000));
    soon.replace("$tomorrow", &in_ms(24 * 3_600_000))
}

/// What the examples show.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    pub(crate) requests: BTreeSet<String>,
    pub(crate) events: BTreeSet<String>,
    pub(crate) routes: BTreeSet<String>,
}

/// A conversation with a node, in progress.
#[derive(Debug)]
pub(crate) struct Replay<'a> {
    node: &'a Node,
    http: reqwest::Client,
    names: Names,
    peers: BTreeMap<String, Peer>,
    /// A handshake that may get more headers.
    opening: Option<(String, Ask)>,
    handshakes: BTreeMap<String, Handshake>,
    /// A REST request that may get headers and a body.
    asking: Option<Ask>,
    answer: Option<Handshake>,
    pub(crate) seen: Seen,
}

/// A request in the making.
#[derive(Debug, Default)]
struct Ask {
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: Option<String>,
}

impl<'a> Replay<'a> {
    pub(crate) fn new(node: &'a Node) -> Self {
        let mut names = Names::default();
        for name in [
            "Alice", "Bob", "Carol", "Erin", "Frank", "Grace", "Mona", "Nora",
        ] {
            let user = name.to_lowercase();
            let token = token_with(&user, |claims| {
                claims.name = Some(name.to_owned());
                claims.role = match name {
                    "Mona" => Some("moderator".to_owned()),
                    "Nora" => Some("admin".to_owned()),
                    _ => None,
                };
            });
            names.set(&user, token);
        }
        names.set("expired", expired_token());
        Self {
            node,
            http: reqwest::Client::new(),
            names,
            peers: BTreeMap::new(),
            opening: None,
            handshakes: BTreeMap::new(),
            asking: None,
            answer: None,
            seen: Seen::default(),
        }
    }

    /// Plays one entry.
    pub(crate) async fn play(&mut self, entry: &Entry) {
        if let Err(why) = self.try_play(entry).await {
            panic!(
                "docs/protocol.md, line {}: {why}\n  at {}",
                entry.line, entry.text
            );
        }
    }

    async fn try_play(&mut self, entry: &Entry) -> Result<(), String> {
        let text = self.fill(entry)?;
        let searches = text.contains("/v1/search") || text.contains(r#""type": "search""#);
        if searches {
            // What was sent above can be found a moment later.
            let caught_up = |behind| behind == 0;
            self.node
                .metric_becomes("parlour_search_behind", caught_up)
                .await;
        }
        match entry.way {
            Way::Sent => {
                let name = entry.name();
                if let Some((_, ask)) = self.opening.as_mut().filter(|(who, _)| who == name)
                    && let Some((header, _)) = entry.header()
                {
                    let value = &text[header.len() + 2..];
                    ask.headers.push((header.to_owned(), value.to_owned()));
                    return Ok(());
                }
                self.open().await;
                if let Some(path) = text.strip_prefix("GET ") {
                    let ask = Ask {
                        path: path.to_owned(),
                        ..Ask::default()
                    };
                    self.opening = Some((name.to_owned(), ask));
                    return Ok(());
                }
                self.send(name, text).await
            }
            Way::Received => {
                self.open().await;
                for name in &entry.who {
                    self.receive(name, entry)
                        .await
                        .map_err(|why| format!("{name}: {why}"))?;
                }
                Ok(())
            }
            Way::Asked => self.ask(entry, text),
            Way::Answered => self.check_answer(entry).await,
        }
    }

    /// What is sent has to be known; what comes is compared part by part.
    fn fill(&self, entry: &Entry) -> Result<String, String> {
        match entry.way {
            Way::Sent | Way::Asked => self.names.fill(&times(&entry.text)),
            Way::Received | Way::Answered => Ok(String::new()),
        }
    }

    /// Opens the connection whose handshake is complete.
    async fn open(&mut self) {
        let Some((name, ask)) = self.opening.take() else {
            return;
        };
        let (peer, handshake) = Peer::open(self.node, &ask.path, &ask.headers).await;
        self.handshakes.insert(name.clone(), handshake);
        if let Some(peer) = peer {
            self.peers.insert(name, peer);
        }
    }

    fn peer(&mut self, name: &str) -> Result<&mut Peer, String> {
        self.peers
            .get_mut(name)
            .ok_or(format!("{name} is not connected"))
    }

    async fn send(&mut self, name: &str, text: String) -> Result<(), String> {
        let peer = self.peer(name)?;
        if let Some(code) = text.strip_prefix("close ") {
            peer.close(code.parse().map_err(|_| "no code")?).await;
            return Ok(());
        }
        let frame: Value = serde_json::from_str(&text).unwrap_or_default();
        peer.send(text).await;
        if let Some(kind) = frame["type"].as_str() {
            self.seen.requests.insert(kind.to_owned());
        }
        Ok(())
    }

    async fn receive(&mut self, name: &str, entry: &Entry) -> Result<(), String> {
        if let Some(close) = entry.text.strip_prefix("close ") {
            let peer = self.peers.remove(name).ok_or("not connected")?;
            let closed = peer.closed().await?;
            return (closed == close)
                .then_some(())
                .ok_or(format!("closed with {closed}"));
        }
        if let Some(handshake) = self.handshakes.get_mut(name) {
            if let Some(checked) = check_head(handshake, entry) {
                return checked;
            }
            if handshake.status != 101 {
                let pattern = pattern::parse(&entry.text)?;
                return self
                    .names
                    .fits(&pattern, &std::mem::take(&mut handshake.body));
            }
        }
        let pattern = pattern::parse(&entry.text)?;
        let peer = self.peers.get_mut(name).ok_or("not connected")?;
        peer.frame(&pattern, &mut self.names).await?;
        if let Some(kind) = pattern["type"].as_str() {
            self.seen.events.insert(kind.to_owned());
        }
        Ok(())
    }

    fn ask(&mut self, entry: &Entry, text: String) -> Result<(), String> {
        if entry.who.is_empty() {
            let ask = self.asking.as_mut().ok_or("nothing is asked")?;
            match entry.header() {
                Some((header, _)) => {
                    let value = text[header.len() + 2..].to_owned();
                    ask.headers.retain(|(name, _)| name != header);
                    ask.headers.push((header.to_owned(), value));
                }
                None => ask.body = Some(text),
            }
            return Ok(());
        }
        self.is_answered()?;
        let (method, path) = text.split_once(' ').ok_or("a method and a path")?;
        let token = self.names.fill(&format!("${}", entry.name()));
        let authorization =
            token.map(|token| ("Authorization".to_owned(), format!("Bearer {token}")));
        self.asking = Some(Ask {
            method: method.parse().map_err(|_| "no method")?,
            path: path.to_owned(),
            headers: authorization.into_iter().collect(),
            body: None,
        });
        Ok(())
    }

    async fn check_answer(&mut self, entry: &Entry) -> Result<(), String> {
        if let Some(ask) = self.asking.take() {
            self.see_route(&ask);
            self.answer = Some(self.ask_node(ask).await?);
        }
        let answer = self.answer.as_mut().ok_or("nothing was asked")?;
        if let Some(checked) = check_head(answer, entry) {
            return checked.map_err(|why| format!("{why}: {}", answer.body));
        }
        let next = answer.rest.pop_front().unwrap_or_default();
        let body = std::mem::replace(&mut answer.body, next);
        let fits = self.names.fits(&pattern::parse(&entry.text)?, &body);
        fits.map_err(|why| format!("{why}\n  in {body}"))
    }

    async fn ask_node(&self, ask: Ask) -> Result<Handshake, String> {
        let mut request = self.http.request(ask.method, self.node.url(&ask.path));
        for (name, value) in ask.headers {
            request = request.header(name, value);
        }
        let request = request.body(ask.body.unwrap_or_default());
        let response = within("answer", request.send())
            .await
            .map_err(|e| e.to_string())?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let body = within("body", response.bytes())
            .await
            .map_err(|e| e.to_string())?;
        let lines = serde_json::Deserializer::from_slice(&body).into_iter();
        let mut rest: VecDeque<Value> = lines.map_while(Result::ok).collect();
        let body = rest.pop_front().unwrap_or_default();
        Ok(Handshake {
            status,
            headers,
            body,
            rest,
        })
    }

    fn see_route(&mut self, ask: &Ask) {
        let method = ask.method.as_str().to_lowercase();
        let path = ask.path.split('?').next().unwrap_or_default();
        let fits = |route: &&(&str, &str)| route.0 == method && is_path_of(route.1, path);
        // Literal parts stand before variable ones, so the first that fits is the one that is served.
        if let Some((_, route)) = ROUTES.iter().find(fits) {
            self.seen.routes.insert(format!("{method} {route}"));
        }
    }

    /// Whether the last answer was looked at in full.
    fn is_answered(&self) -> Result<(), String> {
        match &self.answer {
            Some(answer) if !answer.body.is_null() => Err(format!(
                "the answer before this had more: {} {:?}",
                answer.body, answer.rest
            )),
            _ => Ok(()),
        }
    }

    /// Whether everything that came was in an example.
    pub(crate) async fn end(&mut self) {
        self.is_answered().expect("every answer is looked at");
        let last = r#"{"type": "ok", "id": "last", "result": {}}"#;
        let last = pattern::parse(last).expect("a pattern");
        for (name, peer) in &mut self.peers {
            peer.send(r#"{"type": "ping", "id": "last"}"#.to_owned())
                .await;
            let answered = peer.frame(&last, &mut self.names).await;
            answered.unwrap_or_else(|why| panic!("{name} got more than the document says: {why}"));
        }
    }
}

/// A token of long ago, as no node would sign it today.
fn expired_token() -> String {
    let claims = serde_json::json!({ "sub": "eve", "exp": 1_000_000_000 });
    let key = jsonwebtoken::EncodingKey::from_secret(SECRET.as_bytes());
    jsonwebtoken::encode(&jsonwebtoken::Header::default(), &claims, &key).expect("a good key")
}

/// Looks at the entry as a status or a header. `None`: it is neither.
fn check_head(answer: &Handshake, entry: &Entry) -> Option<Result<(), String>> {
    if let Ok(status) = entry.text.parse::<u16>() {
        let was = answer.status;
        return Some(
            (was == status)
                .then_some(())
                .ok_or(format!("the status is {was}")),
        );
    }
    let (name, wanted) = entry.header()?;
    let value = answer
        .headers
        .get(name)
        .and_then(|value| value.to_str().ok());
    Some(match value {
        Some(value) if wanted == "…" || wanted == value => Ok(()),
        _ => Err(format!("{name} is {value:?}")),
    })
}

/// Whether a path is one of a route, whose parts in braces are variable.
fn is_path_of(route: &str, path: &str) -> bool {
    let (route, path): (Vec<_>, Vec<_>) = (route.split('/').collect(), path.split('/').collect());
    route.len() == path.len()
        && route
            .iter()
            .zip(path)
            .all(|(part, given)| part.starts_with('{') || *part == given)
}
