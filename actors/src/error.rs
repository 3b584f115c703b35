//! Numbered, stable error and close codes: what each means, whether to retry, whether to reconnect.
//!
//! The range tells a client what to do without knowing the code. Requests: 1000-1999 the request is
//! wrong, send a different one; 2000-2999 it is refused as things stand; 3000-3999 try again later, with
//! the same idempotency key. Connections: below 4500 reconnect (with back-off), from 4500 don't.

use std::{fmt, time::Duration};

use parlour_storage::store::Rejection;

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $label:literal;)*) => {
        /// Why a request was not done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum ErrorCode {
            $($(#[$doc])* $name = $number,)*
        }

        impl ErrorCode {
            /// All of them, ascending.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// Its stable name in upper case, as in `RATE_LIMITED`.
            pub fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }
        }
    };
}

error_codes! {
    /// It isn't what the protocol says: no JSON, a field missing or of the wrong type.
    BadRequest = 1000, "BAD_REQUEST";
    /// There is no such command or route.
    UnknownCommand = 1001, "UNKNOWN_COMMAND";
    /// A field is of the right type, but its value is out of bounds.
    BadValue = 1002, "BAD_VALUE";
    /// The text, frame or body is too long.
    TooLarge = 1003, "TOO_LARGE";
    /// The node can't do that, in this version or as it is configured.
    NotImplemented = 1004, "NOT_IMPLEMENTED";
    /// Sign in first.
    Unauthorized = 1100, "UNAUTHORIZED";
    /// The token ran out: get a new one.
    TokenExpired = 1101, "TOKEN_EXPIRED";
    /// There is no such conversation, or you aren't in it. Both look alike, so that nobody can probe for conversations.
    NoConversation = 2000, "NO_CONVERSATION";
    /// There is no such message in a conversation of yours.
    NoMessage = 2001, "NO_MESSAGE";
    /// There is no such person.
    NoUser = 2002, "NO_USER";
    /// The person isn't in the group.
    NoSuchMember = 2003, "NO_SUCH_MEMBER";
    /// There is no such message request, or it is none of yours.
    NoRequest = 2004, "NO_REQUEST";
    /// There is no such match, or it is none of yours.
    NoMatch = 2005, "NO_MATCH";
    /// There is no such report or flag.
    NoReport = 2006, "NO_REPORT";
    /// Only the author may do that.
    NotAuthor = 2010, "NOT_AUTHOR";
    /// Your role doesn't allow it.
    NotAllowed = 2011, "NOT_ALLOWED";
    /// It is for groups.
    NotGroup = 2012, "NOT_GROUP";
    /// The message was deleted.
    Deleted = 2013, "DELETED";
    /// The group is full.
    GroupFull = 2014, "GROUP_FULL";
    /// The idempotency key was used for a different request.
    KeyReused = 2015, "KEY_REUSED";
    /// This person can't be reached by you.
    NotReachable = 2020, "NOT_REACHABLE";
    /// You block this person: unblock them first.
    BlockedByYou = 2021, "BLOCKED_BY_YOU";
    /// You have to ask this person first: send a message request.
    AskFirst = 2022, "ASK_FIRST";
    /// You can write to this person once you are matched.
    NotMatched = 2023, "NOT_MATCHED";
    /// There is a message request between the two of you already.
    AlreadyAsked = 2024, "ALREADY_ASKED";
    /// You are matched already: write to them.
    AlreadyMatched = 2025, "ALREADY_MATCHED";
    /// The message request was answered, withdrawn, or is too old.
    NotPending = 2026, "NOT_PENDING";
    /// The policy of this node refuses what the text says.
    ContentRefused = 2030, "CONTENT_REFUSED";
    /// A moderator muted you: you can read, and not write.
    Muted = 2031, "MUTED";
    /// A moderator suspended you.
    Suspended = 2032, "SUSPENDED";
    /// There is no such file, or you may not have it.
    NoAttachment = 2040, "NO_ATTACHMENT";
    /// The file was sent with a message already, or is scheduled with one: upload it again.
    AttachmentSent = 2041, "ATTACHMENT_SENT";
    /// Your files would take up more than they may.
    QuotaFull = 2042, "QUOTA_FULL";
    /// This node takes no files.
    AttachmentsOff = 2043, "ATTACHMENTS_OFF";
    /// There is no such push target, or it is none of yours.
    NoPushTarget = 2055, "NO_PUSH_TARGET";
    /// You have as many push targets as anybody may: give one up.
    PushTargetsFull = 2056, "PUSH_TARGETS_FULL";
    /// This node reaches no devices.
    PushOff = 2057, "PUSH_OFF";
    /// There is no such scheduled message of yours: it was cancelled, or it was changed just now.
    NoScheduled = 2060, "NO_SCHEDULED";
    /// The scheduled message was sent already.
    ScheduledSent = 2061, "SCHEDULED_SENT";
    /// You have as many of these as one may: take some away first.
    ListFull = 2062, "LIST_FULL";
    /// There is no such template of yours.
    NoTemplate = 2063, "NO_TEMPLATE";
    /// Another template of yours has this name.
    TemplateExists = 2064, "TEMPLATE_EXISTS";
    /// The events asked for were forgotten: begin with the oldest that are left, or with new ones.
    EventsForgotten = 2065, "EVENTS_FORGOTTEN";
    /// Nobody of this name follows events.
    NoConsumer = 2066, "NO_CONSUMER";
    /// Too many requests of this kind: wait as long as the answer says.
    RateLimited = 3000, "RATE_LIMITED";
    /// The node has too much to do: wait a moment.
    Busy = 3001, "BUSY";
    /// Too many requests of this connection are unanswered: wait for answers.
    TooManyInFlight = 3002, "TOO_MANY_IN_FLIGHT";
    /// A fault of the node. The request may or may not have been done: send it again with the same key.
    Internal = 3500, "INTERNAL";
    /// The node is stopping or its store failed: reconnect, then send it again with the same key.
    Unavailable = 3501, "UNAVAILABLE";
}

