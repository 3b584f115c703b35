//! Bodies that have files in them: multipart forms, in whatever order their parts come, and a single file as the body.
//!
//! A file is handed on piece by piece. The texts of a form are bounded together, as any other body is.

use std::{future::Future, sync::Arc};

use actix_multipart::{Field, Multipart};
use actix_web::{
    HttpRequest, HttpResponse,
    dev::Payload,
    http::{StatusCode, header},
    web,
};
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt as _};
use parlour_actors::{
    command::{AttachmentReply, Caller, Reply},
    error::{ErrorCode, Failure},
};
use parlour_storage::domain::attachment::{ATTACHMENTS_MAX, Attachment};
use tokio::time::{Instant, timeout_at};

use super::{Edge, error::Refused, identity::Signed};
use crate::{
    dialects::native::Answer,
    files::{Fresh, Place, Upload},
};

/// What forms call a file; what has a file name is one, too.
const FILE: &str = "file";

/// Most parts of a form.
const PARTS_MAX: usize = 64;

/// A form, as it came in.
#[derive(Debug)]
pub(super) struct Form {
    /// Its texts, by name.
    pub(super) texts: Vec<(String, String)>,
    /// Its files, which are given up again unless somebody keeps them.
    pub(super) files: Fresh,
}

/// Whether the body is a form that may have files.
pub(super) fn is_form(request: &HttpRequest) -> bool {
    content_type(request).is_some_and(|kind| kind.starts_with("multipart/"))
}

fn content_type(request: &HttpRequest) -> Option<String> {
    let kind = request.headers().get(header::CONTENT_TYPE)?;
    Some(kind.to_str().ok()?.trim().to_ascii_lowercase())
}

/// Reads a form. One that has files where none are taken is refused before they are read.
pub(super) async fn form(
    edge: &Edge,
    caller: &Arc<Caller>,
    request: &HttpRequest,
    payload: Payload,
    takes_files: bool,
) -> Result<Form, Failure> {
    let mut parts = Multipart::new(request.headers(), payload);
    let mut form = Form {
        texts: Vec::new(),
        files: Fresh::new(&edge.core, caller),
    };
    let mut text_room = edge.config.http.body_max.bytes();
    let mut place: Option<Arc<Place>> = None;
    // Also of a form without files: whoever trickles is cut off.
    let until = deadline(edge);
    for _ in 0..PARTS_MAX {
        let Some(part) = timely(until, parts.next()).await? else {
            return Ok(form);
        };
        let part = part.map_err(|error| damaged(&error))?;
        let name = part.name().unwrap_or_default().to_owned();
        if !is_file(&part) {
            let bytes = text(part, until, text_room).await?;
            text_room -= bytes.len();
            let text = String::from_utf8(bytes.into())
                .map_err(|_| Failure::new(ErrorCode::BadRequest, "a field is not UTF-8"))?;
            form.texts.push((name, text));
            continue;
        }
        if !takes_files {
            return Err(Failure::bad_value(FILE, "files can't be sent here"));
        }
        if form.files.ids().len() == ATTACHMENTS_MAX {
            let message = format!("at most {ATTACHMENTS_MAX} files can be sent together");
            return Err(Failure::bad_value(FILE, message));
        }
        let place = match &mut place {
            Some(place) => place,
            none => none.insert(edge.files.uploads.place(&caller.user)?),
        };
        form.files
            .add(file(edge, caller, place, part, until).await?);
    }
    let message = format!("a form may have at most {PARTS_MAX} parts");
    Err(Failure::new(ErrorCode::BadRequest, message))
}

fn is_file(part: &Field) -> bool {
    let has_name = part
        .content_disposition()
        .is_some_and(|it| it.get_filename().is_some() || it.get_filename_ext().is_some());
    has_name || part.name() == Some(FILE)
}

/// What the sender calls the file; in the newer spelling, if there are both (RFC 7578 section 4.2, RFC 6266).
fn file_name(part: &Field) -> String {
    let Some(disposition) = part.content_disposition() else {
        return String::new();
    };
    let extended = disposition.get_filename_ext();
    let extended = extended.and_then(|it| String::from_utf8(it.value.clone()).ok());
    extended
        .or_else(|| disposition.get_filename().map(str::to_owned))
        .unwrap_or_default()
}

