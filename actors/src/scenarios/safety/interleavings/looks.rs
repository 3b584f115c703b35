//! Every way to look, and what an answer shows. A new one is added to both functions: the second knows every answer
//! there is, so that none is forgotten.

use parlour_storage::{
    contacts::Direction,
    ids::{AttachmentId, ConversationId, Epoch, MessageId, Position},
    store::PageFrom,
};

use super::telltale::{reads, seen};
use crate::{
    codec::Resume,
    command::{
        AttachmentQuestion, AttachmentReply, ContactQuestion, ContactReply, HistoryFilter,
        InboxFilter, Item, NoticeReply, Question, Reply, Scope, Search, ShownRequest, Target,
        Unread,
    },
    scenarios::telling::within,
};

/// How many ways there are.
pub(super) const N_LOOKS: usize = 17;

/// One of the ways, at a conversation, a message or a file.
pub(super) fn question(
    k: usize,
    epoch: Epoch,
    conversation: ConversationId,
    message: Option<MessageId>,
    file: Option<AttachmentId>,
) -> Option<Question> {
    let history = |of, offset| Question::History {
        of,
        matching: HistoryFilter::default(),
        offset,
        limit: 100,
    };
    Some(match k {
        0 => Question::Messages {
            conversation,
            from: PageFrom::End,
            limit: 100,
        },
        1 => history(within(conversation), 0),
        2 => history(Scope::Direct, 1),
        3 => Question::Changes {
            since: Resume {
                epoch,
                position: Position::ZERO,
            },
            limit: 100,
        },
        4 => Question::Conversations {
            before: None,
            limit: 10,
        },
        5 => Question::Conversation(conversation),
        6 => Question::Inbox {
            matching: InboxFilter {
                groups: true,
                ..InboxFilter::default()
            },
            offset: 0,
            limit: 10,
        },
        7 => Question::Unread,
        8 => Question::Members(conversation),
        9 => Question::Contact(ContactQuestion::Requests {
            direction: Direction::default(),
            pending: false,
            before: None,
            limit: 10,
        }),
        10 => Question::Message(message?),
        11 => Question::Item(message?),
        12 => Question::Revisions(message?),
        13 => Question::Search(Search {
            // What people write here begins so.
            words: "<".to_owned(),
            limit: 100,
            ..Search::default()
        }),
        14 => Question::Search(Search {
            of: Some(Target::Conversation(conversation)),
            has_file: Some(true),
            limit: 100,
            ..Search::default()
        }),
        15 => Question::Attachment(AttachmentQuestion::One(file?)),
        _ => Question::Receipts(message?),
    })
}

/// What an answer shows.
pub(super) fn shown(reply: &Reply) -> Vec<String> {
    match reply {
        Reply::Messages(messages) => {
            let visible = messages.iter().filter(|shown| !shown.veiled);
            visible.map(|s| format!("{:?}", s.message)).collect()
        }
        Reply::Message(shown) if shown.veiled => Vec::new(),
        Reply::Message(shown) => vec![format!("{:?}", shown.message)],
        Reply::History { items, .. } => items.iter().flat_map(item).collect(),
        Reply::Item(one) => item(one),
        Reply::Found { items, .. } => items.iter().flat_map(|found| item(&found.item)).collect(),
        Reply::Inbox { entries, .. } => entries
            .iter()
            .flat_map(|entry| {
                let last = entry.last.iter().flat_map(item);
                last.chain([format!("{:?}", entry.summary.last_message)])
            })
            .collect(),
        Reply::Entry(entry) => vec![format!("{:?} {:?}", entry.summary, entry.last)],
        Reply::Changes { changes, .. } => changes.iter().filter_map(seen).collect(),
        Reply::Conversations { summaries, .. } => {
            let lasts = summaries.iter().map(|s| format!("{:?}", s.last_message));
            lasts.collect()
        }
        Reply::Conversation(summary) => vec![format!("{:?}", summary.last_message)],
        Reply::Revisions(revisions) => vec![format!("{revisions:?}")],
        Reply::Receipts(receipts) => {
            let told = receipts.iter().filter(|r| r.read || r.delivered);
            told.map(|receipt| reads(&receipt.user)).collect()
        }
        Reply::Roster(roster) => {
            let told = roster.members.iter();
            let told = told.filter(|member| member.cursor != Default::default());
            told.map(|member| reads(&member.user)).collect()
        }
        Reply::Contact(ContactReply::Requests { requests, .. }) => {
            requests.iter().map(ask).collect()
        }
        Reply::Contact(ContactReply::Request(request)) => vec![ask(request)],
        Reply::Contact(ContactReply::Answered { request, .. }) => vec![ask(request)],
        Reply::Attachment(AttachmentReply::Attachment(file) | AttachmentReply::Uploaded(file)) => {
            vec![format!("{file:?}")]
        }
        Reply::Attachment(AttachmentReply::Usage { .. }) => Vec::new(),
        // Asked about nowhere here: see `scenarios/notices.rs`. They name messages, and don't say what these say.
        Reply::Notice(NoticeReply::Notifications { items, .. }) => {
            items.iter().map(|item| format!("{item:?}")).collect()
        }
        // What is left shows nothing that anybody wrote, or is counted: see `counted`.
        Reply::Opened { .. }
        | Reply::Sent { .. }
        | Reply::Done
        | Reply::Me(_)
        // One's own.
        | Reply::Later(_)
        | Reply::User(_)
        | Reply::People(_)
        | Reply::Online(_)
        | Reply::Unread(_)
        | Reply::Blocks(_)
        | Reply::Presence(_)
        | Reply::Contact(
            ContactReply::Liked { .. }
            | ContactReply::Matches { .. }
            | ContactReply::Likes { .. }
            | ContactReply::Hidden { .. }
            | ContactReply::Relation(_),
        )
        | Reply::Notice(
            NoticeReply::Unread(_)
            | NoticeReply::DoNotDisturb(_)
            | NoticeReply::PushKey(_)
            | NoticeReply::PushTarget(_)
            | NoticeReply::PushTargets(_),
        )
        | Reply::Safety(_) => Vec::new(),
    }
}

/// How many messages an answer counts as unread, and where.
pub(super) fn counted(reply: &Reply) -> Vec<(ConversationId, u64)> {
    match reply {
        Reply::Unread(unread) => {
            let counts = unread.iter();
            counts
                .map(
                    |Unread {
                         conversation,
                         unread,
                     }| (conversation.id, *unread),
                )
                .collect()
        }
        Reply::Conversations { summaries, .. } => {
            let counts = summaries.iter();
            counts.map(|s| (s.conversation.id, s.unread)).collect()
        }
        Reply::Conversation(summary) => vec![(summary.conversation.id, summary.unread)],
        Reply::Inbox { entries, .. } => {
            let summaries = entries.iter().map(|entry| &entry.summary);
            summaries.map(|s| (s.conversation.id, s.unread)).collect()
        }
        _ => Vec::new(),
    }
}

fn item(item: &Item) -> Vec<String> {
    let readers = item.read_by.iter();
    let readers = readers.filter(|reader| **reader != item.message.author);
    readers
        .map(reads)
        .chain([format!("{:?}", item.message)])
        .collect()
}

/// A request, unless it is one's own.
fn ask(shown: &ShownRequest) -> String {
    if shown.sent {
        String::new()
    } else {
        shown.request.text.clone()
    }
}
