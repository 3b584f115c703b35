//! The actors together, without sockets: what only shows when several of them meet.

mod attachments;
mod contacts;
mod histories;
mod inboxes;
mod later;
mod looking;
mod meeting;
mod notices;
mod people;
mod receipts;
mod reviewing;
mod safety;
mod telling;
