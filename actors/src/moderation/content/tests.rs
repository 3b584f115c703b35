//! Whole writes against whole policies.

use parlour_storage::{
    domain::safety::ReportDraft,
    ids::{ConversationId, MessageId},
};

use super::*;
use crate::{
    command::Identity,
    policy::{Policy, WordRule},
    testkit::{identity, user},
};

fn rules(policy: Policy) -> Rules {
    Rules::new(&Settings {
        message_length_max: 40,
        policy,
        ..Settings::default()
    })
}

fn somebody() -> std::sync::Arc<Caller> {
    Caller::new(&identity("a"), None)
}

fn conversation() -> ConversationId {
    "1".parse().unwrap()
}

fn message() -> MessageId {
    "2".parse().unwrap()
}

fn send(text: &str, kind: MessageKind) -> Write {
    Write::Send {
        conversation: conversation(),
        content: Content {
            kind,
            text: text.to_owned(),
            ..Content::default()
        },
        attachments: Vec::new(),
        key: None,
    }
}

fn edit(text: &str) -> Write {
    Write::Edit {
        message: message(),
        text: text.to_owned(),
    }
}

fn ask(text: &str) -> Write {
    Write::Ask {
        user: user("b"),
        text: text.to_owned(),
        masked: None,
        key: None,
    }
}

/// What is written, and what goes with it.
fn written(rules: &Rules, mut write: Write, direct: bool) -> Result<(String, Reviewed), Failure> {
    let reviewed = rules.review(&somebody(), &mut write, direct)?;
    let text = match write {
        Write::Send { content, .. } => content.text,
        Write::Edit { text, .. } | Write::Ask { text, .. } => text,
        other => panic!("{other:?}"),
    };
    Ok((text, reviewed))
}

fn said(rules: &Rules, text: &str) -> Result<(String, Reviewed), Failure> {
    written(rules, send(text, MessageKind::Text), true)
}

fn code(result: Result<(String, Reviewed), Failure>) -> Option<ErrorCode> {
    result.err().map(|failure| failure.code)
}

#[test]
fn without_a_policy_a_text_stays_as_it_is() {
    let rules = rules(Policy::default());
    for text in ["<b>fuck</b>", "call +49 30 901820", "a & b"] {
        assert_eq!(
            said(&rules, text).unwrap(),
            (text.to_owned(), Reviewed::default())
        );
    }
}

#[test]
fn markup_goes_first_and_length_counts_after_it() {
    let rules = rules(Policy {
        html: Html::Strip,
        request_length_max: 5,
        ..Policy::default()
    });
    let long = format!("<a href='{}'>ok</a>", "x".repeat(100));
    for write in [send(&long, MessageKind::Text), edit(&long), ask(&long)] {
        let (text, reviewed) = written(&rules, write, true).unwrap();
        assert_eq!(text, "ok");
        assert_eq!(
            reviewed.original.as_deref(),
            Some(long.as_str()),
            "for retries"
        );
        assert_eq!(reviewed.flag, None);
    }
    assert_eq!(
        code(said(&rules, "<br>")),
        Some(ErrorCode::BadValue),
        "empty"
    );
    assert_eq!(
        code(said(&rules, &"x".repeat(41))),
        Some(ErrorCode::TooLarge)
    );
    assert_eq!(
        code(written(&rules, ask("sixsix"), true)),
        Some(ErrorCode::TooLarge)
    );
    assert_eq!(
        code(written(&rules, ask("<b></b>"), true)),
        Some(ErrorCode::BadValue)
    );
}

#[test]
fn markup_goes_from_names_and_reasons_too() {
    let rules = rules(Policy {
        html: Html::Strip,
        ..Policy::default()
    });
    let marked = Some("<b>x</b>".to_owned());
    let mut writes = [
        Write::Rename {
            conversation: conversation(),
            name: marked.clone(),
        },
        Write::OpenGroup {
            name: marked.clone(),
            members: Vec::new(),
            key: None,
        },
        Write::Block {
            user: user("b"),
            reason: marked.clone(),
        },
        Write::Report(ReportDraft {
            user: user("b"),
            category: "spam".to_owned(),
            reason: marked,
            conversation: None,
            message: None,
        }),
    ];
    for write in &mut writes {
        rules.review(&somebody(), write, false).unwrap();
        let (Write::Rename { name: line, .. }
        | Write::OpenGroup { name: line, .. }
        | Write::Block { reason: line, .. }
        | Write::Report(ReportDraft { reason: line, .. })) = write
        else {
            panic!("{write:?}")
        };
        assert_eq!(line.as_deref(), Some("x"));
    }
}

