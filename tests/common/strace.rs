//! What strace wrote down: which call of the node began and ended before which other.

use std::{fs, path::Path, process::Command};

use super::until;

/// A trace: its calls, in the order they began.
#[derive(Debug)]
pub(crate) struct Trace(Vec<Call>);

/// One system call.
#[derive(Debug)]
pub(crate) struct Call {
    /// Its name.
    pub(crate) name: String,
    /// Arguments and result, as strace writes them.
    pub(crate) text: String,
    /// When it began and ended, as lines of the trace: a total order.
    pub(crate) began: usize,
    pub(crate) ended: usize,
}

impl Trace {
    /// What stands before the node's own command line. The tracer steps aside (`-D`), so that the process the test
    /// starts, kills and waits for is the node itself.
    pub(crate) fn wrapper<'a>(output: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let found = Command::new("strace").arg("-V").output();
        assert!(
            found.is_ok_and(|found| found.status.success()),
            "strace is missing, and this test can't do without it: install the package strace (.ci/run does)"
        );
        let common = [
            "strace", "-D", "-f", "-q", "-y", "-s", "10000000", "-o", output,
        ];
        common.into_iter().chain(more.iter().copied()).collect()
    }

    /// Reads the trace of a process that has ended, once all of it is there.
    pub(crate) async fn read(path: &Path, pid: u32) -> Self {
        let of_process = |line: &str| line.split_whitespace().next() == Some(&pid.to_string());
        let ends = |line: &str| of_process(line) && line.contains(" +++ ");
        let text = until("end of the trace", async || {
            let text = fs::read_to_string(path).ok()?;
            text.lines().any(ends).then_some(text)
        })
        .await;
        Self::parse(&text)
    }

    /// Lines are `pid name(arguments) = result`; a call that another one interrupts has two,
    /// `pid name(arguments <unfinished ...>` and `pid <... name resumed>arguments) = result`.
    fn parse(text: &str) -> Self {
        let mut calls: Vec<Call> = Vec::new();
        let mut unfinished: Vec<(&str, usize)> = Vec::new();
        for (number, line) in text.lines().enumerate() {
            let Some((pid, rest)) = line.split_once(' ') else {
                continue;
            };
            let rest = rest.trim_start();
            if let Some(resumed) = rest.strip_prefix("<... ") {
                let at = unfinished.iter().position(|(of, _)| *of == pid);
                let Some(at) = at else { continue };
                let (_, call) = unfinished.swap_remove(at);
                let (_, rest) = resumed.split_once('>').unwrap_or_default();
                calls[call].text += rest;
                calls[call].ended = number;
                continue;
            }
            let Some((name, rest)) = rest.split_once('(') else {
                continue;
            };
            let (rest, ended) = match rest.strip_suffix("<unfinished ...>") {
                Some(rest) => {
                    unfinished.push((pid, calls.len()));
                    (rest, usize::MAX)
                }
                None => (rest, number),
            };
            calls.push(Call {
                name: name.to_owned(),
                text: rest.to_owned(),
                began: number,
                ended,
            });
        }
        Self(calls)
    }

    /// Its calls of a name.
    pub(crate) fn calls<'a>(&'a self, names: &'a [&str]) -> impl Iterator<Item = &'a Call> {
        self.0
            .iter()
            .filter(|call| names.contains(&call.name.as_str()))
    }
}
