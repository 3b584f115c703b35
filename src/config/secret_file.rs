//! Secrets that stand in a file of their own.

use std::{fs, io, path::Path};

use super::{options::OPTIONS, problem::Problem, resolve::Values, table::Opt};

/// Puts the content of each secret's file in place of the secret, when the file has the last word.
pub(super) fn resolve(values: &mut Values) {
    for secret in OPTIONS {
        if let Some(file) = secret.file() {
            resolve_one(secret, file, values);
        }
    }
}

fn resolve_one(secret: &'static Opt, file: &'static Opt, values: &mut Values) {
    let Some(by_file) = values.said(file) else {
        return;
    };
    if let Some(by_value) = values.said(secret) {
        let (value_rank, file_rank) = (by_value.origin.rank(), by_file.origin.rank());
        if value_rank == file_rank {
            let message = format!("{} is set too ({}); keep one", file.key, by_file.origin);
            let problem = Problem::option(secret.key, message, &by_value.origin);
            values.problems.push(problem);
            return;
        }
        if file_rank < value_rank {
            values.unset(file);
            return;
        }
    }
    let (path, origin) = (by_file.text.clone(), by_file.origin.clone());
    let path = Path::new(&path);
    match content(path) {
        Ok(text) => values.set(secret, text, origin),
        Err(error) => {
            let message = format!("failed to read {}: {error}", path.display());
            values
                .problems
                .push(Problem::option(secret.key, message, &origin));
        }
    }
    if let Some(mode) = open_to_others(path) {
        values.notices.push(format!(
            "{}: other users can read {} (mode {mode:o}); chmod 600 it",
            file.key,
            path.display()
        ));
    }
}

fn content(path: &Path) -> io::Result<String> {
    let text = fs::read_to_string(path)?;
    // Editors and `echo` end a file with a line break, which nobody means to be part of the secret.
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the file is empty",
        ));
    }
    Ok(text.to_owned())
}

#[cfg(unix)]
fn open_to_others(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;
    let mode = fs::metadata(path).ok()?.permissions().mode() & 0o777;
    (mode & 0o077 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn open_to_others(_path: &Path) -> Option<u32> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_break_at_the_end_is_not_part_of_the_secret() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        for (text, secret) in [
            ("a b", "a b"),
            ("a\n", "a"),
            ("a\r\n", "a"),
            (" a\n\n", " a\n"),
        ] {
            fs::write(&path, text).unwrap();
            assert_eq!(content(&path).unwrap(), secret);
        }
        fs::write(&path, "\n").unwrap();
        assert!(content(&path).is_err());
    }
}
