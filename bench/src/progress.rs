//! How far a run is, on standard error, if that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// A bar that is gone when it is done.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Of things that are counted.
    pub(crate) fn of_things(verb: &'static str, n: u64, things: &'static str) -> Self {
        Self::with(
            n,
            verb,
            &format!("{{msg}} {{bar:40}} {{human_pos}}/{{human_len}} {things}"),
        )
    }

    /// Of a time that passes.
    pub(crate) fn of_time(what: String, time: Duration) -> Self {
        let millis = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self::with(millis, what, "{bar:40} {eta} left, {msg}")
    }

    fn with(n: u64, message: impl Into<String>, template: &str) -> Self {
        let bar = ProgressBar::new(n);
        let style = ProgressStyle::with_template(template);
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(message.into());
        Self(bar)
    }

    pub(crate) fn to(&self, n: u64) {
        self.0.set_position(n);
    }

    pub(crate) fn say(&self, message: String) {
        self.0.set_message(message);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
