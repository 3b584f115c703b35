//! What a browser is told to do with a file.

use parlour_storage::domain::attachment::Attachment;

use crate::{dialects::links::quoted, files::is_shown};

/// Shown in place if it is a plain picture, or else saved, under its name (RFC 6266, RFC 8187).
pub(super) fn disposition(file: &Attachment) -> String {
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
    let quoted = quoted(&file.name);
    format!("{how}; filename=\"{ascii}\"; filename*=UTF-8''{quoted}")
}

#[cfg(test)]
mod tests {
    use parlour_storage::ids::{Timestamp, UserId};

    use super::*;

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
