//! Checks of the repository itself: who may know what, and how a file begins and ends.
//!
//! Reads sources and manifests as text, so it needs no tool; what the compiler, clippy and cargo-deny
//! see is left to them. Comments are not looked at: they may name what code may not use.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Longest source file, in lines. 400 is where to look for a second subject; this is where there is one.
const FILE_LINES_MAX: usize = 600;

/// What each replaceable thing is called in code, and the one place (a file, or a folder) that may say it.
const HOMES: [(&str, &[&str]); 12] = [
    ("sled::", &["storage/src/sled_store.rs"]),
    ("bincode::", &["storage/src/codec.rs"]),
    ("tantivy::", &["search/"]),
    ("actix_web_actors", &["src/http/ws.rs", "bench/peers/bare/"]),
    ("jsonwebtoken::", &["src/auth.rs", "src/auth/"]),
    (
        "object_store::",
        &["src/files/store.rs", "src/files/store/"],
    ),
    ("infer::", &["src/files/media.rs"]),
    ("image::", &["src/files/picture/"]),
    ("actix_multipart::", &["src/http/uploads.rs"]),
    ("aws_lc_rs::", &["src/push/"]),
    // Whoever else made a client would go round its guard. (Reads its own answers in a test.)
    ("reqwest::", &["src/outbound/", "src/http/listeners.rs"]),
    // An option that is read elsewhere can't be checked by `config check` or shown by `config print`.
    // Tests may take a seed from it, and the bench of paths whether it is to write its baseline.
    (
        "env::",
        &[
            "src/config.rs",
            "src/config/",
            "storage/tests/",
            "paths/src/main.rs",
            "paths/src/valgrind.rs",
        ],
    ),
];

/// What a lower crate must not depend on; a name ending in `-` stands for all that begin with it.
const STORAGE_MUST_NOT_KNOW: [&str; 9] = [
    "actix",
    "actix-",
    "clap",
    "jsonwebtoken",
    "parlour",
    "parlour-actors",
    "parlour-bench",
    "reqwest",
    "tokio-tungstenite",
];
const ACTORS_MUST_NOT_KNOW: [&str; 12] = [
    "actix-http",
    "actix-web",
    "actix-web-actors",
    "bincode",
    "clap",
    "jsonwebtoken",
    "parlour",
    "parlour-bench",
    "reqwest",
    "sled",
    "tokio-tungstenite",
    "toml",
];
const SEARCH_MUST_NOT_KNOW: [&str; 7] = [
    "actix",
    "actix-",
    "clap",
    "parlour",
    "parlour-actors",
    "parlour-bench",
    "sled",
];
/// The harness is an outside client, and knows the core for what it drives in process.
const BENCH_MUST_NOT_KNOW: [&str; 9] = [
    "actix-http",
    "actix-web",
    "actix-web-actors",
    "clap",
    "jsonwebtoken",
    "parlour",
    "reqwest",
    "sled",
    "tokio-tungstenite",
];
/// A measure of a node must have nothing of it.
const PEERS_MUST_NOT_KNOW: [&str; 2] = ["parlour", "parlour-"];
const SOCKETIO_MUST_NOT_KNOW: [&str; 10] = [
    "actix",
    "actix-",
    "clap",
    "jsonwebtoken",
    "parlour",
    "parlour-actors",
    "parlour-bench",
    "parlour-storage",
    "sled",
    "tokio",
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// All files below a folder of the repository, as paths from its root, without what was built or stored.
fn files_below(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else {
            continue;
        };
        for entry in entries {
            let path = entry.expect("a readable folder").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if ["target", ".git", "data", "node_modules"].contains(&&*name) {
                continue;
            }
            if path.is_dir() {
                folders.push(path);
            } else {
                found.push(path.strip_prefix(root()).expect("inside").to_owned());
            }
        }
    }
    found.sort();
    found
}