impl ErrorCode {
    /// Its number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// Whether the same request may succeed later.
    pub fn retry(self) -> bool {
        self.number() >= 3000
    }
}

/// A refused request: the code, and a sentence that tells a person what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For programs.
    pub code: ErrorCode,
    /// For people. Never holds a message body or a token.
    pub message: String,
    /// Which field is at fault, if one is.
    pub field: Option<&'static str>,
    /// How long to wait, for [`ErrorCode::RateLimited`].
    pub retry_after: Option<Duration>,
    /// The limit that was reached, for [`ErrorCode::RateLimited`]. Boxed: failures are rare, and results that may be one
    /// are everywhere.
    pub quota: Option<Box<crate::limits::Quota>>,
}

impl Failure {
    /// A failure that is no single field's fault.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            field: None,
            retry_after: None,
            quota: None,
        }
    }

    /// A field whose value won't do.
    pub fn bad_value(field: &'static str, message: impl Into<String>) -> Self {
        Self {
            field: Some(field),
            ..Self::new(ErrorCode::BadValue, message)
        }
    }

    /// The node is at one of its bounds.
    pub fn busy() -> Self {
        Self::new(
            ErrorCode::Busy,
            "the node has too much to do; try again in a moment",
        )
    }

    /// The node lost track of the request, through a fault of its own.
    pub fn internal() -> Self {
        Self::new(
            ErrorCode::Internal,
            "something went wrong on the node; send the request again with the same idempotency key",
        )
    }

    /// The node stops, or can't write.
    pub fn unavailable() -> Self {
        Self::new(
            ErrorCode::Unavailable,
            "the node can't take this now; reconnect and send it again with the same idempotency key",
        )
    }

    /// There is no such conversation, or it is none of theirs.
    pub fn no_conversation() -> Self {
        Self::new(
            ErrorCode::NoConversation,
            "there is no such conversation, or you are not in it",
        )
    }

    /// There is no such message request, or it is none of theirs.
    pub fn no_request() -> Self {
        Self::new(
            ErrorCode::NoRequest,
            "there is no such message request, or it is none of yours",
        )
    }

    /// There is no such match, or it is none of theirs.
    pub fn no_match() -> Self {
        Self::new(
            ErrorCode::NoMatch,
            "there is no such match, or it is none of yours",
        )
    }

    /// There is no such file, or it is none of theirs.
    pub fn no_attachment() -> Self {
        Self::new(
            ErrorCode::NoAttachment,
            "there is no such file, or you may not have it",
        )
    }

    /// There is no such scheduled message, or it is none of theirs.
    pub fn no_scheduled() -> Self {
        Self::new(
            ErrorCode::NoScheduled,
            "there is no such scheduled message of yours; list them to see how they stand",
        )
    }

    /// There is no such template, or it is none of theirs.
    pub fn no_template() -> Self {
        Self::new(ErrorCode::NoTemplate, "there is no such template of yours")
    }

    /// The policy has no files, or the node nowhere to put them.
    pub fn no_attachments() -> Self {
        Self::new(
            ErrorCode::AttachmentsOff,
            "this node takes no files; send a link instead",
        )
    }

    /// The node reaches no devices, or none of this kind.
    pub fn push_off() -> Self {
        Self::new(
            ErrorCode::PushOff,
            "this node reaches no devices; connect to be told",
        )
    }

    /// There is no such message, or it is none of theirs.
    pub fn no_message() -> Self {
        Self::new(
            ErrorCode::NoMessage,
            "there is no such message in a conversation of yours",
        )
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code.label(), self.message)
    }
}

