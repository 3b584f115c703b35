//! Connections of Engine.IO without a network: polls, posts, WebSockets, upgrades, time.

#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

mod common;

use std::time::{Duration, Instant};

use common::{Socket, World, poll_once};
use parlour_socketio::{Frame, Gone, engine::Refused};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_poll_waits_for_a_message_and_takes_all_there_are() {
    let world = World::new();
    let connection = world.open();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    world.channel.say("4a");
    assert_eq!(poll_once(&mut poll).unwrap(), "4a");
    drop(poll);
    world.channel.say("4b");
    world.channel.say("4c");
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll).unwrap(), "4b\u{1e}4c");
    drop(poll);
    assert_eq!(
        world.channel.gone(),
        None,
        "an answered poll may be dropped"
    );
}

#[test]
fn a_held_poll_is_woken() {
    let world = World::new();
    let connection = world.open();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    let woken = common::n_woken();
    world.channel.say("4a");
    assert_eq!(common::n_woken(), woken + 1);
}

#[test]
fn a_second_poll_ends_both() {
    let world = World::new();
    let connection = world.open();
    let mut first = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut first), None);
    assert_eq!(connection.poll(world.now).unwrap_err(), Refused::BadRequest);
    assert_eq!(poll_once(&mut first).unwrap(), "1");
    assert_eq!(world.channel.gone(), Some(Gone::Protocol));
    assert!(world.hub.get(&world.sid()).is_none());
    assert_eq!(world.hub.n_connections(), 0);
}

#[test]
fn a_cancelled_poll_ends_the_connection() {
    let world = World::new();
    let connection = world.open();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    drop(poll);
    assert_eq!(world.channel.gone(), Some(Gone::TransportClosed));
    assert_eq!(
        connection.poll(world.now).unwrap_err(),
        Refused::UnknownSession
    );
}

#[test]
fn a_second_post_ends_the_connection() {
    let world = World::new();
    let connection = world.open();
    let first = connection.post(world.now).unwrap();
    assert_eq!(connection.post(world.now).unwrap_err(), Refused::BadRequest);
    assert_eq!(world.channel.gone(), Some(Gone::Protocol));
    let late = first.deliver("4a".into(), world.now);
    assert_eq!(late, Err(Refused::BadRequest));
    assert_eq!(world.channel.heard(), [""; 0], "nothing after the end");
}

#[test]
fn a_post_that_breaks_off_ends_the_connection() {
    let world = World::new();
    let connection = world.open();
    drop(connection.post(world.now).unwrap());
    assert_eq!(world.channel.gone(), Some(Gone::TransportClosed));
}

#[test]
fn what_comes_before_nonsense_is_taken() {
    let world = World::new();
    let connection = world.open();
    let post = connection.post(world.now).unwrap();
    let body = "4a\u{1e}bAQID\u{1e}x\u{1e}4b";
    assert_eq!(
        post.deliver(body.into(), world.now),
        Err(Refused::BadRequest)
    );
    assert_eq!(world.channel.heard(), ["a", "[1, 2, 3]"]);
    assert_eq!(world.channel.gone(), Some(Gone::Protocol));
}

#[test]
fn a_client_that_leaves_gets_its_poll_back() {
    let world = World::new();
    let connection = world.open();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    let post = connection.post(world.now).unwrap();
    assert_eq!(post.deliver("1\u{1e}4late".into(), world.now), Ok(()));
    assert_eq!(poll_once(&mut poll).unwrap(), "6");
    assert_eq!(world.channel.gone(), Some(Gone::ClientLeft));
    assert_eq!(world.channel.heard(), [""; 0]);
}

#[test]
fn the_last_words_of_an_end_arrive_with_it() {
    let world = World::new();
    let connection = world.open();
    world.channel.say("4bye");
    world.channel.end();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll).unwrap(), "4bye\u{1e}1");
    assert_eq!(world.channel.gone(), Some(Gone::Ended));
}

#[test]
fn pings_go_out_and_missing_answers_end_it() {
    let mut world = World::new();
    let connection = world.open();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    world.pass(25 * SECOND);
    assert_eq!(poll_once(&mut poll).unwrap(), "2");
    let post = connection.post(world.now).unwrap();
    assert_eq!(post.deliver("3".into(), world.now), Ok(()));
    world.pass(25 * SECOND);
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll).unwrap(), "2");
    world.pass(19 * SECOND);
    assert_eq!(world.channel.gone(), None);
    world.pass(SECOND);
    assert_eq!(world.channel.gone(), Some(Gone::PingTimeout));
}

