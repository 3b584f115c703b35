//! Which files may be uploaded and sent, and what they may be called. What is in them was looked at on the way in.

use parlour_storage::domain::attachment::{ATTACHMENTS_MAX, AttachmentDraft, FILE_NAME_BYTES_MAX};

use crate::{error::Failure, policy::Attachments};

/// What a file is called that has no name, or none that is left.
const NAMELESS: &str = "file";

/// Longest ending of a name that is kept when the rest of it is cut.
const ENDING_BYTES_MAX: usize = 16;

/// # Errors
///
/// The node takes no files, none of this sort, or none so long.
pub(super) fn check_upload(policy: &Attachments, draft: &AttachmentDraft) -> Result<(), Failure> {
    policy.check(&draft.media_type, draft.bytes).map(drop)
}

/// # Errors
///
/// The node takes no files, or not so many.
pub(super) fn check_sent(policy: &Attachments, n_files: usize) -> Result<(), Failure> {
    match n_files {
        0 => Ok(()),
        _ if !policy.enabled => Err(Failure::no_attachments()),
        1..=ATTACHMENTS_MAX => Ok(()),
        _ => {
            let message = format!("a message takes at most {ATTACHMENTS_MAX} files");
            Err(Failure::bad_value("attachments", message))
        }
    }
}

/// A name that no file system and no reader is led astray by: no folders, no control characters, nothing that turns the
/// direction of writing (`gpj.exe` shown as `exe.jpg`), not too long.
pub(super) fn tidy(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_harmless = |c: &char| {
        !c.is_control()
            && !matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    let mut tidy: String = last.chars().filter(is_harmless).collect();
    tidy = tidy.trim().trim_end_matches(['.', ' ']).to_owned();
    if tidy.trim_matches('.').is_empty() {
        return NAMELESS.to_owned();
    }
    if tidy.len() > FILE_NAME_BYTES_MAX {
        let ending = tidy.rfind('.').map(|at| tidy[at..].to_owned());
        let ending = ending
            .filter(|ending| ending.len() <= ENDING_BYTES_MAX)
            .unwrap_or_default();
        let end = tidy.floor_char_boundary(FILE_NAME_BYTES_MAX - ending.len());
        tidy.truncate(end);
        tidy.push_str(&ending);
    }
    tidy
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    #[test]
    fn names_lead_nobody_astray() {
        for (name, shown) in [
            ("report.pdf", "report.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\ann\\cat.png", "cat.png"),
            ("a\u{0}b\r\n.txt", "ab.txt"),
            ("photo\u{202e}gpj.exe", "photogpj.exe"),
            ("  кот.gif ", "кот.gif"),
            (".htaccess", ".htaccess"),
            ("", "file"),
            ("..", "file"),
            ("folder/", "file"),
            ("trailing. . .", "trailing"),
        ] {
            assert_eq!(tidy(name), shown, "{name:?}");
        }
    }

    #[test]
    fn long_names_keep_their_ending() {
        let long = tidy(&format!("{}.jpeg", "ж".repeat(300)));
        assert!(
            long.len() <= FILE_NAME_BYTES_MAX && long.ends_with("ж.jpeg"),
            "{long}"
        );
        let endless = tidy(&format!("a.{}", "b".repeat(300)));
        assert_eq!(endless.len(), FILE_NAME_BYTES_MAX);
    }

    fn draft(media_type: &str, bytes: u64) -> AttachmentDraft {
        AttachmentDraft {
            object: "a/1".to_owned(),
            name: "x".to_owned(),
            media_type: media_type.to_owned(),
            bytes,
            digest: [0; 32],
            image: None,
            thumbnail: None,
            quota: None,
        }
    }

    #[test]
    fn the_policy_says_which_files_and_how_long() {
        let policy = Attachments {
            bytes_max: 100,
            image_bytes_max: 50,
            ..Attachments::default()
        };
        let check = |media_type, bytes| {
            check_upload(&policy, &draft(media_type, bytes)).map_err(|f| f.code)
        };
        assert_eq!(check("application/pdf", 100), Ok(()));
        assert_eq!(check("application/pdf", 101), Err(ErrorCode::TooLarge));
        assert_eq!(check("image/png", 50), Ok(()));
        assert_eq!(check("image/png", 51), Err(ErrorCode::TooLarge));
        assert_eq!(check("text/html", 1), Err(ErrorCode::BadValue));
        let off = Attachments {
            enabled: false,
            ..policy.clone()
        };
        let refused = check_upload(&off, &draft("image/png", 1)).unwrap_err();
        assert_eq!(refused.code, ErrorCode::AttachmentsOff);
        assert_eq!(
            check_sent(&off, 1).unwrap_err().code,
            ErrorCode::AttachmentsOff
        );
        assert_eq!(check_sent(&off, 0), Ok(()));
        assert_eq!(check_sent(&policy, ATTACHMENTS_MAX), Ok(()));
        assert_eq!(
            check_sent(&policy, ATTACHMENTS_MAX + 1).unwrap_err().code,
            ErrorCode::BadValue
        );
    }
}
