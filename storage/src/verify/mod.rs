//! An offline check of everything that must hold in a store, record by record.
//!
//! Repair writes again what other records tell (indexes, counts, the other side of a block) and removes
//! pointers to nothing. It never touches a message or anything else that a person wrote, and leaves alone what
//! can't be read: that is for a backup.

mod attachments;
mod audit;
mod checker;
mod contacts;
mod conversations;
mod messages;
mod notices;
mod people;
mod rows;
mod safety;
mod scheduled;
#[cfg(test)]
mod tests;

use std::{io, path::Path};

use crate::{
    engine::records,
    error::{StoreError, StoreErrorKind},
    keys::{self, Meta},
    kv::{Kv, Order},
    local::Options,
    migrate::FORMAT,
    record::FormatV1,
    sled_store::SledKv,
};
use checker::Checker;

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Records looked at, parts of long ones included.
    pub n_records: u64,
    /// What is wrong, in the order of keys.
    pub findings: Vec<Finding>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The key, printable.
    pub key: String,
    /// What is wrong with it.
    pub what: String,
    /// Whether it can be, or was, repaired.
    pub repair: Repair,
}

/// Whether something can be, or was, repaired.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repair {
    /// Nothing else tells what belongs there. Restore a backup, or live without it.
    Impossible,
    /// Other records tell what belongs there.
    Possible,
    /// It was repaired, durably.
    Done,
}

/// How far the check has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Records looked at.
    pub n_records: u64,
    /// Records there are. `None` while they are being counted.
    pub total: Option<u64>,
}

/// Progress is told every so many records.
const PROGRESS_RECORDS: u64 = 1000;

