//! Files in a bucket of S3, or of what speaks like it. Built in with the feature `s3` alone.
//!
//! What a crash leaves of a file that was being sent isn't listed with the files; the bucket has a rule for it
//! (docs/files.md).

use object_store::ObjectStore;

use crate::config::Attachments;

/// Whether buckets are built in.
pub(crate) const IS_BUILT_IN: bool = cfg!(feature = "s3");

/// The bucket that the options name.
#[cfg(feature = "s3")]
pub(super) fn open(options: &Attachments) -> anyhow::Result<impl ObjectStore> {
    use std::time::Duration;

    use anyhow::Context as _;
    use object_store::{ClientOptions, RetryConfig, aws::AmazonS3Builder, prefix::PrefixStore};

    let client = ClientOptions::new()
        .with_connect_timeout(Duration::from_secs(5))
        .with_read_timeout(Duration::from_secs(30))
        // In all: whoever fetches a long file by a slow line takes longer than any bound.
        .with_timeout_disabled()
        .with_allow_http(true);
    // Somebody waits.
    let retry = RetryConfig {
        max_retries: 3,
        retry_timeout: Duration::from_secs(30),
        ..RetryConfig::default()
    };
    // What the options don't say the usual AWS_* of the environment do, or the role of the machine.
    let mut builder = AmazonS3Builder::from_env()
        .with_client_options(client)
        .with_retry(retry)
        // Files go one by one, and not all that speaks like S3 takes several.
        .with_disable_bulk_delete(true)
        .with_bucket_name(options.s3_bucket.as_deref().unwrap_or_default());
    if let Some(endpoint) = &options.s3_endpoint {
        builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
    }
    if let Some(region) = &options.s3_region {
        builder = builder.with_region(region);
    }
    if let (Some(id), Some(secret)) = (&options.s3_access_key_id, &options.s3_secret_access_key) {
        builder = builder
            .with_access_key_id(id)
            .with_secret_access_key(secret.expose());
    }
    let bucket = builder.build().context("the bucket can't be used")?;
    let prefix = options.s3_prefix.as_deref().unwrap_or_default();
    Ok(PrefixStore::new(bucket, prefix))
}

/// Says that there are none.
#[cfg(not(feature = "s3"))]
pub(super) fn open(_: &Attachments) -> anyhow::Result<impl ObjectStore> {
    Err::<object_store::memory::InMemory, _>(anyhow::anyhow!(MISSING))
}

/// What to do about a bucket that is named and can't be used.
pub(crate) const MISSING: &str = "this parlour was built without buckets; build it with `--features s3`, or keep files in a folder";
