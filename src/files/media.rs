//! What a file is: what its bytes say, held against what its sender says.
//!
//! The only place that knows `infer`. Whether a type may be sent is the policy's to say. What is inside documents is not
//! looked at: they are handed out so that nothing in them runs on the node's pages.

use std::{fs::File, io};

use super::{incoming::Received, picture, word};

pub(super) const TEXT: &str = "text/plain";
const DOC: &str = "application/msword";
const DOCX: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const ZIP: &str = "application/zip";

/// What senders say that know nothing better.
const ANYTHING: [&str; 2] = ["application/octet-stream", "binary/octet-stream"];

/// Other names of a type.
const SAME: [(&str, &str); 9] = [
    ("image/jpg", "image/jpeg"),
    ("image/pjpeg", "image/jpeg"),
    ("image/x-png", "image/png"),
    ("application/x-pdf", "application/pdf"),
    ("application/x-zip-compressed", ZIP),
    ("audio/mp3", "audio/mpeg"),
    ("audio/x-wav", "audio/wav"),
    ("audio/mp4", "audio/m4a"),
    ("audio/x-m4a", "audio/m4a"),
];

/// The usual name of a type, without parameters. `None`: nothing that says what it is.
pub(super) fn usual(media_type: &str) -> Option<String> {
    let bare = media_type.split(';').next().unwrap_or_default();
    let bare = bare.trim().to_ascii_lowercase();
    let same = SAME.iter().find(|(other, _)| *other == bare);
    let usual = same.map_or(bare, |(_, usual)| (*usual).to_owned());
    (usual.contains('/') && !ANYTHING.contains(&usual.as_str())).then_some(usual)
}

/// Whether it is a picture that nobody here can look at: where it was taken would stay in it.
pub(crate) fn is_unreadable_picture(media_type: &str) -> bool {
    media_type.starts_with("image/") && picture::format(media_type).is_none()
}

/// Whether files of a type can be told from others, so that a policy may name it.
pub(crate) fn is_known(media_type: &str) -> bool {
    usual(media_type).as_deref() == Some(media_type)
        && !is_unreadable_picture(media_type)
        && (is_text(media_type) || [DOC, DOCX].contains(&media_type) || infers(media_type))
}

/// Under whichever name infer has it.
fn infers(media_type: &str) -> bool {
    let mut others = SAME.iter().filter(|(_, usual)| *usual == media_type);
    infer::is_mime_supported(media_type) || others.any(|(other, _)| infer::is_mime_supported(other))
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
}

/// What a file is, if it is what it is said to be; blocks.
///
/// # Errors
///
/// The file can't be read.
pub(super) fn recognise(file: &Received, said: Option<&str>) -> io::Result<Option<String>> {
    let found = found(file)?;
    Ok(match (said, found) {
        _ if file.bytes == 0 => None,
        // Any text may be called after what it is a text of, and markup goes as a mere text.
        (Some(said), _) if is_text(said) => file.is_text.then(|| said.to_owned()),
        (Some(said), Some(found)) => (said == found).then(|| found.to_owned()),
        (None, Some(found)) => Some(found.to_owned()),
        (_, None) => None,
    })
}

fn found(file: &Received) -> io::Result<Option<&'static str>> {
    let known = infer::get(&file.head).map(|known| known.mime_type());
    let usual = |name| {
        SAME.iter()
            .find(|(other, _)| *other == name)
            .map(|(_, usual)| *usual)
    };
    let known = known.map(|name| usual(name).unwrap_or(name));
    let inside = |look: fn(&mut File) -> io::Result<bool>, found| -> io::Result<Option<_>> {
        Ok(look(&mut File::open(&file.path)?)?.then_some(found))
    };
    match known {
        // Of these it knows the wrapping at best.
        _ if word::is_compound(&file.head) => inside(word::is_document, DOC),
        _ if word::is_archive(&file.head) => {
            let docx = inside(word::has_word_folder, DOCX)?;
            Ok(docx.or(known.filter(|found| *found != DOCX)))
        }
        Some(known) => Ok(Some(known)),
        None => Ok(file.is_text.then_some(TEXT)),
    }
}

/// What the names of such files end in.
pub(super) fn ending(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "application/pdf" => "pdf",
        TEXT => "txt",
        DOC => "doc",
        DOCX => "docx",
        // Nobody goes by it: what is handed out says its type.
        _ => "bin",
    }
}

