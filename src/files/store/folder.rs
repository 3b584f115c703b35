//! The folder of files as such: whose folders are in it, and what an ended process left there.

use std::{
    fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

use super::place;

/// Only the owner has business in there.
pub(super) fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

/// The folders of people, which are one level deep. What else is there may not be for the node to read, as `lost+found` of
/// a volume isn't.
pub(super) fn people(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut people = Vec::new();
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let is_of_somebody = entry
            .file_name()
            .to_str()
            .is_some_and(place::is_of_somebody);
        let path = entry.path();
        if is_of_somebody && path.is_dir() {
            people.push(path);
        }
    }
    Ok(people)
}

/// Takes away what was being written when a process ended: `name#1`, which listing leaves out. What was written after
/// `now` belongs to somebody.
pub(super) fn sweep(folder: &Path) -> io::Result<()> {
    let now = SystemTime::now();
    for person in people(folder)? {
        for file in fs::read_dir(person)? {
            let file = file?;
            let name = file.file_name();
            let half_written = name
                .to_string_lossy()
                .rsplit_once('#')
                .is_some_and(|(_, n)| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()));
            if half_written && file.metadata()?.modified()? < now {
                fs::remove_file(file.path())?;
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_start_takes_away_what_was_half_written_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let person = folder.path().join("ann");
        fs::create_dir(&person).unwrap();
        for name in ["a.pdf", "a.pdf#1", "b#12", "c#x"] {
            fs::write(person.join(name), "x").unwrap();
        }
        sweep(folder.path()).unwrap();
        let mut left: Vec<_> = fs::read_dir(&person)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        left.sort();
        assert_eq!(left, ["a.pdf", "c#x"]);
    }

    /// What a volume of its own has is its owner's, and only they may read it.
    #[test]
    fn folders_of_nobody_are_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let foreign = folder.path().join("lost+found");
        fs::create_dir(&foreign).unwrap();
        fs::write(foreign.join("a#1"), "x").unwrap();
        sweep(folder.path()).unwrap();
        assert!(foreign.join("a#1").exists());
    }
}