/// However long ago the last tick was.
#[test]
fn a_request_does_not_meet_a_connection_whose_time_is_up() {
    let mut world = World::new();
    let connection = world.open();
    world.pass(25 * SECOND);
    let late = world.now + 20 * SECOND;
    assert_eq!(connection.poll(late).unwrap_err(), Refused::UnknownSession);
    assert_eq!(world.channel.gone(), Some(Gone::PingTimeout));
}

#[test]
fn a_ping_of_the_client_breaks_the_protocol() {
    let world = World::new();
    let connection = world.open();
    let post = connection.post(world.now).unwrap();
    assert!(post.deliver("2".into(), world.now).is_err());
    assert_eq!(world.channel.gone(), Some(Gone::Protocol));
}

#[test]
fn a_websocket_opens_pings_and_closes() {
    let mut world = World::new();
    let (mut leg, socket) = world.open_websocket();
    let mut frames = Vec::new();
    leg.drain(&mut frames).unwrap();
    assert!(matches!(&frames[..], [Frame::Text(open)] if open.contains(r#""upgrades":[]"#)));
    leg.text(&"4hello".into(), world.now).unwrap();
    leg.binary(vec![7].into(), world.now).unwrap();
    assert_eq!(world.channel.heard(), ["hello", "[7]"]);
    world.pass(25 * SECOND);
    assert!(socket.n_wakes() > 1);
    frames.clear();
    leg.drain(&mut frames).unwrap();
    assert_eq!(frames, [Frame::Text("2".into())]);
    drop(leg);
    assert_eq!(world.channel.gone(), Some(Gone::TransportClosed));
    assert_eq!(world.hub.n_connections(), 0);
}

/// Its peer stopped reading: the pump of such a WebSocket does nothing any more.
#[test]
fn a_websocket_that_does_not_close_is_killed() {
    let mut world = World::new();
    let (leg, socket) = world.open_websocket();
    world.hub.shut();
    assert_eq!(world.channel.gone(), Some(Gone::Shutdown));
    world.pass(SECOND);
    assert_eq!((socket.n_kills(), world.hub.n_connections()), (0, 1));
    world.pass(5 * SECOND);
    assert_eq!(socket.n_kills(), 1);
    drop(leg);
    assert_eq!(world.hub.n_connections(), 0);
}

#[test]
fn a_websocket_that_opens_too_late_is_not_left_alone() {
    let world = World::new();
    let mut leg = world.open_leg();
    world.hub.shut();
    assert_eq!(world.hub.n_connections(), 0);
    let socket = Socket::attach(&mut leg);
    assert_eq!(socket.n_kills(), 1);
}

#[test]
fn a_connection_moves_to_a_websocket_without_losing_anything() {
    let world = World::new();
    let connection = world.open();
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    let mut leg = connection.upgrade(world.now).unwrap();
    let socket = Socket::attach(&mut leg);
    assert_eq!(poll_once(&mut poll), None, "not probed yet");
    leg.text(&"2probe".into(), world.now).unwrap();
    let mut frames = Vec::new();
    leg.drain(&mut frames).unwrap();
    assert_eq!(frames, [Frame::Text("3probe".into())]);
    assert_eq!(poll_once(&mut poll).unwrap(), "6", "let go");
    drop(poll);

    // A poll in between is answered at once, with what there is.
    world.channel.say("4a");
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll).unwrap(), "4a");
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll).unwrap(), "6");

    world.channel.say("4b");
    frames.clear();
    leg.drain(&mut frames).unwrap();
    assert_eq!(frames, [], "it doesn't carry the connection yet");
    leg.text(&"5".into(), world.now).unwrap();
    leg.drain(&mut frames).unwrap();
    assert_eq!(frames, [Frame::Text("4b".into())]);
    let wakes = socket.n_wakes();
    world.channel.say("4c");
    assert_eq!(socket.n_wakes(), wakes + 1);
    assert_eq!(connection.poll(world.now).unwrap_err(), Refused::BadRequest);
    assert_eq!(connection.post(world.now).unwrap_err(), Refused::BadRequest);
    assert_eq!(
        connection.upgrade(world.now).unwrap_err(),
        Refused::BadRequest
    );
    assert_eq!(world.channel.gone(), None, "none of which does it harm");
}

