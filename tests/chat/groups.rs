//! Groups: who may do what, who is told, and what is left to those who go.

use reqwest::Method;
use serde_json::{Value, json};

use crate::common::{Client, Node, Rest, Way};

fn roles(members: &Value) -> Vec<(String, String)> {
    let members = members["members"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    members
        .map(|member| (text(&member["user"]), text(&member["role"])))
        .collect()
}

/// Members talk, admins manage, owners give roles; the same over both transports.
#[tokio::test]
async fn each_role_may_do_its_part_and_no_more() {
    let node = Node::start(&[]).await;
    for transport in 0..2 {
        let mut ways = Vec::new();
        for user in ["owner", "admin", "member", "stranger"] {
            let [socket, rest] = Way::both(&node, user).await;
            ways.push(if transport == 0 { socket } else { rest });
        }
        let [owner, admin, member, stranger] = ways.as_mut_slice() else {
            unreachable!()
        };
        let opened =
            json!({ "name": "band", "members": ["admin", "member", "member", "other", "owner"] });
        let group = &owner.ask("open_group", opened).await["conversation"];
        let role =
            |user: &str, role: &str| json!({ "conversation": group, "user": user, "role": role });
        let of = |user: &str| json!({ "conversation": group, "user": user });
        let add = |user: &str| json!({ "conversation": group, "users": [user] });
        let name = |name: &str| json!({ "conversation": group, "name": name });
        owner.ask("set_role", role("admin", "admin")).await;

        for way in [&mut *member, &mut *admin] {
            assert_eq!(
                way.refused("set_role", role("other", "admin")).await,
                "NOT_ALLOWED"
            );
            assert_eq!(
                way.refused("remove_member", of("owner")).await,
                "NOT_ALLOWED"
            );
        }
        assert_eq!(
            member.refused("add_members", add("new")).await,
            "NOT_ALLOWED"
        );
        assert_eq!(member.refused("rename", name("mine")).await, "NOT_ALLOWED");
        assert_eq!(
            member.refused("remove_member", of("other")).await,
            "NOT_ALLOWED"
        );
        for (kind, fields) in [
            (
                "send",
                json!({ "conversation": group, "text": "let me in" }),
            ),
            ("add_members", add("stranger")),
            ("rename", name("mine")),
            ("remove_member", of("member")),
            ("members", json!({ "conversation": group })),
        ] {
            assert_eq!(
                stranger.refused(kind, fields).await,
                "NO_CONVERSATION",
                "{kind}"
            );
        }

        member
            .ask("send", json!({ "conversation": group, "text": "hi" }))
            .await;
        admin.ask("add_members", add("new")).await;
        admin.ask("add_members", add("new")).await;
        admin.ask("remove_member", of("other")).await;
        admin.ask("rename", name("the band")).await;
        assert_eq!(
            admin.refused("remove_member", of("nobody")).await,
            "NO_SUCH_MEMBER"
        );
        assert_eq!(
            owner.refused("set_role", role("nobody", "admin")).await,
            "NO_SUCH_MEMBER"
        );
        assert_eq!(
            owner.refused("set_role", role("owner", "member")).await,
            "BAD_VALUE"
        );

        let found = member
            .ask("members", json!({ "conversation": group }))
            .await;
        let expected = [
            ("admin", "admin"),
            ("member", "member"),
            ("new", "member"),
            ("owner", "owner"),
        ];
        assert_eq!(
            roles(&found),
            expected.map(|(u, r)| (u.to_owned(), r.to_owned()))
        );
        let found = member
            .ask("conversation", json!({ "conversation": group }))
            .await;
        assert_eq!(found["conversation"]["name"], "the band");
        assert_eq!(found["conversation"]["n_members"], 4);

        let message = owner
            .ask("messages", json!({ "conversation": group }))
            .await;
        let id = &message["messages"][0]["id"];
        admin.ask("delete", json!({ "message": id })).await;
    }
}

/// Everyone in a group, and nobody else, is told what happens to it.
#[tokio::test]
async fn members_are_told_what_happens_to_their_group() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let mut bob = Client::connect(&node, "bob").await;
    let mut carol = Client::connect(&node, "carol").await;
    let fields = json!({ "name": "trio", "members": ["bob"] });
    let group = alice.ok("open_group", fields).await["conversation"].take();
    let opened = bob.event("opened").await;
    assert_eq!(opened["opened"]["name"], "trio");
    assert_eq!(opened["users"], json!(["alice", "bob"]));
    alice.say(group.as_str().unwrap(), "before carol").await;
    bob.hears("before carol").await;
    alice
        .ok(
            "add_members",
            json!({ "conversation": group, "users": ["carol", "bob"] }),
        )
        .await;
    for client in [&mut bob, &mut carol] {
        let added = client.event("added").await;
        assert_eq!(
            (&added["users"], &added["by"]),
            (&json!(["carol"]), &json!("alice"))
        );
    }
    let fields = json!({ "conversation": group, "user": "carol", "role": "admin" });
    alice.ok("set_role", fields).await;
    carol
        .ok("rename", json!({ "conversation": group, "name": null }))
        .await;
    for client in [&mut alice, &mut bob] {
        assert!(client.event("renamed").await["name"].is_null());
    }
    for client in [&mut bob, &mut carol] {
        let set = client.event("role_set").await;
        assert_eq!(
            (&set["user"], &set["role"]),
            (&json!("carol"), &json!("admin"))
        );
    }

    carol
        .ok(
            "remove_member",
            json!({ "conversation": group, "user": "bob" }),
        )
        .await;
    let removed = bob.event("removed").await;
    assert_eq!(
        (&removed["user"], &removed["by"]),
        (&json!("bob"), &json!("carol"))
    );
    alice.say(group.as_str().unwrap(), "without bob").await;
    carol.hears("without bob").await;
    alice
        .ok("send", json!({ "user": "bob", "text": "you are out" }))
        .await;
    bob.hears("you are out").await;
    let told_after = |event: &&Value| event["conversation"] == group;
    assert_eq!(
        bob.untaken().find(told_after),
        None,
        "the removal is the last he hears"
    );
    let bob = Rest::new(&node, "bob");
    let path = format!("/v1/conversations/{}/messages", group.as_str().unwrap());
    assert_eq!(bob.get(&path).await.code(), "NO_CONVERSATION");
    let carol = Rest::new(&node, "carol");
    let history = carol.history(group.as_str().unwrap()).await;
    assert_eq!(
        history[0]["text"], "before carol",
        "who comes later may read what was said"
    );
}

