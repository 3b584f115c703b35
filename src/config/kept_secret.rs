//! Secrets that a node makes for itself on first use, and keeps beside the data. Whose they are, and what they are good
//! for, is for who asks.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

use super::{Secret, weak_secret};
use crate::exit::{Exit, Failure};

/// Reads the secret in a file of the data folder, or makes one that only the owner can read.
///
/// # Errors
/// When the folder or the file can't be made ([`Exit::CannotCreate`]), or holds no good secret.
pub fn kept_secret(data: &Path, name: &str) -> anyhow::Result<Secret> {
    let path = data.join(name);
    create_if_missing(data, &path).with_context(|| {
        Failure::new(
            Exit::CannotCreate,
            format!("failed to create {}", path.display()),
        )
    })?;
    let text = fs::read_to_string(&path).with_context(|| {
        Failure::new(Exit::Config, format!("failed to read {}", path.display()))
    })?;
    let secret = Secret::new(text.trim_end());
    if weak_secret::weakness(&secret).is_some() {
        let message = format!(
            "{} holds no good secret; delete it, a new one will be made",
            path.display()
        );
        return Err(Failure::new(Exit::Config, message).into());
    }
    Ok(secret)
}

fn create_if_missing(data: &Path, path: &Path) -> io::Result<()> {
    if path.exists() {
        return Ok(());
    }
    private_folder(data)?;
    // `run` and `token` may both come here at once, and neither may read a half-written file: the
    // content is complete before the name exists, and the second to link it takes the first's.
    let draft = path.with_extension(format!("{:016x}", rand::random::<u64>()));
    let written = write_private(&draft).and_then(|()| match fs::hard_link(&draft, path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    let removed = fs::remove_file(&draft);
    written.and(removed)
}

fn write_private(draft: &Path) -> io::Result<()> {
    let secret: [u8; 32] = rand::random();
    let mut text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push('\n');
    let mut file = create_private(draft)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(unix)]
fn create_private(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;
    File::options()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
}

#[cfg(unix)]
fn private_folder(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
}

#[cfg(not(unix))]
fn create_private(path: &Path) -> io::Result<File> {
    File::create(path)
}

#[cfg(not(unix))]
fn private_folder(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "secret";

    #[test]
    fn it_is_made_once_and_only_the_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deep/data");
        let first = kept_secret(&data, NAME).unwrap();
        assert_eq!(first, kept_secret(&data, NAME).unwrap());
        assert_eq!(first.expose().len(), 64);
        let names: Vec<_> = fs::read_dir(&data)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, [NAME], "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(data.join(NAME)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn two_at_once_agree() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| kept_secret(data, NAME).unwrap()))
                .collect();
            threads
                .into_iter()
                .map(|thread| thread.join().unwrap())
                .collect()
        });
        assert!(secrets.iter().all(|secret| *secret == secrets[0]));
    }

    #[test]
    fn a_broken_file_is_told_and_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join(NAME), "short\n").unwrap();
        let error = kept_secret(folder.path(), NAME).unwrap_err();
        assert!(error.to_string().contains("delete it"), "{error:#}");
    }
}
