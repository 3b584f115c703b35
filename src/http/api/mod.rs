//! The native REST API: the same commands and questions as over WebSocket, as routes; and those of moderators.
//!
//! A handler reads a request into a command or a question, and hands it to the core. No rule stands here.

mod asked;
mod attachments;
mod chat;
mod contact;
mod events;
mod later;
mod notices;
mod personal;
mod push;
mod safety;

pub(super) use self::asked::body_refused;

use actix_web::{Resource, web};

use super::{downloads, error::wrong_method, uploads};

macro_rules! routes {
    ($($path:literal { $($method:ident $handler:path),* })*) => {
        /// Every route: its method in lower case, and its path.
        pub const ROUTES: &[(&str, &str)] = &[$($((stringify!($method), $path),)*)*];

        pub(super) fn routes(config: &mut web::ServiceConfig) {
            config$(.service(at($path, &[$(stringify!($method)),*])$(.route(web::$method().to($handler)))*))*;
        }
    };
}

// The flat table. Literal parts stand before `{parts}` of the same place.
routes! {
    "/v1/me" { get chat::me }
    "/v1/me/export" { get personal::export_own }
    "/v1/me/usage" { get attachments::usage }
    "/v1/me/preferences" { get safety::preferences, put safety::prefer }
    "/v1/users/{user}" { get chat::user }
    "/v1/users/{user}/like" { put contact::like, post contact::like, delete contact::unlike }
    "/v1/users/{user}/relation" { get contact::relation }
    "/v1/conversations" { get chat::conversations, post chat::open }
    "/v1/conversations/{conversation}" { get chat::conversation, patch chat::rename }
    "/v1/conversations/{conversation}/messages" { get chat::messages, post chat::send }
    "/v1/conversations/{conversation}/members" { get chat::members, post chat::add_members }
    "/v1/conversations/{conversation}/members/{user}" { patch chat::set_role, delete chat::remove_member }
    "/v1/conversations/{conversation}/read" { post chat::read }
    "/v1/conversations/{conversation}/delivered" { post chat::delivered }
    "/v1/conversations/{conversation}/typing" { post chat::typing }
    "/v1/conversations/{conversation}/mute" { put notices::mute, delete notices::lift }
    "/v1/notifications" { get notices::list }
    "/v1/notifications/unread" { get notices::unread }
    "/v1/notifications/read" { post notices::read }
    "/v1/me/do_not_disturb" { get notices::do_not_disturb, put notices::leave_alone }
    "/v1/messages" { post chat::send_to_user }
    "/v1/messages/{message}" { get chat::message, patch chat::edit, delete chat::delete }
    "/v1/messages/{message}/revisions" { get chat::revisions }
    "/v1/messages/{message}/receipts" { get chat::receipts }
    "/v1/messages/{message}/read" { post chat::read_message }
    "/v1/messages/{message}/delivered" { post chat::message_delivered }
    "/v1/messages/{message}/reactions/{emoji}" { put chat::react, delete chat::take_reaction_back }
    "/v1/attachments" { post uploads::upload }
    "/v1/attachments/{attachment}" { get downloads::file, delete attachments::give_up }
    "/v1/attachments/{attachment}/info" { get attachments::info }
    "/v1/attachments/{attachment}/link" { post downloads::link }
    "/v1/attachments/{attachment}/thumbnail" { get downloads::thumbnail }
    "/v1/attachments/{attachment}/{name}" { get downloads::file }
    "/v1/unread" { get chat::unread }
    "/v1/changes" { get chat::changes }
    "/v1/presence" { get chat::presence }
    "/v1/blocks" { get chat::blocks }
    "/v1/blocks/{user}" { put chat::block, delete chat::unblock }
    "/v1/requests" { get contact::requests, post contact::ask }
    "/v1/requests/{request}" { get contact::request, delete contact::withdraw }
    "/v1/requests/{request}/accept" { post contact::accept }
    "/v1/requests/{request}/decline" { post contact::decline }
    "/v1/likes" { get contact::likes }
    "/v1/matches" { get contact::matches }
    "/v1/matches/{match}" { delete contact::unmatch }
    "/v1/discovery/hidden" { get contact::hidden }
    "/v1/search" { get chat::search }
    "/v1/scheduled" { get later::all_scheduled, post later::schedule }
    "/v1/scheduled/{scheduled}" { get later::scheduled, patch later::reschedule, delete later::cancel }
    "/v1/templates" { get later::templates, post later::add_template }
    "/v1/templates/{template}" { patch later::change_template, delete later::drop_template }
    "/v1/events" { get events::follow }
    "/v1/events/consumers" { get events::consumers }
    "/v1/events/dead" { get events::dead }
    "/v1/events/replay" { post events::replay }
    "/v1/push/key" { get push::key }
    "/v1/push/targets" { get push::targets, post push::add }
    "/v1/push/targets/{target}" { delete push::give_up }
    "/v1/reports" { post safety::report }
    "/v1/moderation/reports" { get safety::reports }
    "/v1/moderation/reports/{report}" { get safety::case, patch safety::review_report }
    "/v1/moderation/reports/{report}/attachments/{attachment}" { get downloads::reported }
    "/v1/moderation/reports/{report}/attachments/{attachment}/thumbnail" { get downloads::reported_thumbnail }
    "/v1/moderation/flags" { get safety::flags }
    "/v1/moderation/flags/{message}" { patch safety::review_flag }
    "/v1/moderation/users/{user}" { get safety::standing }
    "/v1/moderation/users/{user}/actions" { post safety::act }
    "/v1/moderation/users/{user}/export" { get personal::export }
    "/v1/moderation/users/{user}/erase" { post personal::erase }
    "/v1/moderation/messages/{message}" { delete safety::take_down }
    "/v1/moderation/audit" { get safety::audit }
}

fn at(path: &str, methods: &'static [&'static str]) -> Resource {
    web::resource(path).default_service(web::to(async || wrong_method(methods)))
}
