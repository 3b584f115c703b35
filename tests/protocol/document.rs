//! A page of the documentation, taken apart: its tables, and the entries of its examples.
//!
//! Knows the form of an example and not its meaning.

use std::{fs, path::Path};

/// A page.
#[derive(Debug)]
pub(crate) struct Document(String);

/// One line of an example, with the indented lines below it.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Where it stands, from 1.
    pub(crate) line: usize,
    /// Which way it goes.
    pub(crate) way: Way,
    /// Whose it is; nobody's where REST goes on.
    pub(crate) who: Vec<String>,
    /// The rest.
    pub(crate) text: String,
}

/// Which way an entry goes, and over what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    /// `→`: over a connection, to the node.
    Sent,
    /// `←`: over a connection, from the node.
    Received,
    /// `>`: a REST request.
    Asked,
    /// `<`: its answer.
    Answered,
}

impl Document {
    /// Reads a page of the repository.
    pub(crate) fn read(path: &str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        Self(fs::read_to_string(path).expect("a page of the documentation"))
    }

    /// The rows of the table whose head has these cells, without it. Code marks are kept.
    pub(crate) fn table(&self, head: &[&str]) -> Vec<Vec<&str>> {
        let mut lines = self.0.lines();
        let found = lines.find(|line| cells(line).is_some_and(|cells| cells.starts_with(head)));
        assert!(found.is_some(), "there is no table {head:?}");
        lines.skip(1).map_while(cells).collect()
    }

    /// The rows of all tables with this head.
    pub(crate) fn tables(&self, head: &[&str]) -> Vec<Vec<&str>> {
        let mut rows = Vec::new();
        let mut inside = false;
        for line in self.0.lines() {
            match cells(line) {
                None => inside = false,
                Some(cells) if cells.starts_with(head) => inside = true,
                Some(cells) if inside && !cells[0].starts_with("--") => rows.push(cells),
                Some(_) => {}
            }
        }
        assert!(!rows.is_empty(), "there is no table {head:?}");
        rows
    }

    /// All words in code marks.
    pub(crate) fn code(&self) -> impl Iterator<Item = &str> {
        let prose = self.0.split("```").step_by(2);
        prose.flat_map(|part| part.split('`').skip(1).step_by(2))
    }

    /// The entries of all examples, in their order.
    pub(crate) fn examples(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        let mut inside = false;
        for (line, number) in self.0.lines().zip(1..) {
            if line.starts_with("```") {
                inside = line == "```replay";
            } else if inside && line.starts_with(' ') {
                let entry = entries.last_mut().expect("something to go on with");
                entry.text = format!("{} {}", entry.text, line.trim());
            } else if inside && !line.is_empty() {
                entries.push(Entry::of(line, number));
            }
        }
        entries
    }
}

/// The cells of a line of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let row = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(row.split('|').map(str::trim).collect())
}

impl Entry {
    fn of(line: &str, number: usize) -> Self {
        let (arrow, rest) = line.split_once(' ').unwrap_or((line, ""));
        let way = match arrow {
            "→" => Way::Sent,
            "←" => Way::Received,
            ">" => Way::Asked,
            "<" => Way::Answered,
            _ => panic!("line {number} is no part of an example: {line}"),
        };
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase());
        let named = rest.split_once(": ").and_then(|(names, text)| {
            let names: Vec<_> = names.split(", ").map(str::to_owned).collect();
            names
                .iter()
                .all(|name| is_name(name))
                .then_some((names, text))
        });
        let (who, text) = named.unwrap_or((Vec::new(), rest));
        Self {
            line: number,
            way,
            who,
            text: text.to_owned(),
        }
    }

    /// The one whose it is.
    pub(crate) fn name(&self) -> &str {
        match self.who.as_slice() {
            [name] => name,
            _ => panic!("line {}: whose is this?", self.line),
        }
    }

    /// Its text as a header: `Name: value`.
    pub(crate) fn header(&self) -> Option<(&str, &str)> {
        let (name, value) = self.text.split_once(": ")?;
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_name.then_some((name, value))
    }
}
