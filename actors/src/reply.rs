//! Where the answer to a request goes. Answered exactly once, whatever becomes of the request on its way.

use std::sync::Arc;

use parlour_storage::ids::{Epoch, Position};
use tokio::sync::oneshot;

use crate::{
    codec::{Codec, RequestId},
    command::Reply,
    error::Failure,
    group::Group,
    outbox::{ConnectionId, Outbox},
};

/// Where the answer to one request goes. Dropped unanswered (a full mailbox, a panic), it answers
/// [`Failure::internal`] by itself.
#[derive(Debug)]
pub struct ReplyTo(Option<To>);

#[derive(Debug)]
enum To {
    /// To the connection that asked, in its dialect.
    Connection {
        outbox: Arc<Outbox>,
        codec: Arc<dyn Codec>,
        epoch: Epoch,
        request: RequestId,
    },
    /// To a task that waits.
    Task(oneshot::Sender<Result<Reply, Failure>>),
}

impl ReplyTo {
    /// To a connection. Its request has been counted by [`Outbox::begin_request`].
    pub fn connection(
        outbox: Arc<Outbox>,
        codec: Arc<dyn Codec>,
        epoch: Epoch,
        request: RequestId,
    ) -> Self {
        Self(Some(To::Connection {
            outbox,
            codec,
            epoch,
            request,
        }))
    }

    /// To a task.
    pub fn task() -> (Self, oneshot::Receiver<Result<Reply, Failure>>) {
        let (sender, receiver) = oneshot::channel();
        (Self(Some(To::Task(sender))), receiver)
    }

    /// To nobody: what the node does of its own accord.
    pub fn nobody() -> Self {
        Self(None)
    }

    /// Which connection asked. It needs no push of what its own request did.
    pub fn connection_id(&self) -> Option<ConnectionId> {
        match &self.0 {
            Some(To::Connection { outbox, .. }) => Some(outbox.id()),
            _ => None,
        }
    }

    /// Answers at once.
    pub fn answer(mut self, result: Result<Reply, Failure>) {
        self.send(None, result);
    }

    /// Answers that a change of a group was committed. On a connection the answer takes the change's
    /// place in the order.
    pub fn answer_in(mut self, group: &Group, position: Position, reply: Reply) {
        self.send(Some((group, position)), Ok(reply));
    }

    fn send(&mut self, place: Option<(&Group, Position)>, result: Result<Reply, Failure>) {
        match self.0.take() {
            None => {}
            // A task that no longer waits is a client that went away.
            Some(To::Task(sender)) => drop(sender.send(result)),
            Some(To::Connection {
                outbox,
                codec,
                epoch,
                request,
            }) => {
                outbox.end_request();
                let position = place.map(|(_, position)| position);
                match (
                    codec.reply(epoch, &request, position, result.as_ref()),
                    place,
                ) {
                    (None, _) => {}
                    (Some(frame), Some((group, position))) => {
                        group.stage(&outbox, position, frame);
                    }
                    // A connection that is closing needs no answer.
                    (Some(frame), None) => _ = outbox.push(frame),
                }
            }
        }
    }
}

impl Drop for ReplyTo {
    fn drop(&mut self) {
        if self.0.is_some() {
            self.send(None, Err(Failure::internal()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_that_is_lost_is_answered_all_the_same() {
        let (reply, mut answer) = ReplyTo::task();
        drop(reply);
        assert_eq!(answer.try_recv().unwrap(), Err(Failure::internal()));
    }

    #[test]
    fn a_request_is_answered_once() {
        let (reply, mut answer) = ReplyTo::task();
        reply.answer(Ok(Reply::Done));
        assert_eq!(answer.try_recv().unwrap(), Ok(Reply::Done));
        assert!(answer.try_recv().is_err());
    }
}
