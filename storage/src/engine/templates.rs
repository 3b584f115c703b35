//! Templates: texts that people keep for their messages.

use crate::{
    domain::scheduled::{Kept, TEMPLATES_MAX, Template},
    engine::{
        bounds, records,
        tx::{Stop, Tx, Written},
    },
    error::StoreError,
    ids::{TemplateId, UserId},
    keys::{self, Parts, Table},
    kv::{Order, Source},
    record::TemplateV1,
    store::{Outcome, Rejection},
};

pub(crate) fn add(tx: &mut Tx<'_>, name: &str, text: &str) -> Written {
    bounds::template(name, text)?;
    let own = of(tx, tx.by)?;
    if let Some((id, record)) = own.iter().find(|(_, record)| record.name == name) {
        return if record.text == text {
            Ok(kept(*id, record.clone(), false))
        } else {
            Err(Rejection::TemplateExists.into())
        };
    }
    if own.len() >= TEMPLATES_MAX {
        return Err(Rejection::ListFull.into());
    }
    let id = TemplateId::created_at(tx.position()?);
    let record = TemplateV1 {
        name: name.to_owned(),
        text: text.to_owned(),
        created_at: tx.at,
        edited_at: None,
    };
    tx.put_new(keys::template(tx.by, id), &record)?;
    Ok(kept(id, record, true))
}

pub(crate) fn change(
    tx: &mut Tx<'_>,
    id: TemplateId,
    name: Option<&str>,
    text: Option<&str>,
) -> Written {
    let record = own(tx, id)?;
    let name = name.unwrap_or(&record.name);
    let text = text.unwrap_or(&record.text);
    bounds::template(name, text)?;
    if (name, text) == (&record.name, &record.text) {
        return Ok(kept(id, record, false));
    }
    let others = of(tx, tx.by)?;
    if others
        .iter()
        .any(|(other, of)| *other != id && of.name == name)
    {
        return Err(Rejection::TemplateExists.into());
    }
    let record = TemplateV1 {
        name: name.to_owned(),
        text: text.to_owned(),
        created_at: record.created_at,
        edited_at: Some(tx.at),
    };
    tx.put(keys::template(tx.by, id), &record)?;
    Ok(kept(id, record, true))
}

pub(crate) fn drop_one(tx: &mut Tx<'_>, id: TemplateId) -> Written {
    own(tx, id)?;
    tx.delete::<TemplateV1>(keys::template(tx.by, id))?;
    Ok(Outcome::Done)
}

fn own(tx: &Tx<'_>, id: TemplateId) -> Result<TemplateV1, Stop> {
    let record: Option<TemplateV1> = records::load(tx, &keys::template(tx.by, id))?;
    Ok(record.ok_or(Rejection::NoTemplate)?)
}

fn kept(id: TemplateId, record: TemplateV1, changed: bool) -> Outcome {
    Outcome::Kept {
        kept: Kept::Template(Box::new(record.into_domain(id))),
        changed,
    }
}

fn of(source: &dyn Source, user: &UserId) -> Result<Vec<(TemplateId, TemplateV1)>, StoreError> {
    let all = records::all::<TemplateV1>(source, keys::templates_of(user), Order::Ascending);
    all.map(|entry| {
        source.breathe();
        let (key, record) = entry?;
        let id = records::parsed(&key, |key| {
            let mut parts = Parts::of(Table::Template, key)?;
            parts.user()?;
            parts.template()
        })?;
        Ok((id, record))
    })
    .collect()
}

/// In the order of their names, as a person looks them up: whatever their case.
pub(crate) fn list(source: &dyn Source, user: &UserId) -> Result<Vec<Template>, StoreError> {
    let mut list: Vec<_> = of(source, user)?
        .into_iter()
        .map(|(id, record)| record.into_domain(id))
        .collect();
    list.sort_by_cached_key(|template| (template.name.to_lowercase(), template.name.clone()));
    Ok(list)
}

/// Forgets the user's templates; tells how many.
pub(crate) fn forget_own(tx: &mut Tx<'_>, most: usize) -> Result<usize, StoreError> {
    let own: Vec<_> = of(tx, tx.by)?.into_iter().take(most).collect();
    for (id, _) in &own {
        tx.delete::<TemplateV1>(keys::template(tx.by, *id))?;
    }
    Ok(own.len())
}
