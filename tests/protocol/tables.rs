//! The tables of the documentation against the lists in the code.

use std::{collections::BTreeSet, fs, path::Path};

use parlour::{
    config::{OPTIONS, Opt, SECTIONS, limited},
    dialects::native::types::{EventType, RequestType},
    http::{api::ROUTES, error::status},
    push::Tally,
};
use parlour_actors::{
    counters::Counters,
    error::{CloseCode, ErrorCode},
};
use parlour_storage::{domain::event::TOPICS, ids::MessageId};

use super::document::Document;

fn yes_or_no(yes: bool) -> &'static str {
    if yes { "yes" } else { "no" }
}

fn protocol() -> Document {
    Document::read("docs/protocol.md")
}

#[test]
fn every_error_code_is_there_with_its_status() {
    let document = protocol();
    let rows = document.table(&["Number", "Code", "Status", "Retry"]);
    let written: Vec<_> = rows.iter().map(|row| row[..4].join(" ")).collect();
    let real: Vec<_> = ErrorCode::ALL
        .iter()
        .map(|code| {
            let (number, label, status) = (code.number(), code.label(), status(*code).as_u16());
            format!("{number} {label} {status} {}", yes_or_no(code.retry()))
        })
        .collect();
    assert_eq!(written, real);
}

#[test]
fn every_close_code_is_there() {
    let document = protocol();
    let rows = document.table(&["Code", "Reason", "Reconnect"]);
    let written: Vec<_> = rows.iter().map(|row| row[..3].join(" ")).collect();
    let real: Vec<_> = CloseCode::ALL
        .iter()
        .map(|code| {
            let reconnect = yes_or_no(code.reconnect());
            format!("{} {} {reconnect}", code.number(), code.reason())
        })
        .collect();
    assert_eq!(written, real);
}

/// The words in code marks, and what stands before each.
fn codes(cell: &str) -> impl Iterator<Item = (&str, &str)> {
    let parts: Vec<_> = cell.split('`').collect();
    let pairs: Vec<_> = parts
        .chunks_exact(2)
        .map(|pair| (pair[0], pair[1]))
        .collect();
    pairs.into_iter()
}

#[test]
fn every_request_is_there_with_its_routes() {
    let document = protocol();
    let rows = document.table(&["Request", "REST"]);
    let written: BTreeSet<_> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    let real: BTreeSet<_> = RequestType::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(written, real);

    // Those of moderators have no frame, and neither have exports.
    let without = document.tables(&["Route", "Fields"]);
    let routes = rows.iter().map(|row| row[1]);
    let routes = routes.chain(without.iter().map(|row| row[0]));
    let written: BTreeSet<_> = routes
        .flat_map(codes)
        .flat_map(|(before, path)| {
            let methods = before.split([' ', ',']).filter(|word| !word.is_empty());
            methods.map(move |method| format!("{} {path}", method.to_lowercase()))
        })
        .collect();
    let real: BTreeSet<_> = ROUTES
        .iter()
        .map(|(m, path)| format!("{m} {path}"))
        .collect();
    assert_eq!(written, real);
}

#[test]
fn every_event_is_there() {
    let document = protocol();
    let rows = document.table(&["Event"]);
    let written: BTreeSet<_> = rows
        .iter()
        .flat_map(|row| codes(row[0]))
        .map(|(_, name)| name)
        .collect();
    let events = EventType::ALL.iter().map(|kind| kind.name());
    assert_eq!(written, events.chain(["hello"]).collect());
}

#[test]
fn limits_have_the_defaults_of_their_options() {
    let document = protocol();
    let rows = document.table(&["What", "Option", "Default"]);
    assert!(!rows.is_empty());
    for row in rows {
        let key = row[1].trim_matches('`');
        let option = Opt::find(key).unwrap_or_else(|| panic!("there is no option {key}"));
        assert_eq!(row[2], option.default, "{key}");
    }
}

/// An operator decides by docs/policy.md, so nothing of the policy may be missing there.
#[test]
fn the_policy_page_has_every_option_with_its_default_and_its_bounds() {
    let document = Document::read("docs/policy.md");
    let rows = document.tables(&["Option", "Default", "Values"]);
    let written: BTreeSet<_> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(written.len(), rows.len(), "an option stands there twice");
    let options = OPTIONS.iter().filter(|option| option.section == "policy");
    let real: BTreeSet<_> = options.map(|option| option.key).collect();
    assert_eq!(written, real);
    for row in rows {
        let option = Opt::find(row[0].trim_matches('`')).expect("found above");
        let default = match option.default {
            "" => "none",
            default => default,
        };
        assert_eq!(row[1], default, "{}", option.key);
        if let Some((min, max)) = option.bounds {
            assert_eq!(row[2], format!("{min} to {max}"), "{}", option.key);
        } else if option.value_name.contains('|') {
            assert_eq!(
                row[2],
                option.value_name.replace('|', ", "),
                "{}",
                option.key
            );
        }
    }
}

