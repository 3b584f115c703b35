//! The ready-made policies in flags/: they can be loaded, and set the numbers of the systems they are named after.

use std::path::Path;

use parlour::{
    config::{Config, OPTIONS},
    dialects::Dialect,
};

use crate::bench::{Bench, SECRET};

/// The items of the contract that ask for it, the option, and its value.
type Setting = (&'static str, &'static str, &'static str);

/// What each preset sets.
const SET: [(Dialect, &[Setting]); 5] = [
    (
        Dialect::Dating,
        &[
            ("S0-14", "http.listen_dialect", "dating=3001"),
            ("S0-35 S0-36", "policy.contact_gate", "request"),
            ("S0-47", "policy.receipts", "premium"),
            ("S0-62 S0-65", "policy.html", "strip"),
            ("S0-75", "attachments.enabled", "false"),
            ("S0-90", "rooms.typing_timeout", "3s"),
            ("S0-91", "policy.message_length_max", "1000"),
            ("S0-92", "policy.request_length_max", "250"),
            (
                "S0-57 S0-58 S0-59 S0-60",
                "policy.limits",
                "message.send=100 per 1h,ws.message=2 per 1s,request.send=10 per 1h,conversation.read=60 per 1m,contact.new=60 per 1h,report=5 per 1day,like=200 per 1h",
            ),
        ],
    ),
    (
        Dialect::Marketplace,
        &[
            ("S1-01", "http.listen_dialect", "marketplace=8000"),
            ("S1-31 S1-34 S1-55 S1-56", "policy.profanity", "placeholder"),
            ("S1-32 S1-33", "policy.contact_details", "flag"),
            ("S1-46", "policy.html", "strip"),
            (
                "S1-22",
                "attachments.types",
                "image/jpeg,image/png,image/gif,application/pdf,text/plain,application/msword,application/vnd.openxmlformats-officedocument.wordprocessingml.document",
            ),
            ("S1-54", "session.ping_interval", "30s"),
        ],
    ),
    (
        Dialect::Matched,
        &[
            ("S2-21", "policy.contact_gate", "match"),
            ("S2-64", "attachments.enabled", "false"),
            ("S2-23", "policy.retention_age", "365days"),
            ("S2-25", "policy.audit", "all"),
            ("S2-27", "session.per_user_max", "5"),
            (
                "S2-26 S2-28",
                "policy.limits",
                "message.send=10 per 1m,request.send=30 per 1h,contact.new=60 per 1h,report=5 per 1day,like=200 per 1h",
            ),
        ],
    ),
    (
        Dialect::Gateway,
        &[
            ("S3-10", "http.listen_dialect", "gateway=4000"),
            ("S3-25", "push.content", "true"),
        ],
    ),
    (
        Dialect::Direct,
        &[
            ("S4-11", "http.listen_dialect", "direct=3010"),
            ("S4-35", "policy.html", "strip"),
        ],
    ),
];

fn path(dialect: Dialect) -> String {
    let flags = Path::new(env!("CARGO_MANIFEST_DIR")).join("flags");
    let path = flags.join(format!("{dialect}.flags"));
    path.to_str().expect("UTF-8").to_owned()
}

#[test]
fn every_dialect_but_the_native_one_has_a_preset() {
    let named: Vec<_> = SET.iter().map(|(dialect, _)| *dialect).collect();
    let others = Dialect::ALL.iter().copied();
    let others: Vec<_> = others.filter(|d| *d != Dialect::Native).collect();
    assert_eq!(named, others);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("flags");
    // And the one for measuring.
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), named.len() + 1);
}

/// What flags/bench.flags may touch: bounds of people and of what waits. What a message goes through is the product.
#[test]
fn measuring_lifts_limits_and_leaves_everything_else() {
    const LIFTED: [&str; 8] = [
        "log.level",
        "policy.limits",
        "rooms.mailbox_max",
        "session.handshakes_per_ip",
        "session.in_flight_max",
        "session.outbox_frames_max",
        "session.outbox_max",
        "session.per_ip_max",
    ];
    let bench = Bench::new();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("flags/bench.flags");
    let line = format!("config print --format flags --flagfile {}", file.display());
    let page = bench.ok(&line, &[]);
    let printed = page.lines().filter(|line| !line.is_empty());
    let defaults = Config::default().entries();
    let mut lifted: Vec<_> = printed
        .zip(OPTIONS.iter().zip(&defaults))
        .filter(|(line, (option, (_, default)))| **line != format!("--{}={default}", option.flag()))
        .map(|(_, (option, _))| option.key)
        .collect();
    lifted.sort_unstable();
    assert_eq!(lifted, LIFTED);
    assert!(page.contains("--policy-limits=\n"), "no rate is left");
}

#[test]
fn a_preset_sets_the_numbers_of_its_system_and_nothing_else() {
    let bench = Bench::new();
    let defaults = Config::default().entries();
    for (dialect, set) in SET {
        let line = format!("--flagfile {}", path(dialect));
        let checked = bench.ok(&format!("config check {line}"), &[("JWT_SECRET", SECRET)]);
        assert_eq!(checked, "the configuration is good\n", "{dialect}");

        let page = bench.ok(&format!("config print --format flags {line}"), &[]);
        let printed = page.lines().filter(|line| !line.is_empty());
        assert_eq!(printed.clone().count(), OPTIONS.len());
        for (line, (option, default)) in printed.zip(&defaults) {
            let expected = set.iter().find(|(_, key, _)| *key == option.key);
            let (id, _, value) = *expected.unwrap_or(&("default", option.key, default));
            let expected = format!("--{}={value}", option.flag());
            assert_eq!(line, expected, "{dialect}: {id}");
        }
    }
}

#[test]
fn presets_can_be_combined_and_overruled() {
    let bench = Bench::new();
    let all: String = SET
        .iter()
        .map(|(dialect, _)| format!(" --flagfile {}", path(*dialect)))
        .collect();
    let listeners = |more: &str| {
        let page = bench.ok(&format!("config print --format flags{all}{more}"), &[]);
        let name = "--http-listen-dialect=";
        let mut values = page.lines().filter_map(|line| line.strip_prefix(name));
        values.next().expect("an option").to_owned()
    };
    assert_eq!(
        listeners(""),
        "dating=3001,marketplace=8000,gateway=4000,direct=3010"
    );
    assert_eq!(listeners(" --listen-dialect="), "");
    assert_eq!(
        listeners(" --listen-dialect=direct=[::1]:1 --listen-dialect gateway=2"),
        "direct=[::1]:1,gateway=2"
    );
}
