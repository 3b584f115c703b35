//! Secrets: where they may stand, which are too weak, and that nobody is shown one.

use std::fs;

use crate::bench::{Bench, SECRET, assert_says, pair};

#[test]
fn a_secret_may_stand_in_every_source_but_the_command_line_and_is_never_shown() {
    let bench = Bench::new();
    bench.file("c.toml", &format!("[auth]\nsecret = \"{SECRET}\"\n"));
    bench.file("f.flags", &format!("--auth-secret={SECRET}\n"));
    bench.file("s", &format!("{SECRET}\n"));
    let file = ("PARLOUR_AUTH_SECRET_FILE", "s");
    for (line, env, origin) in [
        ("--config c.toml", &[][..], "c.toml:2"),
        ("--flagfile f.flags", &[], "f.flags:1"),
        ("", &[("JWT_SECRET", SECRET)], "environment JWT_SECRET"),
        (
            "",
            &[("PARLOUR_AUTH_SECRET", SECRET)],
            "environment PARLOUR_AUTH_SECRET",
        ),
        ("", &[file], "environment PARLOUR_AUTH_SECRET_FILE"),
        ("--auth-secret-file s", &[], "command line"),
        // The stronger source wins, whichever of the two ways it uses.
        (
            "--auth-secret-file s",
            &[("JWT_SECRET", "weak")],
            "command line",
        ),
        (
            "--config c.toml",
            &[file],
            "environment PARLOUR_AUTH_SECRET_FILE",
        ),
        (
            "",
            &[("JWT_SECRET", "weak"), file],
            "environment PARLOUR_AUTH_SECRET_FILE",
        ),
    ] {
        let shown = bench.origin("auth-secret", line, env);
        assert_eq!(shown, pair(origin, "<hidden>"));
        for format in ["toml", "flags", "env"] {
            let page = bench.ok(&format!("config print --format {format} {line}"), env);
            assert!(
                !page.contains(SECRET) && page.contains("<hidden>"),
                "{page}"
            );
        }
        // Strong enough, so the right one was taken.
        let checked = bench.ok(&format!("config check {line}"), env);
        assert!(!checked.contains(SECRET));
    }
    // Nor is it where a slip of the pen makes something else of it.
    for (toml, flags) in [
        (
            format!("auth.secret = {SECRET}"),
            format!("--auth-secret: {SECRET}"),
        ),
        (
            format!("auth.secret = \"{SECRET}"),
            format!("auth-secret={SECRET}"),
        ),
        (
            format!("auth.secret = [\"{SECRET}\"]"),
            format!("--auth-secert={SECRET}"),
        ),
        (
            format!("auth.secert = \"{SECRET}\""),
            format!("--auth-secret:{SECRET}"),
        ),
    ] {
        bench.file("c.toml", &toml).file("f.flags", &flags);
        let message = bench.refused("--config c.toml --flagfile f.flags", &[]);
        assert!(!message.contains(SECRET), "{message}");
        assert_says(&message, &["2 problems"]);
    }
    let given = bench.run(&format!("config check --auth-secret={SECRET}"), &[]);
    assert_eq!(given.code, 78);
    assert_says(
        &given.err,
        &["--auth-secret-file FILE", "PARLOUR_AUTH_SECRET"],
    );
    assert!(!given.err.contains(SECRET));
    let given = bench.run(&format!("run --auth-secret {SECRET} --nonsense"), &[]);
    assert_eq!(given.code, 64);
    assert!(!given.err.contains(SECRET));
}

#[test]
fn a_secret_that_anybody_could_guess_is_refused_unless_it_is_only_tried_out() {
    let bench = Bench::new();
    for secret in [
        "your-secret-key",
        "hunter2hunter2",
        &SECRET[1..],
        &"a".repeat(64),
    ] {
        let message = bench.refused("", &[("JWT_SECRET", secret)]);
        assert_says(
            &message,
            &[
                "auth.secret: it ",
                "openssl rand",
                "(environment JWT_SECRET)",
            ],
        );
        assert!(!message.contains(secret), "{message}");
        bench.ok("config check --dev", &[("JWT_SECRET", secret)]);
    }
    let message = bench.refused("", &[("PARLOUR_AUTH_SECRET", "<hidden>")]);
    assert_says(&message, &["config print"]);
}

#[test]
fn a_file_with_a_secret_is_looked_at() {
    let bench = Bench::new();
    bench
        .file("s", &format!("{SECRET}\r\n"))
        .file("empty", "\n");
    for (path, part) in [("missing", "No such file"), ("empty", "the file is empty")] {
        let message = bench.refused("", &[("PARLOUR_AUTH_SECRET_FILE", path)]);
        assert_says(
            &message,
            &["has a problem: auth.secret: failed to read", path, part],
        );
    }
    let both = [
        ("PARLOUR_AUTH_SECRET", SECRET),
        ("PARLOUR_AUTH_SECRET_FILE", "s"),
    ];
    assert_says(
        &bench.refused("", &both),
        &["auth.secret_file is set too", "keep one"],
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let chmod = |mode| {
            let path = bench.0.path().join("s");
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        chmod(0o640);
        let checked = bench.ok("config check --auth-secret-file s", &[]);
        assert_says(
            &checked,
            &["notice: auth.secret_file: other users can read s (mode 640)"],
        );
        chmod(0o600);
        let checked = bench.ok("config check --auth-secret-file s", &[]);
        assert_eq!(checked, "the configuration is good\n");
    }
}
