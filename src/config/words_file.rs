//! The operator's own words, in a file: `reject some words`, one rule a line.

use std::{fs, path::Path};

use parlour_actors::policy::{Finding, WordRule};

use super::value::{FindingAction, Value};

/// Reads the file.
///
/// # Errors
///
/// What is wrong, with the path and the line.
pub fn words(path: &Path) -> Result<Vec<WordRule>, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|e| format!("failed to read {name}: {e}"))?;
    let mut rules = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (action, word) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        let action = FindingAction::parse(action);
        let (Ok(action), false) = (action, word.is_empty()) else {
            return Err(format!(
                "{name}:{}: expected a rule such as `reject some words`, with one of allow, flag, mask, placeholder, reject",
                i + 1
            ));
        };
        rules.push(WordRule {
            word: word.trim().to_owned(),
            finding: Finding::from(action),
        });
    }
    Ok(rules)
}
