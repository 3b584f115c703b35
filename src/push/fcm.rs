//! Apps by Firebase Cloud Messaging, HTTP v1: what a message looks like there, and what the answers mean.
//!
//! <https://firebase.google.com/docs/reference/fcm/rest/v1/projects.messages> and `.../rest/v1/ErrorCode`.

use std::time::Duration;

use anyhow::Context as _;
use parlour_actors::pusher::PushNote;
use parlour_storage::ids::Timestamp;
use serde_json::{Value, json};

use super::{
    access::{Access, Account},
    answer::{NotTaken, heard, taken},
    note,
};
use crate::outbound::{
    Outbound, Reply, StatusCode, Url,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};

/// Where Google answers.
pub(super) const GOOGLE: &str = "https://fcm.googleapis.com";

/// A project at Firebase.
#[derive(Debug)]
pub(super) struct Fcm {
    access: Access,
    url: Url,
    ttl: Duration,
}

impl Fcm {
    /// The project of a service account.
    ///
    /// # Errors
    ///
    /// The account or the address is none.
    pub(super) fn new(account: &[u8], base: &str, ttl: Duration) -> anyhow::Result<Self> {
        let account = Account::read(account)?;
        let (base, project) = (base.trim_end_matches('/'), &account.project_id);
        let url = format!("{base}/v1/projects/{project}/messages:send");
        Ok(Self {
            url: url.parse().context("its project_id is none")?,
            access: Access::new(account)?,
            ttl,
        })
    }

    /// Tells an app.
    pub(super) async fn push(
        &self,
        outbound: &Outbound,
        note: &PushNote,
        token: &str,
    ) -> Result<(), NotTaken> {
        let now = Timestamp::now();
        let access = self.access.token(outbound, now).await?;
        let bearer = HeaderValue::try_from(format!("Bearer {access}"));
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer.map_err(NotTaken::refused)?);
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = message(note, token, self.ttl, now).to_string();
        let reply = heard(outbound.post(&self.url, headers, body).await).await?;
        let judged = judge(&reply);
        if reply.status == StatusCode::UNAUTHORIZED {
            self.access.forget(&access).await;
        }
        judged
    }
}

/// The body of a request.
fn message(note: &PushNote, token: &str, ttl: Duration, now: Timestamp) -> Value {
    let mut data = note::data(&note.data);
    data.insert("badge".into(), note.badge.to_string().into());
    let expires = now.0 / 1000 + i64::try_from(ttl.as_secs()).unwrap_or(i64::MAX / 2);
    let mut message = json!({
        "token": token,
        "data": data,
        "android": { "priority": "high", "ttl": format!("{}s", ttl.as_secs()) },
        "apns": {
            "headers": {
                "apns-priority": "10",
                "apns-push-type": "alert",
                "apns-expiration": expires.to_string(),
            },
            "payload": { "aps": {
                // Else an iPhone shows nothing: the app has the words for it, in its user's language.
                "alert": { "loc-key": note.data.kind.as_str() },
                "badge": note.badge,
                "sound": "default",
                // Lets the app fetch more to show before it is shown.
                "mutable-content": 1,
            } },
        },
    });
    if let Some(content) = &note.content {
        let (title, body) = note::clipped(content);
        message["notification"] = json!({ "title": title, "body": body });
        message["android"]["notification"] = json!({ "notification_count": note.badge });
        message["apns"]["payload"]["aps"]["alert"] = json!({ "title": title, "body": body });
    }
    if let Some(conversation) = note.collapse {
        let conversation = conversation.to_string();
        message["android"]["collapse_key"] = json!(conversation);
        message["apns"]["headers"]["apns-collapse-id"] = json!(conversation);
        message["apns"]["payload"]["aps"]["thread-id"] = json!(conversation);
        if note.content.is_some() {
            message["android"]["notification"]["tag"] = json!(conversation);
        }
    }
    json!({ "message": message })
}

