//! Files on their way out: by token, or by an address that was given out for a while; whole or in part (RFC 9110 section 14).
//!
//! Nothing that people send runs on a page of the node: types aren't guessed, what isn't a plain picture is saved and not
//! shown, and all of it is sandboxed.

use std::{ops::RangeInclusive, sync::Arc};

use actix_web::{
    HttpRequest, HttpResponse,
    body::{BoxBody, SizedStream},
    http::{StatusCode, header},
    web,
};
use parlour_actors::{
    command::{
        AttachmentQuestion, AttachmentReply, Caller, Identity, Question, Reply, Request,
        SafetyQuestion,
    },
    error::{ErrorCode, Failure},
    session::Authenticator as _,
};
use parlour_storage::{
    domain::{attachment::Attachment, user::User},
    ids::{AttachmentId, Timestamp, UserId},
    store::Profile,
};
use serde::Deserialize;
use serde_json::json;

use super::{Edge, error::Refused, identity::Signed};
use crate::{auth::bearer, files::is_shown};

/// A file that is fetched never changes, but who may have it does: it is asked for each time, and sent again only if
/// the client hasn't got it.
const CACHE: &str = "private, no-cache";

/// Whatever it is, it is no page: it runs nothing, loads nothing and stands in no frame.
const POLICY: &str = "sandbox; default-src 'none'; frame-ancestors 'none'";

/// What may stand in the address of a file.
#[derive(Debug, Default, Deserialize)]
struct Given {
    viewer: Option<String>,
    until: Option<i64>,
    signature: Option<String>,
}

