//! Somebody who is connected: their protocol, their wire, and what they heard.

use std::collections::VecDeque;

use serde_json::{Value, json};

use crate::{
    common::{Events, Node, Plain, Rest, Stock, token, within},
    tongues::{Heard, Line, Room, Spoken, Tongue},
};

/// Which client of Socket.IO the dialects of Socket.IO are spoken with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum With {
    /// The stock client, in Node.
    Stock,
    /// That of these tests.
    Ours,
}

#[derive(Debug)]
pub(crate) struct Seat {
    pub(crate) me: &'static str,
    pub(crate) tongue: &'static dyn Tongue,
    pub(crate) rest: Rest,
    wire: Wire,
    n_said: u64,
    untaken: VecDeque<Heard>,
    /// What was told of conversations while another one was looked at.
    elsewhere: Vec<(String, Value)>,
}

#[derive(Debug)]
enum Wire {
    Stock(Stock),
    Ours(Events),
    Plain(Plain),
}

impl Seat {
    /// `None`: there is no Node to run the stock client.
    pub(crate) async fn take(
        node: &Node,
        me: &'static str,
        tongue: &'static dyn Tongue,
        with: With,
    ) -> Option<Self> {
        Some(Self {
            me,
            tongue,
            rest: Rest::new(node, me),
            wire: Wire::connect(node, me, tongue, with).await?,
            n_said: 0,
            untaken: VecDeque::new(),
            elsewhere: Vec::new(),
        })
    }

    /// Goes away without a word.
    pub(crate) fn leave(self) -> (&'static str, &'static dyn Tongue) {
        (self.me, self.tongue)
    }

    /// Says something, and waits until the node has it. Returns its id.
    pub(crate) async fn say(&mut self, room: &mut Room, text: &str, key: &str) -> u64 {
        let spoken = self.tongue.say(room, text, key);
        let id = within("answer", self.ask(spoken, room, key)).await;
        if room.said.iter().all(|line| line.id != id) {
            room.said.push(Line {
                id,
                by: self.me.to_owned(),
                text: text.to_owned(),
                is_read: None,
            });
        }
        id
    }

    async fn ask(&mut self, spoken: Spoken, room: &Room, key: &str) -> u64 {
        let Spoken(name, payload) = spoken;
        let answer = match &mut self.wire {
            Wire::Stock(stock) => stock.ask(name, payload).await,
            Wire::Ours(events) => events.ask(name, payload).await,
            Wire::Plain(plain) => {
                self.n_said += 1;
                let frame = self.tongue.frame(Spoken(name, payload), self.n_said);
                plain.send(&frame).await;
                let is_answer = |frame: &Value| self.tongue.said(frame, key).is_some();
                plain.take_where("answer", is_answer).await
            }
        };
        let id = self.tongue.said(&answer, key);
        id.unwrap_or_else(|| panic!("{room:?}: {name} was answered with {answer}"))
    }

    /// Says something that needs no answer.
    pub(crate) async fn tell(&mut self, Spoken(name, payload): Spoken) {
        match &mut self.wire {
            Wire::Stock(stock) => stock.emit(name, payload),
            Wire::Ours(events) => events.emit(name, payload).await,
            Wire::Plain(plain) => {
                self.n_said += 1;
                let frame = self.tongue.frame(Spoken(name, payload), self.n_said);
                plain.send(&frame).await;
            }
        }
    }

    /// Looks into a conversation, where that is to be said.
    pub(crate) async fn enter(&mut self, room: &Room) {
        let Some(Spoken(name, payload)) = self.tongue.enter(room) else {
            return;
        };
        let answer = match &mut self.wire {
            Wire::Stock(stock) => stock.ask(name, payload).await,
            Wire::Ours(events) => events.ask(name, payload).await,
            Wire::Plain(_) => panic!("{} enters nothing", self.tongue.name()),
        };
        assert_eq!(answer["success"], true, "{answer}");
    }

    /// Takes the first of what it heard that is this; others are kept.
    pub(crate) async fn hears(&mut self, room: &Room, heard: Heard) {
        let what = format!("{heard:?} for {} ({})", self.me, self.tongue.name());
        let listen = async {
            loop {
                if let Some(at) = self.untaken.iter().position(|known| *known == heard) {
                    self.untaken.remove(at);
                    return;
                }
                self.listen(room).await;
            }
        };
        within(&what, listen).await;
    }

    async fn listen(&mut self, room: &Room) {
        let (name, payload) = self.wire.told().await;
        match self.tongue.heard(room, &name, &payload) {
            // What they say themselves some are told and some are not.
            Some(heard) => {
                let news = heard
                    .into_iter()
                    .filter(|heard| !matches!(heard, Heard::Said { by, .. } if by == self.me));
                self.untaken.extend(news);
            }
            None => self.elsewhere.push((name, payload)),
        }
    }

    /// What it heard and nobody waited for.
    pub(crate) fn untaken(&self) -> &VecDeque<Heard> {
        &self.untaken
    }

    /// What was told of conversations while another one was looked at.
    pub(crate) fn elsewhere(&self) -> &[(String, Value)] {
        &self.elsewhere
    }
}

impl Wire {
    async fn connect(
        node: &Node,
        me: &str,
        tongue: &'static dyn Tongue,
        with: With,
    ) -> Option<Self> {
        Some(match (tongue.socket(me), with) {
            (Some(path), _) => Self::Plain(Plain::dial(node, &path).await),
            (None, With::Ours) => Self::Ours(Events::connect(node, me, tongue.name()).await),
            (None, With::Stock) => {
                let options = json!({ "auth": { "dialect": tongue.name() } });
                let stock = Stock::connect_with(node, &token(me), options).await?;
                Self::Stock(stock)
            }
        })
    }

    /// The next event or frame.
    async fn told(&mut self) -> (String, Value) {
        match self {
            Self::Stock(stock) => {
                let (name, mut arguments) = stock.told().await;
                (name, arguments.swap_remove(0))
            }
            Self::Ours(events) => events.told().await,
            Self::Plain(plain) => {
                let frame = plain.take_where("frame", |_| true).await;
                let name = frame["type"].as_str().expect("a type").to_owned();
                (name, frame)
            }
        }
    }
}
