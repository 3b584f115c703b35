//! From bytes that come in to a file that the node knows: written down, recognised, freed of what it shouldn't say, kept,
//! and only then made known. What is refused or cut off on the way leaves nothing behind.

use std::{io, path::PathBuf, sync::Arc, time::Duration};

use anyhow::Context as _;
use parlour_actors::{
    command::{
        AttachmentCommand, AttachmentQuestion, AttachmentReply, Caller, Command, Question, Reply,
        Request,
    },
    error::{ErrorCode, Failure},
    files::Files as _,
    policy,
    system::Core,
};
use parlour_storage::{
    domain::attachment::{Attachment, AttachmentDraft},
    ids::{AttachmentId, UserId},
    store::Rejection,
};
use tokio::time::Instant;

use super::{
    decoders::Decoders,
    incoming::{Cut, Incoming, Received},
    media,
    picture::{self, Picture, Unfit},
    place,
    places::{Place, Places},
    store::FileStore,
};

/// What comes in.
#[derive(Debug)]
pub struct Uploads {
    store: Arc<FileStore>,
    /// Where files are until all of them is there.
    incoming: PathBuf,
    policy: policy::Attachments,
    pixels_max: u64,
    timeout: Duration,
    places: Arc<Places>,
    /// Who decodes pictures: it takes memory, and a core.
    decoders: Decoders,
}

/// How uploads are bounded, beside the policy.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Most pixels of a picture.
    pub pixels_max: u64,
    /// How long an upload may take.
    pub timeout: Duration,
    /// Most uploads at a time.
    pub uploads_max: usize,
    /// Most pictures that are decoded at a time.
    pub decoders: usize,
}

/// A file on its way in, and who sends it.
#[derive(Debug)]
pub struct Upload {
    incoming: Incoming,
    name: String,
    /// The type that its sender says.
    said: Option<String>,
}

/// Who may upload now, and until when.
#[derive(Debug)]
pub struct Admitted {
    /// When it is over.
    pub until: Instant,
    _place: Place,
}

impl Uploads {
    pub(super) fn new(
        store: Arc<FileStore>,
        incoming: PathBuf,
        policy: policy::Attachments,
        bounds: Bounds,
    ) -> io::Result<Self> {
        Ok(Self {
            store,
            incoming,
            policy,
            pixels_max: bounds.pixels_max,
            timeout: bounds.timeout,
            places: Places::new(bounds.uploads_max),
            decoders: Decoders::start(bounds.decoders)?,
        })
    }

    /// Lets somebody upload, before a byte of theirs is read.
    ///
    /// # Errors
    ///
    /// The node takes no files, there are too many uploads, or their files take up all they may.
    pub async fn admit(&self, core: &Arc<Core>, caller: &Arc<Caller>) -> Result<Admitted, Failure> {
        if !self.policy.enabled {
            return Err(Failure::no_attachments());
        }
        let place = self.places.take(&caller.user).ok_or_else(Failure::busy)?;
        let question = Question::Attachment(AttachmentQuestion::Usage);
        let reply = core.ask(Arc::clone(caller), Request::Ask(question)).await?;
        if let Reply::Attachment(AttachmentReply::Usage { usage, quota }) = reply
            && quota.is_some_and(|quota| usage.bytes >= quota)
        {
            return Err(Rejection::QuotaFull.into());
        }
        Ok(Admitted {
            until: Instant::now() + self.timeout,
            _place: place,
        })
    }

    /// Begins to take a file, of a name and a type that its sender says.
    ///
    /// # Errors
    ///
    /// No file of this type may be sent, or nothing can be written.
    pub async fn begin(&self, name: &str, said: Option<&str>) -> Result<Upload, Failure> {
        let said = said.and_then(media::usual);
        let bytes_max = match &said {
            Some(said) => self.policy.check(said, 0)?,
            None => self.policy.bytes_max,
        };
        let incoming = Incoming::begin(&self.incoming, bytes_max).await;
        Ok(Upload {
            incoming: incoming.map_err(|error| not_kept(&error.into()))?,
            name: name.to_owned(),
            said,
        })
    }

