//! docs/dialects.md against the code: what became of each item of the five systems, and every route and event.
//!
//! The items are in tests/dialects/ids.toml, and the tables of the document are made from it. After a change there:
//! `UPDATE=1 cargo test --test dialects_table`, which writes them anew; without it a difference is a failure.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::Path,
};

use parlour::dialects::{self, Dialect, refusal::refusal, rest::Method, socketio};
use parlour_actors::error::Failure;
use serde::Deserialize;

/// Whether an item may still be shown by `pending`. Off as soon as all dialects have their tests: then what is pending
/// is a failure, and so is a route or event that is documented and isn't there.
const PENDING_IS_ALLOWED: bool = false;

const PENDING: &str = "pending";

/// How many items each system has.
const SYSTEMS: [(&str, Dialect, u32); 5] = [
    ("S0", Dialect::Dating, 97),
    ("S1", Dialect::Marketplace, 75),
    ("S2", Dialect::Matched, 73),
    ("S3", Dialect::Gateway, 36),
    ("S4", Dialect::Direct, 47),
];

/// What is still to come, by the number of its issue.
const ISSUES: [(u32, &str); 4] = [
    (5, "files, search, notifications"),
    (6, "speed"),
    (7, "pages and documents"),
    (8, "operation and scale"),
];

/// What became of an item.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    what: String,
    done: Option<Vec<String>>,
    na: Option<String>,
    later: Option<u32>,
    note: Option<String>,
}

impl Item {
    /// Its status, and what there is to say about that.
    fn cells(&self) -> Result<(&'static str, String), String> {
        let (status, said) = match (&self.done, &self.na, self.later) {
            (Some(evidence), None, None) if !evidence.is_empty() => {
                let code = |evidence: &String| match evidence.as_str() {
                    PENDING => PENDING.to_owned(),
                    shown => format!("`{shown}`"),
                };
                (
                    "done",
                    evidence.iter().map(code).collect::<Vec<_>>().join(", "),
                )
            }
            (None, Some(why), None) if !why.is_empty() => ("n/a", why.clone()),
            (None, None, Some(number)) => {
                let issue = ISSUES.iter().find(|(known, _)| *known == number);
                let (_, title) = issue.ok_or(format!("there is no issue {number} to come"))?;
                ("later", format!("{number}, {title}"))
            }
            _ => return Err("it needs one status: done, na or later".into()),
        };
        let note = self.note.as_ref();
        Ok((
            status,
            note.map_or(said.clone(), |note| format!("{said}; {note}")),
        ))
    }
}

fn read(path: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn items() -> BTreeMap<String, Item> {
    toml::from_str(&read("tests/dialects/ids.toml")).expect("items")
}

fn ids(system: &str, n_items: u32) -> impl Iterator<Item = String> {
    (1..=n_items).map(move |number| format!("{system}-{number:02}"))
}

/// Why a test or file does not show anything.
fn fault(evidence: &str) -> Option<String> {
    let (path, function) = match evidence.split_once("::") {
        Some((path, function)) => (path, Some(function)),
        None => (evidence, None),
    };
    let Ok(text) = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)) else {
        return Some(format!("there is no file {path}"));
    };
    let function = function?;
    let head = format!("fn {function}(");
    let lines: Vec<_> = text.lines().map(str::trim).collect();
    let at = lines.iter().position(|line| line.contains(&head));
    let is_test = |at: usize| {
        let mut above = lines[..at].iter().rev();
        let mut attributes = above.by_ref().take_while(|line| line.starts_with("#["));
        attributes.any(|line| line.contains("test"))
    };
    match at {
        None => Some(format!("{path} has no function {function}")),
        // Generated tests, as those of proptest, have their attribute inside the macro all the same.
        Some(at) if !is_test(at) => Some(format!("{function} in {path} is no test")),
        Some(_) => None,
    }
}

