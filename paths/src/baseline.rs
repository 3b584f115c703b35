//! `baseline.toml`: what each path cost when somebody last said that it may.

use std::{collections::BTreeMap, fs, process::Command};

use anyhow::Context as _;
use serde::{Deserialize, Serialize};

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/baseline.toml");

/// What stands above the figures.
const HEAD: &str = "\
# Instructions of each path, for each unit. Written by
#   UPDATE=1 cargo run -p parlour-paths --profile paths
# Whoever makes a path dearer on purpose writes it anew, and says why in the commit.

";

/// See the file.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Baseline {
    pub(crate) counted_with: Tools,
    /// By the paths' names.
    pub(crate) instructions: BTreeMap<String, u64>,
}

/// What changes counts, beside the code.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tools {
    pub(crate) rustc: String,
    pub(crate) libc: String,
    pub(crate) valgrind: String,
}

impl Baseline {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let text = fs::read_to_string(FILE).with_context(|| format!("{FILE} can't be read"))?;
        toml::from_str(&text).with_context(|| format!("{FILE} is not what UPDATE=1 writes"))
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        fs::write(FILE, self.text()?).with_context(|| format!("{FILE} can't be written"))
    }

    fn text(&self) -> anyhow::Result<String> {
        Ok(format!("{HEAD}{}", toml::to_string(self)?))
    }
}

impl Tools {
    /// Those of this machine.
    pub(crate) fn here() -> anyhow::Result<Self> {
        Ok(Self {
            rustc: said("rustc", "--version")?,
            libc: said("getconf", "GNU_LIBC_VERSION")?,
            valgrind: said("valgrind", "--version")?,
        })
    }
}

/// What a program says when it is asked something.
fn said(program: &str, argument: &str) -> anyhow::Result<String> {
    let ran = Command::new(program).arg(argument).output();
    let ran = ran.with_context(|| format!("{program} can't be run"))?;
    Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::Path;

    #[test]
    fn what_is_written_is_read() {
        let baseline = Baseline {
            counted_with: Tools {
                rustc: "rustc 1".into(),
                libc: "glibc 2".into(),
                valgrind: "valgrind-3".into(),
            },
            instructions: BTreeMap::from([
                ("b-path".into(), 7),
                ("a".into(), u64::from(u32::MAX) + 1),
            ]),
        };
        let text = baseline.text().unwrap();
        assert!(text.starts_with("# Instructions of each path"), "{text}");
        assert_eq!(toml::from_str::<Baseline>(&text).unwrap(), baseline);
    }

    #[test]
    fn every_path_has_a_baseline_and_no_other_has() {
        let names: Vec<_> = Baseline::read().unwrap().instructions.into_keys().collect();
        let mut paths = Path::ALL.map(|path| path.name);
        paths.sort_unstable();
        assert_eq!(names, paths, "write it anew with UPDATE=1");
    }
}
