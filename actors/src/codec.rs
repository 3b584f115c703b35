//! How a dialect looks to the core: it decodes frames into requests, and encodes what the core says.
//!
//! A codec holds no rule. What it pushes depends on its key alone, so that one encoding serves all connections with
//! that key; hello and answers are a connection's own, and may depend on what its codec was made with.

use std::fmt;

use parlour_storage::ids::{Epoch, Position};

use crate::{
    command::{Reply, Request},
    error::Failure,
    outbox::Frame,
    push::{Hello, Push},
};

/// A dialect.
pub trait Codec: Send + Sync + fmt::Debug {
    /// Tells dialects apart: connections with equal keys are pushed the same bytes, encoded once. It may change while the
    /// connection lives, and never back.
    fn key(&self) -> u16;

    /// What this dialect minds of how a connection stands to what it is told.
    fn minds(&self) -> Minds {
        Minds::default()
    }

    /// Whether a request beyond the bound of unanswered ones waits for its turn, where it would else be refused: for
    /// clients that know nothing of the bound, and send all that they have when they come back.
    fn paces(&self) -> bool {
        false
    }

    /// Reads one text frame.
    ///
    /// # Errors
    ///
    /// What is wrong with it, and the request's id as far as it could be read.
    fn decode(&self, text: &str) -> Result<ClientFrame, (RequestId, Failure)>;

    /// Says hello. `None`: this dialect doesn't.
    fn hello(&self, hello: &Hello<'_>) -> Option<Frame>;

    /// Tells something unasked. `None`: this dialect has no word for it. `view` has only what the codec minds.
    fn push(&self, epoch: Epoch, push: &Push, view: View) -> Option<Frame>;

    /// Answers a request. `None`: this dialect doesn't answer it. `position` is where the committed change
    /// stands that this answers; the sender gets no push of it.
    fn reply(
        &self,
        epoch: Epoch,
        request: &RequestId,
        position: Option<Position>,
        result: Result<&Reply, &Failure>,
    ) -> Option<Frame>;
}

/// What a dialect minds of a [`View`]. What it doesn't is left at its default, and costs nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Minds {
    /// See [`View::own`].
    pub own: bool,
    /// See [`View::joined`].
    pub joined: bool,
}

/// How a connection stands to what it is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Its user did it, over another connection.
    pub own: bool,
    /// Whether it looks at the conversation.
    pub joined: Joined,
}

/// Whether a connection looks at a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Joined {
    /// It doesn't.
    #[default]
    No,
    /// It does.
    Yes,
    /// It was resumed, and what it looked at before isn't known: it may expect either.
    Unknown,
}

/// What a client sends over a connection.
#[derive(Clone, Debug)]
pub enum ClientFrame {
    /// Shows a token: the first one, or a newer one for the same user.
    Auth {
        /// To be answered under this id.
        id: RequestId,
        /// The token.
        token: String,
        /// Where to go on, with the first token.
        resume: Option<Resume>,
    },
    /// Asks for something.
    Request {
        /// To be answered under this id.
        id: RequestId,
        /// What.
        request: Box<Request>,
    },
    /// Shows that the client is there; answered at once.
    Ping(RequestId),
}

/// Where a client wants to go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resume {
    /// Which history.
    pub epoch: Epoch,
    /// Last position seen.
    pub position: Position,
}

impl fmt::Display for Resume {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.position)
    }
}

impl std::str::FromStr for Resume {
    type Err = parlour_storage::ids::NotAnId;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let not = parlour_storage::ids::NotAnId;
        let (epoch, position) = text.split_once(':').ok_or(not)?;
        let number = position.parse::<u64>().map_err(|_| not)?;
        Ok(Self {
            epoch: epoch.parse()?,
            position: Position::new(number).ok_or(not)?,
        })
    }
}

/// What a client calls its request. Given back as it came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum RequestId {
    /// It has no name; dialects that need one don't answer it.
    #[default]
    None,
    /// A number.
    Number(u64),
    /// A short text.
    Text(Box<str>),
    /// It is known by its event, and to be acknowledged under a number if it has one.
    Event {
        /// Which event of the dialect.
        name: &'static str,
        /// The number of the acknowledgement.
        ack: Option<u64>,
    },
}