#[test]
fn every_item_is_there_and_what_is_done_is_shown() {
    let items = items();
    let expected: BTreeSet<_> = SYSTEMS
        .iter()
        .flat_map(|(system, _, n_items)| ids(system, *n_items))
        .collect();
    let known: BTreeSet<_> = items.keys().cloned().collect();
    assert_eq!(known, expected);

    let mut faults = Vec::new();
    let mut n_pending = 0;
    for (id, item) in &items {
        if let Err(reason) = item.cells() {
            faults.push(format!("{id}: {reason}"));
        }
        for evidence in item.done.iter().flatten() {
            if evidence == PENDING {
                n_pending += 1;
                continue;
            }
            faults.extend(fault(evidence).map(|reason| format!("{id}: {reason}")));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert_eq!(
        0 < n_pending,
        PENDING_IS_ALLOWED,
        "{n_pending} items are pending: name their tests, and switch PENDING_IS_ALLOWED off with the last"
    );
}

/// The table of a system, with its marks, as the document has it.
fn table((system, _, n_items): (&str, Dialect, u32), items: &BTreeMap<String, Item>) -> String {
    let mut rows = String::new();
    let mut counts = BTreeMap::new();
    for id in ids(system, n_items) {
        let item = &items[&id];
        let (status, said) = item.cells().expect("another test looks at them");
        *counts.entry(status).or_insert(0) += 1;
        writeln!(rows, "| {id} | {} | {status} | {said} |", item.what).expect("memory");
    }
    let counts: Vec<_> = counts
        .iter()
        .map(|(status, n)| format!("{n} {status}"))
        .collect();
    format!(
        "{}\n\n{n_items} items: {}.\n\n| Id | What | | |\n|---|---|---|---|\n{rows}\n{}",
        begin(system),
        counts.join(", "),
        END
    )
}

fn begin(system: &str) -> String {
    format!("<!-- {system}: made by tests/dialects_table.rs from tests/dialects/ids.toml -->")
}

const END: &str = "<!-- end -->";

#[test]
fn the_tables_of_the_document_are_those_of_the_items() {
    let items = items();
    let written = read("docs/dialects.md");
    let mut fresh = written.clone();
    for system in SYSTEMS {
        let begin = begin(system.0);
        let start = fresh.find(&begin).unwrap_or_else(|| panic!("no {begin}"));
        let length = fresh[start..].find(END).expect("an end") + END.len();
        fresh.replace_range(start..start + length, &table(system, &items));
    }
    #[expect(clippy::disallowed_methods, reason = "no option of the node")]
    let update = std::env::var("UPDATE").is_ok();
    if update {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/dialects.md");
        fs::write(path, fresh).expect("writable");
        return;
    }
    let differs = written.lines().zip(fresh.lines()).find(|(a, b)| a != b);
    assert!(
        written == fresh,
        "run `UPDATE=1 cargo test --test dialects_table`: {differs:?}"
    );
}

/// The first cells' words in code marks, of the tables of a section whose first head is `head`.
fn documented(document: &str, section: &str, head: &str) -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    let (mut in_section, mut in_table) = (false, false);
    for line in document.lines() {
        if let Some(title) = line.strip_prefix("## ") {
            in_section = title == section;
        }
        let Some(cell) = line
            .strip_prefix("| ")
            .and_then(|row| row.split(" |").next())
        else {
            in_table = line.starts_with("|-") && in_table;
            continue;
        };
        if !cell.contains('`') {
            in_table = cell == head;
        } else if in_section && in_table {
            words.extend(cell.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    words
}

/// What is in the code is in the document; and the other way round, once all is there.
fn compare(what: &str, written: &BTreeSet<String>, real: &BTreeSet<String>) {
    let missing: Vec<_> = real.difference(written).collect();
    assert!(missing.is_empty(), "{what}: not documented: {missing:?}");
    let extra: Vec<_> = written.difference(real).collect();
    let may_come = PENDING_IS_ALLOWED;
    assert!(may_come || extra.is_empty(), "{what}: not there: {extra:?}");
}

#[test]
fn every_route_is_documented() {
    let document = read("docs/dialects.md");
    let written = SYSTEMS.iter().flat_map(|(_, dialect, _)| {
        let routes = documented(&document, dialect.name(), "Route");
        assert!(!routes.is_empty(), "{dialect}");
        routes
    });
    let method = |method| match method {
        Method::Get => "GET",
        Method::Post => "POST",
        Method::Put => "PUT",
        Method::Delete => "DELETE",
    };
    let real = dialects::routes().map(|route| format!("{} {}", method(route.method), route.path));
    compare("routes", &written.collect(), &real.collect());
}

#[test]
fn every_event_is_documented() {
    let document = read("docs/dialects.md");
    for events in socketio::dialects() {
        let name = events.dialect().name();
        for (head, real) in [
            ("Event in", events.incoming()),
            ("Event out", events.outgoing()),
        ] {
            let real = real.iter().map(ToString::to_string).collect();
            let written = documented(&document, name, head);
            compare(&format!("{name}, {head}"), &written, &real);
        }
    }
}

#[test]
fn the_error_is_the_one_that_is_sent() {
    let document = read("docs/dialects.md");
    let example = document.split("```json\n").nth(1).expect("an example");
    let example = example.split("```").next().expect("its end");
    let mut written: serde_json::Value = serde_json::from_str(example).expect("JSON");
    let mut sent = refusal(&Failure::no_message());
    for body in [&mut written, &mut sent] {
        let moment = body["timestamp"].take();
        assert!(moment.is_string(), "{moment}");
    }
    assert_eq!(written, sent);
}

#[test]
fn the_checks_see_what_they_look_for() {
    let here = "tests/dialects_table.rs";
    assert_eq!(fault(here), None);
    assert_eq!(fault("tests/limits.rs::a_body_is_bounded"), None);
    for (evidence, reason) in [
        ("tests/nothing.rs".to_owned(), "there is no file"),
        (format!("{here}::no_such_test"), "has no function"),
        (format!("{here}::compare"), "is no test"),
    ] {
        let found = fault(&evidence).unwrap_or_default();
        assert!(found.contains(reason), "{evidence}: {found}");
    }
    for text in [
        "what = 'x'",
        "what = 'x'\ndone = []",
        "what = 'x'\nlater = 4",
        "what = 'x'\nlater = 5\nna = 'y'",
    ] {
        let item: Item = toml::from_str(text).expect("an item");
        assert!(item.cells().is_err(), "{text}");
    }
    let document = "## a\n| Route | |\n|---|---|\n| `GET /a`, `PUT /a` | `x` |\n| Other | |\n| `b` | |\n## b\n| Route | |\n| `c` | |\n";
    let words = documented(document, "a", "Route");
    assert_eq!(words.into_iter().collect::<Vec<_>>(), ["GET /a", "PUT /a"]);
}