/// Checks the store in the folder `path`, and repairs what can be if told to.
///
/// # Errors
///
/// `Locked` if it is open elsewhere; `Newer` if a newer version wrote it; `Failed` if there is none or it can't
/// be read at all. What is wrong with records is in the report.
pub fn verify(
    path: &Path,
    repair: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, StoreError> {
    verify_kv(&open(path)?, repair, progress)
}

/// Opens a store as it lies there, and never makes one.
pub(crate) fn open(path: &Path) -> Result<SledKv, StoreError> {
    open_with(path, Options::default().cache_bytes)
}

/// The same, with so much of its files in memory.
pub(crate) fn open_with(path: &Path, cache_bytes: u64) -> Result<SledKv, StoreError> {
    if !path.join("db").exists() {
        let text = format!("there is no store in {}", path.display());
        let error = io::Error::new(io::ErrorKind::NotFound, text);
        return Err(StoreError::caused_by(StoreErrorKind::Failed, error));
    }
    let kv = SledKv::open(path, cache_bytes)?;
    format(&kv)?;
    Ok(kv)
}

/// The format of a store. One that is damaged or missing is a finding; one that is newer makes all others meaningless.
fn format(kv: &dyn Kv) -> Result<u32, StoreError> {
    let format = match records::load(kv, &keys::meta(Meta::Format)) {
        Ok(Some(FormatV1 { number })) => number,
        _ => FORMAT,
    };
    if format > FORMAT {
        let (found, known) = (format, FORMAT);
        return Err(StoreError::new(StoreErrorKind::Newer { found, known }));
    }
    Ok(format)
}

/// Checks any engine.
pub(crate) fn verify_kv(
    kv: &dyn Kv,
    repair: bool,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, StoreError> {
    let format = format(kv)?;
    let mut total = 0;
    for entry in kv.scan(keys::everything(), Order::Ascending) {
        entry?;
        total += 1;
        if total % PROGRESS_RECORDS == 0 {
            progress(Progress {
                n_records: total,
                total: None,
            });
        }
    }
    let mut checker = Checker::new(kv, format);
    rows::check_meta(&mut checker)?;
    let mut n_records = 0;
    for entry in kv.scan(keys::everything(), Order::Ascending) {
        let (key, value) = entry?;
        check(&mut checker, &key, &value)?;
        n_records += 1;
        if n_records % PROGRESS_RECORDS == 0 || n_records == total {
            progress(Progress {
                n_records,
                total: Some(total),
            });
        }
    }
    attachments::check_missing_usages(&mut checker)?;
    audit::check_last(&mut checker)?;
    checker.check_positions()?;
    let findings = checker.finish(repair)?;
    Ok(Report {
        n_records,
        findings,
    })
}

fn check(checker: &mut Checker<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    use keys::Table;
    let Some(table) = Table::of(key) else {
        checker.report(key, "no table has such keys");
        return Ok(());
    };
    match table {
        Table::Meta => Ok(()),
        Table::User => people::check_user(checker, key, value),
        Table::Block => people::check_block(checker, key, value),
        Table::BlockedBy => people::check_blocked_by(checker, key),
        Table::Limit => people::check_limit(checker, key, value),
        Table::Conversation => conversations::check_conversation(checker, key, value),
        Table::Pair => conversations::check_pair(checker, key, value),
        Table::Member => conversations::check_member(checker, key, value),
        Table::Stint => conversations::check_stint(checker, key, value),
        Table::Message => messages::check_message(checker, key, value),
        Table::Place => messages::check_place(checker, key, value),
        Table::Request => messages::check_request(checker, key, value),
        Table::Revision => messages::check_revision(checker, key, value),
        Table::Reaction => messages::check_reaction(checker, key, value),
        Table::ReadMark => messages::check_read_mark(checker, key, value),
        Table::Tombstone => messages::check_tombstone(checker, key, value),
        Table::Floor => conversations::check_floor(checker, key, value),
        Table::Change => rows::check_change(checker, key, value),
        Table::Event => rows::check_event(checker, key, value),
        Table::Consumer => rows::check_consumer(checker, key, value),
        Table::DeadLetter => rows::check_dead_letter(checker, key, value),
        Table::EventFloor => rows::check_event_floor(checker, key, value),
        Table::Notification => notices::check_notification(checker, key, value),
        Table::NotificationsRead => rows::check_notifications_read(checker, key, value),
        Table::Mute => notices::check_mute(checker, key, value),
        Table::Noticed => notices::check_noticed(checker, key, value),
        Table::NotificationAt => notices::check_notification_at(checker, key, value),
        Table::DoNotDisturb => notices::check_do_not_disturb(checker, key, value),
        Table::PushTarget => notices::check_push_target(checker, key, value),
        Table::PushAddress => notices::check_push_address(checker, key, value),
        Table::Tie => contacts::check_tie(checker, key, value),
        Table::MessageRequest => contacts::check_message_request(checker, key, value),
        Table::RequestOf => contacts::check_request_of(checker, key, value),
        Table::Match => contacts::check_match(checker, key, value),
        Table::MatchOf => contacts::check_match_of(checker, key, value),
        Table::Like => contacts::check_like(checker, key, value),
        Table::Hidden => contacts::check_hidden(checker, key, value),
        Table::Report => safety::check_report(checker, key, value),
        Table::Flag => safety::check_flag(checker, key, value),
        Table::Standing => safety::check_standing(checker, key, value),
        Table::Shadowed => safety::check_shadowed(checker, key),
        Table::Audit => audit::check_line(checker, key, value),
        Table::AuditEnd => audit::check_end(checker, key, value),
        Table::Preferences => safety::check_preferences(checker, key, value),
        Table::Shelf => safety::check_shelf(checker, key),
        Table::Attachment => attachments::check_attachment(checker, key, value),
        Table::AttachmentOf => attachments::check_attachment_of(checker, key, value),
        Table::Usage => attachments::check_usage(checker, key, value),
        Table::Unsent => attachments::check_unsent(checker, key, value),
        Table::Doomed => attachments::check_doomed(checker, key, value),
        Table::Object => attachments::check_object(checker, key, value),
        Table::Scheduled => scheduled::check_scheduled(checker, key, value),
        Table::Due => scheduled::check_due(checker, key, value),
        Table::Held => scheduled::check_held(checker, key, value),
        Table::Template => scheduled::check_template(checker, key, value),
        Table::Continuation => rows::check_continuation(checker, key),
    }
}
