//! What the node keeps of a person: their own export, and what admins do for others. Who is one is the core's to check.

use actix_web::{HttpResponse, http::header, web::Bytes};
use futures_util::{StreamExt as _, stream};
use parlour_actors::{
    error::Failure,
    export::{Item, Items},
};

use super::asked::{Answered, Asked};
use crate::dialects::native::export::{MEDIA_TYPE, erased, line};

/// Lines sent in one piece, if there are so many: fewer when the store is slower than the client.
const LINES_TOGETHER: usize = 64;

pub(super) async fn export_own(asked: Asked) -> Answered {
    let items = asked.core().export_own(asked.caller()).await?;
    Ok(lines(items))
}

pub(super) async fn export(asked: Asked) -> Answered {
    let user = asked.user()?;
    let items = asked.core().export_for(asked.caller(), &user).await?;
    Ok(lines(items))
}

/// A stream of lines. A failure on the way cuts it off: only what has the last line is whole.
fn lines(items: Items) -> HttpResponse {
    let items = stream::unfold(items, async |mut items| Some((items.next().await?, items)));
    let pieces = items.ready_chunks(LINES_TOGETHER).map(|piece| {
        let mut bytes = Vec::new();
        for item in piece {
            bytes.extend(line(&logged(item)?));
        }
        Ok::<_, Failure>(Bytes::from(bytes))
    });
    HttpResponse::Ok()
        .content_type(MEDIA_TYPE)
        .insert_header((
            header::CONTENT_DISPOSITION,
            "attachment; filename=\"export.jsonl\"",
        ))
        .streaming(pieces)
}

/// The client sees no more than that the stream ends early.
fn logged(item: Result<Item, Failure>) -> Result<Item, Failure> {
    item.inspect_err(|failure| tracing::warn!(%failure, "an export ended early"))
}

pub(super) async fn erase(asked: Asked) -> Answered {
    let user = asked.user()?;
    let report = asked.core().erase_for(asked.caller(), user).await?;
    Ok(HttpResponse::Ok().json(erased(&report)))
}
