//! Who comes into whose sight, and goes out of it.

use super::*;

const GRACE: Duration = Duration::from_millis(100);

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn users(names: &[&str]) -> Vec<UserId> {
    names.iter().map(|name| user(name)).collect()
}

/// Comes, and is loaded if need be.
fn come(circle: &mut Circle, name: &str, n: u64, contacts: &[&str]) -> Vec<UserId> {
    come_with(circle, name, n, contacts, Audience::default())
}

fn come_with(
    circle: &mut Circle,
    name: &str,
    n: u64,
    contacts: &[&str],
    audience: Audience,
) -> Vec<UserId> {
    match circle.online(&user(name), ConnectionId(n)) {
        Greeting::Online(there) => there,
        Greeting::Load(number) => {
            let mut contacts = users(contacts);
            contacts.retain(|contact| *contact != user(name));
            match circle.loaded(&user(name), number, contacts, audience) {
                Some(Loaded::Online(there)) => there,
                other => panic!("{other:?}"),
            }
        }
        Greeting::Wait => panic!("nobody loads it"),
    }
}

fn reload(circle: &mut Circle, name: &str, number: u64, contacts: &[&str]) -> Vec<String> {
    match circle.loaded(&user(name), number, users(contacts), Audience::default()) {
        Some(Loaded::Told(told)) => lines(told),
        other => panic!("{other:?}"),
    }
}

fn lines(told: Vec<Told>) -> Vec<String> {
    let line = |t: Told| {
        let to: Vec<_> = t.to.iter().map(ToString::to_string).collect();
        format!(
            "{}{} to {}",
            if t.online { "+" } else { "-" },
            t.about,
            to.join(",")
        )
    };
    told.into_iter().map(line).collect()
}

#[test]
fn contacts_learn_of_each_other_and_strangers_of_nobody() {
    let mut circle = Circle::default();
    assert!(come(&mut circle, "a", 1, &["b"]).is_empty());
    assert_eq!(lines(circle.tick(0, GRACE)), ["+a to "]);
    assert_eq!(come(&mut circle, "b", 2, &["a"]), [user("a")]);
    come(&mut circle, "x", 3, &[]);
    assert_eq!(lines(circle.tick(0, GRACE)), ["+b to a", "+x to "]);
}

#[test]
fn who_is_back_within_the_grace_never_was_away() {
    let mut circle = Circle::default();
    come(&mut circle, "a", 1, &["b"]);
    come(&mut circle, "b", 2, &["a"]);
    circle.tick(0, GRACE);
    circle.offline(&user("a"), ConnectionId(1), 10);
    assert!(circle.tick(50, GRACE).is_empty());
    assert!(circle.is_there(&user("a")));
    come(&mut circle, "a", 3, &["b"]);
    assert!(circle.tick(500, GRACE).is_empty());
    circle.offline(&user("a"), ConnectionId(3), 500);
    assert_eq!(lines(circle.tick(600, GRACE)), ["-a to b"]);
    assert!(!circle.is_there(&user("a")));
}

#[test]
fn all_who_are_there_can_be_listed_from_somebody_on() {
    let mut circle = Circle::default();
    for (n, name) in [(1, "a"), (2, "b"), (3, "c"), (4, "d")] {
        come(&mut circle, name, n, &[]);
    }
    circle.tick(0, GRACE);
    let there = |circle: &Circle, after: Option<&str>| {
        let after = after.map(user);
        let there = circle.there_after(after.as_ref());
        there.cloned().collect::<Vec<_>>()
    };
    assert_eq!(there(&circle, None), users(&["a", "b", "c", "d"]));
    assert_eq!(there(&circle, Some("b")), users(&["c", "d"]));
    assert_eq!(there(&circle, Some("bb")), users(&["c", "d"]));
    circle.offline(&user("c"), ConnectionId(3), 0);
    come(&mut circle, "e", 5, &[]);
    circle.offline(&user("e"), ConnectionId(5), 0);
    assert_eq!(
        there(&circle, Some("b")),
        users(&["c", "d"]),
        "c may be back in a moment, and nobody was told of e"
    );
    circle.tick(1000, GRACE);
    assert_eq!(there(&circle, Some("b")), users(&["d"]));
}

#[test]
fn a_second_connection_keeps_them_there() {
    let mut circle = Circle::default();
    come(&mut circle, "a", 1, &[]);
    come(&mut circle, "a", 2, &[]);
    circle.tick(0, GRACE);
    circle.offline(&user("a"), ConnectionId(1), 0);
    assert!(circle.tick(1000, GRACE).is_empty());
    assert!(circle.is_there(&user("a")));
}

