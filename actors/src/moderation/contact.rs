//! The rules of first contact that a caller's writes go to the store with.
//!
//! The store decides by them, at the moment of writing: only there it is known for sure who is matched with whom. Here
//! stands what needs no store: what the policy says of the caller, and what isn't written at all.

use parlour_storage::{
    domain::{
        contact::{ContactRules, Gate},
        conversation::Conversation,
        user::{NodeRole, Plan},
    },
    store::Rejection,
};

use super::{Concerns, Deed};
use crate::{command::Caller, error::Failure, policy::Policy};

/// The gate as it stands for a caller, and what else a write of theirs is held against.
pub(crate) fn rules(caller: &Caller, policy: &Policy) -> ContactRules {
    // Who runs the node reaches everyone on it.
    let gate = match caller.role {
        NodeRole::Admin => Gate::Open,
        _ => policy.gate,
    };
    ContactRules {
        gate,
        // Under the stricter gate a plan changes nothing.
        direct: gate == Gate::Request && caller.plan == Plan::Premium,
        peer: None,
        masked: None,
        request_ttl: policy.request_ttl,
    }
}

/// The same, for what is done in a conversation or outside of any.
pub(super) fn rules_in(
    caller: &Caller,
    policy: &Policy,
    conversation: Option<&Conversation>,
    concerns: &Concerns,
) -> ContactRules {
    let peer = match (conversation, concerns) {
        (Some(_), Concerns::Peer(peer)) => Some(peer.clone()),
        _ => None,
    };
    ContactRules {
        peer,
        ..rules(caller, policy)
    }
}

/// Refuses to type or to look on in a conversation of people who are no longer matched, as writing there is. The store
/// isn't asked about what it doesn't keep.
pub(super) fn check_passing(
    rules: &ContactRules,
    conversation: Option<&Conversation>,
    deed: &Deed,
) -> Result<(), Failure> {
    let Deed::Pass { passing, .. } = deed else {
        return Ok(());
    };
    if passing.ends() || !conversation.is_some_and(|conversation| conversation.archived) {
        return Ok(());
    }
    match rules.gate {
        Gate::Open => Ok(()),
        Gate::Request if rules.direct => Ok(()),
        Gate::Request => Err(Rejection::AskFirst.into()),
        Gate::Match => Err(Rejection::NotMatched.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testkit::identity;

    fn rules_for(gate: Gate, role: NodeRole, plan: Plan) -> (Gate, bool) {
        let mut identity = identity("a");
        identity.profile.role = role;
        identity.profile.plan = plan;
        let policy = Policy {
            gate,
            ..Policy::default()
        };
        let caller: Arc<Caller> = Caller::new(&identity, None);
        let rules = rules(&caller, &policy);
        (rules.gate, rules.direct)
    }

    /// S0-35, S0-36, C-08.
    #[test]
    fn a_premium_plan_writes_directly_under_the_request_gate_and_an_admin_under_any() {
        use {Gate::*, NodeRole::*, Plan::*};
        for (gate, role, plan, expected) in [
            (Open, User, Premium, (Open, false)),
            (Request, User, Free, (Request, false)),
            (Request, User, Premium, (Request, true)),
            (Request, Moderator, Free, (Request, false)),
            (Match, User, Premium, (Match, false)),
            (Match, Admin, Free, (Open, false)),
            (Request, Admin, Premium, (Open, false)),
        ] {
            assert_eq!(
                rules_for(gate, role, plan),
                expected,
                "{gate:?} {role:?} {plan:?}"
            );
        }
    }
}
