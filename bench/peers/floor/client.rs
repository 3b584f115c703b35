//! A client's socket: what the kernel doesn't take now is kept, up to a bound.

use std::{
    io::{self, Read as _, Write as _},
    net::TcpStream,
    os::fd::OwnedFd,
};

use rustix::event::epoll::{self, EventData, EventFlags};

/// More than this waits for nobody: who reads so little is cut off. A quarter of a second of a room that is told 80,000 texts.
pub(super) const WAITING_MAX: usize = 4 << 20;
/// A larger buffer is given back when it is empty.
const KEPT: usize = 1024;

/// See the file.
#[derive(Debug)]
pub(super) struct Client {
    number: u64,
    stream: TcpStream,
    /// The room, once it is in one.
    pub(super) room: Option<usize>,
    /// The part of a frame that is there already.
    pub(super) part: Vec<u8>,
    /// What the kernel didn't take yet.
    waiting: Vec<u8>,
}

impl Client {
    pub(super) fn new(number: u64, stream: TcpStream, poll: &OwnedFd) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        stream.set_nodelay(true)?;
        epoll::add(poll, &stream, EventData::new_u64(number), EventFlags::IN)?;
        Ok(Self {
            number,
            stream,
            room: None,
            part: Vec::new(),
            waiting: Vec::new(),
        })
    }

    /// Reads what is there, behind the part that was kept. `None`: nothing yet.
    pub(super) fn read(&mut self, chunk: &mut [u8]) -> io::Result<Option<usize>> {
        let had = self.part.len();
        chunk[..had].copy_from_slice(&self.part);
        match self.stream.read(&mut chunk[had..]) {
            Ok(0) => Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => Ok(Some(had + n)),
            Err(error) if is_for_later(&error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Keeps the part of a frame.
    pub(super) fn keep(&mut self, part: &[u8]) {
        self.part.clear();
        self.part.extend_from_slice(part);
        if part.is_empty() && self.part.capacity() > KEPT {
            self.part = Vec::new();
        }
    }

    /// Writes, or keeps what the kernel doesn't take.
    ///
    /// # Errors
    ///
    /// The client is gone, or reads too little.
    pub(super) fn send(&mut self, bytes: &[u8], poll: &OwnedFd) -> io::Result<()> {
        if !self.waiting.is_empty() {
            return self.wait(bytes);
        }
        let n = self.write(bytes)?;
        if n == bytes.len() {
            return Ok(());
        }
        self.wait(&bytes[n..])?;
        self.wake_for(EventFlags::IN | EventFlags::OUT, poll)
    }

    /// The socket takes more now.
    pub(super) fn flush(&mut self, poll: &OwnedFd) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        let n = self.write(&waiting)?;
        if n == waiting.len() {
            return self.wake_for(EventFlags::IN, poll);
        }
        self.waiting = waiting;
        self.waiting.drain(..n);
        Ok(())
    }

    fn wait(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.waiting.len() + bytes.len() > WAITING_MAX {
            return Err(io::Error::other("reads too little"));
        }
        self.waiting.extend_from_slice(bytes);
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.stream.write(bytes) {
            Err(error) if is_for_later(&error) => Ok(0),
            written => written,
        }
    }

    fn wake_for(&self, events: EventFlags, poll: &OwnedFd) -> io::Result<()> {
        let number = EventData::new_u64(self.number);
        Ok(epoll::modify(poll, &self.stream, number, events)?)
    }
}

fn is_for_later(error: &io::Error) -> bool {
    [io::ErrorKind::WouldBlock, io::ErrorKind::Interrupted].contains(&error.kind())
}