/// Whether browsers may show it in place: what they only paint.
pub(crate) fn is_shown(media_type: &str) -> bool {
    ["image/jpeg", "image/png", "image/gif", "image/webp"].contains(&media_type)
}

/// A file that is there, for looking at.
#[cfg(test)]
pub(super) fn received(folder: &std::path::Path, bytes: &[u8]) -> Received {
    let path = folder.join("file");
    std::fs::write(&path, bytes).unwrap();
    let mut look = super::incoming::Look::default();
    for piece in bytes.chunks(7) {
        look.at(piece);
    }
    look.received(path)
}

#[cfg(test)]
mod tests {
    use super::{super::word::testkit::*, *};

    fn recognised(bytes: &[u8], said: Option<&str>) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        recognise(&received(folder.path(), bytes), said).unwrap()
    }

    const PDF: &[u8] = b"%PDF-1.7\n1 0 obj\n";
    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\x0dIHDR";
    const EXE: &[u8] = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0";

    #[test]
    fn a_file_is_what_its_bytes_say() {
        let docx = archive(&["[Content_Types].xml", "_rels/.rels", "word/document.xml"]);
        let zip = archive(&["a.txt"]);
        let doc = compound("WordDocument");
        for (bytes, media_type) in [
            (PDF, "application/pdf"),
            (PNG, "image/png"),
            (b"GIF89a......", "image/gif"),
            ("Grüße, 世界\n".as_bytes(), TEXT),
            (&docx, DOCX),
            (&zip, ZIP),
            (&doc, DOC),
        ] {
            assert_eq!(recognised(bytes, None).as_deref(), Some(media_type));
            assert_eq!(
                recognised(bytes, Some(media_type)).as_deref(),
                Some(media_type)
            );
        }
    }

    #[test]
    fn whoever_says_something_else_is_not_believed() {
        let docx = archive(&["[Content_Types].xml", "word/document.xml"]);
        let zip = archive(&["a.txt"]);
        for (bytes, said) in [
            (EXE, "image/png"),
            (EXE, "application/pdf"),
            (EXE, TEXT),
            (PNG, "image/jpeg"),
            (PNG, TEXT),
            (PDF, DOC),
            (&*zip, DOCX),
            (&*docx, DOC),
            (&*compound("Workbook"), DOC),
            (b"no PDF", "application/pdf"),
            (b"a\0b", TEXT),
            (b"\xff\xfe latin", TEXT),
            (b"", "image/png"),
            (b"", TEXT),
        ] {
            assert_eq!(recognised(bytes, Some(said)), None, "{said}");
        }
        assert_eq!(recognised(b"a\0b", None), None);
        assert_eq!(recognised(b"", None), None);
    }

    #[test]
    fn markup_goes_as_text_and_never_as_anything_else_by_itself() {
        let page = b"<!DOCTYPE html><script>alert(1)</script>";
        assert_eq!(recognised(page, Some(TEXT)).as_deref(), Some(TEXT));
        assert_eq!(recognised(page, None).as_deref(), Some("text/html"));
        assert!(!is_shown("text/html") && !is_shown("image/svg+xml"));
    }

    #[test]
    fn a_type_has_one_name() {
        for (name, usual_name) in [
            ("image/JPG", Some("image/jpeg")),
            ("text/plain; charset=utf-8", Some(TEXT)),
            ("application/octet-stream", None),
            ("", None),
            ("nonsense", None),
        ] {
            assert_eq!(usual(name).as_deref(), usual_name, "{name}");
        }
    }

    #[test]
    fn a_policy_may_name_what_can_be_told_from_others() {
        for media_type in &parlour_actors::policy::Attachments::default().media_types {
            assert!(is_known(media_type), "{media_type}");
        }
        assert!(
            is_known("audio/mpeg")
                && is_known("audio/wav")
                && is_known("video/mp4")
                && is_known("text/csv")
        );
        for unknown in ["image/jpg", "application/x-made-up", "Text/Plain", "x"] {
            assert!(!is_known(unknown), "{unknown}");
        }
        for unreadable in ["image/heif", "image/tiff", "image/avif"] {
            assert!(
                infers(unreadable),
                "or the test shows nothing: {unreadable}"
            );
            assert!(!is_known(unreadable), "{unreadable}");
        }
    }
}
