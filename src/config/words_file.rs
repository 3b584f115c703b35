//! The file of the operator's own words. What its lines mean is the core's (`word_list`).

use std::{fs, path::Path};

use parlour_actors::{moderation::word_list, policy::WordRule};

/// Problems told of one file. A file that isn't one of words has as many as lines.
const TOLD_MAX: usize = 10;

/// Reads the file.
///
/// # Errors
///
/// What is wrong, with the path and the lines.
pub fn words(path: &Path) -> Result<Vec<WordRule>, String> {
    let name = path.display();
    let text = fs::read_to_string(path).map_err(|e| format!("failed to read {name}: {e}"))?;
    word_list::parse(&text).map_err(|problems| {
        let mut told: Vec<_> = problems.iter().map(ToString::to_string).collect();
        if told.len() > TOLD_MAX {
            told.truncate(TOLD_MAX);
            told.push(format!("and {} more", problems.len() - TOLD_MAX));
        }
        format!("{name}: {}", told.join("; "))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_with_its_line_and_not_without_end() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words");
        fs::write(&path, "# ours\nspam\nham = allow\n").unwrap();
        assert_eq!(words(&path).unwrap().len(), 2);
        fs::write(&path, "ham = cure\n".repeat(30)).unwrap();
        let problem = words(&path).unwrap_err();
        assert!(
            problem.contains("line 1: ") && problem.ends_with("; and 20 more"),
            "{problem}"
        );
        assert!(words(folder.path()).unwrap_err().contains("failed to read"));
    }
}
