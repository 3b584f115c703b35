//! Where values come from, who wins, and how they are written down again.

use std::{fs, path::Path};

use parlour::config::{Config, Sources};

use crate::bench::{Bench, SECRET, assert_says, pair};

#[test]
fn config_toml_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.toml");
    let fresh = Bench::new().ok("config defaults", &[]);
    assert_eq!(
        fs::read_to_string(&path).unwrap(),
        fresh,
        "run `cargo run -- config defaults > config.toml`"
    );
    let sources = Sources {
        config: Some(path),
        ..Sources::default()
    };
    assert_eq!(sources.load().unwrap().config, Config::default());
}

#[test]
fn each_source_wins_over_the_weaker_ones_and_says_where_it_is_from() {
    let bench = Bench::new();
    bench.file("c.toml", "[session]\n# slower\nping_interval = \"11s\"\n");
    bench.file("one.flags", "\n--session-ping-interval=12s\n");
    let flag = "session-ping-interval";
    let files = "--config c.toml --flagfile one.flags";
    let alias = ("WS_HEARTBEAT_INTERVAL", "13");
    let ours = ("PARLOUR_SESSION_PING_INTERVAL", "14s");

    assert_eq!(bench.origin(flag, "", &[]), pair("default", "25s"));
    assert_eq!(
        bench.origin(flag, "--config c.toml", &[]),
        pair("c.toml:3", "11s")
    );
    assert_eq!(bench.origin(flag, files, &[]), pair("one.flags:2", "12s"));
    assert_eq!(
        bench.origin(flag, files, &[alias]),
        pair("environment WS_HEARTBEAT_INTERVAL", "13s")
    );
    assert_eq!(
        bench.origin(flag, files, &[alias, ours]),
        pair("environment PARLOUR_SESSION_PING_INTERVAL", "14s")
    );
    assert_eq!(
        bench.origin(
            flag,
            &format!("--session-ping-interval=15s {files}"),
            &[alias, ours]
        ),
        pair("command line", "15s")
    );
    let toml = bench.ok(&format!("config print --origin {files}"), &[]);
    assert_says(&toml, &["ping_interval = \"12s\"  # one.flags:2\n"]);
}

#[test]
fn a_config_toml_that_nobody_named_is_not_read() {
    let bench = Bench::new();
    bench.file("config.toml", "not even toml");
    assert_eq!(bench.origin("log-level", "", &[]), pair("default", "info"));
}

#[test]
fn flag_files_nest_relative_to_themselves_and_the_later_line_wins() {
    let bench = Bench::new();
    bench.file(
        "etc/main.flags",
        "--log-level=warn\n--flagfile=sub/more.flags\n--data=/b\n",
    );
    bench.file(
        "etc/sub/more.flags",
        "# more\n--log-level=debug\n--data=/a\n--dev\n",
    );
    bench.file("last.flags", "--nodev\n");
    let main = "--flagfile etc/main.flags";
    let both = "--flagfile etc/main.flags --flagfile last.flags";
    let level = pair("etc/sub/more.flags:2", "debug");
    assert_eq!(bench.origin("log-level", main, &[]), level);
    assert_eq!(
        bench.origin("node-data", main, &[]),
        pair("etc/main.flags:3", "/b")
    );
    assert_eq!(
        bench.origin("node-dev", main, &[]),
        pair("etc/sub/more.flags:4", "true")
    );
    assert_eq!(
        bench.origin("node-dev", both, &[]),
        pair("last.flags:1", "false")
    );
    let turned = format!("{both} --dev");
    assert_eq!(
        bench.origin("node-dev", &turned, &[]),
        pair("command line", "true")
    );
}

