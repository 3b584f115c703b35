//! `parlour chat`: one conversation in a terminal, line by line. For trying a node out.
//!
//! A native client in small: it resumes from where it was after every disconnection, and sends what was not
//! acknowledged again under the same key, so killing the node loses and doubles nothing.

use std::{collections::VecDeque, time::Duration};

use anyhow::{Context as _, bail};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader, Lines, Stdin},
    net::TcpStream,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream,
    tungstenite::{Message, client::IntoClientRequest as _, http::header},
};

use super::{config_args::ConfigArgs, out};
use crate::auth::{MintClaims, mint};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// How many messages of before are shown.
const HISTORY: u32 = 20;

/// Chat with somebody from this terminal: type a line, press enter. Ctrl-D ends it.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Who you are.
    #[arg(long = "as", value_name = "USER")]
    me: String,
    /// Whom you talk to.
    #[arg(long, value_name = "USER")]
    to: String,
    /// Where the node is.
    #[arg(long, default_value = "ws://127.0.0.1:8080/v1/ws")]
    url: String,
    /// A token from elsewhere; without it one is signed with the node's own secret.
    #[arg(long)]
    token: Option<String>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let token = match &self.token {
            Some(token) => token.clone(),
            None => self.sign()?,
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        let chatted = runtime.block_on(Chat::new(self, token).run());
        // A read of the terminal can't be cancelled, and must not keep the process.
        runtime.shutdown_background();
        chatted
    }

    fn sign(&self) -> anyhow::Result<String> {
        let config = self
            .config
            .sources()
            .load_valid()?
            .config
            .with_dev_secret()?;
        let secret = config
            .auth
            .secret
            .context("this node has no secret to sign with; give --token, or --dev")?;
        let claims = MintClaims {
            sub: self.me.clone(),
            name: None,
            picture: None,
            role: None,
            plan: None,
            issuer: config.auth.issuer,
            audience: config.auth.audience,
            ttl: Duration::from_secs(24 * 3600),
        };
        mint(secret.expose().as_bytes(), &claims)
    }
}

struct Chat {
    args: Args,
    token: String,
    /// Known once the node told it.
    conversation: Option<Value>,
    resume: Option<String>,
    /// Not acknowledged yet: key and text, in order.
    unsent: VecDeque<(String, String)>,
    /// Tells this run's keys from those of another.
    run: u64,
    n_sent: u64,
}

/// Why a connection ended.
enum End {
    /// The person wants no more.
    Done,
    /// The node, or the way to it, is gone.
    Lost,
}

impl Chat {
    fn new(args: Args, token: String) -> Self {
        let run = rand::random();
        Self {
            args,
            token,
            conversation: None,
            resume: None,
            unsent: VecDeque::new(),
            run,
            n_sent: 0,
        }
    }

    async fn run(mut self) -> anyhow::Result<()> {
        let mut lines = BufReader::new(tokio::io::stdin()).lines();
        let mut waits = Backoff::default();
        loop {
            let socket = match self.connect().await {
                Ok(socket) => socket,
                Err(error) if self.resume.is_none() => return Err(error),
                Err(_) => {
                    waits.wait().await;
                    continue;
                }
            };
            waits = Backoff::default();
            match self.converse(socket, &mut lines).await? {
                End::Done => return Ok(()),
                End::Lost => out::print("-- the node is gone; trying again\n")?,
            }
        }
    }

    async fn connect(&self) -> anyhow::Result<Socket> {
        let mut request = self
            .args
            .url
            .as_str()
            .into_client_request()
            .context("--url is no WebSocket address")?;
        let value = format!("Bearer {}", self.token)
            .parse()
            .context("the token has characters that none has")?;
        request.headers_mut().insert(header::AUTHORIZATION, value);
        if let Some(resume) = &self.resume {
            let uri = format!("{}?resume={resume}", self.args.url);
            *request.uri_mut() = uri.parse().context("--url is no WebSocket address")?;
        }
        let connected = tokio_tungstenite::connect_async(request).await;
        let (socket, _) = connected.with_context(|| {
            format!("can't connect to {}; is the node running (`parlour run --dev`), and the token for it?", self.args.url)
        })?;
        Ok(socket)
    }