    /// Keeps a file that has come in as a whole, and makes it known. Goes on to its end even if nobody waits for it.
    ///
    /// # Errors
    ///
    /// It isn't what its sender says, it may not be sent, or it can't be kept.
    pub async fn end(
        self: &Arc<Self>,
        core: &Arc<Core>,
        caller: &Arc<Caller>,
        upload: Upload,
    ) -> Result<Attachment, Failure> {
        let (uploads, core, caller) = (Arc::clone(self), Arc::clone(core), Arc::clone(caller));
        // A client that hangs up between the file and its record would leave one of them alone.
        let ended = actix_web::rt::spawn(async move {
            let ended = uploads.keep(&core, &caller, upload).await;
            match &ended {
                Ok(_) => core.counters.uploads_kept.add_one(),
                Err(_) => core.counters.uploads_refused.add_one(),
            }
            ended
        });
        ended.await.unwrap_or_else(|_| Err(Failure::internal()))
    }

    async fn keep(
        &self,
        core: &Arc<Core>,
        caller: &Arc<Caller>,
        upload: Upload,
    ) -> Result<Attachment, Failure> {
        let Upload {
            incoming,
            name,
            said,
        } = upload;
        let received = incoming.end().await;
        let received = received.map_err(|error| not_kept(&error.into()))?;
        let (received, media_type) = recognise(received, said).await?;
        self.policy.check(&media_type, received.bytes)?;
        // Before a picture is looked at: else a slow bucket would leave all of them waiting in memory.
        let turn = self.store.turn().await;
        let _turn = turn.map_err(|error| not_kept(&error))?;
        let draft = match self.picture(&received, &media_type).await? {
            Some(picture) => self.keep_picture(&caller.user, picture, &media_type).await,
            None => self.keep_file(&caller.user, &received, &media_type).await,
        };
        let digest = received.digest;
        drop(received);
        let draft = AttachmentDraft {
            name,
            digest,
            ..draft.map_err(|error| not_kept(&error))?
        };
        self.make_known(core, caller, draft).await
    }

    /// What is kept of a picture. `None`: it is none.
    async fn picture(
        &self,
        received: &Received,
        media_type: &str,
    ) -> Result<Option<Picture>, Failure> {
        let Some(format) = picture::format(media_type) else {
            return Ok(None);
        };
        let (path, pixels_max) = (received.path.clone(), self.pixels_max);
        let look = move || io::Result::Ok(picture::fit(&std::fs::read(path)?, format, pixels_max));
        let fit = self.decoders.run(look).await;
        let fit = fit.context("a picture made the thread panic that looked at it");
        let fit = fit.and_then(|fit| Ok(fit?));
        let fit = fit.map_err(|error| not_kept(&error))?;
        fit.map(Some).map_err(|unfit| {
            let message = match unfit {
                Unfit::Broken => "the picture is damaged; save it anew and send that".to_owned(),
                Unfit::TooLarge => format!(
                    "the picture has more than {pixels_max} pixels; make it smaller and send that"
                ),
            };
            Failure::bad_value("file", message)
        })
    }

    async fn keep_picture(
        &self,
        user: &UserId,
        picture: Picture,
        media_type: &str,
    ) -> anyhow::Result<AttachmentDraft> {
        let Picture {
            size,
            bytes,
            thumbnail,
        } = picture;
        let object = place::new(user, media::ending(media_type));
        let small = place::of_thumbnail(&object, thumbnail.ending);
        let draft = AttachmentDraft {
            bytes: bytes.len() as u64,
            image: Some(size),
            thumbnail: Some(small.clone()),
            ..draft(object.clone(), media_type)
        };
        self.store.keep(&object, bytes).await?;
        if let Err(error) = self.store.keep(&small, thumbnail.bytes).await {
            self.take_away(&draft).await;
            return Err(error);
        }
        Ok(draft)
    }

    async fn keep_file(
        &self,
        user: &UserId,
        received: &Received,
        media_type: &str,
    ) -> anyhow::Result<AttachmentDraft> {
        let object = place::new(user, media::ending(media_type));
        self.store.keep_file(&object, &received.path).await?;
        Ok(AttachmentDraft {
            bytes: received.bytes,
            ..draft(object, media_type)
        })
    }

