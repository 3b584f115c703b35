//! A client's socket: reads into the world's one buffer, keeps what is not all there yet, and writes what the socket takes.

use std::{
    io,
    pin::Pin,
    rc::Rc,
    task::{Context as Task, Poll},
};

use actix::{ActorFuture, Context};
use tokio::{
    io::{AsyncRead as _, ReadBuf},
    net::TcpStream,
};

use super::Client;

/// So many chunks are read before other clients get their turn.
const CHUNKS: usize = 4;
/// A larger buffer is given back when it is empty.
const KEPT: usize = 1024;

/// A connection.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: TcpStream,
    /// Frames are spoken; before that it is HTTP.
    pub(super) open: bool,
    /// The client is let in, and may ask.
    pub(super) ready: bool,
    /// The part of a frame that is there already.
    pub(super) part: Vec<u8>,
    /// How long all of it is.
    pub(super) needed: usize,
    /// What the socket could not take yet.
    pub(super) out: Vec<u8>,
}

impl Link {
    /// Keeps the part of a frame, which will take up so many bytes.
    fn keep(&mut self, part: &[u8], needed: usize) {
        self.needed = needed;
        self.part.clear();
        self.part.extend_from_slice(part);
        if part.is_empty() && self.part.capacity() > KEPT {
            self.part = Vec::new();
        }
    }

    pub(super) fn flush(&mut self) {
        while !self.out.is_empty() {
            match self.stream.try_write(&self.out) {
                Ok(n) => drop(self.out.drain(..n)),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // Met again when it is read from.
                Err(_) => self.out.clear(),
            }
        }
        if self.out.capacity() > KEPT {
            self.out = Vec::new();
        }
    }
}

/// Reads from a client's socket, and writes what it didn't take at once, for as long as the connection lives.
pub(super) struct Pump {
    pub(super) link: u32,
}

impl ActorFuture<Client> for Pump {
    type Output = ();

    fn poll(
        self: Pin<&mut Self>,
        client: &mut Client,
        ctx: &mut Context<Client>,
        task: &mut Task<'_>,
    ) -> Poll<()> {
        if client.n_links != self.link {
            return Poll::Ready(());
        }
        let world = Rc::clone(&client.world);
        let mut chunk = world.chunk.borrow_mut();
        for _ in 0..CHUNKS {
            match client.read(&mut chunk, task) {
                Poll::Ready(Ok(())) => client.flush(ctx),
                Poll::Ready(Err(reason)) => {
                    client.lost(reason);
                    return Poll::Ready(());
                }
                Poll::Pending if client.link.is_none() => return Poll::Ready(()),
                Poll::Pending => return Poll::Pending,
            }
        }
        // There may be more; the others first.
        task.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Client {
    /// Reads one chunk, and takes what is in it.
    fn read(&mut self, chunk: &mut Vec<u8>, task: &mut Task<'_>) -> Poll<Result<(), String>> {
        let Some(link) = &mut self.link else {
            return Poll::Pending;
        };
        // Until the socket takes all, or says when to go on.
        while !link.out.is_empty() && link.stream.poll_write_ready(task).is_ready() {
            link.flush();
        }
        let had = link.part.len();
        // A frame that is longer than the buffer makes it grow.
        if chunk.len() < link.needed.max(2 * had) {
            chunk.resize(link.needed.max(2 * had), 0);
        }
        chunk[..had].copy_from_slice(&link.part);
        let mut into = ReadBuf::new(&mut chunk[had..]);
        let read = Pin::new(&mut link.stream).poll_read(task, &mut into);
        let n = match read {
            Poll::Pending => return Poll::Pending,
            Poll::Ready(Err(error)) => return Poll::Ready(Err(error.to_string())),
            Poll::Ready(Ok(())) => into.filled().len(),
        };
        if n == 0 {
            return Poll::Ready(Err("cut off without a close".to_owned()));
        }
        let bytes = &chunk[..had + n];
        let taken = self.take(bytes);
        Poll::Ready(taken.map(|(used, needed)| {
            if let Some(link) = &mut self.link {
                link.keep(&bytes[used..], needed);
            }
        }))
    }
}