    async fn converse(
        &mut self,
        mut socket: Socket,
        lines: &mut Lines<BufReader<Stdin>>,
    ) -> anyhow::Result<End> {
        loop {
            tokio::select! {
                line = lines.next_line() => match line.context("the terminal can't be read")? {
                    None if self.unsent.is_empty() => return Ok(End::Done),
                    None => bail!("{} lines were not acknowledged", self.unsent.len()),
                    Some(line) if line.trim().is_empty() => {}
                    Some(line) => {
                        self.n_sent += 1;
                        let key = format!("{:016x}-{}", self.run, self.n_sent);
                        self.unsent.push_back((key.clone(), line.clone()));
                        if self.send(&mut socket, self.message(&key, &line)).await.is_err() {
                            return Ok(End::Lost);
                        }
                    }
                },
                frame = socket.next() => match frame {
                    Some(Ok(Message::Text(text))) => {
                        let frame = serde_json::from_str(&text).context("the node sent something that is no JSON")?;
                        for reply in self.take(&frame)? {
                            if self.send(&mut socket, reply).await.is_err() {
                                return Ok(End::Lost);
                            }
                        }
                    }
                    // Pings are answered by the library.
                    Some(Ok(Message::Close(close))) => {
                        let code = close.as_ref().map_or(0, |c| u16::from(c.code));
                        if code >= 4500 {
                            bail!("the node closed the connection: {}", close.map(|c| c.reason.to_string()).unwrap_or_default());
                        }
                        return Ok(End::Lost);
                    }
                    Some(Ok(_)) => {}
                    Some(Err(_)) | None => return Ok(End::Lost),
                },
            }
        }
    }

    async fn send(
        &self,
        socket: &mut Socket,
        frame: Value,
    ) -> Result<(), tokio_tungstenite::tungstenite::Error> {
        socket.send(Message::text(frame.to_string())).await
    }

    fn message(&self, key: &str, text: &str) -> Value {
        json!({ "type": "send", "id": key, "key": key, "user": self.args.to, "text": text })
    }

    /// Takes what the node says, and returns what to say back.
    fn take(&mut self, frame: &Value) -> anyhow::Result<Vec<Value>> {
        if let Some(resume) = frame["resume"].as_str() {
            self.resume = Some(resume.to_owned());
        }
        match (frame["type"].as_str(), frame["id"].as_str()) {
            (Some("hello"), _) => {
                let mut replies =
                    vec![json!({ "type": "open_direct", "id": "open", "user": self.args.to })];
                replies.extend(
                    self.unsent
                        .iter()
                        .map(|(key, text)| self.message(key, text)),
                );
                return Ok(replies);
            }
            (Some("ok"), Some("open")) if self.conversation.is_none() => {
                let conversation = frame["result"]["conversation"].clone();
                self.conversation = Some(conversation.clone());
                return Ok(vec![
                    json!({ "type": "messages", "id": "history", "conversation": conversation, "limit": HISTORY }),
                ]);
            }
            (Some("ok"), Some("history")) => {
                let messages = frame["result"]["messages"]
                    .as_array()
                    .cloned()
                    .unwrap_or_default();
                for message in &messages {
                    self.show(message)?;
                }
                out::print(&format!(
                    "-- you are {}, talking to {}; type a line\n",
                    self.args.me, self.args.to
                ))?;
            }
            (Some("ok"), Some(key)) => self.unsent.retain(|(unsent, _)| unsent != key),
            (Some("error"), id) => {
                out::print(&format!(
                    "-- {}\n",
                    plain(frame["error"].as_str().unwrap_or("refused"))
                ))?;
                if frame["retry"] != true {
                    self.unsent
                        .retain(|(unsent, _)| Some(unsent.as_str()) != id);
                }
            }
            (Some("message"), _) if Some(&frame["conversation"]) == self.conversation.as_ref() => {
                let message = &frame["message"];
                // What this very run sent stands in the terminal already.
                let own = message["key"]
                    .as_str()
                    .is_some_and(|key| key.starts_with(&format!("{:016x}-", self.run)));
                if !own {
                    self.show(message)?;
                }
                return Ok(vec![json!({ "type": "read", "message": message["id"] })]);
            }
            _ => {}
        }
        Ok(Vec::new())
    }

    fn show(&self, message: &Value) -> anyhow::Result<()> {
        let text = |field: &str| plain(message[field].as_str().unwrap_or_default());
        let time = message["sent_at"]
            .as_str()
            .and_then(|at| at.get(11..16))
            .unwrap_or("--:--");
        let said = if message["deleted_at"].is_null() {
            text("text")
        } else {
            "(deleted)".to_owned()
        };
        out::print(&format!("[{time}] {}: {said}\n", text("author")))
    }
}

/// Text that can't move the cursor of a terminal.
fn plain(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .collect()
}

/// Waits longer each time, up to 5 s, by chance between half and all of it.
#[derive(Default)]
struct Backoff {
    n: u32,
}

impl Backoff {
    async fn wait(&mut self) {
        let most = 250_u64.saturating_mul(1 << self.n.min(5)).min(5000);
        self.n += 1;
        tokio::time::sleep(Duration::from_millis(rand::random_range(most / 2..=most))).await;
    }
}
