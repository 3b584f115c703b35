//! Files that came with a request, until it is known what becomes of it.

use std::sync::Arc;

use parlour_actors::{
    command::{
        AttachmentCommand, AttachmentQuestion, AttachmentReply, Caller, Command, Question, Reply,
        Request,
    },
    system::Core,
};
use parlour_storage::{domain::attachment::Attachment, ids::AttachmentId};

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
