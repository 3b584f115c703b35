//! A search without an index: looks at every message, and leaves it to the core what the reader may see.

use std::{ops::Range, sync::Arc};

use async_trait::async_trait;
use parlour_storage::store::Store;

use crate::searcher::{Hits, NotSearched, Searcher, Sought};

/// Finds texts and names of files that have the words in them as they stand. Knows nothing of blocks, as an index that is
/// behind.
#[derive(Debug)]
pub(crate) struct Scan(pub(crate) Arc<dyn Store>);

#[async_trait]
impl Searcher for Scan {
    async fn search(&self, sought: Sought) -> Result<Hits, NotSearched> {
        let mut messages = Vec::new();
        let mut last = None;
        loop {
            let page = self.0.all_messages(last, 1000).await;
            let page = page.map_err(|error| NotSearched::Failed(error.to_string()))?;
            let Some(newest) = page.last() else { break };
            last = Some(newest.id);
            messages.extend(page.into_iter().filter(|message| {
                let names = message.attachments.iter().map(|file| &file.name);
                sought.conversations.contains(&message.conversation)
                    && names
                        .chain([&message.content.text])
                        .any(|text| text.contains(&sought.words))
                    && sought
                        .has_file
                        .is_none_or(|on| on != message.attachments.is_empty())
            }));
        }
        let total = messages.len() as u64;
        let page = messages.iter().rev().skip(sought.offset);
        Ok(Hits {
            messages: page.take(sought.limit).map(|message| message.id).collect(),
            total,
        })
    }

    fn is_behind(&self) -> bool {
        false
    }

    fn highlights(&self, words: &str, text: &str) -> Vec<Range<usize>> {
        let found = text.match_indices(words);
        found.map(|(at, part)| at..at + part.len()).collect()
    }
}