/// engine.io and socketioxide had a poll held amid an upgrade fail in several ways.
#[test]
fn a_poll_held_while_the_websocket_takes_over_is_let_go() {
    let world = World::new();
    let connection = world.open();
    let mut leg = connection.upgrade(world.now).unwrap();
    let _socket = Socket::attach(&mut leg);
    let mut poll = connection.poll(world.now).unwrap();
    assert_eq!(poll_once(&mut poll), None);
    leg.text(&"2probe".into(), world.now).unwrap();
    leg.text(&"5".into(), world.now).unwrap();
    assert_eq!(poll_once(&mut poll).unwrap(), "6");
    drop(poll);
    assert_eq!(world.channel.gone(), None);
}

/// Some clients abort what they still have under way by polling, once the WebSocket is theirs.
#[test]
fn requests_dropped_after_the_websocket_took_over_end_nothing() {
    let world = World::new();
    let connection = world.open();
    let mut leg = connection.upgrade(world.now).unwrap();
    let _socket = Socket::attach(&mut leg);
    let poll = connection.poll(world.now).unwrap();
    let post = connection.post(world.now).unwrap();
    leg.text(&"2probe".into(), world.now).unwrap();
    leg.text(&"5".into(), world.now).unwrap();
    drop((poll, post));
    assert_eq!(world.channel.gone(), None);
    leg.text(&"4on".into(), world.now).unwrap();
    assert_eq!(world.channel.heard(), ["on"]);
}

/// socketioxide issue 731: upgrades that were begun and never completed added up.
#[test]
fn an_abandoned_upgrade_is_given_up_and_polling_goes_on() {
    let mut world = World::new();
    let connection = world.open();
    let mut leg = connection.upgrade(world.now).unwrap();
    let socket = Socket::attach(&mut leg);
    leg.text(&"2probe".into(), world.now).unwrap();
    let one_too_many = connection.upgrade(world.now).unwrap_err();
    assert_eq!(one_too_many, Refused::BadRequest);
    world.pass(10 * SECOND);
    assert_eq!(socket.n_kills(), 1);
    assert!(leg.text(&"5".into(), world.now).is_err(), "too late");

    let mut second = connection.upgrade(world.now).unwrap();
    let _socket = Socket::attach(&mut second);
    drop(leg);
    second.text(&"2probe".into(), world.now).unwrap();
    second.text(&"5".into(), world.now).unwrap();
    assert_eq!(world.channel.gone(), None);
}

#[test]
fn only_a_probe_and_then_an_upgrade_take_over() {
    for nonsense in ["5", "4hello", "2", "x", ""] {
        let world = World::new();
        let connection = world.open();
        let mut leg = connection.upgrade(world.now).unwrap();
        assert!(leg.text(&nonsense.into(), world.now).is_err(), "{nonsense}");
        drop(leg);
        world.channel.say("4a");
        let mut poll = connection.poll(world.now).unwrap();
        assert_eq!(poll_once(&mut poll).unwrap(), "4a", "polling goes on");
    }
}

#[test]
fn whoever_is_above_may_end_it_from_anywhere() {
    let mut world = World::new();
    let connection = world.open();
    world.channel.handle().kill();
    world.pass(SECOND);
    assert_eq!(world.channel.gone(), Some(Gone::Ended));
    assert!(connection.poll(world.now).is_err());
}

/// Whoever knows a session id can read and write the connection.
#[test]
fn session_ids_are_not_shown_in_logs() {
    let world = World::new();
    let _connection = world.open();
    let shown = format!("{:?}", world.hub);
    assert!(!shown.contains(&world.sid()), "{shown}");
}

#[test]
fn a_hub_that_is_shut_opens_nothing() {
    let world = World::new();
    world.hub.shut();
    let channel = world.channel.clone();
    let opened = world
        .hub
        .open(Instant::now(), |handle| channel.over(handle));
    assert!(opened.is_err());
    assert_eq!(world.hub.n_connections(), 0);
}
