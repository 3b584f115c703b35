//! Just enough of HTTP/1.1 to ask a node by REST: one connection that is kept, one request at a time, bodies of known length.

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use super::target::Target;

/// Longest answer.
const ANSWER_MAX: usize = 16 << 20;

/// A connection.
#[derive(Debug)]
pub(super) struct Http {
    stream: TcpStream,
    host: String,
    read: Vec<u8>,
}

/// What was answered.
#[derive(Debug, PartialEq)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl Answer {
    /// The code of a refusal, as the node calls it. `None`: it is none.
    pub(super) fn refusal(&self) -> Option<String> {
        let code = self.body["code"].as_str().map(str::to_owned);
        (self.status >= 400).then(|| code.unwrap_or_else(|| format!("HTTP {}", self.status)))
    }
}

impl Http {
    pub(super) async fn connect(target: &Target) -> anyhow::Result<Self> {
        let stream = target.connect(0).await;
        let stream = stream.with_context(|| {
            format!(
                "nobody answers at {}: is the node running (`parlour run --dev`)?",
                target.host
            )
        })?;
        Ok(Self {
            stream,
            host: target.host.clone(),
            read: Vec::new(),
        })
    }

    /// Asks, and waits for the answer.
    pub(super) async fn ask(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: &Value,
    ) -> anyhow::Result<Answer> {
        let body = match body {
            Value::Null => String::new(),
            body => body.to_string(),
        };
        let request = format!(
            "{method} {path} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {token}\r\nUser-Agent: parlour-bench\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.host,
            body.len(),
        );
        let sent = self.stream.write_all(request.as_bytes()).await;
        sent.context("the node hung up")?;
        loop {
            if let Some((answer, length)) = parse(&self.read)? {
                self.read.drain(..length);
                return Ok(answer);
            }
            ensure!(
                self.read.len() < ANSWER_MAX,
                "an answer of more than 16 MiB"
            );
            let n = self.stream.read_buf(&mut self.read).await;
            if n.context("the node hung up")? == 0 {
                bail!("the node hung up in the middle of an answer");
            }
        }
    }
}

/// The answer at the front of `bytes`, if all of it is there, and its length.
fn parse(bytes: &[u8]) -> anyhow::Result<Option<(Answer, usize)>> {
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return Ok(None);
    };
    let head = String::from_utf8_lossy(&bytes[..end]);
    let mut lines = head.lines();
    let status = lines
        .next()
        .and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .context("what answers speaks no HTTP")?;
    let header = |name: &str| {
        let mut headers = head.lines().filter_map(|line| line.split_once(':'));
        let found = headers.find(|(known, _)| known.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = match header("content-length") {
        Some(length) => length.parse().context("a length that is no number")?,
        None if header("transfer-encoding").is_some() => {
            bail!("an answer in chunks, which this client doesn't read")
        }
        None => 0,
    };
    let Some(body) = bytes.get(end + 4..end + 4 + length) else {
        return Ok(None);
    };
    // What isn't JSON is told by its status.
    let body = serde_json::from_slice(body).unwrap_or(Value::Null);
    Ok(Some((Answer { status, body }, end + 4 + length)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ANSWER: &str = "HTTP/1.1 201 Created\r\ncontent-length: 12\r\n\r\n{\"code\":\"A\"}";

    #[test]
    fn answers_are_taken_apart() {
        let two = format!("{ANSWER}{ANSWER}");
        let (answer, length) = parse(two.as_bytes()).unwrap().unwrap();
        assert_eq!(length, ANSWER.len());
        let body = json!({ "code": "A" });
        assert_eq!(answer, Answer { status: 201, body });
        assert_eq!(answer.refusal(), None);
        for n in 0..ANSWER.len() {
            assert_eq!(parse(&ANSWER.as_bytes()[..n]).unwrap(), None, "{n}");
        }
    }

    #[test]
    fn refusals_have_a_code_or_a_status() {
        let of = |text: &str| {
            parse(text.as_bytes())
                .unwrap()
                .unwrap()
                .0
                .refusal()
                .unwrap()
        };
        assert_eq!(of(&ANSWER.replace("201", "429")), "A");
        assert_eq!(of("HTTP/1.1 502 Bad Gateway\r\n\r\n"), "HTTP 502");
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        for text in [
            "SSH-2.0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
    }
}
