//! All clients of a run: their conversations are opened, they connect, take turns to ask, and are looked after.

use std::{
    cell::{Cell, RefCell},
    ops::Range,
    rc::Rc,
    time::Duration,
};

use actix::{Actor as _, Addr, prelude::SendError};
use anyhow::{Context as _, anyhow};
use serde_json::json;

use super::{
    client::{Ask, Back, Client, Connect, IsIn, Settle},
    rest,
    world::World,
};
use crate::{check::Faults, limits, progress::Progress, stamp::Line, tally::Deed};

/// Conversations that are opened at a time, and clients that connect at a time before a run.
const AT_ONCE: usize = 64;
/// People that one request to open or add names at most (docs/protocol.md, limits).
const PEOPLE_MAX: usize = 1000;
/// How long a client may take to be in.
const IN_TIME: Duration = Duration::from_secs(60);

/// See the file.
#[derive(Debug)]
pub(super) struct Crowd {
    pub(super) world: Rc<World>,
    clients: Vec<Addr<Client>>,
    /// Whose turn it is, among those who take turns.
    turn: Cell<usize>,
    turns: Vec<usize>,
}

impl Crowd {
    /// Opens all rooms and connects everybody.
    pub(super) async fn gather(world: Rc<World>) -> anyhow::Result<Self> {
        open_rooms(&world).await?;
        let lines = 0..world.n_clients() as Line;
        let clients: Vec<_> = lines
            .map(|line| Client::new(Rc::clone(&world), line).start())
            .collect();
        let crowd = Self {
            turns: turns(world.rooms()),
            world,
            clients,
            turn: Cell::new(0),
        };
        crowd.connect(0..crowd.clients.len()).await?;
        Ok(crowd)
    }

    pub(super) fn client(&self, n: usize) -> &Addr<Client> {
        &self.clients[n]
    }

    /// Connects some, a few at a time, as they do not all come at once on a normal day.
    async fn connect(&self, some: Range<usize>) -> anyhow::Result<()> {
        let bar = Progress::of_things("connecting", some.len() as u64, "clients");
        let (from, n_done) = (some.start, Cell::new(0));
        each(some.len(), AT_ONCE, async |n| {
            let fresh = Connect {
                resume: false,
                owed: 0,
            };
            back(self.clients[from + n].clone(), fresh).await?;
            n_done.set(n_done.get() + 1);
            bar.to(n_done.get());
            Ok(())
        })
        .await
        .map_err(|error| advised(error).context("not all clients could connect"))
    }

    /// Has those connect again whom the node sent away, so that the next run begins with everybody.
    pub(super) async fn restore(&self) -> anyhow::Result<()> {
        for (n, client) in self.clients.iter().enumerate() {
            if !client.send(IsIn).await? {
                self.connect(n..n + 1).await?;
            }
        }
        Ok(())
    }

    /// Has the next in turn do something.
    pub(super) async fn ask(&self, deed: Deed, intended: u64) {
        let turn = self.turn.get();
        self.turn.set((turn + 1) % self.turns.len());
        let ask = Ask { deed, intended };
        self.ask_of(self.turns[turn], ask).await;
    }

    /// Has somebody do something, as soon as they can take it: what that costs in time is the generator's lateness.
    pub(super) async fn ask_of(&self, n: usize, ask: Ask) {
        let mut ask = ask;
        while let Err(SendError::Full(full)) = self.clients[n].try_send(ask) {
            ask = full;
            tokio::task::yield_now().await;
        }
    }

    /// What was wrong, when nothing more comes.
    pub(super) async fn settle(&self) -> Faults {
        let mut faults = Faults::default();
        for n in 0..self.clients.len() {
            faults += self.settle_one(n).await;
        }
        faults
    }

    /// What was wrong with what one client was told.
    pub(super) async fn settle_one(&self, n: usize) -> Faults {
        // An actor that is gone has panicked, which is heard of otherwise.
        self.clients[n].send(Settle).await.unwrap_or_default()
    }
}

/// Connects a client, and waits until it is in.
pub(super) async fn back(client: Addr<Client>, connect: Connect) -> anyhow::Result<Back> {
    let back = tokio::time::timeout(IN_TIME, client.send(connect)).await;
    let back = back.map_err(|_| anyhow!("a client is not let in within {IN_TIME:?}"))?;
    back?.map_err(|reason| anyhow!(reason))
}

/// Everybody once, neighbours in different rooms: one room's turn after the other's.
fn turns(rooms: &[Range<Line>]) -> Vec<usize> {
    let longest = rooms.iter().map(Range::len).max().unwrap_or(0);
    let seats =
        (0..longest).flat_map(|seat| rooms.iter().filter_map(move |room| room.clone().nth(seat)));
    seats.map(|line| line as usize).collect()
}

