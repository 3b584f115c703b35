//! One run: asks at the planned moments, keeps what all clients note, and waits for what is still on its way.
//!
//! Knows neither sockets nor rooms: whoever asks is handed in, and tells the [`Course`] what came of it. All on one
//! thread, so that noting a delivery costs no lock.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    convert::Infallible,
    pin::pin,
    time::{Duration, Instant},
};

use crate::{
    check::{Faults, Said},
    clock::Alarm,
    plan::{Arrivals, Pace, Timing},
    proc::{Process, Usage},
    progress::Progress,
    stamp::Line,
    tally::{Deed, Tally},
    trial::{Seen, Trial},
};

/// So many requests are asked for in a row before clients get to read: a generator that lags must not starve itself.
const ROW: usize = 32;
/// How often it is looked whether all is done, and the bar is moved.
const TICK: Duration = Duration::from_millis(20);

/// What all clients of a run share.
#[derive(Debug)]
pub struct Course {
    epoch: Instant,
    tally: RefCell<Tally>,
    said: RefCell<Vec<Said>>,
    /// Requests without answer.
    pending: Cell<u64>,
    /// Deliveries that acknowledged messages are to have.
    expected: Cell<u64>,
    delivered: Cell<u64>,
    closed: RefCell<BTreeMap<String, u64>>,
    /// In a closed loop: so many requests may still be begun.
    flood: Cell<u64>,
}

impl Course {
    /// For so many lines.
    pub fn new(n_lines: usize) -> Self {
        Self {
            epoch: Instant::now(),
            tally: RefCell::new(Tally::new(0..0)),
            said: RefCell::new(vec![Said::default(); n_lines]),
            pending: Cell::new(0),
            expected: Cell::new(0),
            delivered: Cell::new(0),
            closed: RefCell::default(),
            flood: Cell::new(0),
        }
    }

    /// µs since the start.
    pub fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// What was noted so far.
    pub fn tally(&self) -> std::cell::RefMut<'_, Tally> {
        self.tally.borrow_mut()
    }

    /// What was said on a line.
    pub fn said(&self, line: Line) -> Said {
        let said = self.said.borrow();
        said.get(line as usize).cloned().unwrap_or_default()
    }

    /// A line's next message gets this number, and may come from now on.
    pub fn say(&self, line: Line) -> u32 {
        let mut lines = self.said.borrow_mut();
        let Some(said) = lines.get_mut(line as usize) else {
            return 0;
        };
        said.last += 1;
        said.open.insert(said.last);
        said.last
    }

    /// A request was sent.
    pub fn sent(&self, intended: u64) {
        self.pending.set(self.pending.get() + 1);
        self.tally().sent(intended, self.now());
    }

    /// A message was acknowledged, so it has to come to so many.
    pub fn acknowledged(&self, line: Line, number: u32, n_deliveries: u64) {
        if let Some(said) = self.said.borrow_mut().get_mut(line as usize) {
            said.open.remove(&number);
        }
        self.expected.set(self.expected.get() + n_deliveries);
    }

    /// A request was answered.
    pub fn answered(&self, deed: Deed, intended: u64, now: u64) {
        self.give_up(1);
        self.tally().answered(deed, intended, now);
    }

    /// A request was refused.
    pub fn refused(&self, code: &str) {
        self.give_up(1);
        self.tally().refused(code);
    }

    /// So many requests will not be answered.
    pub fn give_up(&self, n: u64) {
        self.pending.set(self.pending.get().saturating_sub(n));
    }

    /// Messages came, all of them now.
    pub fn delivered(&self, n: u64) {
        self.delivered.set(self.delivered.get() + n);
    }

    /// The node ended a connection.
    pub fn closed(&self, reason: &str) {
        *self
            .closed
            .borrow_mut()
            .entry(reason.to_owned())
            .or_default() += 1;
    }

    /// Which connections the node ended since this was last asked.
    pub fn take_closed(&self) -> BTreeMap<String, u64> {
        self.closed.take()
    }

    /// Whether who was answered asks again at once.
    pub fn next_of_flood(&self) -> bool {
        let left = self.flood.get();
        self.flood.set(left.saturating_sub(1));
        left > 0
    }

    /// What is still on its way.
    fn unfinished(&self) -> u64 {
        let missing = self.expected.get().saturating_sub(self.delivered.get());
        self.pending.get() + missing
    }

    /// Waits until nothing is on its way, but no longer than the grace; gives what is still missing then.
    pub async fn settled(&self, grace: Duration) -> u64 {
        let until = Instant::now() + grace;
        while self.unfinished() > 0 && Instant::now() < until {
            tokio::time::sleep(TICK).await;
        }
        self.unfinished()
    }
}

/// Whose processes are looked at.
#[derive(Clone, Debug, Default)]
pub struct Watched {
    /// The server's.
    pub server: Option<Process>,
    /// The generator's, if it is another.
    pub generator: Option<Process>,
}