/// The source files of all crates, with their text.
fn sources() -> Vec<(String, String)> {
    let folders = [
        "src", "actors", "bench", "paths", "search", "socketio", "storage", "tests", "benches",
        "examples",
    ];
    let rust = |path: &PathBuf| path.extension().is_some_and(|e| e == "rs");
    let paths = folders.into_iter().flat_map(files_below).filter(rust);
    let sources: Vec<_> = paths
        .map(|path| {
            let text = fs::read_to_string(root().join(&path)).expect("UTF-8");
            (path.display().to_string(), text)
        })
        .collect();
    for crate_root in [
        "src/main.rs",
        "storage/src/lib.rs",
        "actors/src/lib.rs",
        "bench/src/lib.rs",
        "paths/src/main.rs",
        "search/src/lib.rs",
        "socketio/src/lib.rs",
        "tests/tidy.rs",
    ] {
        let found = sources.iter().any(|(path, _)| path == crate_root);
        assert!(found, "{crate_root} was not found, so nothing was checked");
    }
    sources
}

/// The numbers of the lines whose code (not a comment) says `needle`, alone and not as the end of a
/// longer name.
fn lines_that_say(text: &str, needle: &str) -> Vec<usize> {
    let says = |line: &str| {
        line.match_indices(needle).any(|(at, _)| {
            let before = line[..at].chars().next_back();
            !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
        })
    };
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().starts_with("//") && says(line))
        .map(|(index, _)| index + 1)
        .collect()
}

fn is_home(path: &str, homes: &[&str]) -> bool {
    homes.iter().any(|&home| match home.ends_with('/') {
        true => path.starts_with(home),
        false => path == home,
    })
}

fn starts_with_docs(text: &str) -> bool {
    text.starts_with("//! ") || text.starts_with("#![doc = include_str!")
}

#[test]
fn one_place_knows_each_replaceable_crate() {
    for (path, text) in sources() {
        if path.starts_with("tests/") || path.starts_with("benches/") {
            continue;
        }
        for (needle, homes) in HOMES {
            let lines = lines_that_say(&text, needle);
            assert!(
                lines.is_empty() || is_home(&path, homes),
                "{path}, lines {lines:?}: `{needle}` is for {homes:?} alone"
            );
        }
    }
}

#[test]
fn every_file_says_what_it_is_for_and_stays_short() {
    for (path, text) in sources() {
        assert!(starts_with_docs(&text), "{path} starts without a //! line");
        let n_lines = text.lines().count();
        assert!(
            n_lines <= FILE_LINES_MAX,
            "{path} has {n_lines} lines: split it by subject"
        );
    }
}

#[test]
fn nothing_is_left_to_do() {
    for (path, text) in sources() {
        for name in ["todo", "unimplemented", "dbg"] {
            let lines = lines_that_say(&text, &format!("{name}!"));
            assert!(lines.is_empty(), "{path}, lines {lines:?}: {name}!");
        }
    }
}

/// The names of all packages that a manifest depends on: also for tests, builds and single targets.
fn dependencies(manifest: &toml::Table) -> Vec<String> {
    let mut names = Vec::new();
    for (key, value) in manifest {
        let Some(table) = value.as_table() else {
            continue;
        };
        if key.ends_with("dependencies") {
            for (name, spec) in table {
                let package = spec.get("package").and_then(toml::Value::as_str);
                names.push(package.unwrap_or(name).to_owned());
            }
        } else {
            names.extend(dependencies(table));
        }
    }
    names
}

fn is_banned(name: &str, banned: &[&str]) -> bool {
    banned.iter().any(|&ban| match ban.ends_with('-') {
        true => name.starts_with(ban),
        false => name == ban,
    })
}

#[test]
fn lower_crates_do_not_know_upper_ones() {
    let crates: [(&str, &[&str], &str); 6] = [
        ("socketio/Cargo.toml", &SOCKETIO_MUST_NOT_KNOW, "dashmap"),
        ("storage/Cargo.toml", &STORAGE_MUST_NOT_KNOW, "sled"),
        ("search/Cargo.toml", &SEARCH_MUST_NOT_KNOW, "tantivy"),
        ("bench/Cargo.toml", &BENCH_MUST_NOT_KNOW, "hdrhistogram"),
        ("bench/peers/Cargo.toml", &PEERS_MUST_NOT_KNOW, "rustix"),
        ("actors/Cargo.toml", &ACTORS_MUST_NOT_KNOW, "actix"),
    ];
    for (path, banned, known) in crates {
        let text = fs::read_to_string(root().join(path)).expect("a manifest");
        let names = dependencies(&text.parse().expect("TOML"));
        assert!(
            names.iter().any(|name| name == known),
            "{path} was not read"
        );
        for name in names {
            assert!(!is_banned(&name, banned), "{path} depends on {name}");
        }
    }
}