/// Does something for each of `n`, `at_once` at a time. The first error ends it.
pub(super) async fn each(
    n: usize,
    at_once: usize,
    work: impl AsyncFn(usize) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let next = Cell::new(0);
    let failed = RefCell::new(None);
    let worker = async || {
        while next.get() < n && failed.borrow().is_none() {
            let mine = next.replace(next.get() + 1);
            if let Err(error) = work(mine).await {
                failed.borrow_mut().get_or_insert(error);
            }
        }
    };
    together((0..at_once.min(n)).map(|_| worker())).await;
    failed.into_inner().map_or(Ok(()), Err)
}

/// Runs futures on this thread until all are done.
async fn together<F: Future<Output = ()>>(futures: impl Iterator<Item = F>) {
    let mut futures: Vec<_> = futures.map(|future| Some(Box::pin(future))).collect();
    std::future::poll_fn(|task| {
        for slot in &mut futures {
            if slot
                .as_mut()
                .is_some_and(|future| future.as_mut().poll(task).is_ready())
            {
                *slot = None;
            }
        }
        match futures.iter().all(Option::is_none) {
            true => std::task::Poll::Ready(()),
            false => std::task::Poll::Pending,
        }
    })
    .await;
}

async fn open_rooms(world: &Rc<World>) -> anyhow::Result<()> {
    let rooms = world.rooms().iter().cloned().enumerate();
    // Nobody to talk to needs no conversation.
    let rooms: Vec<_> = rooms.filter(|(_, room)| room.len() > 1).collect();
    if !world.language.opens_conversations() {
        for (n, _) in rooms {
            world.conversations.borrow_mut()[n] = n.to_string();
        }
        return Ok(());
    }
    let bar = Progress::of_things("opening", rooms.len() as u64, "conversations");
    let n_done = Cell::new(0);
    each(rooms.len(), AT_ONCE, async |n| {
        let (n, room) = rooms[n].clone();
        let id = open(world, room).await?;
        world.conversations.borrow_mut()[n] = id;
        n_done.set(n_done.get() + 1);
        bar.to(n_done.get());
        Ok(())
    })
    .await
    .map_err(|error| advised(error).context("not all conversations could be opened"))
}

/// Opens the conversation of a room, by the native REST routes.
async fn open(world: &World, room: Range<Line>) -> anyhow::Result<String> {
    let owner = room.start;
    let others: Vec<String> = room.skip(1).map(|line| world.user(line)).collect();
    let mut parts = others.chunks(PEOPLE_MAX);
    let first = parts.next().unwrap_or_default();
    let body = match first {
        [other] => json!({ "user": other }),
        members => json!({ "members": members }),
    };
    let opened = rest::ask(world, "POST", owner, "/v1/conversations", &body).await?;
    let id = opened.body["conversation"].as_str();
    let id = id.context("the node doesn't say which conversation it opened")?;
    for part in parts {
        let path = format!("/v1/conversations/{id}/members");
        let body = json!({ "users": part });
        rest::ask(world, "POST", owner, &path, &body).await?;
    }
    Ok(id.to_owned())
}

fn advised(error: anyhow::Error) -> anyhow::Error {
    match limits::is_limit(&format!("{error:#}")) {
        true => error.context(limits::ADVICE),
        false => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_rooms_take_turns_and_everybody_in_them() {
        assert_eq!(turns(&[0..3, 3..5, 5..6]), [0, 3, 5, 1, 4, 2]);
        assert_eq!(turns(&[]), [0_usize; 0]);
    }

    #[tokio::test]
    async fn work_is_done_once_each_and_so_much_at_a_time() {
        let (done, now, most) = (RefCell::new(Vec::new()), Cell::new(0), Cell::new(0));
        let all = each(10, 3, async |n| {
            now.set(now.get() + 1);
            most.set(most.get().max(now.get()));
            tokio::task::yield_now().await;
            now.set(now.get() - 1);
            done.borrow_mut().push(n);
            Ok(())
        });
        all.await.unwrap();
        let mut done = done.into_inner();
        done.sort();
        assert_eq!((done, most.get()), ((0..10).collect(), 3));
        let failed = each(10, 3, async |n| match n {
            4 => Err(anyhow!("four")),
            _ => Ok(()),
        });
        assert_eq!(failed.await.unwrap_err().to_string(), "four");
    }

    #[test]
    fn a_limit_is_known_for_what_it_is() {
        for reason in [
            "4429 too many connections",
            "HTTP/1.1 429 Too Many Requests",
            "RATE_LIMITED",
        ] {
            assert!(format!("{:#}", advised(anyhow!(reason))).contains("bench.flags"));
        }
        assert_eq!(format!("{:#}", advised(anyhow!("NO_USER"))), "NO_USER");
    }
}
