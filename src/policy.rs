//! From the policy as it is configured to the one that the core reads.
//!
//! Reads the file of words. Decides nothing: what each rule does is the core's.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use parlour_actors::{
    limits::{Rate, Settings},
    policy::{Attachments, Audit, Finding, Html, Policy, Receipts},
    reviewer::Reviewer,
};
use parlour_storage::{domain::contact::Gate, safety::Retention};

use crate::{
    config::{
        self, AuditScope, ContactGate, FindingAction, HtmlPolicy, LimitRule, ReceiptsReach,
        ReviewFailure, Secret,
    },
    exit::{Exit, Failure},
    reviewer::ReviewService,
};

/// The policy of the core.
///
/// # Errors
///
/// The file of words can't be read, or a line of it means nothing.
pub(crate) fn policy(
    config: &config::Policy,
    attachments: &config::Attachments,
) -> anyhow::Result<Policy> {
    Ok(Policy {
        gate: match config.contact_gate {
            ContactGate::Open => Gate::Open,
            ContactGate::Request => Gate::Request,
            ContactGate::Match => Gate::Match,
        },
        request_length_max: config.request_length_max,
        request_ttl: some(config.request_expiry),
        receipts: match config.receipts {
            ReceiptsReach::Everyone => Receipts::Everyone,
            ReceiptsReach::Premium => Receipts::Premium,
        },
        html: match config.html {
            HtmlPolicy::Raw => Html::Raw,
            HtmlPolicy::Strip => Html::Strip,
        },
        profanity: config.profanity.into(),
        words: match &config.words_file {
            Some(path) => config::words(path).map_err(|problem| {
                Failure::new(Exit::Config, format!("policy.words_file: {problem}"))
            })?,
            None => Vec::new(),
        },
        contact_details: config.contact_details.into(),
        contact_details_until_match: config.contact_details_until_match,
        audit: match config.audit {
            AuditScope::Off => Audit::Off,
            AuditScope::Safety => Audit::Safety,
            AuditScope::All => Audit::All,
        },
        audit_age: some(config.audit_age),
        retention: Retention {
            age: some(config.retention_age),
            messages_max: match config.retention_messages {
                0 => None,
                n => Some(n as u64),
            },
        },
        review_timeout: config.review_timeout,
        review_fails_open: config.review_failure == ReviewFailure::Open,
        attachments: self::attachments(attachments),
    })
}

/// Which files people may send.
pub(crate) fn attachments(config: &config::Attachments) -> Attachments {
    Attachments {
        enabled: config.enabled,
        bytes_max: config.bytes_max.bytes() as u64,
        image_bytes_max: config.image_bytes_max.bytes() as u64,
        quota: match config.quota.bytes() {
            0 => None,
            bytes => Some(bytes as u64),
        },
        media_types: config
            .types
            .iter()
            .map(|it| it.as_str().to_owned())
            .collect(),
    }
}

/// The review service, if there is one.
///
/// # Errors
///
/// Its address or its secret can't be used.
pub(crate) fn reviewer(config: &config::Policy) -> anyhow::Result<Option<Arc<dyn Reviewer>>> {
    let Some(url) = &config.review_url else {
        return Ok(None);
    };
    let secret = config.review_secret.as_ref().map(Secret::expose);
    let service = ReviewService::new(url.as_str(), secret).map_err(|problem| {
        Failure::new(
            Exit::Config,
            format!("policy.review_url or review_secret: {problem}"),
        )
    })?;
    Ok(Some(Arc::new(service)))
}

/// Adds the rates to those by action.
pub(crate) fn rates(rules: &[LimitRule], settings: &mut Settings) {
    for rule in rules {
        let rate = Rate {
            n: NonZeroU32::get(rule.n),
            period: rule.period,
        };
        let name = rule.action.name().to_owned();
        settings.rates.entry(name).or_default().push(rate);
    }
}

/// No time at all stands for "for good".
fn some(duration: Duration) -> Option<Duration> {
    (!duration.is_zero()).then_some(duration)
}

impl From<FindingAction> for Finding {
    fn from(action: FindingAction) -> Self {
        match action {
            FindingAction::Allow => Self::Allow,
            FindingAction::Flag => Self::Flag,
            FindingAction::Mask => Self::Mask,
            FindingAction::Placeholder => Self::Placeholder,
            FindingAction::Reject => Self::Reject,
        }
    }
}

#[cfg(test)]
mod tests {
    use parlour_actors::action::Action;

    use super::*;
    use crate::config::{ByteSize, Config, MediaType, Value as _};

    #[test]
    fn a_node_without_configuration_has_the_default_policy_of_the_core() {
        let config = Config::default();
        assert_eq!(
            policy(&config.policy, &config.attachments).unwrap(),
            Policy::default()
        );
        let core = Settings::default();
        assert_eq!(config.policy.message_length_max, core.message_length_max);
    }

    #[test]
    fn every_rule_reaches_the_core() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("words");
        std::fs::write(&path, "spam\n").unwrap();
        let config = config::Policy {
            contact_gate: ContactGate::Match,
            request_length_max: 1,
            request_expiry: Duration::from_secs(2),
            receipts: ReceiptsReach::Premium,
            html: HtmlPolicy::Strip,
            profanity: FindingAction::Mask,
            words_file: Some(path),
            contact_details: FindingAction::Placeholder,
            contact_details_until_match: true,
            audit: AuditScope::All,
            audit_age: Duration::from_secs(3),
            retention_age: Duration::from_secs(4),
            retention_messages: 5,
            review_timeout: Duration::from_secs(6),
            review_failure: ReviewFailure::Closed,
            ..Config::default().policy
        };
        let files = config::Attachments {
            enabled: false,
            types: vec![MediaType::parse("text/csv").unwrap()],
            bytes_max: ByteSize::new(6),
            image_bytes_max: ByteSize::new(7),
            quota: ByteSize::new(0),
            ..Config::default().attachments
        };
        let expected = Policy {
            gate: Gate::Match,
            request_length_max: 1,
            request_ttl: Some(Duration::from_secs(2)),
            receipts: Receipts::Premium,
            html: Html::Strip,
            profanity: Finding::Mask,
            words: vec![parlour_actors::policy::WordRule {
                word: "spam".into(),
                finding: Finding::Reject,
            }],
            contact_details: Finding::Placeholder,
            contact_details_until_match: true,
            audit: Audit::All,
            audit_age: Some(Duration::from_secs(3)),
            retention: Retention {
                age: Some(Duration::from_secs(4)),
                messages_max: Some(5),
            },
            review_timeout: Duration::from_secs(6),
            review_fails_open: false,
            attachments: Attachments {
                enabled: false,
                bytes_max: 6,
                image_bytes_max: 7,
                quota: None,
                media_types: vec!["text/csv".into()],
            },
        };
        assert_eq!(policy(&config, &files).unwrap(), expected);
    }

    #[test]
    fn several_rules_of_an_action_are_all_kept() {
        let mut settings = Settings::default();
        rates(&Config::default().policy.limits, &mut settings);
        rates(&Config::default().policy.limits[..1], &mut settings);
        assert_eq!(settings.rates[Action::Send.name()].len(), 2);
        assert_eq!(settings.rates[Action::Report.name()][0].n, 5);
    }
}
