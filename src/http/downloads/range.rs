//! Which part of a file a request asks for (RFC 9110 section 14). What has several parts, or means nothing, is the whole.

use std::ops::RangeInclusive;

/// Which part is asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// All of it: nothing else was asked for, or nothing that means anything, or several parts at once.
    All,
    /// From one byte to another.
    Part(RangeInclusive<u64>),
    /// None that there is.
    Beyond,
}

/// Reads the header `Range`, of a file that is so long.
pub(super) fn asked(range: &str, bytes: u64) -> Asked {
    let Some((from, to)) = range
        .trim()
        .strip_prefix("bytes=")
        .and_then(|it| it.split_once('-'))
    else {
        return Asked::All;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let part = match (from.trim(), to.trim()) {
        ("", last) => match number(last) {
            Ok(0) => return Asked::Beyond,
            Ok(last) => bytes.saturating_sub(last)..=bytes.saturating_sub(1),
            Err(_) => return Asked::All,
        },
        (from, "") => match number(from) {
            Ok(from) => from..=bytes.saturating_sub(1),
            Err(_) => return Asked::All,
        },
        (from, to) => match (number(from), number(to)) {
            (Ok(from), Ok(to)) if from <= to => from..=to.min(bytes.saturating_sub(1)),
            _ => return Asked::All,
        },
    };
    match *part.start() < bytes {
        true => Asked::Part(part),
        false => Asked::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_asked_for_as_the_standard_has_it() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part(0..=0)),
            ("bytes=2-4", Asked::Part(2..=4)),
            ("bytes=2-", Asked::Part(2..=9)),
            ("bytes=-3", Asked::Part(7..=9)),
            ("bytes=-30", Asked::Part(0..=9)),
            ("bytes=8-30", Asked::Part(8..=9)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=30-40", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=4-2", Asked::All),
            ("bytes=0-1,4-5", Asked::All),
            ("bytes=-", Asked::All),
            ("bytes=x-y", Asked::All),
            ("lines=0-1", Asked::All),
            ("bytes=99999999999999999999-", Asked::All),
        ] {
            assert_eq!(asked(range, 10), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Beyond);
    }
}
