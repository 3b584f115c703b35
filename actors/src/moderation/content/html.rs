//! Markup taken out of texts: tags, comments, doctypes and CDATA, as a browser would see them (CONTRACT C-29).
//!
//! Judges nothing and escapes nothing: whatever isn't markup stays byte for byte, so `a & b`, `<3` and `&lt;b&gt;` do.
//! A tag that the text doesn't end is none, as for a browser that is shown the text alone.

use std::{borrow::Cow, ops::Range};

use html5gum::{DefaultEmitter, Token, Tokenizer};

/// The text without its markup, and without what becomes markup once other markup is gone.
pub(super) fn strip(text: &str) -> Cow<'_, str> {
    if first_markup(text).is_none() {
        return text.into();
    }
    let mut rest = text.to_owned();
    let mut at = 0;
    let mut kept = String::with_capacity(text.len());
    while let Some(markup) = first_markup(&rest[at..]) {
        kept.push_str(&rest[at..at + markup.start]);
        at += markup.end;
        // Of all that is kept, only a `<` right before the cut has another character behind it now. So it is enough to
        // look again from there, and the work stays linear, however deep tags are nested. It takes the place of the `>`.
        if kept.ends_with('<') && at < rest.len() {
            kept.pop();
            at -= 1;
            rest.replace_range(at..=at, "<");
        }
    }
    kept.push_str(&rest[at..]);
    kept.into()
}

/// Where the first markup of a text is.
fn first_markup(text: &str) -> Option<Range<usize>> {
    // Nearly every text ends here.
    if !text.contains('<') {
        return None;
    }
    Tokenizer::new_with_emitter(text, DefaultEmitter::<usize>::new_with_span())
        .flatten()
        .find_map(|token| match token {
            Token::StartTag(tag) => Some(tag.span),
            Token::EndTag(tag) => Some(tag.span),
            Token::Comment(comment) => Some(comment.span),
            Token::Doctype(doctype) => Some(doctype.span),
            Token::String(_) | Token::Error(_) => None,
        })
        .map(|span| span.start..span.end)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_no_markup_stays() {
        for text in [
            "a & b",
            "<3",
            "&lt;b&gt;",
            "1 < 2 > 0",
            "a <= b",
            "if a <b",
            "<<<",
            "-->",
            "x]]>",
            "e\u{301} 👩‍👩‍👧 <",
        ] {
            assert_eq!(strip(text), text);
        }
    }

    #[test]
    fn markup_goes_and_its_text_stays() {
        for (text, stripped) in [
            ("a <b>c</b> d", "a c d"),
            ("<script>alert(1)</script>", "alert(1)"),
            ("<img src=x onerror='a > b'>é", "é"),
            ("<!doctype html>ü", "ü"),
            ("x<!-- <b> -->y", "xy"),
            ("x<!-- never ends", "x"),
            ("<![CDATA[c]]>w", "w"),
            ("<?php x ?>y", "y"),
            ("a<br/>b", "ab"),
            ("&lt;<i>b</i>&gt;", "&lt;b&gt;"),
        ] {
            assert_eq!(strip(text), stripped, "{text}");
        }
    }

    #[test]
    fn what_becomes_markup_goes_too() {
        assert_eq!(strip("<<b>script>alert(1)<<b>/script>"), "alert(1)");
        assert_eq!(strip("<<<b>b>i>x"), "x");
        assert_eq!(strip("<<b>3"), "<3");
        assert_eq!(strip("<<!-- to the end"), "<");
    }

    #[test]
    fn hostile_nesting_takes_linear_time() {
        let n = 10_000;
        let hostile = [
            "<".repeat(n),
            format!("{}{}", "<".repeat(n), "b>".repeat(n)),
            "<<b>".repeat(n),
            "<b ".repeat(n),
            format!("{}{}", "<".repeat(n), "<!-->".repeat(n)),
            format!("<a {}", "é='<".repeat(n)),
        ];
        let from = Instant::now();
        for text in hostile {
            let stripped = strip(&text);
            assert!(first_markup(&stripped).is_none());
        }
        // Each pass over such a text takes a millisecond or so; a pass for each level would take minutes.
        assert!(from.elapsed().as_secs() < 20, "{:?}", from.elapsed());
    }

    /// What the contract says, word for word: cut the first, until there is none.
    fn naive(text: &str) -> String {
        let mut text = text.to_owned();
        while let Some(markup) = first_markup(&text) {
            text.replace_range(markup, "");
        }
        text
    }

    proptest! {
        #[test]
        fn is_what_the_contract_says(text in "[<>/!?b3 é'\"=&-]{0,60}") {
            let stripped = strip(&text);
            prop_assert_eq!(&*stripped, naive(&text));
            prop_assert_eq!(strip(&stripped), &*stripped);
            prop_assert!(stripped.len() <= text.len());
        }

        #[test]
        fn text_without_a_less_than_stays(text in "[^<]{0,200}") {
            prop_assert_eq!(&*strip(&text), &*text);
        }
    }
}
