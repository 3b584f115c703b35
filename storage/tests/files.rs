//! Files against a folder: random people upload, send, delete and are forgotten, the process ends anywhere, and in the
//! end exactly those files lie in the folder that somebody may still have.

#![expect(clippy::unwrap_used, reason = "helpers of tests too")]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use parlour_storage::{
    attachments::Usage,
    domain::{attachment::AttachmentDraft, change::ChangeBody, message::Content},
    faulty::FaultyDisk,
    ids::{AttachmentId, ConversationId, MessageId, Timestamp, UserId},
    local::Options,
    personal::Erase,
    safety::Retention,
    store::{Outcome, Rejection, Store, Transaction, Write},
};
use proptest::prelude::*;

const PEOPLE: usize = 3;
const START_MS: i64 = 1_800_000_000_000;

fn name(n: usize) -> UserId {
    UserId::new(&format!("p{n}")).unwrap()
}

/// One step of a script. Files and messages are meant by number, of those there ever were.
#[derive(Clone, Debug)]
enum Step {
    /// Writes a file and makes it known; or the process ends in between.
    Upload {
        by: usize,
        thumbnail: bool,
        cut: bool,
    },
    Send {
        by: usize,
        files: Vec<usize>,
    },
    Drop {
        by: usize,
        file: usize,
    },
    Delete {
        by: usize,
        message: usize,
    },
    /// All that one person wrote and uploaded.
    Erase {
        by: usize,
    },
    /// All but so many messages.
    Purge {
        most: u64,
    },
    /// What was uploaded up to a step and sent with nothing.
    GiveUp {
        up_to: usize,
    },
    /// Takes away what is doomed; or the process ends before the store learns of it.
    Collect {
        cut: bool,
    },
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let person = 0..PEOPLE;
    let number = 0_usize..12;
    prop_oneof![
        8 => (person.clone(), any::<bool>(), prop::bool::weighted(0.2))
            .prop_map(|(by, thumbnail, cut)| Step::Upload { by, thumbnail, cut }),
        8 => (person.clone(), prop::collection::vec(number.clone(), 0..3))
            .prop_map(|(by, files)| Step::Send { by, files }),
        2 => (person.clone(), number.clone()).prop_map(|(by, file)| Step::Drop { by, file }),
        2 => (person.clone(), number).prop_map(|(by, message)| Step::Delete { by, message }),
        1 => person.prop_map(|by| Step::Erase { by }),
        1 => (0_u64..4).prop_map(|most| Step::Purge { most }),
        1 => (0_usize..60).prop_map(|up_to| Step::GiveUp { up_to }),
        2 => any::<bool>().prop_map(|cut| Step::Collect { cut }),
        1 => Just(Step::Reopen),
    ]
}

/// A file, as the model has it.
#[derive(Debug)]
struct File {
    id: AttachmentId,
    by: usize,
    objects: Vec<String>,
    bytes: u64,
    sent: Option<MessageId>,
    gone: bool,
}

/// What is there, too simple to be wrong.
#[derive(Debug, Default)]
struct Model {
    files: Vec<File>,
    /// Every message, oldest first: who wrote it.
    messages: Vec<(MessageId, usize)>,
    n_purged: usize,
    folder: BTreeSet<String>,
}

impl Model {
    fn forget(&mut self, goes: impl Fn(&File) -> bool) {
        for file in self.files.iter_mut().filter(|file| goes(file)) {
            file.gone = true;
        }
    }

    /// Whether these can be sent, and with what they are refused if not.
    fn may_send(&self, by: usize, numbers: &[usize]) -> Result<(), Rejection> {
        let own = |number: &usize| {
            let file = self.files.get(*number);
            let own = file.filter(|file| file.by == by && !file.gone);
            own.ok_or(Rejection::NoAttachment)
        };
        let files: Vec<_> = numbers.iter().map(own).collect::<Result<_, _>>()?;
        for (n, file) in files.iter().enumerate() {
            if numbers[..n].contains(&numbers[n]) {
                return Err(Rejection::Invalid(""));
            }
            if file.sent.is_some() {
                return Err(Rejection::AttachmentSent);
            }
        }
        Ok(())
    }
}

struct World {
    disk: FaultyDisk,
    store: Arc<dyn Store>,
    conversation: ConversationId,
    model: Model,
    now: Timestamp,
}

