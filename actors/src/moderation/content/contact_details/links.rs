//! E-mail addresses and links, as they are and as people disguise them.

use std::{ops::Range, sync::LazyLock};

use linkify::{LinkFinder, LinkKind};
use regex::Regex;

/// Ends of names that are hardly ever anything else.
const SURE: &str = "com|net|org|edu|gov|info|biz|xyz|online|site|website|shop|store|club|app|dev|blog|page|link|chat|\
    io|ai|gg|tv|cc|co|tk|eu|uk|de|fr|es|nl|pl|ru|ua|ch|dk|fi|cz|sk|hu|ro|bg|gr|pt|ie|tr|br|mx|ar|cl|ca|au|nz|jp|cn|kr|\
    tw|hk|sg|th|vn|ph|pk|ae|sa|il|eg|za|ng|ke";

/// Ends of names that are also words, as somebody writes who leaves out the space after a full stop: a link only with
/// something behind them, or `www` before.
const UNSURE: &str =
    "me|ly|to|in|is|it|at|be|so|no|us|my|am|id|do|la|se|fm|st|ws|one|live|life|world|email|social";

/// `name.com`, `sub.name.co.uk:8080/path`, `t.me/name`, `www.name.anything`.
static BARE: LazyLock<Regex> = LazyLock::new(|| {
    // What ends a sentence ends the link before it.
    let path = r#"[^\s<>"]*[^\s<>"'.,;:!?)\]]"#;
    let tail = format!("(?::[0-9]{{1,5}})?(?:[/?#](?:{path})?)?");
    let name = r"(?:[\w-]+\.)+";
    regex(&format!(
        r"(?i)\b(?:{name}(?:{SURE})\b{tail}|{name}(?:{UNSURE})/{path}|www\.{name}\w{{2,}}\b{tail})"
    ))
});

/// `alice (at) example (dot) com`, `alice at example dot com`, `alice @ example.com`, `example[dot]com`.
static DISGUISED: LazyLock<Regex> = LazyLock::new(|| {
    let who = r"[\w.+-]+";
    let at = r"(?:\s?[(\[{]\s?(?:at|@)\s?[)\]}]\s?|\s?@\s?)";
    let dot = r"(?:\s?[(\[{]\s?(?:dot|\.)\s?[)\]}]\s?|\s+dot\s+|\.)";
    let end = format!("(?:{SURE}|{UNSURE})");
    regex(&format!(
        r"(?i)\b(?:{who}{at}[\w-]+(?:{dot}[\w-]+)*{dot}{end}\b|{who}\s+at\s+(?<host>[\w-]+)(?:\s+dot\s+[\w-]+)*\s+dot\s+{end}\b|[\w-]+(?:\s?[(\[{{]\s?dot\s?[)\]}}]\s?[\w-]+)*\s?[(\[{{]\s?dot\s?[)\]}}]\s?{end}\b)"
    ))
});

/// No host is called so.
const ARTICLES: [&str; 6] = ["the", "a", "an", "this", "that", "its"];

static PLAIN: LazyLock<LinkFinder> = LazyLock::new(|| {
    let mut finder = LinkFinder::new();
    finder.kinds(&[LinkKind::Url, LinkKind::Email]);
    finder
});

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern that the tests use")
}

/// Where they are.
pub(super) fn look(text: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // Nothing of it goes without one of these; most texts end here. Patterns are costly beyond ASCII, so none is tried
    // where it can't fit.
    let dotted = text.contains('.');
    if text.contains("://") || (dotted && text.contains('@')) {
        found.extend(PLAIN.links(text).map(|link| link.start()..link.end()));
    }
    if dotted {
        look_for_names(text, &mut found);
    }
    let bracketed = || text.bytes().any(|byte| b"([{".contains(&byte));
    let has_at = || text.contains('@') || (bracketed() && has_spelled(text, "at", false));
    if (dotted && has_at()) || has_spelled(text, "dot", true) {
        found.extend(
            DISGUISED
                .captures_iter(text)
                // `look at the dot com bubble`
                .filter(|link| {
                    !link
                        .name("host")
                        .is_some_and(|host| ARTICLES.contains(&host.as_str()))
                })
                .filter_map(|link| Some(link.get(0)?.range())),
        );
    }
    found
}

/// Names of hosts have no white space in them, so each word is looked at by itself, if it may be one.
fn look_for_names(text: &str, found: &mut Vec<Range<usize>>) {
    let mut from = 0;
    for word in text.split(char::is_whitespace) {
        if has_end(word) {
            let names = BARE.find_iter(word).map(|name| name.range());
            // `co-author` is a word of its own.
            let names = names.filter(|name| !word[name.end..].starts_with('-'));
            found.extend(names.map(|name| from + name.start..from + name.end));
        }
        from += word.len();
        from += text[from..].chars().next().map_or(0, char::len_utf8);
    }
}

