//! Every route and event that the code has stands in `ways.txt`, and nothing else does.

use std::collections::BTreeSet;

use parlour::{
    dialects::{Dialect, marketplace, matched, native::types::RequestType, routes, socketio},
    http::api::ROUTES,
};

use crate::tables::ways;

/// The parts of a path, whoever's they are: `{own}` is a message like any other.
fn plain(path: &str) -> String {
    [
        ("own", "message"),
        ("flagged", "message"),
        ("group", "conversation"),
    ]
    .into_iter()
    .fold(path.to_owned(), |path, (ours, theirs)| {
        path.replace(&format!("{{{ours}}}"), &format!("{{{theirs}}}"))
    })
}

#[test]
fn every_way_has_a_row() {
    let mut real = BTreeSet::new();
    for (method, path) in ROUTES {
        real.insert(format!("REST {} {path}", method.to_uppercase()));
    }
    for route in routes() {
        let method = format!("{:?}", route.method).to_uppercase();
        real.insert(format!("REST {method} {}", route.path));
    }
    for kind in RequestType::ALL {
        real.insert(format!("{} {}", Dialect::Native, kind.name()));
    }
    for events in socketio::dialects() {
        for event in events.incoming() {
            real.insert(format!("{} {event}", events.dialect()));
        }
    }
    for (dialect, frames) in [
        (Dialect::Marketplace, marketplace::INCOMING),
        (Dialect::Matched, matched::INCOMING),
    ] {
        for frame in frames {
            real.insert(format!("{dialect} {frame}"));
        }
    }
    let written: BTreeSet<_> = ways()
        .iter()
        .map(|way| match &*way.method {
            "" => format!("{} {}", way.transport, way.name),
            method => format!("REST {method} {}", plain(&way.name)),
        })
        .collect();
    let missing: Vec<_> = real.difference(&written).collect();
    let unknown: Vec<_> = written.difference(&real).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "tests/matrix/ways.txt lacks {missing:#?} and has {unknown:#?}"
    );
}