impl World {
    async fn commit(&self, by: usize, write: Write) -> Result<Outcome, Rejection> {
        let transaction = Transaction::new(self.now, name(by), write);
        let group = self.store.commit(vec![transaction]).await;
        group.unwrap().remove(0)
    }

    fn open(disk: &FaultyDisk) -> Arc<dyn Store> {
        Arc::new(disk.open(Options::default()).unwrap())
    }

    fn cut_power(&mut self) {
        // What was acknowledged is there after it.
        self.disk.cut_power(0);
        self.store = Self::open(&self.disk);
    }

    async fn step(&mut self, n: usize, step: &Step) {
        match step {
            Step::Upload { by, thumbnail, cut } => self.upload(n, *by, *thumbnail, *cut).await,
            Step::Send { by, files } => self.send(*by, files).await,
            Step::Drop { by, file } => {
                let attachment = self.model.files.get(*file).map(|file| file.id);
                let attachment = attachment.unwrap_or("1".parse().unwrap());
                let outcome = self.commit(*by, Write::DropAttachment { attachment }).await;
                match self.model.may_send(*by, &[*file]) {
                    Ok(()) => {
                        assert_eq!(outcome, Ok(Outcome::Done));
                        self.model.files[*file].gone = true;
                    }
                    Err(rejection) => assert_eq!(outcome, Err(rejection)),
                }
            }
            Step::Delete { by, message } => {
                // Its files stay for as long as its text does.
                if let Some(&(message, author)) = self.model.messages.get(*message) {
                    let outcome = self.commit(*by, Write::Delete { message }).await;
                    let is_refused = outcome == Err(Rejection::NotAllowed);
                    assert!(!is_refused || author != *by, "{outcome:?}");
                }
            }
            Step::Erase { by } => {
                let theirs = self
                    .model
                    .messages
                    .iter()
                    .filter(|(_, author)| author == by);
                let theirs: Vec<_> = theirs.map(|(id, _)| *id).collect();
                for id in theirs {
                    let erased = self.commit(*by, Write::Erase(Erase::Message(id))).await;
                    erased.unwrap();
                }
                while self.commit(*by, Write::Erase(Erase::Rows)).await != Ok(Outcome::Unchanged) {}
                self.model.forget(|file| file.by == *by);
            }
            Step::Purge { most } => self.purge(*most).await,
            Step::GiveUp { up_to } => {
                let before = Timestamp(START_MS + i64::try_from(*up_to).unwrap());
                // By the time in its id, which may run ahead after the power went.
                let goes = |file: &File| {
                    file.sent.is_none() && !file.gone && file.id.position().time() < before
                };
                let expected = self.model.files.iter().filter(|file| goes(file)).count();
                let given_up = self.store.give_up_unsent(before, usize::MAX).await;
                assert_eq!(given_up.unwrap(), expected);
                self.model.forget(goes);
            }
            Step::Collect { cut } => self.collect(*cut).await,
            Step::Reopen => {
                self.store.close().await.unwrap();
                self.store = Self::open(&self.disk);
            }
        }
    }

    async fn upload(&mut self, n: usize, by: usize, thumbnail: bool, cut: bool) {
        let object = format!("p{by}/{n}");
        let thumbnail = thumbnail.then(|| format!("p{by}/{n}.thumb"));
        let objects: Vec<_> = std::iter::once(object.clone())
            .chain(thumbnail.clone())
            .collect();
        self.model.folder.extend(objects.iter().cloned());
        if cut {
            return self.cut_power();
        }
        let bytes = 10 + n as u64;
        let draft = AttachmentDraft {
            object,
            name: "x".to_owned(),
            media_type: "text/plain".to_owned(),
            bytes,
            digest: [1; 32],
            image: None,
            thumbnail,
            quota: None,
        };
        let Ok(Outcome::Uploaded(file)) = self.commit(by, Write::Upload(draft)).await else {
            panic!("refused");
        };
        self.model.files.push(File {
            id: file.id,
            by,
            objects,
            bytes,
            sent: None,
            gone: false,
        });
    }

