//! Reports of people, and how far moderators are with them.

use crate::{
    domain::safety::{Report, ReportDraft, ReportStatus},
    engine::{
        bounds, members, records, shelf,
        tx::{Tx, Written},
    },
    error::StoreError,
    ids::{Position, ReportId},
    keys::{self, Parts, Shelf, Table},
    kv::{Order, Source},
    record::{MessageV2, ReportStatusV1, ReportV1},
    safety::ReportPage,
    store::{Outcome, Rejection},
};

/// Only what the reporter can see can be reported: a moderator is shown what was said around it.
pub(crate) fn file(tx: &mut Tx<'_>, draft: &ReportDraft) -> Written {
    if draft.user == *tx.by {
        return Err(Rejection::Invalid("nobody reports themselves").into());
    }
    bounds::report(draft)?;
    let conversation = match draft.message {
        None => draft.conversation,
        Some(message) => {
            let message: Option<MessageV2> = records::load(tx, &keys::message(message))?;
            let conversation = message.ok_or(Rejection::NoMessage)?.conversation;
            if draft.conversation.is_some_and(|said| said != conversation) {
                return Err(Rejection::NoMessage.into());
            }
            Some(conversation)
        }
    };
    if let Some(conversation) = conversation {
        members::acting(tx, conversation)?;
    }
    let id = ReportId::created_at(tx.own_position()?);
    let status = ReportStatusV1::Pending;
    let record = ReportV1 {
        by: tx.by.clone(),
        user: draft.user.clone(),
        category: draft.category.clone(),
        reason: draft.reason.clone(),
        conversation,
        message: draft.message,
        status,
        at: tx.at,
        reviewed: None,
        note: None,
    };
    tx.put_new(keys::report(id), &record)?;
    shelf::put(tx, Shelf::Reports(status), id.get())?;
    shelf::put(tx, Shelf::About(&draft.user), id.get())?;
    Ok(Outcome::Filed(id))
}

pub(crate) fn review(
    tx: &mut Tx<'_>,
    id: ReportId,
    status: ReportStatus,
    note: Option<&str>,
) -> Written {
    bounds::remark(note)?;
    let key = keys::report(id);
    let mut report: ReportV1 = records::load(tx, &key)?.ok_or(Rejection::NoReport)?;
    let before = report.status;
    let status = ReportStatusV1::from(status);
    let is_noted = note.is_none_or(|note| report.note.as_deref() == Some(note));
    if before == status && is_noted {
        return Ok(Outcome::Unchanged);
    }
    report.status = status;
    report.reviewed = Some((tx.at, tx.by.clone()));
    report.note = note.map(str::to_owned).or(report.note);
    tx.put(key, &report)?;
    shelf::take(tx, Shelf::Reports(before), id.get())?;
    shelf::put(tx, Shelf::Reports(status), id.get())?;
    Ok(Outcome::Done)
}

pub(crate) fn report(source: &dyn Source, id: ReportId) -> Result<Option<Report>, StoreError> {
    let record: Option<ReportV1> = records::load(source, &keys::report(id))?;
    Ok(record.map(|record| record.into_domain(id)))
}

/// Looks on the shortest shelf that holds all that is asked for.
pub(crate) fn page(source: &dyn Source, page: &ReportPage) -> Result<Vec<Report>, StoreError> {
    let before = page.before.map(ReportId::get);
    let numbers: Box<dyn Iterator<Item = Result<u64, StoreError>> + '_> =
        match (&page.about, page.status) {
            (Some(user), _) => Box::new(shelf::numbers(source, Shelf::About(user), before)),
            (None, Some(status)) => {
                let shelf = Shelf::Reports(status.into());
                Box::new(shelf::numbers(source, shelf, before))
            }
            (None, None) => {
                let all = source.scan(keys::reports_before(page.before), Order::Descending);
                Box::new(all.map(|entry| {
                    records::parsed(&entry?.0, |key| Parts::of(Table::Report, key)?.number())
                }))
            }
        };
    let mut reports = Vec::new();
    for number in numbers {
        if reports.len() >= page.limit {
            break;
        }
        source.breathe();
        let Some(id) = Position::new(number?).map(ReportId::created_at) else {
            continue;
        };
        // It may have moved on, or gone, since its place on the shelf was read.
        let found = report(source, id)?;
        reports.extend(found.filter(|report| page.status.is_none_or(|s| s == report.status)));
    }
    Ok(reports)
}
