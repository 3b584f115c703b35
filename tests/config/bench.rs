//! The program in a folder of its own, and what it said.

use std::{fs, process::Command};

use tempfile::TempDir;

/// Strong, and found nowhere else: any output that contains it has leaked it.
pub(crate) const SECRET: &str = "pQ7xVb2LmZ9tRw4KcYh8NsDf3GjUe6Ao";

/// A folder to work in, and the program in it with an environment of its own.
pub(crate) struct Bench(pub(crate) TempDir);

pub(crate) struct Outcome {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Bench {
    pub(crate) fn new() -> Self {
        Self(TempDir::new().unwrap())
    }

    pub(crate) fn file(&self, name: &str, text: &str) -> &Self {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
        self
    }

    /// Runs `parlour` with `line` split at spaces; its words cannot contain any.
    pub(crate) fn run(&self, line: &str, env: &[(&str, &str)]) -> Outcome {
        let output = Command::new(env!("CARGO_BIN_EXE_parlour"))
            .args(line.split_whitespace())
            .env_clear()
            .envs(env.iter().copied())
            .current_dir(self.0.path())
            .output()
            .unwrap();
        Outcome {
            code: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// The line that `config print --origin` has for an option, in the flag file's form: origin, value.
    pub(crate) fn origin(&self, flag: &str, line: &str, env: &[(&str, &str)]) -> (String, String) {
        let page = self.ok(&format!("config print --origin --format flags {line}"), env);
        let lines: Vec<_> = page.lines().collect();
        let assignment = format!("--{flag}=");
        let at = lines
            .iter()
            .position(|line| line.starts_with(&assignment))
            .unwrap();
        let origin = lines[at - 1].strip_prefix("# ").unwrap();
        (origin.into(), lines[at][assignment.len()..].into())
    }

    pub(crate) fn ok(&self, line: &str, env: &[(&str, &str)]) -> String {
        let outcome = self.run(line, env);
        assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{line}");
        outcome.out
    }

    /// Runs `config check` and expects exit 78; the message.
    pub(crate) fn refused(&self, line: &str, env: &[(&str, &str)]) -> String {
        let outcome = self.run(&format!("config check {line}"), env);
        assert_eq!(outcome.code, 78, "{}{}", outcome.out, outcome.err);
        assert_eq!(outcome.out, "");
        outcome.err
    }
}

#[track_caller]
pub(crate) fn assert_says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing from: {text}");
    }
}

pub(crate) fn pair(origin: &str, value: &str) -> (String, String) {
    (origin.into(), value.into())
}
