//! Templates: that names are one's own and taken once, and that they come in the order of names.

use super::{Scene, cases};
use crate::{
    domain::scheduled::{Keep, Kept, TEMPLATES_MAX, Template},
    ids::{TemplateId, UserId},
    personal::Erase,
    store::{Outcome, Rejection, Write},
};

cases![
    a_template_comes_back_as_it_was,
    a_name_is_taken_once,
    they_come_in_the_order_of_names,
    what_makes_no_sense_is_refused,
    nobody_keeps_them_without_end,
    erasure_takes_them_along,
    they_are_there_after_a_restart,
];

fn add(name: &str, text: &str) -> Write {
    let [name, text] = [name, text].map(str::to_owned);
    Write::Keep(Keep::AddTemplate { name, text })
}

fn change(template: TemplateId, name: Option<&str>, text: Option<&str>) -> Write {
    let [name, text] = [name, text].map(|words| words.map(str::to_owned));
    Write::Keep(Keep::ChangeTemplate {
        template,
        name,
        text,
    })
}

fn drop_it(template: TemplateId) -> Write {
    Write::Keep(Keep::DropTemplate { template })
}

async fn kept(scene: &Scene, user: &UserId, write: Write) -> (Template, bool) {
    match scene.write(user, write).await {
        Ok(Outcome::Kept {
            kept: Kept::Template(template),
            changed,
        }) => (*template, changed),
        other => panic!("{other:?}"),
    }
}

async fn list(scene: &Scene, user: &UserId) -> Vec<Template> {
    scene.store.templates_of(user).await.expect("reads")
}

async fn a_template_comes_back_as_it_was(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let created_at = scene.now();
    let (first, changed) = kept(&scene, &ann, add("hello", "Nice to meet you")).await;
    assert!(changed);
    let expected = Template {
        id: first.id,
        name: "hello".to_owned(),
        text: "Nice to meet you".to_owned(),
        created_at,
        edited_at: None,
    };
    assert_eq!(first, expected);
    let only = std::slice::from_ref(&expected);
    assert_eq!(list(&scene, &ann).await, only);
    assert_eq!(list(&scene, &bob).await, []);
    let edited_at = Some(scene.now());
    let (second, _) = kept(&scene, &ann, change(first.id, None, Some("Hi"))).await;
    let expected = Template {
        text: "Hi".to_owned(),
        edited_at,
        ..expected
    };
    assert_eq!(second, expected);
    let again = kept(&scene, &ann, change(first.id, Some("hello"), None)).await;
    assert_eq!(again, (expected.clone(), false));
    assert_eq!(list(&scene, &ann).await, [expected]);
    for write in [change(first.id, None, Some("x")), drop_it(first.id)] {
        scene.refused(&bob, write, Rejection::NoTemplate).await;
    }
    scene.done(&ann, drop_it(first.id)).await;
    assert_eq!(list(&scene, &ann).await, []);
    scene
        .refused(&ann, drop_it(first.id), Rejection::NoTemplate)
        .await;
}

async fn a_name_is_taken_once(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    let (first, _) = kept(&scene, &ann, add("a", "one")).await;
    let again = kept(&scene, &ann, add("a", "one")).await;
    assert_eq!(again, (first.clone(), false), "a retry");
    let write = add("a", "two");
    scene.refused(&ann, write, Rejection::TemplateExists).await;
    let (second, _) = kept(&scene, &ann, add("b", "two")).await;
    let write = change(second.id, Some("a"), None);
    scene.refused(&ann, write, Rejection::TemplateExists).await;
    let (moved, _) = kept(&scene, &ann, change(first.id, Some("c"), None)).await;
    assert_eq!(moved.name, "c");
    kept(&scene, &ann, change(second.id, Some("a"), None)).await;
    assert!(kept(&scene, &bob, add("a", "theirs")).await.1);
}

async fn they_come_in_the_order_of_names(scene: Scene) {
    let ann = scene.person("ann");
    for name in ["zebra", "Äpfel", "apple", "Banana", "cherry", "banana", "b"] {
        kept(&scene, &ann, add(name, "x")).await;
    }
    let list = list(&scene, &ann).await.into_iter();
    let names: Vec<_> = list.map(|template| template.name).collect();
    let expected = ["apple", "b", "Banana", "banana", "cherry", "zebra", "Äpfel"];
    assert_eq!(names, expected);
}

async fn what_makes_no_sense_is_refused(scene: Scene) {
    let ann = scene.person("ann");
    let long = "x".repeat(2_000);
    for (name, text) in [("", "x"), (" ", "x"), ("x", ""), ("x", " "), (&long, "x")] {
        scene.invalid(&ann, add(name, text)).await;
    }
    let (template, _) = kept(&scene, &ann, add("x", "x")).await;
    scene
        .invalid(&ann, change(template.id, Some(""), None))
        .await;
}

async fn nobody_keeps_them_without_end(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    for n in 0..TEMPLATES_MAX {
        kept(&scene, &ann, add(&n.to_string(), "x")).await;
    }
    let write = add("more", "x");
    scene.refused(&ann, write, Rejection::ListFull).await;
    let (first, changed) = kept(&scene, &ann, add("0", "x")).await;
    assert!(!changed);
    scene.done(&ann, drop_it(first.id)).await;
    for user in [&ann, &bob] {
        kept(&scene, user, add("more", "x")).await;
    }
}

async fn erasure_takes_them_along(scene: Scene) {
    let [ann, bob] = scene.people(["ann", "bob"]);
    for n in 0..40 {
        kept(&scene, &ann, add(&n.to_string(), "x")).await;
    }
    kept(&scene, &bob, add("theirs", "x")).await;
    let holdings = scene.store.holdings(&ann).await.expect("counts");
    assert_eq!(holdings.templates, 40);
    while scene.write(&ann, Write::Erase(Erase::Rows)).await != Ok(Outcome::Unchanged) {}
    assert_eq!(list(&scene, &ann).await, []);
    assert_eq!(list(&scene, &bob).await.len(), 1);
}

async fn they_are_there_after_a_restart(mut scene: Scene) {
    if !scene.bed.remembers() {
        return;
    }
    let ann = scene.person("ann");
    let (long, _) = kept(&scene, &ann, add("long", &"long ".repeat(3_000))).await;
    scene.reopen().await;
    assert_eq!(list(&scene, &ann).await, [long]);
}
