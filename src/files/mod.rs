//! Files that people send: how they come in, where they lie, and under which addresses they are to be had.
//!
//! Who may have which file, and how long it is kept, is the core's to say. HTTP is `http/uploads.rs` and
//! `http/downloads.rs`.

mod decoders;
mod incoming;
mod link;
mod media;
mod picture;
mod place;
mod places;
mod store;
mod uploads;
mod word;

pub use self::{
    link::{LinkKey, until},
    store::{FileStore, Pieces},
    uploads::{Admitted, Bounds, Fresh, Upload, Uploads},
};
pub(crate) use self::{
    media::{is_known, is_shown},
    store::bucket,
};

use std::{path::Path, sync::Arc};

use anyhow::Context as _;
use parlour_actors::policy;

use crate::config::{Config, Engine, kept_secret};

/// The folder of files, below that of the data.
const FOLDER: &str = "attachments";

/// The folder of files that aren't there as a whole yet, likewise.
const INCOMING: &str = "incoming";

/// The file with the secret that addresses are signed with, likewise.
const SECRET: &str = "link-secret";

/// What the edge knows of files.
#[derive(Debug)]
pub struct FileService {
    /// Where they lie.
    pub store: Arc<FileStore>,
    /// How they come in.
    pub uploads: Arc<Uploads>,
    /// What addresses are signed with.
    pub key: LinkKey,
}

impl FileService {
    /// Opens what the configuration says, and takes away what an ended process left half done. The data folder has to be
    /// the process's own by now.
    ///
    /// # Errors
    ///
    /// A folder or the secret can't be read or made.
    pub fn open(config: &Config, policy: policy::Attachments) -> anyhow::Result<Self> {
        let (data, options) = (&config.node.data, &config.attachments);
        let (store, key) = match config.storage.engine {
            Engine::Memory => {
                let secret: [u8; 32] = rand::random();
                (FileStore::memory(), LinkKey::new(&secret))
            }
            Engine::Sled => {
                let secret = kept_secret(data, SECRET)?;
                let key = LinkKey::new(secret.expose().as_bytes());
                let store = match (&options.s3_bucket, &options.folder) {
                    (Some(_), _) => FileStore::bucket(options)?,
                    (None, Some(folder)) => FileStore::folder(folder)?,
                    (None, None) => FileStore::folder(&data.join(FOLDER))?,
                };
                (store, key)
            }
        };
        let incoming = data.join(INCOMING);
        clear(&incoming)?;
        let store = Arc::new(store);
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let bounds = Bounds {
            pixels_max: options.image_pixels_max as u64,
            timeout: options.upload_timeout,
            uploads_max: options.uploads_max,
            // The other cores are for messages.
            decoders: (cores / 2).clamp(1, 4),
        };
        let uploads = Uploads::new(Arc::clone(&store), incoming, policy, bounds)
            .context("no thread for pictures can be started")?;
        Ok(Self {
            store,
            uploads: Arc::new(uploads),
            key,
        })
    }
}

fn clear(incoming: &Path) -> anyhow::Result<()> {
    let cleared = incoming::clear(incoming);
    cleared.with_context(|| format!("{} can't be cleared", incoming.display()))
}
