//! Messages by their words.
//!
//! The index is asked for what the caller may see and nothing else; what it says is read from the store and looked at
//! by the same eyes as a history, since the index may be a moment behind.

use super::items::seen;
use crate::{
    command::{Caller, Found, Reply, Search},
    error::{ErrorCode, Failure},
    limits::{OFFSET_MAX, QUERY_LENGTH_MAX},
    searcher::{Hits, NotSearched, Sought},
    system::Core,
};

impl Core {
    pub(super) async fn look_for(&self, caller: &Caller, search: Search) -> Result<Reply, Failure> {
        let searcher = self.searcher().ok_or_else(turned_off)?;
        let Search {
            words,
            of,
            author,
            since,
            until,
            has_file,
            offset,
            limit,
        } = search;
        if words.chars().count() > QUERY_LENGTH_MAX {
            let message = format!("look for {QUERY_LENGTH_MAX} characters at most");
            return Err(Failure::bad_value("query", message));
        }
        if offset > OFFSET_MAX {
            let message = format!(
                "a page by number skips {OFFSET_MAX} messages at most; narrow the search, or ask for older ones with `until`"
            );
            return Err(Failure::bad_value("offset", message));
        }
        let me = &caller.user;
        let conversations = match of {
            Some(target) => vec![self.conversation_at(me, target).await?],
            None => self.store_ref().conversation_ids_of(me).await?,
        };
        let eyes = self.eyes(caller).await?;
        let sought = Sought {
            words: words.clone(),
            conversations,
            author,
            unheard: eyes.unheard(),
            since,
            until,
            has_file,
            offset,
            limit,
        };
        let Hits { messages, total } = searcher
            .search(sought)
            .await
            .map_err(|error| self.not_searched(error))?;
        let more = ((offset + messages.len()) as u64) < total;
        let messages = self.store_ref().messages_of_ids(&messages).await?;
        let messages = messages.into_iter().filter_map(|m| seen(&eyes, m));
        let items = self.items(me, &eyes, messages.collect()).await?;
        let items = items.into_iter().map(|item| Found {
            highlights: searcher.highlights(&words, &item.message.content.text),
            item,
        });
        self.counters.searches.add_one();
        Ok(Reply::Found {
            items: items.collect(),
            total,
            more,
        })
    }

    fn not_searched(&self, error: NotSearched) -> Failure {
        match error {
            NotSearched::NoWords => {
                let message = "give at least one word to look for, in letters or digits";
                Failure::bad_value("query", message)
            }
            NotSearched::Busy => {
                self.counters.searches_busy.add_one();
                Failure::busy()
            }
            NotSearched::Failed(why) => {
                self.counters.searches_failed.add_one();
                tracing::error!(why, "the index could not be searched");
                Failure::internal()
            }
        }
    }
}

fn turned_off() -> Failure {
    let message =
        "search is turned off on this node; its operator can turn it on with search.enabled";
    Failure::new(ErrorCode::NotImplemented, message)
}
