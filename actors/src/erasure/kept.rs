//! What is kept of somebody who was erased, and why. Takes nothing away, and counts what is there.

use std::collections::BTreeSet;

use parlour_storage::{
    contacts::{Direction, Lifetime, RequestPage},
    domain::{conversation::ConversationKind, safety::Standing},
    ids::{ConversationId, Position, Seq, UserId},
    safety::ReportPage,
};

use crate::{error::Failure, limits::PAGE_MAX, policy::Audit, system::Core};

/// Something that was kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What.
    pub what: &'static str,
    /// How many.
    pub n: u64,
    /// Why.
    pub why: &'static str,
}

impl Core {
    /// What was kept, and why.
    pub(super) async fn kept(
        &self,
        user: &UserId,
        conversations: &BTreeSet<ConversationId>,
    ) -> Result<Vec<Kept>, Failure> {
        let store = self.store_ref();
        let (mut n_direct, mut n_tombstones, mut n_taken_back) = (0, 0, 0);
        for &id in conversations {
            let conversation = store.conversation(id).await?;
            let is_direct = conversation
                .is_some_and(|found| matches!(found.kind, ConversationKind::Direct { .. }));
            n_direct += u64::from(is_direct);
            let mut from = Some(Seq(1));
            while let Some(seq) = from {
                let part = store.written_by(user, id, seq).await?;
                n_tombstones += part.items.len() as u64;
                from = part.next;
            }
            let mut from = Some(Position::ZERO);
            while let Some(position) = from {
                let part = store.reacted_by(user, id, position).await?;
                n_taken_back += part.items.len() as u64;
                from = part.next;
            }
        }
        let about = ReportPage {
            about: Some(user.clone()),
            limit: 1,
            ..ReportPage::default()
        };
        let (mut n_about, mut page) = (0, about);
        while let Some(report) = store.reports(page.clone()).await?.pop() {
            n_about += 1;
            page.before = Some(report.id);
        }
        let (mut n_made, mut before) = (0, None);
        loop {
            let part = store.reports_by(user, before).await?;
            n_made += part.items.len() as u64;
            before = part.next;
            if before.is_none() {
                break;
            }
        }
        let received = RequestPage {
            direction: Direction::Received,
            limit: PAGE_MAX,
            ..RequestPage::default()
        };
        let (mut n_requests, mut page) = (0, received);
        loop {
            let requests = store.message_requests(user, page, Lifetime::default());
            let requests = requests.await?;
            let Some(last) = requests.last() else { break };
            page.before = Some(last.id);
            n_requests += requests.len() as u64;
        }
        let is_sanctioned = store.standing(user).await? != Standing::default();
        let mentions = store.mentions(user).await?;
        let n_blocked_by = store.blocks_of(user).await?.of_them.len() as u64;
        let kept = [
            Kept {
                what: "places",
                n: n_tombstones,
                why: "empty messages with the id and the time: the order of a conversation is that of everyone in it",
            },
            Kept {
                what: "direct_conversations",
                n: n_direct,
                why: "they are those of the other person too, with how far each has read",
            },
            Kept {
                what: "reactions_taken_back",
                n: n_taken_back,
                why: "devices that were away have to learn of it",
            },
            Kept {
                what: "requests_received",
                n: n_requests,
                why: "what others wrote to them is theirs",
            },
            Kept {
                what: "reports_about",
                n: n_about,
                why: "safety of others",
            },
            Kept {
                what: "reports_made",
                n: n_made,
                why: "safety of others: moderators decide, or decided, by them",
            },
            Kept {
                what: "sanctions",
                n: u64::from(is_sanctioned),
                why: "safety of others: a decision outlives the profile",
            },
            Kept {
                what: "blocked_by",
                n: n_blocked_by,
                why: "what others chose is theirs",
            },
            Kept {
                what: "liked_by",
                n: mentions.liked_by,
                why: "what others chose is theirs",
            },
            Kept {
                what: "hidden_from",
                n: mentions.hidden_from,
                why: "whom others need not be shown is theirs",
            },
            Kept {
                what: "ties",
                n: mentions.ties,
                why: "that they and somebody had to do with each other, without a word of it: it is the other's too",
            },
        ];
        let mut kept: Vec<_> = kept.into_iter().filter(|kept| kept.n > 0).collect();
        if self.settings.policy.audit != Audit::Off {
            kept.push(Kept {
                what: "audit",
                n: 1,
                why: "lines of the audit log, which hold no text, until they are older than policy.audit_age: without them it can't be verified",
            });
        }
        Ok(kept)
    }
}
