//! Keys sort as they should, and no part reaches into the next.

use super::*;
use crate::domain::event::EventId;

fn name(text: &str) -> UserId {
    UserId::new(text).unwrap()
}

fn hostile() -> Vec<UserId> {
    let long = "x".repeat(crate::ids::NAME_BYTES_MAX);
    let longer_sorts_first = format!("{}a", "x".repeat(crate::ids::NAME_BYTES_MAX - 1));
    [
        "a",
        "ab",
        "b",
        "a\u{ff}b",
        "\u{10ffff}",
        " ",
        "0",
        &long,
        &longer_sorts_first,
    ]
    .map(name)
    .to_vec()
}

fn id(number: u64) -> ConversationId {
    ConversationId::created_at(Position::new(number).unwrap())
}

#[test]
fn no_name_reaches_into_another_ones_range() {
    for mine in hostile() {
        for theirs in hostile() {
            for n in [0, 1, 255, 256, Position::MAX.get()] {
                let joined = Position::new(n).unwrap();
                let key = stint(&theirs, id(n), joined);
                assert_eq!(stints(&mine).contains(&key), mine == theirs);
                let key = block(&theirs, &mine);
                assert_eq!(blocks(&mine).contains(&key), mine == theirs);
            }
        }
    }
}

#[test]
fn numbers_sort_as_numbers() {
    let numbers = [0, 1, 255, 256, 65_535, 1 << 40, Position::MAX.get()];
    for pair in numbers.windows(2) {
        let [small, large] = [Seq(pair[0]), Seq(pair[1])];
        assert!(place(id(7), small) < place(id(7), large));
        assert!(places_from(id(7), large).contains(&place(id(7), large)));
        assert!(!places_from(id(7), large).contains(&place(id(7), small)));
        assert!(!places_below(id(7), large).contains(&place(id(7), large)));
        assert!(places_below(id(7), large).contains(&place(id(7), small)));
        assert!(!places(id(pair[0])).contains(&place(id(pair[1]), small)));
    }
}

#[test]
fn parts_come_back_as_they_went_in() {
    for user in hostile() {
        let key = stint(&user, id(9), Position::MAX);
        let mut parts = Parts::of(Table::Stint, &key).unwrap();
        assert_eq!(parts.user().as_ref(), Some(&user));
        assert_eq!(parts.conversation(), Some(id(9)));
        assert_eq!(parts.position(), Some(Position::MAX));
        assert_eq!(parts.end(()), Some(()));
        assert!(Parts::of(Table::Member, &key).is_none());

        let part = continuation(&key, 515);
        assert_eq!(continued(&part), Some((&key[..], 515)));
    }
}

#[test]
fn cut_keys_have_no_parts() {
    let key = stint(&name("ab"), id(9), Position::MAX);
    for length in 1..key.len() {
        let mut parts = Parts::of(Table::Stint, &key[..length]).unwrap();
        let all = (|| Some((parts.user()?, parts.conversation()?, parts.position()?)))();
        assert_eq!(all, None, "{length}");
    }
}

#[test]
fn a_range_after_an_event_begins_with_the_next_one() {
    let at = |position, n| EventId {
        position: Position::new(position).unwrap(),
        n,
    };
    for (before, after) in [(at(1, 0), at(1, 1)), (at(1, u16::MAX), at(2, 0))] {
        assert!(events_after(before).contains(&event(after)));
        assert!(!events_after(before).contains(&event(before)));
        assert!(events_through(before).contains(&event(before)));
        assert!(!events_through(before).contains(&event(after)));
    }
}

#[test]
fn tables_do_not_overlap() {
    assert!(table(Table::Continuation).contains(&continuation(&meta(Meta::Epoch), 1)));
    assert!(!table(Table::Meta).contains(&continuation(&meta(Meta::Epoch), 1)));
    assert_eq!(after_all(&[1, 0xff, 0xff]), [2]);
    assert!(Table::ALL.is_sorted_by(|a, b| a < b), "each byte once");
    for table in Table::ALL {
        assert_eq!(Table::of(&[table as u8, 7]), Some(table));
        assert!(everything().contains(&vec![table as u8]));
    }
}
