//! A refusal in the words of all dialects at once (CONTRACT C-14): the body of every REST error, and what the dialects'
//! acknowledgements and error events carry.

use parlour_actors::error::Failure;
use serde::Serialize;
use serde_json::Value;

use super::native::WireFailure;

/// A refusal: the native one, with `success` and `message` for clients that look there first, and `detail` likewise.
#[derive(Debug, Serialize)]
pub struct Refusal<'a> {
    success: bool,
    message: &'a str,
    detail: &'a str,
    #[serde(flatten)]
    failure: WireFailure<'a>,
}

impl<'a> From<&'a Failure> for Refusal<'a> {
    fn from(failure: &'a Failure) -> Self {
        Self {
            success: false,
            message: &failure.message,
            detail: &failure.message,
            failure: failure.into(),
        }
    }
}

/// A refusal as a value, to be put into something else.
pub fn refusal(failure: &Failure) -> Value {
    serde_json::to_value(Refusal::from(failure))
        .expect("our types have text keys and no failing serializer")
}