#[test]
fn a_block_takes_both_out_of_sight_and_back() {
    let mut circle = Circle::default();
    come(&mut circle, "a", 1, &["b"]);
    come(&mut circle, "b", 2, &["a"]);
    circle.tick(0, GRACE);
    assert_eq!(
        lines(circle.set_block(&user("a"), &user("b"), true)),
        ["-b to a", "-a to b"]
    );
    assert!(circle.set_block(&user("b"), &user("a"), true).is_empty());
    assert!(
        circle.set_block(&user("a"), &user("b"), false).is_empty(),
        "b still blocks a"
    );
    circle.offline(&user("b"), ConnectionId(2), 0);
    assert_eq!(lines(circle.tick(1000, GRACE)), ["-b to "], "a is not told");
    let audience = Audience {
        blocks: std::sync::Arc::new([user("a")].into()),
        ..Audience::default()
    };
    come_with(&mut circle, "b", 3, &["a"], audience);
    assert_eq!(lines(circle.tick(1000, GRACE)), ["+b to "]);
    assert_eq!(
        lines(circle.set_block(&user("b"), &user("a"), false)),
        ["+a to b", "+b to a"]
    );
}

#[test]
fn new_acquaintances_learn_who_is_there() {
    let mut circle = Circle::default();
    come(&mut circle, "a", 1, &[]);
    come(&mut circle, "b", 2, &[]);
    circle.tick(0, GRACE);
    let members = [user("a"), user("b"), user("away")];
    assert_eq!(lines(circle.acquaint(&members)), ["+a to b", "+b to a"]);
    assert!(circle.acquaint(&members).is_empty());
}

#[test]
fn who_is_removed_loses_sight_of_those_with_whom_nothing_else_is_shared() {
    let mut circle = Circle::default();
    for (n, name) in [(1, "a"), (2, "b"), (3, "c")] {
        come(&mut circle, name, n, &["a", "b", "c"]);
    }
    circle.tick(0, GRACE);
    let number = circle.part(&user("a")).unwrap();
    assert_eq!(
        reload(&mut circle, "a", number, &["c"]),
        ["-b to a", "-a to b"]
    );
    assert_eq!(come(&mut circle, "b", 4, &[]), users(&["c"]));
    let group = users(&["a", "b"]);
    assert_eq!(lines(circle.acquaint(&group)), ["+a to b", "+b to a"]);
    circle.offline(&user("a"), ConnectionId(1), 0);
    assert_eq!(lines(circle.tick(1000, GRACE)), ["-a to b,c"]);
    assert_eq!(circle.part(&user("a")), None);
    come(&mut circle, "a", 5, &["c"]);
    assert_eq!(lines(circle.tick(1000, GRACE)), ["+a to c"]);
    assert_eq!(come(&mut circle, "b", 6, &[]), users(&["c"]));
}

#[test]
fn what_comes_while_somebody_is_removed_counts() {
    let mut circle = Circle::default();
    for (n, name) in [(1, "a"), (2, "b"), (3, "c")] {
        come(&mut circle, name, n, &["a", "b", "c"]);
    }
    circle.tick(0, GRACE);
    let stale = circle.part(&user("a")).unwrap();
    let number = circle.part(&user("a")).unwrap();
    assert_eq!(
        circle.loaded(&user("a"), stale, users(&["b", "c"]), Audience::default()),
        None
    );
    assert!(circle.acquaint(&users(&["a", "b"])).is_empty());
    assert_eq!(
        reload(&mut circle, "a", number, &[]),
        ["-c to a", "-a to c"]
    );
}

#[test]
fn what_comes_while_somebody_arrives_counts() {
    let mut circle = Circle::default();
    for (n, name) in [(2, "b"), (3, "c"), (4, "d")] {
        come(&mut circle, name, n, &["a"]);
    }
    circle.tick(0, GRACE);
    let Greeting::Load(number) = circle.online(&user("a"), ConnectionId(1)) else {
        panic!("a is known already");
    };
    assert_eq!(
        circle.online(&user("a"), ConnectionId(5)),
        Greeting::Wait,
        "one read for both"
    );
    assert!(circle.set_block(&user("a"), &user("b"), true).is_empty());
    assert!(circle.set_block(&user("c"), &user("a"), true).is_empty());
    assert!(circle.acquaint(&users(&["a", "d"])).is_empty());
    assert!(circle.tick(0, GRACE).is_empty(), "nobody may be told yet");
    assert_eq!(
        circle.loaded(&user("a"), number, users(&["b", "c"]), Audience::default()),
        Some(Loaded::Online(users(&["d"])))
    );
    assert_eq!(lines(circle.tick(0, GRACE)), ["+a to d"]);
}
