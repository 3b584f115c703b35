//! The commands beside `run`, from outside: what they print and how they end.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::{
    fs,
    path::Path,
    process::{Command, Output, Stdio},
};

use serde_json::Value;
use tempfile::TempDir;

fn parlour(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlour"));
    command.args(args).env_clear().current_dir(folder);
    command
}

fn run(folder: &Path, args: &[&str]) -> Output {
    parlour(folder, args).output().unwrap()
}

fn code(args: &[&str]) -> i32 {
    let folder = TempDir::new().unwrap();
    run(folder.path(), args).status.code().unwrap()
}

/// Runs, expects success and silence on standard error, and gives what was printed.
fn printed(folder: &Path, args: &[&str]) -> String {
    let output = run(folder, args);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
    String::from_utf8(output.stdout).unwrap()
}

/// The claims of a token, unchecked.
fn claims(token: &str) -> Value {
    let payload = token.trim().split('.').nth(1).unwrap();
    const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let bits: Vec<bool> = payload
        .chars()
        .map(|c| LETTERS.find(c).unwrap())
        .flat_map(|six| (0..6).rev().map(move |bit| six >> bit & 1 == 1))
        .collect();
    let byte = |bits: &[bool]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    let bytes: Vec<u8> = bits.chunks_exact(8).map(byte).collect();
    serde_json::from_slice(&bytes).unwrap()
}

#[test]
fn a_wrong_command_line_ends_with_64_and_help_with_0() {
    for args in [
        &[][..],
        &["serve"],
        &["run", "--unheard-of"],
        &["run", "--node-data"],
        &["run", "extra"],
        &["token"],
        &["token", "--user", ""],
        &["token", "--user", "ada", "--role", "king"],
        &["token", "--user", "ada", "--ttl", "soon"],
        &["config"],
        &["config", "defaults", "--format", "yaml"],
        &["healthcheck", "--url", "https://127.0.0.1/"],
        &["healthcheck", "--timeout", "0s"],
        &["completions", "cmd"],
    ] {
        assert_eq!(code(args), 64, "{args:?}");
    }
    for args in [
        &["--help"][..],
        &["run", "--help"],
        &["--version"],
        &["help", "token"],
    ] {
        assert_eq!(code(args), 0, "{args:?}");
    }
}

#[test]
fn the_help_of_run_lists_a_flag_for_each_option() {
    let folder = TempDir::new().unwrap();
    let help = printed(folder.path(), &["run", "--help"]);
    for option in parlour::config::OPTIONS {
        // A secret on the command line is refused.
        assert_eq!(
            help.contains(&format!("--{} ", option.flag()))
                || help.contains(&format!("--{}[", option.flag())),
            !option.is_secret(),
            "{}",
            option.key
        );
    }
}

#[test]
fn a_token_says_what_was_asked_and_dev_keeps_its_secret() {
    let folder = TempDir::new().unwrap();
    let full = [
        "token",
        "--dev",
        "--data",
        "d",
        "--user",
        "ada",
        "--name",
        "Ada L.",
        "--picture",
        "https://a.example/ada.png",
        "--role",
        "moderator",
        "--plan",
        "premium",
        "--ttl",
        "5m",
        "--auth-issuer",
        "https://id.example",
        "--auth-audience",
        "chat",
    ];
    let said = claims(&printed(folder.path(), &full));
    for (claim, value) in [
        ("sub", "ada"),
        ("name", "Ada L."),
        ("picture", "https://a.example/ada.png"),
        ("role", "moderator"),
        ("plan", "premium"),
        ("iss", "https://id.example"),
        ("aud", "chat"),
    ] {
        assert_eq!(said[claim], value, "{claim}");
    }
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        300
    );

    let file = folder.path().join("d/dev-secret");
    let secret = fs::read_to_string(&file).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let by_default = claims(&printed(folder.path(), &full[..6]));
    let month = 30 * 24 * 60 * 60;
    assert_eq!(
        by_default["exp"].as_i64().unwrap() - by_default["iat"].as_i64().unwrap(),
        month
    );
    assert_eq!(fs::read_to_string(&file).unwrap(), secret, "made once");
}

#[test]
fn a_token_needs_the_secret_of_the_node() {
    let folder = TempDir::new().unwrap();
    let plain = ["token", "--user", "ada"];
    let output = run(folder.path(), &plain);
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(78));
    assert!(err.contains("--dev") && output.stdout.is_empty(), "{err}");

    let secret = "pQ7xVb2LmZ9tRw4KcYh8NsDf3GjUe6Ao";
    let signed = parlour(folder.path(), &plain)
        .env("JWT_SECRET", secret)
        .output()
        .unwrap();
    let token = String::from_utf8(signed.stdout).unwrap();
    let said = claims(&token);
    assert_eq!(
        said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(),
        3600
    );

    // Where the private key is elsewhere, --dev must not make up a secret nobody checks.
    fs::write(folder.path().join("keys.json"), "{\"keys\":[]}").unwrap();
    let public = [
        "token",
        "--user",
        "ada",
        "--dev",
        "--auth-jwks-file",
        "keys.json",
    ];
    let output = run(folder.path(), &public);
    assert_eq!(output.status.code(), Some(78));
    assert!(!folder.path().join("data").exists());
}

#[test]
fn a_data_folder_that_cannot_be_made_ends_with_73() {
    let folder = TempDir::new().unwrap();
    fs::write(folder.path().join("file"), "").unwrap();
    for args in [
        &["token", "--user", "ada", "--dev", "--data", "file/data"][..],
        &["run", "--dev", "--data", "file/data"],
    ] {
        let output = run(folder.path(), args);
        let err = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(73), "{err}");
        assert!(err.contains("failed to create file/data"), "{err}");
    }
}

#[test]
fn the_version_is_told_to_people_and_to_machines() {
    let folder = TempDir::new().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let text = printed(folder.path(), &["version"]);
    assert!(text.starts_with(&format!("parlour {version}")), "{text}");
    let json: Value =
        serde_json::from_str(&printed(folder.path(), &["version", "--json"])).unwrap();
    assert_eq!(json["version"], version);
    assert_eq!(json["features"], serde_json::json!(["sled", "memory"]));
    assert!(json.get("commit").is_some());
}

#[test]
fn every_shell_gets_a_script_that_knows_the_flags() {
    let folder = TempDir::new().unwrap();
    for shell in ["bash", "zsh", "fish", "powershell"] {
        let script = printed(folder.path(), &["completions", shell]);
        assert!(script.contains("session-ping-interval"), "{shell}");
    }
}

#[test]
fn a_node_that_is_not_there_is_unavailable() {
    // Port 1 belongs to tcpmux, which nobody runs.
    let url = "http://127.0.0.1:1/readyz";
    assert_eq!(code(&["healthcheck", "--url", url]), 69);
}

#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let folder = TempDir::new().unwrap();
    // Longer than a pipe holds, so that the write finds the reader gone.
    let mut child = parlour(folder.path(), &["completions", "zsh"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    assert!(child.wait().unwrap().success());
}