/// The parts of a text that point into somebody's machine: a home folder, or this very checkout.
fn machine_paths(text: &str, checkout: &str) -> Vec<String> {
    let mut homes = vec!["/root/".to_owned(), r"C:\Users\".to_owned()];
    // In a container the checkout may be `/src`, and that many a text may say.
    if 2 < Path::new(checkout).components().count() {
        homes.push(format!("{checkout}/"));
    }
    homes.retain(|home| text.contains(home.as_str()));
    for parent in ["/home/", "/Users/"] {
        let of_someone = |(at, _): (usize, &str)| {
            let begins_path = !text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '.');
            let next = text[at + parent.len()..].chars().next();
            begins_path && next.is_some_and(char::is_alphanumeric)
        };
        if text.match_indices(parent).any(of_someone) {
            homes.push(parent.to_owned());
        }
    }
    homes
}

#[test]
fn no_file_names_a_path_of_the_machine_it_was_written_on() {
    let files = files_below("");
    assert!(files.contains(&PathBuf::from("Cargo.toml")), "{files:?}");
    for path in files {
        // Not every file is text. This one has to name what it looks for.
        let text = fs::read_to_string(root().join(&path)).unwrap_or_default();
        let found = machine_paths(&text, env!("CARGO_MANIFEST_DIR"));
        let here = path == Path::new("tests/tidy.rs");
        assert!(
            here || found.is_empty(),
            "{} names {found:?}",
            path.display()
        );
    }
}

#[test]
fn the_image_is_built_with_the_compiler_of_the_manifest() {
    let read = |path| fs::read_to_string(root().join(path)).expect("readable");
    let manifest: toml::Table = read("Cargo.toml").parse().expect("TOML");
    let version = manifest["workspace"]["package"]["rust-version"].as_str();
    let from = format!("FROM rust:{}-", version.expect("a version"));
    assert!(
        read("Dockerfile").contains(&from),
        "Dockerfile without {from}"
    );
}

#[test]
fn the_checks_see_what_they_look_for() {
    assert_eq!(
        lines_that_say("use sled::Db;\nlet a = ::sled::open();", "sled::"),
        [1, 2]
    );
    assert_eq!(
        lines_that_say("// sled::Db\n    /// sled::Db\nunsled::x();", "sled::"),
        [0; 0]
    );
    assert_eq!(lines_that_say("a();\n    stub!()", "stub!"), [2]);
    assert!(is_home("src/auth/keys.rs", &["src/auth.rs", "src/auth/"]));
    assert!(!is_home("src/authority.rs", &["src/auth.rs", "src/auth/"]));
    assert!(!starts_with_docs("use std::fmt;\n//! late") && !starts_with_docs(""));

    let manifest = r#"
        [dependencies]
        db = { package = "sled", version = "1" }
        [target.'cfg(unix)'.dev-dependencies]
        actix-web.workspace = true
    "#;
    let names = dependencies(&manifest.parse().expect("TOML"));
    assert_eq!(names, ["sled", "actix-web"]);
    assert!(is_banned("actix-web", &STORAGE_MUST_NOT_KNOW));
    assert!(!is_banned("actix", &ACTORS_MUST_NOT_KNOW));

    assert_eq!(machine_paths("see /home/ada/x", "/a"), ["/home/"]);
    assert_eq!(machine_paths("cd /a/b/c", "/a/b"), ["/a/b/"]);
    assert_eq!(
        machine_paths("/a/b, example.com/home/x, /home/{user}", "/a"),
        [""; 0]
    );
}
