//! `parlour healthcheck`: one HTTP request to a running node, for containers without curl.

use std::{
    io::{Read, Write},
    net::{TcpStream, ToSocketAddrs},
    time::{Duration, Instant},
};

use anyhow::{Context, bail, ensure};

use crate::{
    config::Value,
    exit::{Exit, Failure},
};

/// More of an answer than this is not read: the first line decides, the rest is for the error message.
const ANSWER_MAX: usize = 4096;

/// Ask a running node whether it is ready: exit 0 if so, else 69.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What to ask. Plain http only; a node behind TLS is asked directly.
    #[arg(long, default_value = "http://127.0.0.1:8080/readyz", value_parser = Url::parse)]
    url: Url,
    /// How long to wait for the answer.
    #[arg(long, value_name = "DURATION", default_value = "3s", value_parser = timeout)]
    timeout: Duration,
}

fn timeout(text: &str) -> Result<Duration, String> {
    let timeout = <Duration as Value>::parse(text)?;
    if timeout.is_zero() {
        return Err("expected more than 0s".into());
    }
    Ok(timeout)
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        ask(&self.url, self.timeout).context(Failure::new(
            Exit::Unavailable,
            format!("http://{}{} is not ready", self.url.host, self.url.path),
        ))
    }
}

/// The two parts of a URL that a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Url {
    /// Host and port, as the `Host` header has it.
    host: String,
    path: String,
}

impl Url {
    fn parse(text: &str) -> Result<Self, String> {
        let rest = text
            .strip_prefix("http://")
            .ok_or("expected a URL that begins with http://")?;
        let (host, path) = match rest.find('/') {
            Some(slash) => rest.split_at(slash),
            None => (rest, "/"),
        };
        let strange = |c: char| c.is_whitespace() || c.is_control() || c == '@';
        if host.is_empty() || rest.contains(strange) {
            return Err("expected a URL such as http://127.0.0.1:8080/readyz".into());
        }
        Ok(Self {
            host: host.into(),
            path: path.into(),
        })
    }

    /// Host and port to connect to; 80 when the URL has none.
    fn target(&self) -> String {
        // A colon inside of brackets belongs to an IPv6 address.
        let behind_address = self.host.rsplit(']').next().unwrap_or(&self.host);
        if behind_address.contains(':') {
            self.host.clone()
        } else {
            format!("{}:80", self.host)
        }
    }
}

fn ask(url: &Url, timeout: Duration) -> anyhow::Result<()> {
    let deadline = Instant::now() + timeout;
    let mut stream = connect(&url.target(), deadline)?;
    let (path, host) = (&url.path, &url.host);
    stream.set_write_timeout(Some(left(deadline)?))?;
    stream
        .write_all(
            format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n").as_bytes(),
        )
        .context("failed to send the request")?;
    let mut answer = Vec::new();
    let mut chunk = [0; 512];
    while answer.len() < ANSWER_MAX {
        // Each read gets what is left of the time: a peer that sends a byte a second is no answer.
        stream.set_read_timeout(Some(left(deadline)?))?;
        match stream.read(&mut chunk) {
            Ok(0) => break,
            Ok(n) => answer.extend_from_slice(&chunk[..n]),
            // The status is here already; what is missing would only have explained it.
            Err(_) if answer.contains(&b'\n') => break,
            Err(error) => return Err(error).context("failed to read the answer"),
        }
    }
    judge(&String::from_utf8_lossy(&answer))
}

fn connect(target: &str, deadline: Instant) -> anyhow::Result<TcpStream> {
    let addresses = target
        .to_socket_addrs()
        .with_context(|| format!("failed to look up {target}"))?;
    let mut failed = None;
    for address in addresses {
        match TcpStream::connect_timeout(&address, left(deadline)?) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = Some(error),
        }
    }
    match failed {
        Some(error) => Err(error).with_context(|| format!("failed to connect to {target}")),
        None => bail!("{target} has no address"),
    }
}

fn left(deadline: Instant) -> anyhow::Result<Duration> {
    let left = deadline.saturating_duration_since(Instant::now());
    ensure!(!left.is_zero(), "no answer in time");
    Ok(left)
}

/// Whether the answer says that all is well.
fn judge(answer: &str) -> anyhow::Result<()> {
    let status = answer
        .strip_prefix("HTTP/1.")
        .and_then(|rest| rest.get(2..5)?.parse::<u16>().ok())
        .context("the answer is not HTTP")?;
    let body = answer.split_once("\r\n\r\n").map_or("", |(_, body)| body);
    ensure!(
        (200..300).contains(&status),
        "status {status} {}",
        body.lines().next().unwrap_or_default()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    #[test]
    fn a_url_has_a_host_and_a_path() {
        for (text, target, path) in [
            ("http://127.0.0.1:8080/readyz", "127.0.0.1:8080", "/readyz"),
            ("http://[::1]:8080/a/b", "[::1]:8080", "/a/b"),
            ("http://[::1]", "[::1]:80", "/"),
            ("http://node", "node:80", "/"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.target().as_str(), url.path.as_str()), (target, path));
        }
        for text in [
            "",
            "node:80",
            "https://node/",
            "http:///x",
            "http://a b/",
            "http://u@h/",
        ] {
            assert!(Url::parse(text).is_err(), "{text}");
        }
    }

    /// Answers one request with `answer`, and asks it.
    fn asked(answer: &'static str) -> anyhow::Result<()> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/readyz", listener.local_addr().unwrap());
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let mut request = [0; 1024];
            let n = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
            String::from_utf8_lossy(&request[..n]).into_owned()
        });
        let result = ask(&Url::parse(&url).unwrap(), Duration::from_secs(10));
        let request = server.join().unwrap();
        assert!(request.starts_with("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1:"));
        result
    }

    #[test]
    fn ready_is_a_status_of_two_hundred_something() {
        asked("HTTP/1.1 200 OK\r\n\r\n{}").unwrap();
        let error = asked("HTTP/1.1 503 Service Unavailable\r\n\r\n{\"phase\":\"draining\"}\n");
        assert_eq!(
            error.unwrap_err().to_string(),
            "status 503 {\"phase\":\"draining\"}"
        );
        assert!(asked("SSH-2.0-OpenSSH\r\n").is_err());
        assert!(asked("").is_err());
        assert!(asked("HTTP/1.").is_err());
    }

    #[test]
    fn a_node_that_does_not_answer_is_not_waited_for() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let error = ask(&Url::parse(&url).unwrap(), Duration::from_millis(50)).unwrap_err();
        assert!(
            format!("{error:#}").contains("failed to read the answer"),
            "{error:#}"
        );
    }
}
