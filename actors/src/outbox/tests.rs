//! The outbox without a transport: bounds, order, replay, and the end.

use super::*;

fn text(text: &'static str) -> Frame {
    Frame::Text(ByteString::from_static(text))
}

fn at(n: u64) -> Position {
    Position::new(n).unwrap()
}

fn open(frames_max: usize, bytes_max: usize) -> Arc<Outbox> {
    let outbox = Outbox::new(ConnectionId(1), frames_max, bytes_max);
    assert!(outbox.open_gate(Position::ZERO));
    outbox
}

fn drain(outbox: &Outbox) -> Vec<Frame> {
    let mut frames = Vec::new();
    outbox.drain(&mut frames);
    frames
}

#[test]
fn changes_come_out_in_order_and_only_when_released() {
    let outbox = open(10, 100);
    let first_of_its_group = outbox.stage(at(2), at(2), text("b"));
    assert_eq!(first_of_its_group, Staged::ToRelease);
    let second = outbox.stage(at(1), at(2), text("a"));
    assert_eq!(second, Staged::Promised);
    let first_of_the_next = outbox.stage(at(3), at(3), text("c"));
    assert_eq!(first_of_the_next, Staged::ToRelease);
    assert_eq!(drain(&outbox), []);
    outbox.release(at(2));
    assert_eq!(drain(&outbox), [text("a"), text("b")]);
    outbox.release(at(3));
    assert_eq!(drain(&outbox), [text("c")]);
}

#[test]
fn live_changes_wait_behind_the_replay_and_are_not_repeated() {
    let outbox = Outbox::new(ConnectionId(1), 10, 100);
    for n in 1..=3 {
        outbox.stage(
            at(n),
            at(3),
            text(["x", "1", "2", "3"][usize::try_from(n).unwrap()]),
        );
    }
    outbox.release(at(3));
    assert!(outbox.push(text("replayed 1 and 2")));
    assert!(outbox.open_gate(at(2)));
    assert_eq!(drain(&outbox), [text("replayed 1 and 2"), text("3")]);
    outbox.stage(at(2), at(4), text("late"));
    outbox.stage(at(4), at(4), text("4"));
    outbox.release(at(4));
    assert_eq!(drain(&outbox), [text("4")]);
}

#[test]
fn what_is_not_stored_does_not_come_before_hello() {
    let outbox = Outbox::new(ConnectionId(1), 10, 100);
    assert!(outbox.push_live(text("typing")), "it is no slow client");
    assert!(outbox.push(text("hello")));
    assert!(outbox.open_gate(at(0)));
    assert!(outbox.push_live(text("typing again")));
    assert_eq!(drain(&outbox), [text("hello"), text("typing again")]);
}

#[test]
fn too_much_during_a_replay_means_replay_again() {
    let outbox = Outbox::new(ConnectionId(1), 2, 100);
    for n in 1..=5 {
        outbox.stage(at(n), at(n), text("x"));
        outbox.release(at(n));
    }
    assert!(!outbox.open_gate(at(0)), "some were dropped");
    assert!(outbox.open_gate(at(5)), "nothing came since");
    outbox.stage(at(6), at(6), text("6"));
    outbox.release(at(6));
    assert_eq!(drain(&outbox), [text("6")]);
}

#[test]
fn a_client_that_does_not_read_costs_its_bound_and_is_told_once() {
    for (frames_max, bytes_max) in [(3, 1000), (1000, 3)] {
        let outbox = open(frames_max, bytes_max);
        for _ in 0..3 {
            assert!(outbox.push(text("x")));
        }
        assert!(!outbox.push(text("x")));
        let mut frames = Vec::new();
        assert_eq!(outbox.drain(&mut frames), Drained::Close(CloseCode::Slow));
        assert!(frames.is_empty(), "what it didn't read is not kept");
        assert_eq!(outbox.drain(&mut frames), Drained::Closed);
        assert!(!outbox.push(text("x")));
    }
}

