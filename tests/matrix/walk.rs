//! The walk: everybody by every way.

use std::sync::Arc;

use futures_util::{StreamExt as _, stream};

use crate::{
    speak::verdict,
    tables::{Verdicts, Way, ways},
    world::World,
};

/// So many at a time.
const AT_ONCE: usize = 16;

#[tokio::test]
async fn under_the_gate_request_everybody_gets_what_the_table_says() {
    walk("request").await;
}

#[tokio::test]
async fn under_the_gate_match_everybody_gets_what_the_table_says() {
    walk("match").await;
}

async fn walk(gate: &str) {
    let (world, verdicts) = (Arc::new(World::new(gate).await), Verdicts::read());
    let people: Vec<_> = verdicts
        .people
        .iter()
        .map(String::as_str)
        .chain(["suspended", "stranger"])
        .collect();
    let ways = ways();
    let mut cells = Vec::new();
    for way in &ways {
        for person in &people {
            let expected = way.said(verdicts.of(gate, way, person)).to_owned();
            let number = cells.len();
            cells.push(cell(
                Arc::clone(&world),
                number,
                way.clone(),
                (*person).to_owned(),
                expected,
            ));
        }
    }
    let wrong: Vec<String> = stream::iter(cells.into_iter().map(tokio::spawn))
        .buffer_unordered(AT_ONCE)
        .filter_map(async |cell| cell.unwrap_or_else(|panic| Some(panic.to_string())))
        .collect()
        .await;
    assert!(
        wrong.is_empty(),
        "{} of the table are not so:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// One cell: two people nobody else has to do with. Says what is not as expected.
async fn cell(
    world: Arc<World>,
    number: usize,
    way: Way,
    person: String,
    expected: String,
) -> Option<String> {
    let pair = world.pair(number, &person).await;
    let found = verdict(&world.node, &pair, &way).await;
    let what = format!(
        "{} {} {} ({}) by {person}",
        way.transport, way.method, way.name, way.doing
    );
    if found != expected {
        return Some(format!("{what}: {found}, not {expected}"));
    }
    // What was refused is nowhere: it is not stored, and the other one is not shown it.
    if found != "ok" && way.has_text() {
        let text = format!("matrix {number}");
        for path in ["/v1/conversations", "/v1/requests"] {
            let shown = pair.other_rest.get(path).await.ok();
            if shown.to_string().contains(&text) {
                return Some(format!("{what}: refused, and shown in {path} all the same"));
            }
        }
    }
    None
}