impl std::error::Error for Failure {}

impl From<Rejection> for Failure {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::NoConversation | Rejection::NotMember => Self::no_conversation(),
            Rejection::NoMessage => Self::no_message(),
            Rejection::NoSuchMember => {
                Self::new(ErrorCode::NoSuchMember, "this person is not in the group")
            }
            Rejection::NotAuthor => Self::new(
                ErrorCode::NotAuthor,
                "only the author of the message may do that",
            ),
            Rejection::NotAllowed => Self::new(
                ErrorCode::NotAllowed,
                "your role in this group does not allow that",
            ),
            Rejection::NotGroup => Self::new(
                ErrorCode::NotGroup,
                "this works in groups only, and the conversation is direct",
            ),
            Rejection::Deleted => Self::new(ErrorCode::Deleted, "the message was deleted"),
            Rejection::GroupFull => Self::new(
                ErrorCode::GroupFull,
                "the group has as many members as a group may have",
            ),
            Rejection::KeyReused => Self::new(
                ErrorCode::KeyReused,
                "this idempotency key was used for a different request; give each request its own key",
            ),
            // Looked at before the store was asked; a block has come in between since.
            Rejection::Blocked => Self::new(
                ErrorCode::NotReachable,
                "this person can't be reached by you",
            ),
            Rejection::AskFirst => Self::new(
                ErrorCode::AskFirst,
                "ask this person first: send them a message request and wait until they accept",
            ),
            Rejection::NotMatched => Self::new(
                ErrorCode::NotMatched,
                "you can write to this person once the two of you are matched",
            ),
            Rejection::Asked => Self::new(
                ErrorCode::AlreadyAsked,
                "there is a message request between the two of you already; wait for the answer, or answer it",
            ),
            Rejection::Matched => Self::new(
                ErrorCode::AlreadyMatched,
                "the two of you are matched already; write to them",
            ),
            Rejection::NoRequest => Self::no_request(),
            Rejection::NotPending => Self::new(
                ErrorCode::NotPending,
                "this message request was answered or withdrawn already, or is too old",
            ),
            Rejection::NoMatch => Self::no_match(),
            Rejection::NoReport => {
                Self::new(ErrorCode::NoReport, "there is no such report or flag")
            }
            Rejection::NoAttachment => Self::no_attachment(),
            Rejection::AttachmentSent => Self::new(
                ErrorCode::AttachmentSent,
                "a message was sent with this file already; upload it again to send it once more",
            ),
            Rejection::QuotaFull => Self::new(
                ErrorCode::QuotaFull,
                "your files take up all they may; delete messages with files, or send a smaller one",
            ),
            Rejection::AttachmentHeld => Self::new(
                ErrorCode::AttachmentSent,
                "a scheduled message has this file; upload it again, or cancel that one first",
            ),
            Rejection::NoScheduled => Self::no_scheduled(),
            Rejection::ScheduledSent => Self::new(
                ErrorCode::ScheduledSent,
                "the message was sent already; edit or delete it where it is",
            ),
            Rejection::ListFull => Self::new(
                ErrorCode::ListFull,
                "you keep as many of these as one may; take some away first",
            ),
            Rejection::NoTemplate => Self::no_template(),
            Rejection::TemplateExists => Self {
                field: Some("name"),
                ..Self::new(
                    ErrorCode::TemplateExists,
                    "another template of yours has this name; choose a different one, or change that one",
                )
            },
            Rejection::NoPushTarget => Self::new(
                ErrorCode::NoPushTarget,
                "there is no such push target, or it is none of yours",
            ),
            Rejection::PushTargetsFull => Self::new(
                ErrorCode::PushTargetsFull,
                "you have as many push targets as anybody may; give one up that you no longer use",
            ),
            Rejection::Invalid(why) => Self::new(ErrorCode::BadValue, why),
            _ => Self::internal(),
        }
    }
}

