//! A client of the feed that knows server-sent events and nothing else.

use reqwest::Response;
use serde_json::Value;

use crate::{
    admin_token,
    common::{Node, within},
};

/// Somebody who follows.
#[derive(Debug)]
pub(crate) struct Follower {
    response: Response,
    /// What came and isn't a whole block yet.
    rest: String,
    /// The last id, as a browser keeps it: also of blocks without data.
    pub(crate) last_id: Option<String>,
}

impl Follower {
    /// Follows with a query, from the last id of the time before.
    pub(crate) async fn start(node: &Node, query: &str, last_id: Option<&str>) -> Self {
        let url = node.url(&format!("/v1/events?{query}"));
        let mut request = reqwest::Client::new().get(url).bearer_auth(admin_token());
        if let Some(id) = last_id {
            request = request.header("Last-Event-ID", id);
        }
        let response = within("answer", request.send()).await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self {
            response,
            rest: String::new(),
            last_id: last_id.map(str::to_owned),
        }
    }

    /// The next event. `None`: the stream ended.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            let event = self.block().await?;
            if event.is_some() {
                return event;
            }
        }
    }

    /// The next block: an event, or `None` for a sign of life.
    pub(crate) async fn beat(&mut self) -> Option<Value> {
        self.block().await.expect("it goes on")
    }

    async fn block(&mut self) -> Option<Option<Value>> {
        loop {
            if let Some((block, rest)) = self.rest.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.rest = rest;
                return Some(self.read(&block));
            }
            let chunk = within("events", self.response.chunk()).await;
            // Cut off in the middle is an end too.
            let chunk = chunk.ok().flatten()?;
            self.rest += std::str::from_utf8(&chunk).unwrap();
        }
    }

    fn read(&mut self, block: &str) -> Option<Value> {
        let mut data = None;
        for line in block.lines() {
            if let Some(id) = line.strip_prefix("id: ") {
                self.last_id = Some(id.to_owned());
            } else if let Some(json) = line.strip_prefix("data: ") {
                data = Some(serde_json::from_str(json).unwrap());
            } else {
                assert_eq!(line, ":");
            }
        }
        if let Some(event) = &data {
            let event: &Value = event;
            assert_eq!(event["id"].as_str(), self.last_id.as_deref());
        }
        data
    }

    /// So many events.
    pub(crate) async fn take(&mut self, n: usize) -> Vec<Value> {
        let mut events = Vec::new();
        while events.len() < n {
            events.push(self.next().await.expect("another event"));
        }
        events
    }
}
