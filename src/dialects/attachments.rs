//! Files as the dialects write them, in either spelling (CONTRACT S1-08, S3-04).

use parlour_storage::{domain::attachment::Attached, ids::AttachmentId};
use serde_json::{Value, json};

use super::links::Links;

/// An id as the integer dialects print it.
pub fn number(id: AttachmentId) -> Value {
    id.get().into()
}

/// An id as the UUID dialects print it.
pub fn uuid(id: AttachmentId) -> Value {
    id.to_uuid().to_string().into()
}

/// The files of a message, in camelCase.
pub fn camel(files: &[Attached], links: &Links, id: fn(AttachmentId) -> Value) -> Value {
    let shape = |file: &Attached| {
        json!({
            "id": id(file.id),
            "fileName": file.name,
            "fileSize": file.bytes,
            "fileType": file.media_type,
            "url": links.file(file),
            "thumbnailUrl": links.thumbnail(file),
        })
    };
    files.iter().map(shape).collect()
}

/// A file, in snake_case.
pub fn snake(file: &Attached, links: &Links, id: fn(AttachmentId) -> Value) -> Value {
    json!({
        "id": id(file.id),
        "filename": file.name,
        "size": file.bytes,
        "content_type": file.media_type,
        "url": links.file(file),
        "thumbnail_url": links.thumbnail(file),
    })
}

/// Adds the files of a message to a shape that has no place for them: only if there are any.
pub fn add(shape: &mut Value, files: &[Attached], links: &Links, id: fn(AttachmentId) -> Value) {
    if !files.is_empty() {
        shape["attachments"] = files.iter().map(|file| snake(file, links, id)).collect();
    }
}