impl Watched {
    /// Beside the clients' thread: looking through all processes takes some ms, in which it would not read.
    async fn look(&self) -> (Option<Usage>, Option<Usage>) {
        // A server that is gone by now is told of by its clients.
        let usage = |process: Option<Process>| process?.usage().ok();
        let Self { server, generator } = self.clone();
        let looked = tokio::task::spawn_blocking(move || (usage(server), usage(generator)));
        looked.await.unwrap_or_default()
    }
}

/// A run that can be repeated at other paces.
#[derive(Debug)]
pub struct Run<'a> {
    /// What the clients note in.
    pub course: &'a Course,
    /// How long.
    pub timing: Timing,
    /// Of the chance in it.
    pub seed: u64,
    /// Who is measured.
    pub watched: &'a Watched,
}

impl Run<'_> {
    /// Runs. `ask` has somebody ask something, meant for a moment: the first who is free, and waits while nobody is. `settle` has all
    /// clients look for what is missing, when nothing more comes.
    pub async fn at(
        &self,
        pace: Pace,
        mut ask: impl AsyncFnMut(u64),
        settle: impl AsyncFnOnce() -> Faults,
    ) -> Trial {
        let course = self.course;
        // What an earlier run left behind is no load of this one's.
        course.settled(self.timing.grace).await;
        let from = course.now();
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        let window =
            from + micros(self.timing.warm_up)..from.saturating_add(micros(self.timing.total()));
        course.tally.replace(Tally::new(window.clone()));
        course.expected.set(course.delivered.get());
        course.pending.set(0);
        let begin = async {
            self.moment(&Alarm::new(), window.start).await;
            self.watched.look().await
        };
        let asked = async {
            match pace {
                Pace::Rate(rate, spread) => {
                    let arrivals = Arrivals::new(rate, spread, self.seed);
                    self.open_loop(from, window.end, arrivals, &mut ask).await;
                }
                Pace::Flood(n) => self.closed_loop(window.end, n, &mut ask).await,
            }
        };
        let end = async {
            self.moment(&Alarm::new(), window.end).await;
            self.watched.look().await
        };
        // At the end of the window: who lags goes on asking, and what that costs is of no message that counts.
        let asked = async {
            let mut asked = pin!(asked);
            let in_time = tokio::select! {
                () = &mut asked => None,
                seen = end => Some(seen),
            };
            let ended = course.now();
            let seen = match in_time {
                Some(seen) => {
                    asked.await;
                    seen
                }
                None => self.watched.look().await,
            };
            (ended, seen)
        };
        let bar = self.bar(pace);
        let (before, (ended, after)) = tokio::select! {
            both = async { tokio::join!(begin, asked) } => both,
            never = self.show(&bar, from) => match never {},
        };
        course.tally().end_at(ended);
        bar.say("waiting for what is on its way".to_owned());
        let unfinished = course.settled(self.timing.grace).await;
        let faults = settle().await;
        let pair = |(from, to): (Option<Usage>, Option<Usage>)| from.zip(to);
        let seen = Seen {
            server: pair((before.0, after.0)),
            generator: pair((before.1, after.1)),
        };
        Trial {
            faults,
            unfinished,
            closed: course.take_closed(),
            ..Trial::new(pace, &course.tally(), seen)
        }
    }

    async fn moment(&self, alarm: &Alarm, micros: u64) {
        alarm
            .at(self.course.epoch + Duration::from_micros(micros))
            .await;
    }

    async fn open_loop(
        &self,
        from: u64,
        until: u64,
        arrivals: Arrivals,
        ask: &mut impl AsyncFnMut(u64),
    ) {
        let alarm = Alarm::new();
        let mut in_a_row = 0;
        for (n_asked, at) in (0..).zip(arrivals) {
            let intended = from + u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
            if intended >= until {
                return self.moment(&alarm, until).await;
            }
            if n_asked == self.timing.messages_max {
                return;
            }
            if self.course.now() < intended {
                self.moment(&alarm, intended).await;
                in_a_row = 0;
            }
            in_a_row += 1;
            if in_a_row == ROW {
                tokio::task::yield_now().await;
                in_a_row = 0;
            }
            ask(intended).await;
        }
    }

    async fn closed_loop(&self, until: u64, n: usize, ask: &mut impl AsyncFnMut(u64)) {
        let course = self.course;
        course.flood.set(self.timing.messages_max);
        for _ in 0..n {
            if course.next_of_flood() {
                ask(course.now()).await;
            }
        }
        while course.now() < until && course.flood.get() > 0 {
            tokio::time::sleep(TICK).await;
        }
        course.flood.set(0);
    }

    fn bar(&self, pace: Pace) -> Progress {
        let what = match pace {
            Pace::Rate(rate, _) => format!("{rate:.0} requests/s"),
            Pace::Flood(n) => format!("{n} requests on their way"),
        };
        Progress::of_time(what, self.timing.total())
    }

    /// Moves the bar for ever.
    async fn show(&self, bar: &Progress, from: u64) -> Infallible {
        let mut tick = tokio::time::interval(10 * TICK);
        loop {
            tick.tick().await;
            bar.to(self.course.now().saturating_sub(from) / 1000);
        }
    }
}
