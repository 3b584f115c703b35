//! Rules of the bucket that files are kept in.

use super::super::options::Attachments;
use crate::files::bucket::{IS_BUILT_IN, MISSING};

/// Tells each rule, and whether it holds.
pub(super) fn rules(
    options: &Attachments,
    rule: &mut impl FnMut(&'static [&'static str], bool, &str),
) {
    let has_bucket = options.s3_bucket.is_some();
    rule(
        &["attachments.s3_bucket"],
        IS_BUILT_IN || !has_bucket,
        MISSING,
    );
    rule(
        &["attachments.folder", "attachments.s3_bucket"],
        options.folder.is_none() || !has_bucket,
        "files are kept in a folder or in a bucket; name one",
    );
    rule(
        &[
            "attachments.s3_access_key_id",
            "attachments.s3_secret_access_key",
        ],
        options.s3_access_key_id.is_some() == options.s3_secret_access_key.is_some(),
        "each means nothing without the other; set both, or neither and leave it to the environment",
    );
    for (option, is_set) in [
        (&["attachments.s3_prefix"], options.s3_prefix.is_some()),
        (&["attachments.s3_endpoint"], options.s3_endpoint.is_some()),
        (&["attachments.s3_region"], options.s3_region.is_some()),
        (
            &["attachments.s3_access_key_id"],
            options.s3_access_key_id.is_some(),
        ),
    ] {
        rule(
            option,
            has_bucket || !is_set,
            "does nothing without a bucket; set attachments.s3_bucket too",
        );
    }
}

/// What may be, but should not.
pub(super) fn notice(options: &Attachments) -> Option<String> {
    let endpoint = options.s3_endpoint.as_ref()?;
    endpoint.is_exposed().then(|| {
        "attachments.s3_endpoint is http and another machine: whoever is between reads every file; take https"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Value};

    fn broken(change: impl FnOnce(&mut Attachments)) -> Vec<&'static str> {
        let mut options = Config::default().attachments;
        change(&mut options);
        let mut broken = Vec::new();
        rules(&options, &mut |options, holds, _| {
            if !holds {
                broken.push(options[0]);
            }
        });
        broken
    }

    #[test]
    fn each_rule_is_seen_to_be_broken() {
        let bucket = |options: &mut Attachments| options.s3_bucket = Some("files".into());
        let expected: &[&str] = match IS_BUILT_IN {
            true => &[],
            false => &["attachments.s3_bucket"],
        };
        assert_eq!(broken(bucket), expected);
        let both = |options: &mut Attachments| {
            bucket(options);
            options.folder = Some("files".into());
        };
        assert!(broken(both).contains(&"attachments.folder"));
        let no_secret = |options: &mut Attachments| {
            bucket(options);
            options.s3_access_key_id = Some("node".into());
        };
        assert!(broken(no_secret).contains(&"attachments.s3_access_key_id"));
        let no_bucket = |options: &mut Attachments| options.s3_region = Some("eu-1".into());
        assert_eq!(broken(no_bucket), ["attachments.s3_region"]);
    }

    #[test]
    fn whoever_could_read_on_the_way_is_told_of() {
        for (url, said) in [("http://s3:9000", true), ("https://s3:9000", false)] {
            let mut options = Config::default().attachments;
            options.s3_endpoint = Value::parse(url).unwrap();
            assert_eq!(notice(&options).is_some(), said, "{url}");
        }
    }
}
