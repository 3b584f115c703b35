//! First contact: who may write to whom, requests, likes, matches, blocks, discovery.

mod blocks;
mod discovery;
mod gate;
mod likes;
mod reads;
mod replies;
mod requests;
mod words;

/// The cases of every subject.
pub(super) fn cases() -> Vec<crate::suite::Case> {
    [
        requests::cases(),
        replies::cases(),
        gate::cases(),
        likes::cases(),
        blocks::cases(),
        discovery::cases(),
        reads::cases(),
    ]
    .concat()
}
