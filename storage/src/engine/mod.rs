//! What a store does, once, over any ordered map of bytes: one file a subject.
//!
//! Knows no thread and no medium. Reads go through a [`View`](view::View) (one moment of the store), writes
//! through a [`Tx`](tx::Tx) (that moment, the batch so far and the transaction's own writes).

pub(crate) mod attachments;
pub(crate) mod audit;
pub(crate) mod blocks;
pub(crate) mod bounds;
pub(crate) mod changes;
pub(crate) mod commit;
pub(crate) mod contacts;
pub(crate) mod conversations;
pub(crate) mod cursors;
pub(crate) mod erase;
pub(crate) mod events;
pub(crate) mod fingerprint;
pub(crate) mod flags;
pub(crate) mod heads;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod notifications;
pub(crate) mod personal;
pub(crate) mod places;
pub(crate) mod preferences;
pub(crate) mod purge;
pub(crate) mod push;
pub(crate) mod reactions;
pub(crate) mod recent;
pub(crate) mod records;
pub(crate) mod reports;
pub(crate) mod scheduled;
pub(crate) mod shelf;
pub(crate) mod standing;
pub(crate) mod summaries;
pub(crate) mod templates;
pub(crate) mod tx;
pub(crate) mod users;
pub(crate) mod view;
