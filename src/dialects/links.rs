//! Addresses of files, as the dialects write them: absolute (CONTRACT S3-09), and the same in every dialect.
//!
//! What is told to many at once is encoded once, so an address there is for nobody in particular and needs a token. An answer
//! is for one person, whom its addresses let in for a while without one.

use std::fmt::Write as _;

use parlour_actors::error::Failure;
use parlour_storage::{
    domain::attachment::Attached,
    ids::{AttachmentId, UserId},
};

use crate::files::LinkKey;

/// Where files are to be had.
const PATH: &str = "/v1/attachments/";

/// Parts of paths that mean something behind a file's id.
const RESERVED: [&str; 3] = ["info", "link", "thumbnail"];

/// Writes addresses of files.
#[derive(Clone, Debug, Default)]
pub struct Links {
    /// What they begin with, without a slash at its end.
    base: String,
    signed: Option<Signed>,
}

#[derive(Clone, Debug)]
struct Signed {
    key: LinkKey,
    viewer: UserId,
    until: i64,
}

impl Links {
    /// Addresses that need a token.
    pub fn plain(base: String) -> Self {
        Self { base, signed: None }
    }

    /// Addresses that let one person in until a time, in seconds since 1970.
    pub fn signed(base: String, key: &LinkKey, viewer: &UserId, until: i64) -> Self {
        let signed = Signed {
            key: key.clone(),
            viewer: viewer.clone(),
            until,
        };
        Self {
            base,
            signed: Some(signed),
        }
    }

    /// Until when they work without a token, in seconds since 1970.
    pub fn until(&self) -> Option<i64> {
        self.signed.as_ref().map(|signed| signed.until)
    }

    /// Where a file is to be had. The name is for people, and for programs that go by its ending.
    pub fn file(&self, file: &Attached) -> String {
        let name = match RESERVED.contains(&file.name.as_str()) {
            true => String::new(),
            false => format!("/{}", quoted(&file.name)),
        };
        self.address(file.id, &name)
    }

    /// Where its small copy is, if there is one.
    pub fn thumbnail(&self, file: &Attached) -> Option<String> {
        file.has_thumbnail
            .then(|| self.address(file.id, "/thumbnail"))
    }

    fn address(&self, id: AttachmentId, rest: &str) -> String {
        let mut address = format!("{}{PATH}{id}{rest}", self.base);
        if let Some(Signed { key, viewer, until }) = &self.signed {
            let signature = key.sign(id, viewer, *until);
            let viewer = quoted(viewer.as_str());
            let query = format!("?viewer={viewer}&until={until}&signature={signature}");
            address.push_str(&query);
        }
        address
    }
}

/// The file that an address of ours, or an id in either spelling, means.
///
/// # Errors
///
/// It means none.
pub fn meant(text: &str) -> Result<AttachmentId, Failure> {
    let id = match text.rsplit_once(PATH) {
        Some((_, rest)) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => text,
    };
    id.parse().map_err(|_| Failure::no_attachment())
}

/// Percent-encoded, as a part of a path or a value in a query (RFC 3986 section 2.3).
pub fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            quoted.push(char::from(byte));
        } else {
            write!(quoted, "%{byte:02X}").expect("a String takes everything");
        }
    }
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str) -> Attached {
        Attached {
            id: "7".parse().unwrap(),
            name: name.to_owned(),
            media_type: "image/png".to_owned(),
            bytes: 1,
            image: None,
            has_thumbnail: true,
        }
    }

    #[test]
    fn an_address_ends_in_the_name_and_leads_back_to_the_file() {
        let plain = Links::plain("https://chat.example.org".into());
        let address = plain.file(&file("Bericht 1/2.png"));
        assert_eq!(
            address,
            "https://chat.example.org/v1/attachments/7/Bericht%201%2F2.png"
        );
        let viewer = UserId::new("a&b=c").unwrap();
        let signed = Links::signed(String::new(), &LinkKey::new(b"k"), &viewer, 100);
        let small = signed.thumbnail(&file("x.png")).unwrap();
        let start = "/v1/attachments/7/thumbnail?viewer=a%26b%3Dc&until=100&signature=";
        assert!(small.starts_with(start), "{small}");
        for text in [
            &address,
            &small,
            "7",
            "https://other.example/v1/attachments/7",
        ] {
            assert_eq!(meant(text), Ok("7".parse().unwrap()), "{text}");
        }
        for text in ["", "https://chat.example.org/v1/attachments/", "x.png"] {
            assert!(meant(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_name_that_means_something_else_is_left_out() {
        for name in RESERVED {
            let address = Links::default().file(&file(name));
            assert_eq!(address, "/v1/attachments/7");
        }
    }
}
