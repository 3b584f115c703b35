//! The actors together, without sockets: what only shows when several of them meet.

mod meeting;
