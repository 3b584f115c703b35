//! A bounded memory of what was lately found out of conversations.

use std::collections::HashMap;

use crate::ids::ConversationId;

/// Remembers between this many conversations and twice as many, at about 40 bytes each.
pub(crate) const CONVERSATIONS: usize = 64 * 1024;

/// The memory, in two generations: what is used moves to the young one, and the old one goes when that
/// is full.
#[derive(Debug)]
pub(crate) struct Recent<V> {
    young: HashMap<ConversationId, V>,
    old: HashMap<ConversationId, V>,
}

impl<V> Default for Recent<V> {
    fn default() -> Self {
        Self {
            young: HashMap::new(),
            old: HashMap::new(),
        }
    }
}

impl<V: Copy> Recent<V> {
    pub(crate) fn get(&mut self, conversation: ConversationId) -> Option<V> {
        if let Some(&value) = self.young.get(&conversation) {
            return Some(value);
        }
        let value = self.old.remove(&conversation)?;
        self.set(conversation, value);
        Some(value)
    }

    pub(crate) fn set(&mut self, conversation: ConversationId, value: V) {
        if self.young.len() >= CONVERSATIONS && !self.young.contains_key(&conversation) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(conversation, value);
    }

    pub(crate) fn forget(&mut self, conversation: ConversationId) {
        self.young.remove(&conversation);
        self.old.remove(&conversation);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Position;

    fn id(n: usize) -> ConversationId {
        ConversationId::created_at(Position::new(n as u64 + 1).unwrap())
    }

    #[test]
    fn it_is_bounded_and_keeps_what_is_used() {
        let mut recent = Recent::default();
        for n in 0..5 * CONVERSATIONS {
            recent.set(id(n), n);
            assert_eq!(recent.get(id(0)), Some(0));
        }
        assert!(recent.young.len() <= CONVERSATIONS);
        assert!(recent.old.len() <= CONVERSATIONS);
    }

    #[test]
    fn what_is_forgotten_is_in_neither_generation() {
        let mut recent = Recent::default();
        recent.set(id(0), 'o');
        for n in 1..=CONVERSATIONS {
            recent.set(id(n), 'y');
        }
        recent.forget(id(0));
        recent.forget(id(CONVERSATIONS));
        assert_eq!(
            [recent.get(id(0)), recent.get(id(CONVERSATIONS))],
            [None; 2]
        );
        assert_eq!(recent.get(id(1)), Some('y'));
    }
}