/// A group keeps an owner: the longest-standing admin, else member, follows.
#[tokio::test]
async fn the_owner_who_leaves_is_succeeded() {
    let node = Node::start(&[]).await;
    for mut owner in Way::both(&node, "owner").await {
        let mut last = Client::connect(&node, "z-last").await;
        let fields = json!({ "members": ["z-last"] });
        let group = owner.ask("open_group", fields).await["conversation"].take();
        owner
            .ask(
                "add_members",
                json!({ "conversation": group, "users": ["early"] }),
            )
            .await;
        owner
            .ask(
                "add_members",
                json!({ "conversation": group, "users": ["admin"] }),
            )
            .await;
        let fields = json!({ "conversation": group, "user": "admin", "role": "admin" });
        owner.ask("set_role", fields).await;
        last.event("role_set").await;
        owner
            .ask(
                "remove_member",
                json!({ "conversation": group, "user": "owner" }),
            )
            .await;
        assert_eq!(last.event("removed").await["user"], "owner");
        let set = last.event("role_set").await;
        assert_eq!(
            (&set["user"], &set["role"]),
            (&json!("admin"), &json!("owner"))
        );

        let mut admin = Rest::new(&node, "admin");
        for follower in ["z-last", "early"] {
            let path = |user: &str| {
                format!(
                    "/v1/conversations/{}/members/{user}",
                    group.as_str().unwrap()
                )
            };
            let who = admin.get("/v1/me").await.ok()["user"]["id"].take();
            let path_of_who = path(who.as_str().unwrap());
            let left = admin.ask(Method::DELETE, &path_of_who, &Value::Null).await;
            assert_eq!(left.status, 204);
            admin = Rest::new(&node, follower);
            let members = admin
                .get(&path("").replace("/members/", "/members"))
                .await
                .ok();
            assert!(
                roles(&members).contains(&(follower.into(), "owner".into())),
                "{members}"
            );
        }
    }
}

/// What is for groups is refused in direct conversations, which two people have for good.
#[tokio::test]
async fn a_direct_conversation_is_no_group() {
    let node = Node::start(&[]).await;
    for mut alice in Way::both(&node, "alice").await {
        let direct = &alice.ask("open_direct", json!({ "user": "bob" })).await["conversation"];
        for (kind, fields) in [
            ("add_members", json!({ "users": ["carol"] })),
            ("remove_member", json!({ "user": "alice" })),
            ("remove_member", json!({ "user": "bob" })),
            ("set_role", json!({ "user": "bob", "role": "admin" })),
            ("rename", json!({ "name": "us" })),
        ] {
            let mut fields = fields;
            fields["conversation"] = direct.clone();
            assert_eq!(alice.refused(kind, fields).await, "NOT_GROUP", "{kind}");
        }
    }
}

/// The bound of the protocol, and one more.
#[tokio::test]
async fn a_group_takes_ten_thousand_members_and_no_more() {
    let node = Node::start(&[]).await;
    let mut alice = Client::connect(&node, "alice").await;
    let people = |from: usize, n: usize| -> Vec<String> {
        (from..from + n).map(|i| format!("person-{i}")).collect()
    };
    let too_many = json!({ "members": people(0, 1001) });
    assert_eq!(alice.refused("open_group", too_many).await, "BAD_VALUE");
    let group = alice
        .ok("open_group", json!({ "members": people(0, 999) }))
        .await;
    let group = &group["conversation"];
    for thousand in 1..10 {
        let users = people(1000 * thousand, 1000);
        alice
            .ok(
                "add_members",
                json!({ "conversation": group, "users": users }),
            )
            .await;
    }
    let one_more = json!({ "conversation": group, "users": ["one-more"] });
    assert_eq!(alice.refused("add_members", one_more).await, "GROUP_FULL");
    let mut last = Client::connect(&node, "person-9999").await;
    alice.say(group.as_str().unwrap(), "all of you").await;
    last.hears("all of you").await;
}