#[test]
fn the_names_of_other_chat_servers_are_understood_or_told_to_be_of_no_use() {
    let bench = Bench::new();
    let env = [
        ("WS_PORT", "3001"),
        ("REDIS_URL", "redis://localhost:6379"),
        ("MESSAGE_RATE_LIMIT", "100"),
        ("REQUEST_RATE_LIMIT", "10"),
        ("TYPING_TIMEOUT", "3500"),
        ("MAX_MESSAGE_LENGTH", "1000"),
        ("MAX_REQUEST_LENGTH", "250"),
        ("UPLOAD_DIR", "./uploads"),
        ("WS_HEARTBEAT_INTERVAL", "30"),
        ("ENABLE_CONTENT_MODERATION", "true"),
        ("PROFANITY_FILTER_STRICT", "false"),
        ("FCM_SERVER_KEY", "your_fcm_server_key"),
        ("ENABLE_PUSH_NOTIFICATIONS", "true"),
        ("DB_SYNC", "true"),
        ("FRONTEND_URL", "http://localhost:3000/"),
        ("JWT_SECRET", SECRET),
    ];
    assert_eq!(env.len(), 16);
    for (flag, name, value) in [
        ("http-listen-dialect", "WS_PORT", "dating=3001"),
        // The last of the two that is heard; both are in it.
        (
            "policy-limits",
            "REQUEST_RATE_LIMIT",
            "contact.new=60 per 1h,report=5 per 1day,like=200 per 1h,upload=100 per 1h,search=120 per 1m,schedule=120 per 1m,message.send=100 per 1h,request.send=10 per 1h",
        ),
        ("policy-request-length-max", "MAX_REQUEST_LENGTH", "250"),
        (
            "policy-profanity",
            "ENABLE_CONTENT_MODERATION",
            "placeholder",
        ),
        (
            "policy-contact-details",
            "ENABLE_CONTENT_MODERATION",
            "flag",
        ),
        ("rooms-typing-timeout", "TYPING_TIMEOUT", "3s 500ms"),
        ("policy-message-length-max", "MAX_MESSAGE_LENGTH", "1000"),
        ("session-ping-interval", "WS_HEARTBEAT_INTERVAL", "30s"),
        ("attachments-folder", "UPLOAD_DIR", "./uploads"),
        (
            "http-allowed-origins",
            "FRONTEND_URL",
            "http://localhost:3000",
        ),
        ("push-enabled", "ENABLE_PUSH_NOTIFICATIONS", "true"),
        ("auth-secret", "JWT_SECRET", "<hidden>"),
    ] {
        let expected = pair(&format!("environment {name}"), value);
        assert_eq!(bench.origin(flag, "", &env), expected);
    }
    let strict = [
        ("ENABLE_CONTENT_MODERATION", "true"),
        ("PROFANITY_FILTER_STRICT", "true"),
    ];
    let expected = pair("environment ENABLE_CONTENT_MODERATION", "reject");
    assert_eq!(bench.origin("policy-profanity", "", &strict), expected);
    let notices = bench.ok("config check", &env);
    for name in ["REDIS_URL", "FCM_SERVER_KEY", "DB_SYNC"] {
        let notice = format!("notice: accepted, not used by this version: {name} (");
        assert_says(&notices, &[&notice]);
    }
    assert_eq!(notices.lines().count(), 4, "{notices}");
    assert!(!notices.contains("your_fcm_server_key"));

    let overruled = [
        ("WS_PORT", "nonsense"),
        ("PARLOUR_HTTP_LISTEN_DIALECT", "dating=9"),
    ];
    assert_says(
        &bench.ok("config check --dev", &overruled),
        &["notice: WS_PORT counts for nothing, since PARLOUR_HTTP_LISTEN_DIALECT is set"],
    );
    let partly = [
        ("ENABLE_CONTENT_MODERATION", "true"),
        ("PARLOUR_POLICY_PROFANITY", "mask"),
    ];
    assert_says(
        &bench.ok("config check --dev", &partly),
        &[
            "ENABLE_CONTENT_MODERATION counts for nothing about policy.profanity, since PARLOUR_POLICY_PROFANITY",
        ],
    );
    let expected = pair("environment ENABLE_CONTENT_MODERATION", "flag");
    assert_eq!(
        bench.origin("policy-contact-details", "", &partly),
        expected
    );
    bench.ok("config check --dev", &[("WS_PORT", "")]);
    bench.ok(
        "config check --dev",
        &[("PARLOUR_SERVICE_HOST", "10.0.0.1")],
    );
}

#[test]
fn what_print_prints_can_be_read_back_in_every_form() {
    let bench = Bench::new();
    let line = "--data=/srv/chat --log-level=warn,parlour=debug --http-allowed-origins=https://a,https://b --session-outbox-max=1536KiB";
    let page = bench.ok(&format!("config print {line}"), &[]);
    for (format, file) in [("toml", "--config p.toml"), ("flags", "--flagfile p.flags")] {
        let printed = bench.ok(&format!("config print --format {format} {line}"), &[]);
        bench.file(&format!("p.{format}"), &printed);
        assert_eq!(bench.ok(&format!("config print {file}"), &[]), page);
    }
    let printed = bench.ok(&format!("config print --format env {line}"), &[]);
    let env: Vec<_> = printed
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();
    assert_eq!(bench.ok("config print", &env), page);
}
