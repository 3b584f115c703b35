//! Blocks, seen from both sides.

use super::{Scene, cases};
use crate::{
    domain::user::{Block, Blocks},
    ids::UserId,
    store::Write,
};

cases![
    both_sides_see_a_block_until_it_ends,
    a_new_reason_replaces_the_old_one,
    blocks_come_in_the_order_of_names,
    nobody_blocks_themselves,
];

fn block(user: &UserId, reason: Option<&str>) -> Write {
    Write::Block {
        user: user.clone(),
        reason: reason.map(str::to_owned),
    }
}

fn unblock(user: &UserId) -> Write {
    Write::Unblock { user: user.clone() }
}

async fn both_sides_see_a_block_until_it_ends(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    scene.unchanged(&ann, unblock(&bob)).await;
    let at = scene.now();
    scene.done(&ann, block(&bob, None)).await;
    let blocks = scene.store.blocks_of(&ann).await.expect("reads");
    let of_ann = Block {
        blocked: bob.clone(),
        reason: None,
        at,
    };
    assert_eq!((blocks.by_them, blocks.of_them), (vec![of_ann], vec![]));
    let blocks = scene.store.blocks_of(&bob).await.expect("reads");
    assert_eq!(
        (blocks.by_them, blocks.of_them),
        (vec![], vec![ann.clone()])
    );

    scene.done(&ann, unblock(&bob)).await;
    for person in [&ann, &bob] {
        let blocks = scene.store.blocks_of(person).await.expect("reads");
        assert_eq!(blocks, Blocks::default());
    }
}

async fn a_new_reason_replaces_the_old_one(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let at = scene.now();
    scene.done(&ann, block(&bob, Some("spam"))).await;
    scene.unchanged(&ann, block(&bob, Some("spam"))).await;
    scene.done(&ann, block(&bob, Some("worse"))).await;
    let blocks = scene.store.blocks_of(&ann).await.expect("reads").by_them;
    assert_eq!(blocks.len(), 1);
    assert_eq!(blocks[0].reason.as_deref(), Some("worse"));
    assert_eq!(blocks[0].at, at, "since the first time");
}

async fn blocks_come_in_the_order_of_names(scene: Scene) {
    let [ann, bo, bob, cid] = scene.people(["ann", "bo", "bob", "cid"]);
    for other in [&cid, &bob, &bo] {
        scene.done(&ann, block(other, None)).await;
        scene.done(other, block(&ann, None)).await;
    }
    let blocks = scene.store.blocks_of(&ann).await.expect("reads");
    let by_them: Vec<_> = blocks.by_them.into_iter().map(|b| b.blocked).collect();
    let mut expected = vec![bo, bob, cid];
    expected.sort();
    assert_eq!(by_them, expected);
    assert_eq!(blocks.of_them, expected);
}

async fn nobody_blocks_themselves(scene: Scene) {
    let [ann] = scene.people(["ann"]);
    scene.invalid(&ann, block(&ann, None)).await;
}