    async fn make_known(
        &self,
        core: &Arc<Core>,
        caller: &Arc<Caller>,
        draft: AttachmentDraft,
    ) -> Result<Attachment, Failure> {
        let command = Command::Attachment(AttachmentCommand::Upload(draft.clone()));
        let reply = core.ask(Arc::clone(caller), Request::Do(command)).await;
        match reply {
            Ok(Reply::Attachment(AttachmentReply::Uploaded(file))) => Ok(*file),
            Ok(_) => Err(Failure::internal()),
            // Nobody knows whether it was made known. If not, it is found and taken away later.
            Err(failure)
                if matches!(failure.code, ErrorCode::Internal | ErrorCode::Unavailable) =>
            {
                Err(failure)
            }
            Err(failure) => {
                self.take_away(&draft).await;
                Err(failure)
            }
        }
    }

    async fn take_away(&self, draft: &AttachmentDraft) {
        for object in [Some(&draft.object), draft.thumbnail.as_ref()]
            .into_iter()
            .flatten()
        {
            if let Err(error) = self.store.delete(object).await {
                tracing::warn!(object, %error, "a file that was refused is left until it is found");
            }
        }
    }
}

fn draft(object: String, media_type: &str) -> AttachmentDraft {
    AttachmentDraft {
        object,
        name: String::new(),
        media_type: media_type.to_owned(),
        bytes: 0,
        digest: [0; 32],
        image: None,
        thumbnail: None,
        quota: None,
    }
}

async fn recognise(
    received: Received,
    said: Option<String>,
) -> Result<(Received, String), Failure> {
    let words = match &said {
        Some(said) => format!("the file is no {said}, or says so alone; send it as what it is"),
        None => "nobody can tell what the file is; say its type, or send another".to_owned(),
    };
    let recognised = blocking(move || {
        let media_type = media::recognise(&received, said.as_deref())?;
        Ok(media_type.map(|media_type| (received, media_type)))
    });
    recognised
        .await?
        .ok_or_else(|| Failure::bad_value("file", words))
}

/// Work that a thread of actors has no time for.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Failure> {
    let done = actix_web::rt::task::spawn_blocking(work).await;
    let done = done.context("the work panicked").and_then(|done| Ok(done?));
    done.map_err(|error| not_kept(&error))
}

fn not_kept(error: &anyhow::Error) -> Failure {
    tracing::error!(error = format!("{error:#}"), "a file can't be kept");
    Failure::new(
        ErrorCode::Busy,
        "the node can't keep files at the moment; try again later",
    )
}

impl Upload {
    /// Takes the next piece.
    ///
    /// # Errors
    ///
    /// It is longer than it may be, or can't be written.
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        self.incoming.take(piece).await.map_err(|cut| match cut {
            Cut::TooLong => Failure {
                field: Some("file"),
                ..Failure::new(ErrorCode::TooLarge, "the file is longer than it may be")
            },
            Cut::Disk(error) => not_kept(&error.into()),
        })
    }
}

/// Files that were uploaded for a request: those that it sent no message with are given up again, since it was refused, or
/// was answered before and its files are there twice.
#[derive(Debug)]
pub struct Fresh {
    core: Arc<Core>,
    caller: Arc<Caller>,
    files: Vec<Attachment>,
}

impl Fresh {
    /// None yet.
    pub fn new(core: &Arc<Core>, caller: &Arc<Caller>) -> Self {
        Self {
            core: Arc::clone(core),
            caller: Arc::clone(caller),
            files: Vec::new(),
        }
    }

    /// One more.
    pub fn add(&mut self, file: Attachment) {
        self.files.push(file);
    }

    /// Those there are, in the order they came.
    pub fn list(&self) -> &[Attachment] {
        &self.files
    }

    /// Their ids, likewise.
    pub fn ids(&self) -> Vec<AttachmentId> {
        self.files.iter().map(|file| file.id).collect()
    }

    /// They are their owner's from here on.
    pub fn keep(mut self) -> Vec<Attachment> {
        std::mem::take(&mut self.files)
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        for file in self.files.drain(..) {
            let (core, caller) = (Arc::clone(&self.core), Arc::clone(&self.caller));
            actix_web::rt::spawn(async move {
                let question = Question::Attachment(AttachmentQuestion::One(file.id));
                let known = core.ask(Arc::clone(&caller), Request::Ask(question)).await;
                if let Ok(Reply::Attachment(AttachmentReply::Attachment(file))) = known
                    && file.bound.is_none()
                {
                    let command = Command::Attachment(AttachmentCommand::Drop(file.id));
                    // Too much to do, perhaps: those that nobody sends go by themselves.
                    let _given_up_or_not = core.ask(caller, Request::Do(command)).await;
                }
            });
        }
    }
}