#[test]
fn the_policy_page_has_every_refusal_of_the_policy_with_its_status() {
    let document = Document::read("docs/policy.md");
    let rows = document.table(&["Code", "Status", "When"]);
    let written: BTreeSet<_> = rows.iter().map(|row| row[..2].join(" ")).collect();
    // What first contact, safety and files brought, what blocks, and the limits.
    let is_of_policy = |code: &&ErrorCode| {
        use ErrorCode as E;
        let new = matches!(code.number(), 2004..2010 | 2020..2045 | 2060..2065);
        new || matches!(code, E::TooLarge | E::NotAllowed | E::RateLimited)
    };
    let codes = ErrorCode::ALL.iter().filter(is_of_policy);
    let real = codes.map(|code| format!("{} {}", code.label(), status(*code).as_u16()));
    assert_eq!(written, real.collect());
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/policy.md"))
        .expect("readable");
    for action in limited() {
        assert!(text.contains(&format!("`{}`", action.name())), "{action:?}");
    }
    for row in document.table(&["Code", "Status", "When"]) {
        assert!(!row[2].is_empty(), "{row:?}");
    }
}

#[test]
fn every_option_that_is_named_exists() {
    for path in [
        "docs/protocol.md",
        "docs/operations.md",
        "docs/dialects.md",
        "docs/policy.md",
        "docs/push.md",
    ] {
        let document = Document::read(path);
        let in_section = |word: &&str| {
            let section = word.split_once('.').map(|(section, _)| section);
            SECTIONS.iter().any(|known| Some(known.name) == section)
        };
        let words: Vec<_> = document.code().filter(in_section).collect();
        assert!(!words.is_empty(), "{path} names no option");
        for word in words {
            assert!(
                Opt::find(word).is_some(),
                "{path}: there is no option {word}"
            );
        }
    }
}

#[test]
fn the_other_spelling_of_an_id_is_right() {
    let id: MessageId = "7".parse().expect("an id");
    let uuid = id.to_uuid().to_string();
    let document = protocol();
    assert!(document.code().any(|word| word == uuid), "7 is {uuid}");
}

#[test]
fn every_metric_is_there() {
    let document = Document::read("docs/operations.md");
    let rows = document.table(&["Metric"]);
    let written: BTreeSet<_> = rows
        .iter()
        .map(|row| row[0].trim_matches('`').to_owned())
        .collect();
    let counters = Counters::default().all();
    let totals = counters
        .iter()
        .map(|(name, _)| format!("parlour_{name}_total"));
    let pushes = Tally::default()
        .all()
        .map(|(name, _)| format!("parlour_{name}_total"));
    let gauges = [
        "parlour_connections",
        "parlour_rooms",
        "parlour_scheduled_pending",
        "parlour_search_behind",
        "parlour_webhook_lag_seconds",
    ]
    .map(str::to_owned);
    assert_eq!(written, totals.chain(pushes).chain(gauges).collect());
}

#[test]
fn every_flag_in_deploy_exists() {
    for path in [
        "deploy/parlour.flags",
        "deploy/parlour.service",
        "deploy/nginx.conf",
        "deploy/Caddyfile",
    ] {
        let text =
            fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).expect("a file");
        let flags: Vec<_> = text
            .split("--")
            .skip(1)
            .filter_map(|rest| rest.split_once('='))
            .collect();
        assert!(!flags.is_empty(), "{path} has no flag");
        for (flag, _) in flags {
            assert!(
                flag == "flagfile" || Opt::of_flag(flag).is_some(),
                "{path}: --{flag}"
            );
        }
    }
}

/// Whoever writes a back end decides by docs/events.md what to listen to.
#[test]
fn every_topic_of_events_is_there_once() {
    let document = Document::read("docs/events.md");
    let rows = document.table(&["Topic", "Told", "`data`"]);
    let written: Vec<_> = rows.iter().map(|row| row[0].trim_matches('`')).collect();
    assert_eq!(written, TOPICS);
}