#[test]
fn what_was_queued_goes_out_before_the_close() {
    let outbox = open(10, 100);
    outbox.push(text("last words"));
    outbox.close(CloseCode::Restart);
    outbox.close(CloseCode::Slow);
    let mut frames = Vec::new();
    assert_eq!(
        outbox.drain(&mut frames),
        Drained::Close(CloseCode::Restart)
    );
    assert_eq!(frames, [text("last words")]);
}

#[test]
fn draining_makes_room() {
    let outbox = open(2, 100);
    for _ in 0..10 {
        assert!(outbox.push(text("x")) && outbox.push(text("y")));
        assert_eq!(drain(&outbox).len(), 2);
    }
}

fn many(texts: &[&'static str]) -> Frame {
    Frame::many(texts.iter().map(|t| text(t)).collect()).unwrap()
}

#[test]
fn frames_that_belong_together_count_as_one_and_by_all_their_bytes() {
    // By frames: three of two each.
    let outbox = open(3, 1000);
    for _ in 0..10 {
        for _ in 0..3 {
            assert!(outbox.push(many(&["ab", "c"])));
        }
        assert_eq!(drain(&outbox).len(), 6, "and come apart");
    }
    // By bytes: one of three is over the bound, and what is drained makes room for it again.
    let outbox = open(1000, 3);
    for _ in 0..10 {
        assert!(outbox.push(many(&["ab", "c"])));
        assert_eq!(drain(&outbox), [text("ab"), text("c")]);
    }
    assert!(outbox.push(many(&["ab", "c"])));
    assert!(!outbox.push(text("x")), "three bytes wait");
}

#[test]
fn frames_that_belong_together_are_given_back_when_they_are_dropped() {
    let bytes_max = 4;
    let outbox = Outbox::new(ConnectionId(1), 1000, bytes_max);
    let two_of_two = || many(&["ab", "cd"]);
    // Held back, and too much: what is dropped makes room for the next.
    for n in 1..=5 {
        outbox.stage(at(n), at(n), two_of_two());
        outbox.release(at(n));
    }
    assert!(!outbox.open_gate(at(0)));
    assert!(outbox.open_gate(at(5)));
    // Replayed already, so not let through.
    for _ in 0..5 {
        outbox.stage(at(5), at(6), two_of_two());
        outbox.release(at(6));
    }
    outbox.stage(at(7), at(7), two_of_two());
    outbox.release(at(7));
    assert_eq!(drain(&outbox), [text("ab"), text("cd")]);
    let state = outbox.lock();
    assert_eq!((state.n_frames, state.n_bytes), (0, 0));
}

#[test]
fn a_transport_is_woken_once_until_it_drains() {
    #[derive(Default)]
    struct Count(AtomicU32);
    impl Wake for Count {
        fn wake(&self) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let count = Arc::new(Count::default());
    let outbox = open(10, 100);
    outbox.push(text("before"));
    outbox.attach(Arc::<Count>::clone(&count));
    assert_eq!(
        count.0.load(Ordering::Relaxed),
        1,
        "something waited already"
    );
    outbox.push(many(&["more", "of it"]));
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    drain(&outbox);
    outbox.push(text("again"));
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
}

#[test]
fn a_silent_client_is_asked_once_and_then_given_up() {
    let outbox = open(10, 100);
    let now = Duration::ZERO;
    let long = Duration::from_secs(3600);
    assert!(outbox.check_alive(long, long));
    assert_eq!(drain(&outbox), []);
    assert!(outbox.check_alive(now, long));
    assert!(outbox.check_alive(now, long));
    assert_eq!(drain(&outbox), [Frame::Ping], "asked once");
    assert!(!outbox.check_alive(now, now), "and no answer in time");
    outbox.heard();
    assert!(outbox.check_alive(long, now), "an answer counts");
}

#[actix::test]
async fn who_waits_for_room_is_told_when_what_is_staged_makes_some() {
    let outbox = Outbox::new(ConnectionId(1), 4, 100);
    for n in 1..=3 {
        outbox.stage(at(n), at(3), text("x"));
    }
    let waiting = actix::spawn({
        let outbox = Arc::clone(&outbox);
        async move { outbox.has_room().await }
    });
    tokio::task::yield_now().await;
    assert!(!waiting.is_finished(), "three of four frames are in use");
    // Nothing is in the queue that a transport could drain.
    outbox.release(at(3));
    let has_room = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert!(has_room.expect("an end of the wait").unwrap());
}

fn run(positions: &[u64]) -> Frame {
    let change = |&n: &u64| (at(n), Frame::Text(n.to_string().into()));
    Frame::Run(Arc::new(
        Run::new(positions.iter().map(change).collect()).unwrap(),
    ))
}

fn texts(outbox: &Outbox) -> Vec<String> {
    let single = |frame| match frame {
        Frame::Text(text) => text.to_string(),
        other => panic!("{other:?}"),
    };
    drain(outbox).into_iter().map(single).collect()
}

#[test]
fn what_lies_between_the_changes_of_a_run_takes_its_place() {
    let outbox = open(10, 100);
    outbox.stage(at(1), at(9), run(&[1, 4, 5]));
    outbox.stage(at(6), at(9), run(&[6, 9]));
    outbox.stage(at(2), at(9), run(&[2, 8]));
    outbox.stage(at(7), at(9), text("7"));
    outbox.release(at(9));
    assert_eq!(texts(&outbox), ["1", "2", "4", "5", "6", "7", "8", "9"]);
}

#[test]
fn a_run_stays_whole_for_those_who_want_it_so() {
    let outbox = open(10, 100);
    outbox.stage(at(3), at(5), run(&[3, 5]));
    outbox.stage(at(2), at(5), text("2"));
    outbox.release(at(5));
    let mut frames = Vec::new();
    assert_eq!(outbox.drain_runs(&mut frames), Drained::Open);
    assert_eq!(frames, [text("2"), run(&[3, 5])]);
}

#[test]
fn of_a_run_that_was_replayed_in_part_the_rest_is_told() {
    for (floor, expected) in [
        (0, &["2", "4", "6"][..]),
        (2, &["4", "6"]),
        (5, &["6"]),
        (6, &[]),
    ] {
        let outbox = Outbox::new(ConnectionId(1), 10, 100);
        outbox.stage(at(2), at(6), run(&[2, 4, 6]));
        outbox.release(at(6));
        assert!(outbox.open_gate(at(floor)));
        assert_eq!(texts(&outbox), expected, "{floor}");
        outbox.stage(at(7), at(7), text("7"));
        outbox.release(at(7));
        assert_eq!(texts(&outbox), ["7"]);
    }
}

#[test]
fn a_run_counts_for_as_many_as_it_has() {
    let outbox = open(4, 100);
    for n in 1..=2 {
        outbox.stage(at(2 * n), at(2 * n), run(&[2 * n, 2 * n + 1]));
        outbox.release(at(2 * n));
    }
    assert!(!outbox.push(text("one too many")));
    let outbox = open(4, 100);
    outbox.pass(at(1), run(&[1, 2, 3]));
    assert_eq!(texts(&outbox), ["1", "2", "3"]);
    outbox.pass(at(4), run(&[4, 5, 6, 7]));
    assert_eq!(texts(&outbox), ["4", "5", "6", "7"]);
}

#[test]
fn what_waits_for_nothing_takes_what_was_before_it_along() {
    let outbox = open(10, 100);
    outbox.stage(at(1), at(1), text("1"));
    outbox.stage(at(3), at(3), text("3"));
    assert_eq!(outbox.pass(at(2), text("2")), Staged::Promised);
    assert_eq!(texts(&outbox), ["1", "2"]);
    outbox.release(at(1));
    outbox.release(at(3));
    assert_eq!(texts(&outbox), ["3"]);
}
