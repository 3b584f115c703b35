//! What every store must do, subject by subject: one suite for all of them.
//!
//! An engine gives a [`Bed`] for each case and calls [`run_all`]. Every case takes new names and counts from
//! the head that it finds, so one database shared by all cases will do. Says nothing of what only an engine
//! inside the process can be tested for (lost writes, failed syncs): that is in `tests/`.

mod attachments;
mod audit;
mod blocks;
mod changes;
mod commits;
mod contacts;
mod conversations;
mod cursors;
mod doomed;
mod events;
mod flags;
mod followers;
mod happenings;
mod lookups;
mod members;
mod messages;
mod notices;
mod pages;
mod personal;
mod reads;
mod reopen;
mod reports;
mod retention;
mod roles;
mod rows;
mod sanctions;
mod scene;
mod scheduled;
mod summaries;
mod templates;
mod users;

use std::{pin::Pin, sync::Arc};

pub use scene::{Bed, Scene};

type Run = fn(Scene) -> Pin<Box<dyn Future<Output = ()> + Send>>;

/// A case: its name, and what it does.
type Case = (&'static str, Run);

/// Lists cases by the names of their functions.
macro_rules! cases {
    ($($case:ident),* $(,)?) => {
        pub(super) fn cases() -> Vec<crate::suite::Case> {
            vec![$((concat!(module_path!(), "::", stringify!($case)), |scene| Box::pin($case(scene)))),*]
        }
    };
}
use cases;

/// Runs every case, each on a bed of its own.
///
/// # Panics
///
/// If one fails, after all have run; names those that did.
pub async fn run_all(bed: impl Fn() -> Arc<dyn Bed>) {
    let subjects = [
        users::cases,
        blocks::cases,
        conversations::cases,
        members::cases,
        roles::cases,
        messages::cases,
        pages::cases,
        lookups::cases,
        cursors::cases,
        reads::cases,
        summaries::cases,
        changes::cases,
        events::cases,
        happenings::cases,
        followers::cases,
        rows::cases,
        reports::cases,
        flags::cases,
        sanctions::cases,
        audit::cases,
        attachments::cases,
        scheduled::cases,
        templates::cases,
        doomed::cases,
        commits::cases,
        notices::cases,
        contacts::cases,
        reopen::cases,
        personal::cases,
        retention::cases,
    ];
    let mut failed = Vec::new();
    for (name, run) in subjects.into_iter().flat_map(|cases| cases()) {
        let scene = Scene::new(bed()).await;
        if tokio::spawn(run(scene)).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "failed: {failed:#?}");
}