    async fn send(&mut self, by: usize, numbers: &[usize]) {
        let ids = numbers.iter().map(|n| self.model.files.get(*n));
        let ids = ids.map(|file| file.map_or("1".parse().unwrap(), |file| file.id));
        let attachments: Vec<AttachmentId> = ids.collect();
        let write = Write::Send {
            conversation: self.conversation,
            content: Content {
                text: "x".to_owned(),
                ..Content::default()
            },
            attachments: attachments.clone(),
            key: None,
        };
        match (
            self.commit(by, write).await,
            self.model.may_send(by, numbers),
        ) {
            (Ok(Outcome::Changed(changes)), Ok(())) => {
                let ChangeBody::Sent(message) = &changes[0].body else {
                    panic!("{changes:?}");
                };
                let named: Vec<_> = message.attachments.iter().map(|file| file.id).collect();
                assert_eq!(named, attachments);
                self.model.messages.push((message.id, by));
                for number in numbers {
                    self.model.files[*number].sent = Some(message.id);
                }
            }
            (Err(Rejection::Invalid(_)), Err(Rejection::Invalid(_))) => {}
            (outcome, expected) => assert_eq!(outcome.map(drop), expected, "{numbers:?}"),
        }
    }

    async fn purge(&mut self, most: u64) {
        let retention = Retention {
            messages_max: Some(most),
            ..Retention::default()
        };
        let mut after = None;
        loop {
            let step = self
                .store
                .purge(retention, self.now, after, 2)
                .await
                .unwrap();
            after = step.through;
            if after.is_none() {
                break;
            }
        }
        let n_messages = self.model.messages.len();
        let most = usize::try_from(most).unwrap();
        self.model.n_purged = self.model.n_purged.max(n_messages.saturating_sub(most));
        let gone: BTreeSet<_> = self.model.messages[..self.model.n_purged]
            .iter()
            .map(|(id, _)| *id)
            .collect();
        self.model
            .forget(|file| file.sent.is_some_and(|id| gone.contains(&id)));
    }

    /// What the janitor of files does.
    async fn collect(&mut self, cut: bool) {
        let doomed = self.store.doomed(None, usize::MAX).await.unwrap();
        for object in doomed.iter().flat_map(|one| &one.objects) {
            self.model.folder.remove(object);
        }
        if cut {
            return self.cut_power();
        }
        let ids: Vec<_> = doomed.iter().map(|one| one.id).collect();
        self.store.forget_doomed(&ids).await.unwrap();
    }

    /// Takes away what nobody knows of, and compares.
    async fn compare(&mut self) {
        self.collect(true).await;
        self.collect(false).await;
        assert_eq!(self.store.doomed(None, 1).await.unwrap(), []);
        let mut left = BTreeSet::new();
        for object in &self.model.folder {
            if self.store.is_object_known(object).await.unwrap() {
                left.insert(object.clone());
            }
        }
        let there = self.model.files.iter().filter(|file| !file.gone);
        let expected: BTreeSet<_> = there.flat_map(|file| file.objects.clone()).collect();
        assert_eq!(left, expected, "no file too many, and none too few");
        let mut usages: BTreeMap<usize, Usage> = BTreeMap::new();
        for file in &self.model.files {
            let known = self.store.attachment(file.id).await.unwrap();
            assert_eq!(known.is_none(), file.gone, "{file:?}");
            if let Some(known) = known {
                assert_eq!(known.bound.map(|(_, message)| message), file.sent);
                let usage = usages.entry(file.by).or_default();
                usage.n_files += 1;
                usage.bytes += file.bytes;
            }
        }
        for n in 0..PEOPLE {
            let usage = self.store.usage(&name(n)).await.unwrap();
            assert_eq!(usage, usages.remove(&n).unwrap_or_default());
        }
        assert_eq!(self.disk.verify().unwrap().findings, []);
    }
}

async fn play(script: &[Step]) {
    let disk = FaultyDisk::default();
    let store = World::open(&disk);
    let open = Write::OpenGroup {
        name: None,
        members: (1..PEOPLE).map(name).collect(),
        key: None,
    };
    let open = Transaction::new(Timestamp(START_MS), name(0), open);
    let outcome = store.commit(vec![open]).await.unwrap().remove(0);
    let Ok(Outcome::Changed(changes)) = outcome else {
        panic!("{outcome:?}");
    };
    let mut world = World {
        disk,
        store,
        conversation: changes[0].conversation,
        model: Model::default(),
        now: Timestamp(START_MS),
    };
    for (n, step) in script.iter().enumerate() {
        world.now = Timestamp(START_MS + i64::try_from(n).unwrap());
        world.step(n, step).await;
    }
    world.compare().await;
    world.store.close().await.unwrap();
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_lies_in_the_folder_is_what_somebody_may_have(script in prop::collection::vec(step(), 1..60)) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        runtime.block_on(play(&script));
    }
}
