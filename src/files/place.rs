//! Where a file lies: in the folder of who uploaded it (CONTRACT S1-27), by a name that nobody can guess and that is
//! used once.

use parlour_storage::ids::UserId;
use sha2::{Digest as _, Sha256};

/// Longest user id that is the name of a folder as it is.
const PLAIN_BYTES_MAX: usize = 64;

/// Longer than any ending of a media type (`media::ending`).
const ENDING_BYTES_MAX: usize = 16;

/// A new place for a file of somebody's.
pub(super) fn new(user: &UserId, ending: &str) -> String {
    let name: u128 = rand::random();
    format!("{}/{name:032x}.{ending}", folder(user))
}

/// Where the small copy of a picture lies.
pub(super) fn of_thumbnail(place: &str, ending: &str) -> String {
    let (stem, _) = place.rsplit_once('.').unwrap_or((place, ""));
    format!("{stem}.thumbnail.{ending}")
}

/// Whether a file is named as here: of what else lies in a folder or a bucket the node takes nothing away.
pub(super) fn is_ours(place: &str) -> bool {
    let Some((folder, file)) = place.split_once('/') else {
        return false;
    };
    let (name, ending) = file.split_once('.').unwrap_or((file, ""));
    let ending = ending.strip_prefix("thumbnail.").unwrap_or(ending);
    let plain = |text: &str, max| (1..=max).contains(&text.len()) && text.bytes().all(is_plain);
    let hash = folder.strip_prefix('=');
    let of_somebody = match hash {
        Some(hash) => is_hex(hash),
        None => plain(folder, PLAIN_BYTES_MAX),
    };
    of_somebody && is_hex(name) && plain(ending, ENDING_BYTES_MAX)
}

/// What every file system and every address takes for a letter of a name.
fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')
}

/// 128 bits, as this file writes them.
fn is_hex(text: &str) -> bool {
    text.len() == 32
        && text
            .bytes()
            .all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

/// The id itself, if every file system takes it for a name and nothing else; or else its hash, told from ids by its first
/// letter.
fn folder(user: &UserId) -> String {
    let id = user.as_str();
    if (1..=PLAIN_BYTES_MAX).contains(&id.len()) && id.bytes().all(is_plain) {
        return id.to_owned();
    }
    let hash = Sha256::digest(id);
    let hex: String = hash[..16]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("={hex}")
}

#[cfg(test)]
mod tests {
    use parlour_storage::domain::attachment::OBJECT_BYTES_MAX;

    use super::*;

    #[test]
    fn a_folder_is_named_after_its_owner_or_by_a_hash_and_never_leads_elsewhere() {
        let folder = |id: &str| folder(&UserId::new(id).unwrap());
        for id in ["42", "ann", "a-b_C", &"x".repeat(64)] {
            assert_eq!(folder(id), id);
        }
        let mut seen = std::collections::BTreeSet::new();
        for id in [
            "..",
            ".",
            "a/b",
            "a\\b",
            "~",
            "=1",
            "кот",
            "a b",
            "a\u{ff}b",
            &"x".repeat(65),
        ] {
            let folder = folder(id);
            let hex = folder.strip_prefix('=').unwrap();
            assert!(
                hex.len() == 32 && hex.bytes().all(|b| b.is_ascii_hexdigit()),
                "{id}"
            );
            assert!(seen.insert(folder));
        }
    }

    #[test]
    fn no_place_is_used_twice_and_all_fit() {
        let user = UserId::new(&"x".repeat(64)).unwrap();
        let (one, two) = (new(&user, "docx"), new(&user, "docx"));
        assert_ne!(one, two);
        let small = of_thumbnail(&one, "jpg");
        assert!(small.ends_with(".thumbnail.jpg") && small.len() <= OBJECT_BYTES_MAX);
        assert_ne!(small, one);
        let hashed = new(&UserId::new("a/b").unwrap(), "pdf");
        for ours in [&one, &two, &small, &hashed] {
            assert!(is_ours(ours), "{ours}");
        }
    }

    #[test]
    fn what_others_put_there_is_not_ours() {
        let name = "0123456789abcdef0123456789abcdef";
        assert!(is_ours(&format!("ann/{name}.pdf")));
        for theirs in [
            "report.pdf".to_owned(),
            "ann/report.pdf".to_owned(),
            format!("{name}.pdf"),
            format!("ann/{name}"),
            format!("ann/{name}."),
            format!("ann/{}.pdf", name.to_uppercase()),
            format!("a b/{name}.pdf"),
            format!("=x/{name}.pdf"),
            format!("ann/more/{name}.pdf"),
            format!("ann/{name}.tar.gz"),
        ] {
            assert!(!is_ours(&theirs), "{theirs}");
        }
    }
}
