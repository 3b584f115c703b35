//! Types of files: `image/png`.

use super::Value;
use crate::files;

/// The media type of files that the node can tell from others, by its usual name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MediaType(String);

impl MediaType {
    /// The type.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Value for MediaType {
    const NAME: &'static str = "TYPE";

    fn parse(text: &str) -> Result<Self, String> {
        if files::is_known(text) {
            return Ok(Self(text.into()));
        }
        if files::is_unreadable_picture(text) {
            return Err("of pictures only image/jpeg, image/png, image/gif and image/webp can be allowed: of others the node can't take out where they were taken".into());
        }
        Err("expected a media type such as image/png, by its usual name in lower case; a type whose files can't be told from others by their bytes can't be allowed".into())
    }

    fn print(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_can_be_told_from_others_is_a_type() {
        for text in ["image/png", "application/pdf", "text/csv", "audio/mpeg"] {
            assert_eq!(MediaType::parse(text).unwrap().print(), text);
        }
        for text in ["", "png", "image/*", "IMAGE/PNG", "image/svg"] {
            assert!(MediaType::parse(text).is_err(), "{text}");
        }
        for text in ["image/heif", "image/tiff", "image/avif"] {
            let why = MediaType::parse(text).unwrap_err();
            assert!(why.contains("image/webp"), "{why}");
        }
    }
}
