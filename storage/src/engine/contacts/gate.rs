//! Who may write to whom, and what a message in a direct conversation brings about beside itself.

use crate::{
    domain::contact::{Gate, MatchKind},
    engine::{
        contacts::{
            calm::Standing,
            discovery, matches,
            met::Met,
            requests,
            ties::{self, side},
        },
        conversations,
        tx::{Stop, Tx},
    },
    ids::{ConversationId, UserId},
    record::TieV1,
    store::Rejection,
};

/// What a message is let through with.
pub(crate) struct Passage {
    /// The two are matched, so they see all of what is written.
    pub(crate) matched: bool,
    /// What comes before the message.
    pub(crate) met: Met,
}

/// Lets somebody in who is invited, or whose message is acted on: whether who does it may write to them, without
/// anything coming of it.
pub(crate) fn admit(tx: &Tx<'_>, peer: &UserId) -> Result<(), Stop> {
    if tx.contact.gate == Gate::Open {
        return Ok(());
    }
    let tie = ties::load(tx, tx.by, peer)?.unwrap_or_default();
    if tie.matched.is_some()
        || may_write(tx, &tie, peer)
        || requests::pending_from(tx, &tie, peer)?.is_some()
    {
        return Ok(());
    }
    Err(refusal(tx).into())
}

/// [`admit`] for what is done to a message: to the other one of a direct conversation, if it is one.
pub(crate) fn admit_to_peer(tx: &Tx<'_>) -> Result<(), Stop> {
    tx.contact
        .peer
        .as_ref()
        .map_or(Ok(()), |peer| admit(tx, peer))
}

/// The text that is written instead as long as the two are not matched, if another is.
pub(crate) fn mask<'a>(tx: &Tx<'a>) -> Result<Option<&'a str>, Stop> {
    let (Some(masked), Some(peer)) = (&tx.contact.masked, &tx.contact.peer) else {
        return Ok(None);
    };
    let tie = ties::load(tx, tx.by, peer)?;
    let matched = tie.is_some_and(|tie| tie.matched.is_some());
    Ok((!matched).then_some(masked.as_str()))
}

/// Whether they may without a match or a request.
fn may_write(tx: &Tx<'_>, tie: &TieV1, peer: &UserId) -> bool {
    match tx.contact.gate {
        Gate::Open => true,
        Gate::Request => tx.contact.direct || tie.wrote[side(peer, tx.by)],
        Gate::Match => false,
    }
}

fn refusal(tx: &Tx<'_>) -> Rejection {
    match tx.contact.gate {
        Gate::Match => Rejection::NotMatched,
        Gate::Open | Gate::Request => Rejection::AskFirst,
    }
}

/// Lets a message through to the other one of a direct conversation. Answering a request accepts it under every
/// gate; answering who wrote without being matched matches the two.
pub(crate) fn pass(
    tx: &mut Tx<'_>,
    conversation: ConversationId,
    peer: &UserId,
) -> Result<Passage, Stop> {
    let calm = &tx.memory.calm;
    let (matched, stranger) = (true, false);
    let freely = |matched| Passage {
        matched,
        met: Met::default(),
    };
    match (calm.of(conversation), tx.contact.gate) {
        (Some(Standing::Matched), _) => return Ok(freely(matched)),
        (Some(Standing::Strangers), Gate::Open) => return Ok(freely(stranger)),
        _ => {}
    }
    let tie = ties::load(tx, tx.by, peer)?;
    let never_met = tie.is_none();
    let mut tie = tie.unwrap_or_default();
    if tie.matched.is_some() {
        calm.set(conversation, Standing::Matched);
        return Ok(freely(matched));
    }
    let pending = requests::pending(tx, &tie)?;
    let is_asked = pending
        .as_ref()
        .is_some_and(|(_, asked)| asked.to == *tx.by);
    let is_reply = tx.contact.gate == Gate::Request && tie.wrote[side(peer, tx.by)];
    let mut met = Met::default();
    if is_asked || is_reply {
        matches::make(tx, peer, MatchKind::Reply, &mut met)?;
        return Ok(Passage { matched, met });
    }
    if !may_write(tx, &tie, peer) {
        return Err(refusal(tx).into());
    }
    let mine = side(tx.by, peer);
    if tx.contact.gate == Gate::Request && !tie.wrote[mine] {
        tie.wrote[mine] = true;
        ties::put(tx, peer, &tie)?;
        discovery::hide_written(tx, peer, &mut met)?;
    }
    // Only who was matched once can have an archived conversation.
    if !never_met {
        met.changes
            .extend(conversations::archive(tx, conversation, false)?);
    }
    let nothing_to_do = pending.is_none() && met.notices.is_empty() && met.changes.is_empty();
    if nothing_to_do && tx.contact.gate == Gate::Open {
        tx.memory.calm.set(conversation, Standing::Strangers);
    }
    Ok(Passage {
        matched: stranger,
        met,
    })
}