/// Whether a full stop has a name before it and a letter behind it; behind `www` anything may be.
fn has_end(word: &str) -> bool {
    let is_www = |before: &str| {
        let www = before.len().checked_sub(3).and_then(|at| before.get(at..));
        www.is_some_and(|www| www.eq_ignore_ascii_case("www"))
    };
    word.match_indices('.').any(|(at, _)| {
        let (before, after) = (&word[..at], &word[at + 1..]);
        is_www(before) || (!before.is_empty() && after.starts_with(char::is_alphabetic))
    })
}

/// Whether a word, in any case, stands in brackets, or between spaces if that will do.
fn has_spelled(text: &str, word: &str, spaces_do: bool) -> bool {
    let first = word.as_bytes()[0];
    let mut starts = text
        .bytes()
        .enumerate()
        .filter(|(_, byte)| byte.to_ascii_lowercase() == first);
    starts.any(|(at, _)| {
        let (before, rest) = text.split_at(at);
        let Some((_, after)) = rest
            .split_at_checked(word.len())
            .filter(|(part, _)| part.eq_ignore_ascii_case(word))
        else {
            return false;
        };
        let spaced =
            before.ends_with(char::is_whitespace) && after.starts_with(char::is_whitespace);
        (spaces_do && spaced)
            || (before.trim_end().ends_with(['(', '[', '{'])
                && after.trim_start().starts_with([')', ']', '}']))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found if nothing is left out beforehand.
    fn look_everywhere(text: &str) -> Vec<Range<usize>> {
        let plain = PLAIN.links(text).map(|link| link.start()..link.end());
        let bare = BARE.find_iter(text).map(|link| link.range());
        let bare = bare.filter(|link| !text[link.end..].starts_with('-'));
        let disguised = DISGUISED.captures_iter(text).filter_map(|link| {
            let host = link.name("host").map(|host| host.as_str());
            (!host.is_some_and(|host| ARTICLES.contains(&host))).then_some(link.get(0)?.range())
        });
        plain.chain(bare).chain(disguised).collect()
    }

    #[test]
    fn links_and_addresses_are_found_exactly() {
        for (text, link) in [
            (
                "see https://example.org/a?b=c#d.",
                "https://example.org/a?b=c#d",
            ),
            ("HTTP://EXAMPLE.ORG", "HTTP://EXAMPLE.ORG"),
            (
                "at http://192.168.0.1:8080/x now",
                "http://192.168.0.1:8080/x",
            ),
            ("visit example.com!", "example.com"),
            ("my.site.co.uk/me is mine", "my.site.co.uk/me"),
            ("Example.DE", "Example.DE"),
            ("on t.me/alice_b", "t.me/alice_b"),
            ("www.meine-seite.berlin", "www.meine-seite.berlin"),
            ("(bücher.de)", "bücher.de"),
            ("alice.b+c@example.com, thanks", "alice.b+c@example.com"),
            ("alice @ example.com", "alice @ example.com"),
            ("alice(at)example.com", "alice(at)example.com"),
            (
                "alice [at] mail [dot] example [dot] org",
                "alice [at] mail [dot] example [dot] org",
            ),
            ("write alice at example dot com", "alice at example dot com"),
            ("example (dot) net", "example (dot) net"),
        ] {
            let found = look(text);
            let start = found.iter().map(|part| part.start).min();
            let end = found.iter().map(|part| part.end).max();
            let part = start.zip(end).map(|(start, end)| &text[start..end]);
            assert_eq!(part, Some(link), "{text}: {found:?}");
        }
    }

    #[test]
    fn what_only_has_full_stops_is_none() {
        for text in [
            "ok.me too",
            "wait...what",
            "i.e. this, e.g. that",
            "Mr.Smith",
            "it is over.so what",
            "node.js and main.rs and README.md",
            "v1.2.3",
            "3.14",
            "12.50 at 8.30",
            "look at the dot com bubble",
            "meet me at the station",
            "@alice",
            "a (at) b",
            "the polka dot dress",
            "see section 2.1.co-owner",
        ] {
            assert!(look(text).is_empty(), "{text}: {:?}", look(text));
        }
    }

    proptest! {
        #[test]
        fn what_isn_t_tried_would_find_nothing(
            parts in prop::collection::vec(
                "(a|http|://|www|\\.|\\.co|\\.de|t\\.me|/| |\u{3000}|@|at|dot|DOT|[(]|[)]|-|é|и|\u{17f}t|2|\"|\\PC)",
                0..14,
            ),
        ) {
            let text = parts.concat();
            prop_assert_eq!(look(&text), look_everywhere(&text), "{:?}", text);
        }
    }
}