async fn file(
    edge: &Edge,
    caller: &Arc<Caller>,
    place: &Arc<Place>,
    part: Field,
    until: Instant,
) -> Result<Attachment, Failure> {
    let said = part.content_type().map(ToString::to_string);
    let name = file_name(&part);
    let pieces = part.map(|piece| piece.map_err(|error| damaged(&error)));
    let sent = (&*name, said.as_deref());
    take(edge, caller, place, sent, pieces, until).await
}

/// Takes a file to its end, and makes it known.
async fn take(
    edge: &Edge,
    caller: &Arc<Caller>,
    place: &Arc<Place>,
    (name, said): (&str, Option<&str>),
    pieces: impl Stream<Item = Result<Bytes, Failure>>,
    until: Instant,
) -> Result<Attachment, Failure> {
    let uploads = &edge.files.uploads;
    uploads.admit(&edge.core, caller).await?;
    let mut cut = Cut(Some(edge));
    let upload = uploads.begin(place, name, said).await?;
    let upload = whole(upload, pieces, until).await?;
    cut.0 = None;
    uploads.end(&edge.core, caller, upload).await
}

/// Counts a file that doesn't come to its end, also if nobody waits for it any more.
struct Cut<'a>(Option<&'a Edge>);

impl Drop for Cut<'_> {
    fn drop(&mut self) {
        if let Some(edge) = self.0 {
            edge.core.counters.uploads_cut.add_one();
        }
    }
}

async fn whole(
    mut upload: Upload,
    pieces: impl Stream<Item = Result<Bytes, Failure>>,
    until: Instant,
) -> Result<Upload, Failure> {
    let mut pieces = std::pin::pin!(pieces);
    while let Some(piece) = timely(until, pieces.next()).await? {
        upload.take(&piece?).await?;
    }
    Ok(upload)
}

async fn text(mut part: Field, until: Instant, bytes_max: usize) -> Result<BytesMut, Failure> {
    let mut bytes = BytesMut::new();
    while let Some(piece) = timely(until, part.next()).await? {
        let piece = piece.map_err(|error| damaged(&error))?;
        if bytes.len() + piece.len() > bytes_max {
            let message = "the texts of the form are longer than a body may be";
            return Err(Failure::new(ErrorCode::TooLarge, message));
        }
        bytes.extend(piece);
    }
    Ok(bytes)
}

/// When an upload that begins now has taken too long.
fn deadline(edge: &Edge) -> Instant {
    Instant::now() + edge.config.attachments.upload_timeout
}

async fn timely<T>(until: Instant, coming: impl Future<Output = T>) -> Result<T, Failure> {
    let came = timeout_at(until, coming).await;
    came.map_err(|_| Failure::new(ErrorCode::BadRequest, "the upload took too long; try again"))
}

fn damaged(error: &dyn std::fmt::Display) -> Failure {
    let message = format!("the body can't be read: {error}");
    Failure::new(ErrorCode::BadRequest, message)
}

/// What may stand in the address of an upload.
#[derive(Debug, Default, serde::Deserialize)]
struct Named {
    name: Option<String>,
}

/// Takes one file: in a form, or as the body, with its type in the header and its name in the address.
pub(super) async fn upload(
    request: HttpRequest,
    payload: web::Payload,
    Signed(caller): Signed,
    edge: web::Data<Edge>,
) -> Result<HttpResponse, Refused> {
    let payload = payload.into_inner();
    let file = if is_form(&request) {
        let form = form(&edge, &caller, &request, payload, true).await?;
        one(form.files)?
    } else {
        let place = edge.files.uploads.place(&caller.user)?;
        let named = web::Query::<Named>::from_query(request.query_string());
        let name = named.ok().and_then(|named| named.into_inner().name);
        let said = content_type(&request);
        let sent = (name.as_deref().unwrap_or_default(), said.as_deref());
        let pieces = payload.map(|piece| piece.map_err(|error| damaged(&error)));
        take(&edge, &caller, &place, sent, pieces, deadline(&edge)).await?
    };
    let reply = Reply::Attachment(AttachmentReply::Uploaded(Box::new(file)));
    Ok(HttpResponse::build(StatusCode::CREATED).json(Answer {
        reply: &reply,
        epoch: edge.core.epoch(),
    }))
}

/// The only file of a form.
fn one(files: Fresh) -> Result<Attachment, Failure> {
    if files.ids().len() != 1 {
        let message = "send one file as multipart/form-data, in a field called file";
        return Err(Failure::bad_value(FILE, message));
    }
    let mut files = files.keep();
    files.pop().ok_or_else(Failure::internal)
}
