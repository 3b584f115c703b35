//! Whoever changes, removes, inserts or swaps a single line is found out.

use proptest::{collection::vec, option, prelude::*, sample::Index};

use super::*;
use crate::ids::{ConversationId, MessageId, Position, Timestamp, UserId};

fn user() -> impl Strategy<Value = UserId> {
    "[a-c\u{e4}]{1,3}".prop_map(|name| UserId::new(&name).unwrap())
}

fn position() -> impl Strategy<Value = Position> {
    (1..=Position::MAX.get()).prop_map(|number| Position::new(number).unwrap())
}

prop_compose! {
    /// A line that is of no chain yet. From few words, so that fields often begin as others end.
    fn line()(
        at in any::<i64>(),
        by in user(),
        place in option::of(position()),
        action in "[a-c.]{0,3}",
        whom in option::of(user()),
        conversation in option::of(position()),
        message in option::of(position()),
        detail in option::of("[a-c]{0,3}"),
    ) -> AuditLine {
        AuditLine {
            n: 0,
            at: Timestamp(at),
            by,
            position: place,
            action,
            user: whom,
            conversation: conversation.map(ConversationId::created_at),
            message: message.map(MessageId::created_at),
            detail,
            hash: [0; 32],
        }
    }
}

/// Makes lines a chain after a mark; tells the last one.
fn chained(after: Mark, lines: &mut [AuditLine]) -> Mark {
    let mut last = after;
    for line in lines {
        line.n = last.n + 1;
        line.hash = hash(&last.hash, line);
        last = Mark {
            n: line.n,
            hash: line.hash,
        };
    }
    last
}

prop_compose! {
    /// What a log begins after, and its lines.
    fn log()(
        n in 0..1_000_000_u64,
        hash in any::<[u8; 32]>(),
        lines in vec(line(), 1..12),
    ) -> (Mark, Vec<AuditLine>, Mark) {
        let after = if n == 0 { Mark::default() } else { Mark { n, hash } };
        let mut lines = lines;
        let written = chained(after, &mut lines);
        (after, lines, written)
    }
}

proptest! {
    #[test]
    fn a_whole_log_fits((after, lines, written) in log()) {
        prop_assert_eq!(verify(after, &lines, written), Ok(()));
    }

    /// Also if the line has the hash that it should have had: then the next one, or the end, doesn't fit.
    #[test]
    fn a_changed_line_is_found(
        (after, mut lines, written) in log(),
        at in any::<Index>(),
        new in line(),
        field in 0..10_usize,
        bit in 0..256_usize,
        rehashed: bool,
    ) {
        let at = at.index(lines.len());
        let line = &mut lines[at];
        let before = line.clone();
        match field {
            0 => line.n ^= 1 << (bit % 64),
            1 => line.at = new.at,
            2 => line.by = new.by,
            3 => line.position = new.position,
            4 => line.action = new.action,
            5 => line.user = new.user,
            6 => line.conversation = new.conversation,
            7 => line.message = new.message,
            8 => line.detail = new.detail,
            _ => line.hash[bit / 8] ^= 1 << (bit % 8),
        }
        prop_assume!(*line != before);
        if rehashed && field < 9 {
            let follows = at.checked_sub(1).map_or(after.hash, |at| lines[at].hash);
            lines[at].hash = hash(&follows, &lines[at]);
        }
        let found = verify(after, &lines, written).unwrap_err();
        let next = if rehashed && (1..9).contains(&field) && at + 1 < lines.len() { 1 } else { 0 };
        prop_assert_eq!(found.n, after.n + 1 + at as u64 + next);
    }

    #[test]
    fn a_removed_line_is_found((after, mut lines, written) in log(), at in any::<Index>()) {
        let at = at.index(lines.len());
        lines.remove(at);
        let found = verify(after, &lines, written).unwrap_err();
        prop_assert_eq!(found.n, after.n + 1 + at as u64);
    }

    /// A line that follows the one before it as it should.
    #[test]
    fn an_inserted_line_is_found(
        (after, mut lines, written) in log(),
        at in any::<Index>(),
        new in line(),
        copied: bool,
    ) {
        let at = at.index(lines.len() + 1);
        let mut new = [if copied { lines[at.min(lines.len() - 1)].clone() } else { new }];
        let before = at.checked_sub(1).map(|at| &lines[at]);
        chained(before.map_or(after, |line| Mark { n: line.n, hash: line.hash }), &mut new);
        lines.splice(at..at, new);
        prop_assert!(verify(after, &lines, written).is_err());
    }

    #[test]
    fn swapped_lines_are_found(
        (after, mut lines, written) in log(),
        a in any::<Index>(),
        b in any::<Index>(),
        renumbered: bool,
    ) {
        let (a, b) = (a.index(lines.len()), b.index(lines.len()));
        prop_assume!(a != b);
        lines.swap(a, b);
        if renumbered {
            let n = lines[a].n;
            lines[a].n = lines[b].n;
            lines[b].n = n;
        }
        let found = verify(after, &lines, written).unwrap_err();
        prop_assert_eq!(found.n, after.n + 1 + a.min(b) as u64);
    }
}

/// Written out byte by byte, and hashed by another program.
#[test]
fn a_hash_is_what_the_documentation_says() {
    let number = |number| Position::new(number).unwrap();
    let full = AuditLine {
        n: 2,
        at: Timestamp(1_800_000_000_123),
        by: UserId::new("ann").unwrap(),
        position: Some(number(70_000)),
        action: "user.muted".to_owned(),
        user: Some(UserId::new("b\u{f6}b").unwrap()),
        conversation: Some(ConversationId::created_at(number(300))),
        message: None,
        detail: Some(String::new()),
        hash: [0; 32],
    };
    let hex = |bytes: [u8; 32]| bytes.map(|byte| format!("{byte:02x}")).concat();
    assert_eq!(
        hex(hash(&[0; 32], &full)),
        "a9a88c5a6c73ea9308757174a3816cff1ac7e61473a0a7b361bf0eeb45306228"
    );
    let before = std::array::from_fn(|n| n as u8);
    let empty = AuditLine {
        at: Timestamp(-1),
        position: None,
        user: None,
        conversation: None,
        detail: None,
        ..full
    };
    assert_eq!(
        hex(hash(&before, &empty)),
        "bc728f78845464e56e30be8d080964b6c5dd264d47c81be9170a4b3ac61e033a"
    );
}

#[test]
fn a_misfit_says_which_line_and_why() {
    let misfit = |why| Misfit { n: 7, why }.to_string();
    assert_eq!(
        misfit(Why::Number { found: 9 }),
        "line 9 stands where line 7 belongs"
    );
    for why in [
        Why::Hash,
        Why::Replaced,
        Why::Missing,
        Why::Extra,
        Why::Unreadable("its checksum is wrong".to_owned()),
    ] {
        assert!(misfit(why).starts_with("line 7 "));
    }
}
