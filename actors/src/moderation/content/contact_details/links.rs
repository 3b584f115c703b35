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
    // Nothing of it goes without one of these; most texts end here.
    let dotted = text.contains('.');
    if dotted || text.contains("://") {
        found.extend(PLAIN.links(text).map(|link| link.start()..link.end()));
    }
    if dotted {
        let bare = BARE.find_iter(text).map(|link| link.range());
        // `co-author` is a word of its own.
        found.extend(bare.filter(|link| !text[link.end..].starts_with('-')));
    }
    let spelled = || {
        text.as_bytes()
            .windows(3)
            .any(|w| w.eq_ignore_ascii_case(b"dot"))
    };
    if (dotted && text.contains(['@', '(', '[', '{'])) || spelled() {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
