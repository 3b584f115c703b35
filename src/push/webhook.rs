//! The operator's own service, which reaches devices its own way: told of everybody who isn't there (CONTRACT S3-25).

use parlour_actors::pusher::PushNote;
use parlour_storage::ids::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{
    answer::{NotTaken, heard, taken},
    note,
};
use crate::outbound::{
    Outbound, Signer, Url,
    header::{CONTENT_TYPE, HeaderMap, HeaderValue},
};

/// The service.
#[derive(Debug)]
pub(super) struct Webhook {
    pub(super) url: Url,
    pub(super) signer: Option<Signer>,
}

impl Webhook {
    /// Tells it once.
    pub(super) async fn push(&self, outbound: &Outbound, note: &PushNote) -> Result<(), NotTaken> {
        let body = note::webhook(note).to_string();
        let mut headers = self.signer.as_ref().map_or_else(HeaderMap::new, |signer| {
            signer.headers(&id(note, &body), Timestamp::now().0 / 1000, &body)
        });
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        taken(&heard(outbound.post(&self.url, headers, body).await).await?)
    }
}

/// The same for a message whenever it is tried again, so that the service knows what it has.
fn id(note: &PushNote, body: &str) -> String {
    let number = match note.data.message {
        Some(_) => {
            let hash = Sha256::digest(body);
            u128::from_be_bytes(hash.first_chunk().copied().unwrap_or_default())
        }
        // Two that look alike may be two.
        None => rand::random(),
    };
    format!("push_{number:032x}")
}
