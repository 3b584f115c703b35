//! What a refusal says, as JSON: the body of a REST error (CONTRACT S2-52), and the middle of an error frame.

use std::time::Duration;

use parlour_actors::{error::Failure, limits::Quota};
use parlour_storage::ids::Timestamp;
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::wire::Time;

/// What a refusal says: the body of a REST error (CONTRACT S2-52), and the middle of an error frame.
#[derive(Debug, Serialize)]
pub struct WireFailure<'a> {
    error: &'a str,
    code: &'static str,
    number: u16,
    retry: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_ms: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<WireQuota>,
    details: Details<'a>,
    timestamp: Time,
}

impl<'a> From<&'a Failure> for WireFailure<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            error: &failure.message,
            code: failure.code.label(),
            number: failure.code.number(),
            retry: failure.code.retry(),
            retry_after_ms: failure.retry_after.map(ms),
            limit: failure.quota.map(WireQuota::from),
            details: Details(failure),
            timestamp: Time(Timestamp::now()),
        }
    }
}

/// The limit that was reached.
#[derive(Clone, Copy, Debug, Serialize)]
struct WireQuota {
    action: &'static str,
    n: u32,
    period_ms: u64,
    remaining: u32,
    reset_ms: u64,
}

impl From<Quota> for WireQuota {
    fn from(quota: Quota) -> Self {
        Self {
            action: quota.action.name(),
            n: quota.rate.n,
            period_ms: ms(quota.rate.period),
            remaining: quota.remaining,
            reset_ms: ms(quota.reset),
        }
    }
}

fn ms(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Which field is at fault, and why.
#[derive(Debug)]
struct Details<'a>(&'a Failure);

impl Serialize for Details<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        if let Some(field) = self.0.field {
            map.serialize_entry(field, &self.0.message)?;
        }
        map.end()
    }
}