/// CONTRACT C-28: strict refuses, lenient shows a placeholder and flags.
#[test]
fn strict_refuses_and_lenient_replaces_and_flags() {
    let strict = rules(Policy {
        profanity: Finding::Reject,
        ..Policy::default()
    });
    for write in [
        send("well, fuck", MessageKind::Text),
        send("well, fuck", MessageKind::Image),
        edit("well, fuck"),
        ask("well, fuck"),
    ] {
        let failure = written(&strict, write, true).unwrap_err();
        assert_eq!(
            (failure.code, failure.field),
            (ErrorCode::ContentRefused, Some("text"))
        );
        assert!(!failure.message.contains("fuck"));
    }
    assert!(said(&strict, "welcome to Scunthorpe").is_ok());

    let lenient = rules(Policy {
        profanity: Finding::Placeholder,
        ..Policy::default()
    });
    let (text, reviewed) = said(&lenient, "well, fuck").unwrap();
    assert_eq!(text, PLACEHOLDER);
    assert_eq!(reviewed.original.as_deref(), Some("well, fuck"));
    let flag = reviewed.flag.unwrap();
    assert_eq!(flag.found, ["profanity"]);
    assert_eq!(flag.original.as_deref(), Some("well, fuck"));
    assert_eq!(reviewed.finding, Finding::Placeholder);
}

#[test]
fn flags_leave_the_text_and_stars_only_what_is_found() {
    let rules = rules(Policy {
        profanity: Finding::Mask,
        contact_details: Finding::Flag,
        words: vec![
            WordRule {
                word: "Shit Creek".to_owned(),
                finding: Finding::Allow,
            },
            WordRule {
                word: "casino".to_owned(),
                finding: Finding::Flag,
            },
        ],
        ..Policy::default()
    });
    let (text, reviewed) = said(&rules, "my mail: a@example.com").unwrap();
    assert_eq!(text, "my mail: a@example.com");
    let flag = reviewed.flag.unwrap();
    assert_eq!(
        (flag.found, flag.original),
        (vec!["contact_details".to_owned()], None)
    );
    assert_eq!(reviewed.original, None);

    let (text, reviewed) = said(&rules, "é shit casino, café").unwrap();
    assert_eq!(text, "é **** casino, café");
    assert_eq!(reviewed.flag.unwrap().found, ["profanity", "words"]);
    assert_eq!(
        said(&rules, "up Shit Creek").unwrap().1,
        Reviewed::default()
    );
}

#[test]
fn contact_details_may_be_for_the_matched_alone() {
    let rules = rules(Policy {
        contact_details: Finding::Mask,
        contact_details_until_match: true,
        profanity: Finding::Mask,
        ..Policy::default()
    });
    let said = "fuck, mail a@example.com";
    for write in [send(said, MessageKind::Text), edit(said)] {
        let (text, reviewed) = written(&rules, write, true).unwrap();
        assert_eq!(text, "****, mail a@example.com");
        assert_eq!(reviewed.masked.as_deref(), Some("****, mail *************"));
        assert_eq!(reviewed.original.as_deref(), Some(said));
        assert_eq!(
            reviewed.flag.unwrap().found,
            ["profanity"],
            "and no contact details"
        );
    }
    let mut write = ask("mail a@example.com");
    let reviewed = rules.review(&somebody(), &mut write, true).unwrap();
    let Write::Ask { text, masked, .. } = write else {
        panic!("{write:?}")
    };
    assert_eq!(text, "mail a@example.com", "for later");
    assert_eq!(masked.as_deref(), Some("mail *************"));
    assert_eq!(reviewed.masked, None);
    // In a group nobody is matched with everybody.
    let (text, reviewed) =
        written(&rules, send("a@example.com", MessageKind::Text), false).unwrap();
    assert_eq!((text.as_str(), reviewed.masked), ("*************", None));
}

#[test]
fn names_are_masked_or_refused_and_reactions_refused() {
    let mut write = Write::Rename {
        conversation: conversation(),
        name: Some("fuck this".to_owned()),
    };
    let masks = rules(Policy {
        profanity: Finding::Mask,
        ..Policy::default()
    });
    masks.review(&somebody(), &mut write, false).unwrap();
    let Write::Rename { name, .. } = &write else {
        panic!("{write:?}")
    };
    assert_eq!(name.as_deref(), Some("**** this"));
    let mut react = Write::React {
        message: message(),
        emoji: "fuck".to_owned(),
        on: true,
    };
    let failure = masks.review(&somebody(), &mut react, true).unwrap_err();
    assert_eq!(
        (failure.code, failure.field),
        (ErrorCode::ContentRefused, Some("emoji"))
    );
}

#[test]
fn the_app_itself_says_what_it_wants() {
    let rules = rules(Policy {
        profanity: Finding::Reject,
        contact_details: Finding::Reject,
        html: Html::Strip,
        ..Policy::default()
    });
    let admin = Identity {
        profile: parlour_storage::store::Profile {
            role: NodeRole::Admin,
            ..identity("app").profile
        },
        ..identity("app")
    };
    let mut write = send("<b>see</b> https://example.com", MessageKind::System);
    rules
        .review(&Caller::new(&admin, None), &mut write, true)
        .unwrap();
    let Write::Send { content, .. } = &write else {
        panic!("{write:?}")
    };
    assert_eq!(content.text, "see https://example.com");
    let mut write = send("hello", MessageKind::System);
    let failure = rules.review(&somebody(), &mut write, true).unwrap_err();
    assert_eq!(failure.code, ErrorCode::NotAllowed);
}