impl From<parlour_storage::error::StoreError> for Failure {
    /// Logs what can't be told to a client.
    fn from(error: parlour_storage::error::StoreError) -> Self {
        use parlour_storage::error::StoreErrorKind::{Busy, Closed, Corrupt, Failed};
        match &error.kind {
            Busy => Self::busy(),
            Closed | Failed => Self::unavailable(),
            Corrupt { key, reason } => {
                tracing::error!(key, reason, "a stored record can't be read");
                Self::internal()
            }
            _ => {
                tracing::error!(%error, "the store could not answer");
                Self::internal()
            }
        }
    }
}

/// Why the node ends a connection. The number is the WebSocket close code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The client closed, and this is the echo.
    Normal = 1000,
    /// The bytes break RFC 6455.
    Protocol = 1002,
    /// A kind of frame that the dialect doesn't use.
    Unsupported = 1003,
    /// A text message isn't UTF-8.
    BadText = 1007,
    /// A message, its fragments or their number exceed the limits told in `hello`.
    TooLarge = 1009,
    /// The node restarts: reconnect, with some jitter.
    Restart = 1012,
    /// The client did not read fast enough; resume brings what it missed.
    Slow = 4000,
    /// Nothing was heard from the client for too long.
    Silent = 4001,
    /// A fault of the node; resume brings what was missed.
    Resync = 4002,
    /// The token ran out: reconnect with a new one.
    TokenExpired = 4003,
    /// Requests came faster than they could be taken. Wait for answers.
    Flood = 4004,
    /// The user has too many connections, or the address has. Close another first.
    TooManyConnections = 4429,
    /// The token is not valid here.
    Unauthorized = 4500,
    /// No token came in time.
    AuthTimeout = 4501,
    /// A moderator suspended the user.
    Suspended = 4502,
}

impl CloseCode {
    /// All of them, ascending.
    pub const ALL: &[Self] = &[
        Self::Normal,
        Self::Protocol,
        Self::Unsupported,
        Self::BadText,
        Self::TooLarge,
        Self::Restart,
        Self::Slow,
        Self::Silent,
        Self::Resync,
        Self::TokenExpired,
        Self::Flood,
        Self::TooManyConnections,
        Self::Unauthorized,
        Self::AuthTimeout,
        Self::Suspended,
    ];

    /// Its number.
    pub fn number(self) -> u16 {
        self as u16
    }

    /// The close reason: at most 123 bytes, as RFC 6455 section 5.5 has it.
    pub fn reason(self) -> &'static str {
        match self {
            Self::Normal => "bye",
            Self::Protocol => "protocol error",
            Self::Unsupported => "this dialect takes text frames",
            Self::BadText => "text is not UTF-8",
            Self::TooLarge => "message too large",
            Self::Restart => "restarting, reconnect",
            Self::Slow => "too slow, reconnect and resume",
            Self::Silent => "no sign of life, reconnect",
            Self::Resync => "reconnect and resume",
            Self::TokenExpired => "token expired, reconnect with a new one",
            Self::Flood => "too many requests unanswered",
            Self::TooManyConnections => "too many connections",
            Self::Unauthorized => "token refused",
            Self::AuthTimeout => "no token in time",
            Self::Suspended => "a moderator suspended you",
        }
    }

    /// Whether a client may reconnect by itself.
    pub fn reconnect(self) -> bool {
        matches!(
            self,
            Self::Restart
                | Self::Slow
                | Self::Silent
                | Self::Resync
                | Self::TokenExpired
                | Self::Flood
                | Self::TooManyConnections
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_labels_are_unique() {
        for (i, a) in ErrorCode::ALL.iter().enumerate() {
            for b in &ErrorCode::ALL[i + 1..] {
                assert!(a.number() < b.number());
                assert_ne!(a.label(), b.label());
            }
        }
        assert!(
            CloseCode::ALL
                .windows(2)
                .all(|w| w[0].number() < w[1].number())
        );
    }

    #[test]
    fn the_range_says_whether_to_reconnect() {
        for code in CloseCode::ALL.iter().filter(|c| c.number() >= 4000) {
            assert_eq!(code.reconnect(), code.number() < 4500, "{code:?}");
        }
        assert!(CloseCode::ALL.iter().all(|c| c.reason().len() <= 123));
    }
}