/// The file itself.
pub(super) async fn file(
    request: HttpRequest,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Refused> {
    let file = granted(&request, &edge).await?;
    send_file(&request, &edge, file).await
}

/// Its small copy.
pub(super) async fn thumbnail(
    request: HttpRequest,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Refused> {
    let file = granted(&request, &edge).await?;
    send_thumbnail(&request, &edge, file).await
}

/// A file of what a report shows, for moderators.
pub(super) async fn reported(
    request: HttpRequest,
    Signed(caller): Signed,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Refused> {
    let file = of_report(&request, &caller, &edge).await?;
    send_file(&request, &edge, file).await
}

/// Its small copy, likewise.
pub(super) async fn reported_thumbnail(
    request: HttpRequest,
    Signed(caller): Signed,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Refused> {
    let file = of_report(&request, &caller, &edge).await?;
    send_thumbnail(&request, &edge, file).await
}

async fn send_file(
    request: &HttpRequest,
    edge: &Edge,
    file: Attachment,
) -> Result<HttpResponse, Refused> {
    let (object, media_type) = (file.object.clone(), file.media_type.clone());
    let sent = Sent {
        tag: format!("\"{}\"", file.id),
        disposition: disposition(&file),
        object,
        media_type,
        bytes: file.bytes,
    };
    send(request, edge, sent).await
}

async fn send_thumbnail(
    request: &HttpRequest,
    edge: &Edge,
    file: Attachment,
) -> Result<HttpResponse, Refused> {
    let Some(object) = file.thumbnail else {
        let message = "there is no small copy of this file";
        return Err(Failure::new(ErrorCode::NoAttachment, message).into());
    };
    let bytes = edge.files.store.bytes(&object).await;
    let bytes = bytes.map_err(|error| unreadable(&object, &error))?;
    let media_type = match object.ends_with(".png") {
        true => "image/png",
        false => "image/jpeg",
    };
    let sent = Sent {
        tag: format!("\"{}-thumbnail\"", file.id),
        disposition: "inline".to_owned(),
        bytes: bytes.ok_or_else(|| missing(&object))?,
        media_type: media_type.to_owned(),
        object,
    };
    send(request, edge, sent).await
}

/// Addresses that work without a token for a while, for whoever asks.
pub(super) async fn link(
    request: HttpRequest,
    Signed(caller): Signed,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Refused> {
    let file = known(&edge, &caller, attachment(&request)?).await?;
    let links = edge.links(&request, &caller.user);
    let attached = file.attached();
    let until = links
        .until()
        .and_then(|until| jiff::Timestamp::from_second(until).ok());
    let mut body = json!({ "url": links.file(&attached) });
    if let Some(thumbnail) = links.thumbnail(&attached) {
        body["thumbnail_url"] = thumbnail.into();
    }
    if let Some(until) = until {
        body["expires_at"] = until.strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string().into();
    }
    Ok(HttpResponse::Ok().json(body))
}

/// The id in the path.
fn attachment(request: &HttpRequest) -> Result<AttachmentId, Failure> {
    let id = request.match_info().get("attachment").unwrap_or_default();
    id.parse().map_err(|_| Failure::no_attachment())
}

/// The file that the path names, if the token or the address lets whoever asks have it.
async fn granted(request: &HttpRequest, edge: &Edge) -> Result<Attachment, Failure> {
    let id = attachment(request)?;
    let header = request.headers().get(header::AUTHORIZATION);
    let token = header
        .and_then(|value| value.to_str().ok())
        .and_then(bearer);
    let given = web::Query::<Given>::from_query(request.query_string());
    let given = given.map(web::Query::into_inner).unwrap_or_default();
    let caller = match (token, given.viewer, given.until, given.signature) {
        (None, Some(viewer), Some(until), Some(signature)) => {
            viewer_of(edge, id, &viewer, until, &signature).await?
        }
        (token, ..) => {
            let token = token.ok_or_else(|| {
                let message = "sign in, or take an address of the file that is not too old";
                Failure::new(ErrorCode::Unauthorized, message)
            })?;
            let identity = edge.verifier.authenticate(token)?;
            edge.core.keep_profile(&identity);
            Caller::new(&identity, None)
        }
    };
    known(edge, &caller, id).await
}

/// Who an address was given out for.
async fn viewer_of(
    edge: &Edge,
    id: AttachmentId,
    viewer: &str,
    until: i64,
    signature: &str,
) -> Result<Arc<Caller>, Failure> {
    let now = edge.core.now();
    let refused = || {
        let message = "the address is too old, or damaged; fetch a new one";
        Failure::new(ErrorCode::Unauthorized, message)
    };
    let viewer = UserId::new(viewer).ok();
    let holds = |viewer: &UserId| edge.files.key.holds(id, viewer, until, signature, now);
    let user = viewer.filter(holds).ok_or_else(refused)?;
    // Whoever was erased since is nobody.
    let known = edge.core.store_ref().user(&user).await?;
    let identity = Identity {
        profile: profile(known.ok_or_else(refused)?),
        user,
        expires_at: Timestamp(until.saturating_mul(1000)),
    };
    Ok(Caller::new(&identity, None))
}

/// As their token said it last.
fn profile(user: User) -> Profile {
    Profile {
        name: user.name,
        picture: user.picture,
        role: user.role,
        plan: user.plan,
    }
}

/// The file that the path names, of the report that it names.
async fn of_report(
    request: &HttpRequest,
    caller: &Arc<Caller>,
    edge: &Edge,
) -> Result<Attachment, Failure> {
    let report = request.match_info().get("report").unwrap_or_default();
    let no_report = |_| Failure::new(ErrorCode::NoReport, "there is no such report");
    let question = SafetyQuestion::ReportedFile {
        report: report.parse().map_err(no_report)?,
        file: attachment(request)?,
    };
    ask(edge, caller, Question::Safety(question)).await
}

async fn known(edge: &Edge, caller: &Arc<Caller>, id: AttachmentId) -> Result<Attachment, Failure> {
    let question = Question::Attachment(AttachmentQuestion::One(id));
    ask(edge, caller, question).await
}

async fn ask(edge: &Edge, caller: &Arc<Caller>, question: Question) -> Result<Attachment, Failure> {
    let asked = edge.core.ask(Arc::clone(caller), Request::Ask(question));
    match asked.await? {
        Reply::Attachment(AttachmentReply::Attachment(file)) => Ok(*file),
        _ => Err(Failure::internal()),
    }
}

/// What is sent.
struct Sent {
    object: String,
    media_type: String,
    bytes: u64,
    /// Its entity tag: what lies under an id never changes.
    tag: String,
    disposition: String,
}

/// Sends a file, or the part of it that is asked for, or that nothing needs to be sent.
async fn send(request: &HttpRequest, edge: &Edge, sent: Sent) -> Result<HttpResponse, Refused> {
    let mut response = HttpResponse::Ok();
    response
        .insert_header((header::ETAG, sent.tag.as_str()))
        .insert_header((header::CACHE_CONTROL, CACHE))
        .insert_header((header::CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((header::REFERRER_POLICY, "no-referrer"))
        // Pages of the app are mostly of another origin, and show pictures; who may have them the address says.
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"));
    if has(request, header::IF_NONE_MATCH, &sent.tag) {
        return Ok(response.status(StatusCode::NOT_MODIFIED).finish());
    }
    // A part of something else is of no use to whoever has the beginning of this.
    let same = !request.headers().contains_key(header::IF_RANGE)
        || has(request, header::IF_RANGE, &sent.tag);
    let range = text(request, header::RANGE).filter(|_| same);
    let part = match range.map_or(Asked::All, |range| asked(range, sent.bytes)) {
        Asked::All => 0..sent.bytes,
        Asked::Part(part) => {
            let (from, to) = part.into_inner();
            let place = format!("bytes {from}-{to}/{}", sent.bytes);
            response.status(StatusCode::PARTIAL_CONTENT);
            response.insert_header((header::CONTENT_RANGE, place));
            from..to + 1
        }
        Asked::Beyond => {
            let place = format!("bytes */{}", sent.bytes);
            response.insert_header((header::CONTENT_RANGE, place));
            return Ok(response.status(StatusCode::RANGE_NOT_SATISFIABLE).finish());
        }
    };
    let length = part.end - part.start;
    response
        .content_type(sent.media_type)
        .insert_header((header::ACCEPT_RANGES, "bytes"))
        .insert_header((header::CONTENT_DISPOSITION, sent.disposition));
    let pieces = edge.files.store.read(&sent.object, part).await;
    let pieces = pieces.map_err(|error| unreadable(&sent.object, &error))?;
    let pieces = pieces.ok_or_else(|| missing(&sent.object))?;
    Ok(response.body(BoxBody::new(SizedStream::new(length, pieces))))
}

fn text(request: &HttpRequest, name: header::HeaderName) -> Option<&str> {
    request.headers().get(name)?.to_str().ok()
}

/// Whether a header names an entity tag, weak or not, or all of them.
fn has(request: &HttpRequest, name: header::HeaderName, tag: &str) -> bool {
    let tags = text(request, name).unwrap_or_default().split(',');
    tags.map(|known| known.trim().trim_start_matches("W/"))
        .any(|known| known == tag || known == "*")
}

/// Which part is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    /// All of it: nothing else was asked for, or nothing that means anything, or several parts at once.
    All,
    /// From one byte to another.
    Part(RangeInclusive<u64>),
    /// None that there is.
    Beyond,
}

fn asked(range: &str, bytes: u64) -> Asked {
    let Some((from, to)) = range
        .trim()
        .strip_prefix("bytes=")
        .and_then(|it| it.split_once('-'))
    else {
        return Asked::All;
    };
    let number = |text: &str| text.trim().parse::<u64>();
    let part = match (from.trim(), to.trim()) {
        ("", last) => match number(last) {
            Ok(0) => return Asked::Beyond,
            Ok(last) => bytes.saturating_sub(last)..=bytes.saturating_sub(1),
            Err(_) => return Asked::All,
        },
        (from, "") => match number(from) {
            Ok(from) => from..=bytes.saturating_sub(1),
            Err(_) => return Asked::All,
        },
        (from, to) => match (number(from), number(to)) {
            (Ok(from), Ok(to)) if from <= to => from..=to.min(bytes.saturating_sub(1)),
            _ => return Asked::All,
        },
    };
    match *part.start() < bytes {
        true => Asked::Part(part),
        false => Asked::Beyond,
    }
}

/// Shown in place if it is a plain picture, or else saved, under its name (RFC 6266, RFC 8187).
fn disposition(file: &Attachment) -> String {
    let how = match is_shown(&file.media_type) {
        true => "inline",
        false => "attachment",
    };
    let plain = |c: char| match c {
        ' '..='~' if c != '"' && c != '\\' && c != '%' => c,
        _ => '_',
    };
    let ascii: String = file.name.chars().map(plain).collect();
    if ascii == file.name {
        return format!("{how}; filename=\"{ascii}\"");
    }
    let quoted = crate::dialects::links::quoted(&file.name);
    format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{quoted}")
}

fn missing(object: &str) -> Failure {
    tracing::error!(object, "a file that is known is not there");
    Failure::internal()
}

fn unreadable(object: &str, error: &anyhow::Error) -> Failure {
    tracing::error!(object, error = format!("{error:#}"), "a file can't be read");
    Failure::internal()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_asked_for_as_the_standard_has_it() {
        for (range, expected) in [
            ("bytes=0-0", Asked::Part(0..=0)),
            ("bytes=2-4", Asked::Part(2..=4)),
            ("bytes=2-", Asked::Part(2..=9)),
            ("bytes=-3", Asked::Part(7..=9)),
            ("bytes=-30", Asked::Part(0..=9)),
            ("bytes=8-30", Asked::Part(8..=9)),
            ("bytes=10-", Asked::Beyond),
            ("bytes=30-40", Asked::Beyond),
            ("bytes=-0", Asked::Beyond),
            ("bytes=4-2", Asked::All),
            ("bytes=0-1,4-5", Asked::All),
            ("bytes=-", Asked::All),
            ("bytes=x-y", Asked::All),
            ("lines=0-1", Asked::All),
            ("bytes=99999999999999999999-", Asked::All),
        ] {
            assert_eq!(asked(range, 10), expected, "{range}");
        }
        assert_eq!(asked("bytes=0-", 0), Asked::Beyond);
    }

    #[test]
    fn a_name_goes_into_the_header_whole_and_breaks_out_of_nothing() {
        let named = |name: &str, media_type: &str| {
            disposition(&Attachment {
                id: "7".parse().unwrap(),
                owner: UserId::new("ann").unwrap(),
                object: "ann/7".into(),
                name: name.into(),
                media_type: media_type.into(),
                bytes: 1,
                image: None,
                thumbnail: None,
                created_at: Timestamp(0),
                bound: None,
            })
        };
        assert_eq!(
            named("a b.png", "image/png"),
            "inline; filename=\"a b.png\""
        );
        for media_type in ["text/html", "image/svg+xml", "application/pdf"] {
            assert!(named("x", media_type).starts_with("attachment; "));
        }
        assert_eq!(
            named("Ü\"\\%\r\n.pdf", "application/pdf"),
            "attachment; filename=\"______.pdf\"; filename*=UTF-8''%C3%9C%22%5C%25%0D%0A.pdf"
        );
    }
}
