//! The data of a node that is stopped: where they are, and how far a command is that reads all of them.

use std::path::PathBuf;

use indicatif::{ProgressBar, ProgressStyle};
use parlour_storage::verify::Progress;

use super::config_args::ConfigArgs;
use crate::{
    config::{Config, Engine},
    exit::{Exit, Failure},
};

/// The folder of the store that the configuration says.
pub(super) fn store(config: &ConfigArgs) -> anyhow::Result<PathBuf> {
    let config = config.sources().load()?.config;
    let path = config.node.data.join("sled");
    if path.is_dir() {
        return Ok(path);
    }
    Err(no_data(&config))
}

/// The configuration, if it leads to data that a node would open.
pub(super) fn config(config: &ConfigArgs) -> anyhow::Result<Config> {
    let config = config.sources().load()?.config;
    let is_there = config.node.data.join("sled").join("db").is_file();
    if config.storage.engine != Engine::Sled || !is_there {
        return Err(no_data(&config));
    }
    Ok(config)
}

fn no_data(config: &Config) -> anyhow::Error {
    let data = config.node.data.display();
    let message = format!("there is no data in {data}; choose with --data");
    Failure::new(Exit::Unavailable, message).into()
}

/// A progress bar on standard error, if that is a terminal.
#[derive(Debug)]
pub(super) struct Bar {
    bar: ProgressBar,
    verb: &'static str,
    things: &'static str,
}

impl Bar {
    /// `verb`: what is done with what: `checking`, `records`.
    pub(super) fn new(verb: &'static str, things: &'static str) -> Self {
        let bar = ProgressBar::no_length();
        Self { bar, verb, things }
    }

    /// One of what nobody knows the end of, such as `records written anew`.
    pub(super) fn counting(things: &'static str) -> Self {
        let bar = Self::new("", things);
        let style = ProgressStyle::with_template(&format!("{{spinner}} {{human_pos}} {things}"));
        if let Ok(style) = style {
            bar.bar.set_style(style);
        }
        bar
    }

    /// One that is never seen: it would stand between the lines that are printed.
    pub(super) fn hidden() -> Self {
        let bar = ProgressBar::hidden();
        let (verb, things) = ("", "");
        Self { bar, verb, things }
    }

    pub(super) fn show(&self, progress: Progress) {
        match progress.total {
            None => self.bar.set_message("counting"),
            Some(total) if self.bar.length().is_none() => {
                self.bar.set_length(total);
                self.bar.set_message(self.verb);
                let template = format!(
                    "{{msg}} {{bar:40}} {{percent}}% {{human_pos}}/{{human_len}} {}, {{eta}} left",
                    self.things
                );
                let style = ProgressStyle::with_template(&template);
                self.bar
                    .set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
            }
            Some(_) => {}
        }
        self.bar.set_position(progress.n_records);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