/// A status alone doesn't say whether it is about the device: a project that isn't there is 404 too.
fn judge(reply: &Reply) -> Result<(), NotTaken> {
    let error: Value = serde_json::from_slice(&reply.body).unwrap_or_default();
    let details = error["error"]["details"].as_array();
    let details = details.map(Vec::as_slice).unwrap_or_default();
    let is = |code: &str| details.iter().any(|detail| detail["errorCode"] == code);
    let is_no_token = || {
        let violations = details
            .iter()
            .filter_map(|it| it["fieldViolations"].as_array());
        let mut fields = violations.flatten().map(|it| &it["field"]);
        fields.any(|field| field == "message.token")
    };
    match reply.status {
        StatusCode::NOT_FOUND if is("UNREGISTERED") => Err(NotTaken::gone(reply)),
        StatusCode::BAD_REQUEST if is_no_token() => Err(NotTaken::gone(reply)),
        // Our own token, which may have been withdrawn before its time: there will be another one.
        StatusCode::UNAUTHORIZED if !is("THIRD_PARTY_AUTH_ERROR") => {
            Err(NotTaken::later(reply.told()))
        }
        _ => taken(reply),
    }
}

#[cfg(test)]
mod tests {
    use parlour_actors::pusher::PushFailed;

    use super::{super::testkit::note, *};

    fn message(content: Option<(&str, &str)>) -> Value {
        let ttl = Duration::from_secs(60);
        super::message(&note(content), "device-1", ttl, Timestamp(1_000_000))["message"].take()
    }

    #[test]
    fn without_content_an_app_is_told_where_to_look_and_google_nothing_more() {
        let message = message(None);
        let data = json!({
            "type": "NEW_MESSAGE", "conversationId": "5", "messageId": "7", "badge": "3",
        });
        assert_eq!(
            (&message["token"], &message["data"]),
            (&json!("device-1"), &data)
        );
        assert!(message.get("notification").is_none());
        let android = json!({ "priority": "high", "ttl": "60s", "collapse_key": "5" });
        assert_eq!(message["android"], android);
        let apns = &message["apns"];
        assert_eq!(apns["headers"]["apns-collapse-id"], "5");
        assert_eq!(apns["headers"]["apns-expiration"], "1060");
        assert_eq!(apns["payload"]["aps"]["badge"], 3);
        assert_eq!(
            apns["payload"]["aps"]["alert"],
            json!({ "loc-key": "NEW_MESSAGE" })
        );
    }

    #[test]
    fn with_content_it_is_shown_and_one_takes_the_place_of_another() {
        let message = message(Some(("Ann", "hello")));
        let words = json!({ "title": "Ann", "body": "hello" });
        assert_eq!(message["notification"], words);
        assert_eq!(message["apns"]["payload"]["aps"]["alert"], words);
        let shown = json!({ "notification_count": 3, "tag": "5" });
        assert_eq!(message["android"]["notification"], shown);
    }

    #[test]
    fn only_what_is_said_of_the_device_itself_is_about_the_device() {
        let fcm = |code: &str| json!([{ "@type": "…/google.firebase.fcm.v1.FcmError", "errorCode": code }]);
        let field = |field: &str| json!([{ "@type": "…/google.rpc.BadRequest", "fieldViolations": [{ "field": field }] }]);
        for (status, details, expected) in [
            (404, fcm("UNREGISTERED"), "gone"),
            (404, json!([]), "refused"),
            (400, field("message.token"), "gone"),
            (400, field("message.data"), "refused"),
            (400, fcm("INVALID_ARGUMENT"), "refused"),
            (403, fcm("SENDER_ID_MISMATCH"), "refused"),
            (401, json!([]), "later"),
            (401, fcm("THIRD_PARTY_AUTH_ERROR"), "refused"),
            (429, fcm("QUOTA_EXCEEDED"), "later"),
            (503, fcm("UNAVAILABLE"), "later"),
        ] {
            let body = json!({ "error": { "code": status, "details": details } });
            let reply = Reply::of(status, body.to_string().as_bytes());
            let failed = match judge(&reply).unwrap_err().failed {
                PushFailed::Gone => "gone",
                PushFailed::Later(_) => "later",
                PushFailed::Refused(_) => "refused",
            };
            assert_eq!(failed, expected, "{status} {details}");
        }
        assert!(judge(&Reply::of(200, b"{}")).is_ok());
        assert!(judge(&Reply::of(404, b"not json")).is_err());
    }
}
