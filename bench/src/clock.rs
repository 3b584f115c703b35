//! Wakes at a moment, to some µs: the runtime's own timers are as coarse as a millisecond, which is what is measured here.

use std::time::{Duration, Instant};

#[cfg(target_os = "linux")]
mod exact {
    use std::{io, time::Duration};

    use rustix::time::{
        Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create,
        timerfd_settime,
    };
    use tokio::net::unix::pipe::Receiver;

    /// One timer of the kernel: a file that can be read when its time has come. As the receiving end of a pipe, since that is the
    /// one type by which the runtime waits for a file of any kind without unsafe code.
    #[derive(Debug)]
    pub(super) struct Timer(Receiver);

    impl Timer {
        pub(super) fn new() -> io::Result<Self> {
            let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
            let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
            Receiver::from_owned_fd_unchecked(timer).map(Self)
        }

        pub(super) async fn wait(&self, time: Duration) -> io::Result<()> {
            let zero = Timespec {
                tv_sec: 0,
                tv_nsec: 0,
            };
            // Setting it anew also takes back what it told of an earlier wait.
            let once = Itimerspec {
                it_interval: zero,
                it_value: Timespec {
                    tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                    tv_nsec: i64::from(time.subsec_nanos()).max(1),
                },
            };
            timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once)?;
            loop {
                self.0.readable().await?;
                match self.0.try_read(&mut [0; 8]) {
                    // It was ready for a wait before this one.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    read => return read.map(drop),
                }
            }
        }
    }
}

/// An alarm clock.
#[derive(Debug)]
pub(crate) struct Alarm {
    #[cfg(target_os = "linux")]
    timer: Option<exact::Timer>,
}

impl Alarm {
    /// One; where the system has no exact timer left, it is the runtime's.
    pub(crate) fn new() -> Self {
        Self {
            #[cfg(target_os = "linux")]
            timer: exact::Timer::new().ok(),
        }
    }

    /// Waits for a moment.
    pub(crate) async fn at(&self, moment: Instant) {
        let left = moment.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return;
        }
        #[cfg(target_os = "linux")]
        if let Some(timer) = &self.timer
            && timer.wait(left).await.is_ok()
        {
            return;
        }
        tokio::time::sleep(left.max(Duration::from_millis(1))).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn it_never_wakes_early_and_mostly_within_a_fraction_of_a_millisecond() {
        let alarm = Alarm::new();
        let mut late = Vec::new();
        for micros in (0..200).map(|n| 100 + 7 * n) {
            let moment = Instant::now() + Duration::from_micros(micros);
            alarm.at(moment).await;
            let now = Instant::now();
            assert!(now >= moment, "{:?} early", moment - now);
            late.push(now - moment);
        }
        late.sort();
        // The best fifth: what else runs on the machine makes the others late.
        assert!(late[40] < Duration::from_micros(500), "{late:?}");
    }

    #[tokio::test]
    async fn a_wait_that_was_given_up_does_not_end_the_next() {
        let alarm = Alarm::new();
        let soon = Instant::now() + Duration::from_millis(1);
        tokio::select! {
            biased;
            () = alarm.at(soon) => {}
            () = std::future::ready(()) => {}
        }
        let moment = Instant::now() + Duration::from_millis(20);
        alarm.at(moment).await;
        assert!(Instant::now() >= moment);
    }
}
