//! What is refused, and what is said about it.

use crate::bench::{Bench, assert_says};

#[test]
fn flag_files_in_a_circle_are_refused_with_the_chain() {
    let bench = Bench::new();
    bench.file("a.flags", "--flagfile=b.flags\n");
    bench.file("b.flags", "--flagfile=./c.flags\n");
    bench.file("c.flags", "--flagfile=b.flags\n");
    let message = bench.refused("--dev --flagfile a.flags", &[]);
    assert_says(&message, &["b.flags -> ./c.flags -> ./b.flags"]);
    assert!(
        !message.contains("a.flags ->"),
        "not part of the circle: {message}"
    );

    // Twice without a circle is fine.
    bench.file(
        "twice.flags",
        "--flagfile=leaf.flags\n--flagfile=leaf.flags\n",
    );
    bench.file("leaf.flags", "--dev\n");
    bench.ok("config check --flagfile twice.flags", &[]);
}

#[test]
fn a_name_nobody_knows_is_an_error_that_says_what_was_meant() {
    let bench = Bench::new();
    bench.file("c.toml", "[http]\nlisen = \"127.0.0.1:1\"\n[sesion]\n");
    bench.file("f.flags", "--log-levle=info\n");
    let env = [("PARLOUR_NODE_DAT", "/x")];
    let files = "--dev --config c.toml --flagfile f.flags";
    assert_says(
        &bench.refused(files, &env),
        &[
            "the configuration has 4 problems:",
            "c.toml:2: there is no option \"http.lisen\"; did you mean http.listen?",
            "c.toml:3: there is no section \"sesion\"; did you mean session?",
            "f.flags:1: there is no flag --log-levle; did you mean --log-level?",
            "environment PARLOUR_NODE_DAT: there is no option of that name; did you mean PARLOUR_NODE_DATA?",
        ],
    );
    let relaxed = bench.ok(&format!("config check --allow-unknown-keys {files}"), &env);
    assert_says(
        &relaxed,
        &["notice: ignored: c.toml:2: ", "the configuration is good\n"],
    );

    let names = bench.refused(
        "--dev",
        &[("PARLOUR_B", ""), ("PARLOUR_C", ""), ("PARLOUR_A", "")],
    );
    assert!(names.find("PARLOUR_A") < names.find("PARLOUR_B"), "{names}");
    assert!(names.find("PARLOUR_B") < names.find("PARLOUR_C"), "{names}");

    let unknown = bench.run("run --log-levle=info", &[]);
    assert_eq!(unknown.code, 64);
    assert_says(&unknown.err, &["--log-levle", "--log-level"]);
}

#[test]
fn all_problems_are_told_at_once_each_with_its_option_and_place() {
    let bench = Bench::new();
    bench.file("c.toml", "[http]\nlisten = \"here\"\nworkers = \"2\"\n");
    bench.file("f.flags", "\n--session-ping-interval=25\n");
    let env = [
        ("PARLOUR_SESSION_PER_USER_MAX", "0"),
        ("TYPING_TIMEOUT", "soon"),
        ("PARLOUR_HTTP_ALLOWED_ORIGINS", "*"),
    ];
    let line = "--config c.toml --flagfile f.flags --policy-limits=typing=5 --node-drain-delay=1m";
    assert_says(
        &bench.refused(line, &env),
        &[
            "the configuration has 9 problems:",
            "http.listen: \"here\" does not do: expected an IP address and a port",
            "(c.toml:2)",
            "http.workers: expected a number, without quotes, found string (c.toml:3)",
            "session.ping_interval: \"25\" does not do: expected a duration with its unit",
            "(f.flags:2)",
            "session.per_user_max: \"0\" does not do: expected 1 to 10000 (environment PARLOUR_SESSION_PER_USER_MAX)",
            "rooms.typing_timeout: \"soon\" does not do: expected a whole number (environment TYPING_TIMEOUT)",
            "policy.limits: \"typing=5\" does not do: expected a rule",
            "auth.secret: no key to check tokens with",
            "http.allowed_origins: `*` lets every web page connect",
            "node.drain_delay: must be shorter than node.shutdown_timeout, which it is part of (command line)",
        ],
    );
    assert_eq!(
        bench.run(&format!("run {line}"), &env).code,
        78,
        "run checks the same"
    );
}

#[test]
fn what_cannot_be_read_is_named() {
    let bench = Bench::new();
    assert_says(
        &bench.refused("--config no.toml", &[]),
        &["no.toml: failed to read it: No such file"],
    );
    assert_says(
        &bench.refused("--flagfile no.flags", &[]),
        &["no.flags: failed to read it"],
    );
    bench.file("c.toml", "[http\n");
    assert_says(
        &bench.refused("--config c.toml", &[]),
        &["has a problem: c.toml:1: "],
    );
    bench.file("f.flags", "--config=c.toml\n--dev false\nlisten\n");
    assert_says(
        &bench.refused("--flagfile f.flags", &[]),
        &[
            "f.flags:1: --config belongs",
            "f.flags:2: write a switch",
            "f.flags:3: expected a flag",
        ],
    );
}

#[test]
fn what_is_only_for_trying_out_needs_dev_and_dev_stays_at_home() {
    let bench = Bench::new();
    assert_says(&bench.refused("", &[]), &["auth.secret: no key", "--dev"]);
    bench.ok("config check --dev", &[]);
    bench.ok(
        "config check --dev --listen=[::1]:0 --http-allowed-origins=*",
        &[],
    );
    assert_says(
        &bench.refused("--dev --listen=0.0.0.0:8080", &[]),
        &["http.listen: ", "127.0.0.1"],
    );
    for listener in ["gateway=4000", "gateway=0.0.0.0:4000"] {
        let line = format!("--dev --listen=[::1]:0 --listen-dialect={listener}");
        if listener.contains("0.0.0.0") {
            assert_says(
                &bench.refused(&line, &[]),
                &["http.listen_dialect: ", "127.0.0.1"],
            );
        } else {
            bench.ok(&format!("config check {line}"), &[]);
        }
    }
    let missing = bench.refused("--auth-jwks-file keys.json", &[]);
    assert_says(&missing, &["auth.jwks_file: failed to open keys.json"]);
    bench.file("keys.json", "{\"keys\":[]}");
    bench.ok("config check --auth-jwks-file keys.json", &[]);
}
