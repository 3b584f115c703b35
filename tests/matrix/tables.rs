//! The two tables: `ways.txt` and `verdicts.txt`.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// One row of `ways.txt`.
#[derive(Clone, Debug)]
pub(crate) struct Way {
    /// `REST`, or the dialect whose socket it is.
    pub(crate) transport: String,
    /// An HTTP method, or nothing.
    pub(crate) method: String,
    /// A path, or the name of an event or a frame.
    pub(crate) name: String,
    /// A row of the verdicts.
    pub(crate) doing: String,
    /// What this dialect says in place of what others say.
    said: Option<(String, String)>,
    /// The body, with places to be filled in.
    pub(crate) body: Value,
}

impl Way {
    fn parse(line: &str) -> Self {
        let (words, body) = match line.find(" {\"").or_else(|| line.find(" {}")) {
            Some(at) => (&line[..at], serde_json::from_str(&line[at..]).unwrap()),
            None => (line, Value::Null),
        };
        let words: Vec<_> = words.split_whitespace().collect();
        let (transport, method, name, doing) = match *words {
            ["REST", method, path, doing] => ("REST", method, path, doing),
            [dialect, event, doing] => (dialect, "", event, doing),
            _ => panic!("not a way: {line}"),
        };
        let (doing, said) = doing.split_once(',').unwrap_or((doing, ""));
        Self {
            transport: transport.to_owned(),
            method: method.to_owned(),
            name: name.to_owned(),
            doing: doing.to_owned(),
            said: said
                .split_once('=')
                .map(|(others, this)| (others.to_owned(), this.to_owned())),
            body,
        }
    }

    /// A verdict in the words of this way.
    pub(crate) fn said<'a>(&'a self, verdict: &'a str) -> &'a str {
        match &self.said {
            Some((others, this)) if others == verdict => this,
            _ => verdict,
        }
    }

    /// Whether it says something to somebody, who could be shown it.
    pub(crate) fn has_text(&self) -> bool {
        self.body.to_string().contains("{text}")
    }

    /// The same with its places filled in.
    pub(crate) fn filled(&self, places: &[(&str, &str)]) -> Self {
        let fill = |text: &str| {
            let filled = places.iter().fold(text.to_owned(), |text, (name, value)| {
                text.replace(&format!("{{{name}}}"), value)
            });
            assert!(!filled.contains('{'), "{filled}: there is no such place");
            filled
        };
        fn walk(value: &Value, fill: &impl Fn(&str) -> String) -> Value {
            match value {
                Value::String(text) => fill(text).into(),
                Value::Array(list) => list.iter().map(|item| walk(item, fill)).collect(),
                Value::Object(map) => {
                    let filled = map.iter().map(|(name, v)| (name.clone(), walk(v, fill)));
                    Value::Object(filled.collect())
                }
                other => other.clone(),
            }
        }
        Self {
            name: fill(&self.name),
            body: walk(&self.body, &fill),
            ..self.clone()
        }
    }
}

fn lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines()
        .filter(|line| !line.trim().is_empty() && !line.starts_with('#'))
}

/// All ways.
pub(crate) fn ways() -> Vec<Way> {
    lines(include_str!("ways.txt")).map(Way::parse).collect()
}

/// What comes of what.
#[derive(Debug)]
pub(crate) struct Verdicts {
    /// By gate (or `both`), doing and person.
    cells: BTreeMap<(String, String, String), String>,
    /// The people, in the order of the columns.
    pub(crate) people: Vec<String>,
}

impl Verdicts {
    pub(crate) fn read() -> Self {
        let (mut cells, mut people, mut gate) = (BTreeMap::new(), Vec::new(), String::new());
        for line in lines(include_str!("verdicts.txt")) {
            let (first, rest) = line.split_once(char::is_whitespace).unwrap();
            let row: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
            if let Some(name) = first.strip_prefix('[') {
                name.trim_end_matches(']').clone_into(&mut gate);
                if gate == "suspended" {
                    continue;
                }
                assert!(people.is_empty() || people == row, "{line}");
                people = row;
                continue;
            }
            let suspended = ["suspended".to_owned()];
            let columns = match &*gate {
                "suspended" => &suspended[..],
                _ => &people,
            };
            assert_eq!(row.len(), columns.len(), "{line}");
            for (person, verdict) in columns.iter().zip(row) {
                let place = (gate.clone(), first.to_owned(), person.clone());
                assert!(cells.insert(place, verdict).is_none(), "twice: {line}");
            }
        }
        Self { cells, people }
    }

    /// What comes of it.
    pub(crate) fn of(&self, gate: &str, way: &Way, person: &str) -> &str {
        let doing = &way.doing;
        let at = |gate: &str| {
            let place = (gate.to_owned(), doing.clone(), person.to_owned());
            self.cells.get(&place)
        };
        match person {
            // A socket isn't opened to them, whatever they would do there.
            "suspended" if way.transport == "REST" => {
                return at("suspended").map_or("SUSPENDED", |own| own);
            }
            "suspended" => return "SUSPENDED",
            "stranger" => return "UNAUTHORIZED",
            _ => {}
        }
        match (at("both"), at(gate)) {
            (Some(both), None) => both,
            (None, Some(one)) => one,
            _ => panic!("{doing} by {person} has to stand under [both] or under [{gate}]"),
        }
    }
}

#[test]
fn the_tables_fit_each_other() {
    let verdicts = Verdicts::read();
    let ways = ways();
    for way in &ways {
        for gate in ["request", "match"] {
            for person in &verdicts.people {
                verdicts.of(gate, way, person);
            }
        }
    }
    let done: BTreeSet<_> = ways.iter().map(|way| &way.doing).collect();
    for (_, doing, _) in verdicts.cells.keys() {
        assert!(done.contains(doing), "no way does {doing}");
    }
}

#[test]
fn a_way_is_read_and_filled_in() {
    let way = Way::parse(r#"REST POST /a/{user}/b   write,A=B  {"to":["{user}"],"n":1}"#);
    assert_eq!((way.said("A"), way.said("C")), ("B", "C"));
    let filled = way.filled(&[("user", "7")]);
    assert_eq!(filled.name, "/a/7/b");
    assert_eq!(filled.body, json!({ "to": ["7"], "n": 1 }));
}
