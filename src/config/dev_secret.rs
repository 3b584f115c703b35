//! Secrets that a node makes for itself on first use, and keeps beside the data: that of a node that somebody tries out,
//! and those that nobody else needs to know.
//!
//! So that `parlour token --dev` signs what `parlour run --dev` believes, and a restart signs nobody out.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::Path,
};

use anyhow::Context;

use super::{Auth, Config, Secret, weak_secret};
use crate::exit::{Exit, Failure};

/// Name of the file inside the data folder.
pub const DEV_SECRET_FILE: &str = "dev-secret";

impl Auth {
    /// Whether tokens are checked with public keys.
    pub fn has_public_key(&self) -> bool {
        self.public_key_file.is_some() || self.jwks_file.is_some()
    }
}

impl Config {
    /// The address that clients reach the node under, without a slash at its end, if it is configured.
    pub fn public_url(&self) -> Option<&str> {
        let url = self.node.public_url.as_ref()?;
        Some(url.as_str().trim_end_matches('/'))
    }

    /// Puts [`dev_secret`] in place when the node is tried out and no key of any kind is configured.
    ///
    /// # Errors
    /// Those of [`dev_secret`].
    pub fn with_dev_secret(mut self) -> anyhow::Result<Self> {
        if self.node.dev && self.auth.secret.is_none() && !self.auth.has_public_key() {
            self.auth.secret = Some(dev_secret(&self.node.data)?);
        }
        Ok(self)
    }
}

/// Reads the secret in `<data>/dev-secret`, or makes one that only the owner can read.
///
/// # Errors
/// When the folder or the file can't be made ([`Exit::CannotCreate`]), or holds no good secret.
pub fn dev_secret(data: &Path) -> anyhow::Result<Secret> {
    kept_secret(data, DEV_SECRET_FILE)
}

/// Reads the secret in a file of the data folder, or makes one that only the owner can read.
///
/// # Errors
/// Those of [`dev_secret`].
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

    #[test]
    fn it_is_made_once_and_only_the_owner_reads_it() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("deep/data");
        let first = dev_secret(&data).unwrap();
        assert_eq!(first, dev_secret(&data).unwrap());
        assert_eq!(first.expose().len(), 64);
        let names: Vec<_> = fs::read_dir(&data)
            .unwrap()
            .map(|e| e.unwrap().file_name())
            .collect();
        assert_eq!(names, [DEV_SECRET_FILE], "no draft is left");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(data.join(DEV_SECRET_FILE))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn two_at_once_agree() {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path();
        let secrets: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| dev_secret(data).unwrap()))
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
        fs::write(folder.path().join(DEV_SECRET_FILE), "short\n").unwrap();
        let error = dev_secret(folder.path()).unwrap_err();
        assert!(error.to_string().contains("delete it"), "{error:#}");
    }
}
