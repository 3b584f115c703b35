//! Direct conversations in which a message needs no look at how its two people stand.
//!
//! Spares a read with every message between people who are matched, or who have nothing to do with each other under
//! an open gate. Whatever changes how two people stand makes their conversation forgotten here.

use std::cell::RefCell;

use crate::{engine::recent::Recent, ids::ConversationId};

/// What is known of the two people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// They are matched, and their conversation is not archived.
    Matched,
    /// They are not matched, no request is pending, and their conversation is not archived.
    Strangers,
}

/// The memory. Holds only what was read from outside the transaction that read it.
#[derive(Debug, Default)]
pub(crate) struct Calm(RefCell<Recent<Standing>>);

impl Calm {
    pub(crate) fn of(&self, conversation: ConversationId) -> Option<Standing> {
        self.0.borrow_mut().get(conversation)
    }

    pub(crate) fn set(&self, conversation: ConversationId, standing: Standing) {
        self.0.borrow_mut().set(conversation, standing);
    }

    /// Said before a change is written. If the change is refused after all, a read is all it costs.
    pub(crate) fn forget(&self, conversation: ConversationId) {
        self.0.borrow_mut().forget(conversation);
    }
}

#[cfg(test)]
mod tests {
    use std::{cell::Cell, ops::Range};

    use super::*;
    use crate::{
        domain::{
            contact::{ContactRules, Gate},
            message::Content,
        },
        engine::commit::Engine,
        error::StoreError,
        ids::{Timestamp, UserId},
        kv::{Batch, Kv, Order, Scan, Source},
        memory_store::MemoryKv,
        migrate,
        store::{Outcome, Transaction, Write},
    };

    thread_local! {
        static READS: Cell<u32> = const { Cell::new(0) };
    }

    /// A map that counts how often it is read, in this thread.
    #[derive(Debug, Default)]
    struct Counting(MemoryKv);

    impl Source for Counting {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            READS.set(READS.get() + 1);
            self.0.get(key)
        }

        fn scan(&self, range: Range<Vec<u8>>, order: Order) -> Scan<'_> {
            READS.set(READS.get() + 1);
            self.0.scan(range, order)
        }
    }

    impl Kv for Counting {
        fn apply(&self, batch: Batch) -> Result<(), StoreError> {
            self.0.apply(batch)
        }

        fn sync(&self) -> Result<(), StoreError> {
            self.0.sync()
        }
    }

    struct Bench {
        kv: Counting,
        engine: Engine,
    }

    impl Bench {
        fn new() -> Self {
            let kv = Counting::default();
            migrate::prepare(&kv).unwrap();
            let engine = Engine::load(&kv).unwrap();
            Self { kv, engine }
        }

        /// What comes of a write, and how many reads it takes.
        fn write(&mut self, by: &str, contact: ContactRules, write: Write) -> (Outcome, u32) {
            let transaction = Transaction {
                contact,
                ..Transaction::new(Timestamp(1_800_000_000_000), name(by), write)
            };
            let mut batch = Batch::new();
            READS.set(0);
            let outcome = self.engine.run(&self.kv, &mut batch, &transaction);
            let reads = READS.get();
            self.kv.apply(batch).unwrap();
            (outcome.unwrap().unwrap(), reads)
        }

        /// How many reads a message from ann to bob takes, by those rules.
        fn send(&mut self, conversation: ConversationId, peer: Option<Gate>) -> u32 {
            let contact = ContactRules {
                gate: peer.unwrap_or_default(),
                peer: peer.map(|_| name("bob")),
                ..ContactRules::default()
            };
            let content = Content {
                text: "x".to_owned(),
                ..Content::default()
            };
            let send = Write::Send {
                conversation,
                content,
                attachments: Vec::new(),
                key: None,
            };
            self.write("ann", contact, send).1
        }

        fn like(&mut self, by: &str, user: &str) -> Outcome {
            let user = name(user);
            let like = Write::Like { user, on: true };
            self.write(by, ContactRules::default(), like).0
        }
    }

    fn name(text: &str) -> UserId {
        UserId::new(text).unwrap()
    }

    #[test]
    fn the_usual_message_costs_one_read_more_once() {
        let mut bench = Bench::new();
        let with = name("bob");
        let open = Write::OpenDirect { with };
        let (opened, _) = bench.write("ann", ContactRules::default(), open);
        let Outcome::Changed(changes) = opened else {
            panic!("{opened:?}");
        };
        let id = changes[0].conversation;
        bench.send(id, None);
        let without = bench.send(id, None);
        assert_eq!(bench.send(id, Some(Gate::Open)), without + 1);
        assert_eq!(bench.send(id, Some(Gate::Open)), without);
        // Whatever comes between the two is looked at once.
        bench.like("ann", "bob");
        bench.like("bob", "ann");
        assert_eq!(bench.send(id, Some(Gate::Match)), without + 1);
        for gate in [Gate::Match, Gate::Request, Gate::Open] {
            assert_eq!(bench.send(id, Some(gate)), without);
        }
    }
}
