//! Secrets that anybody could guess.

use std::collections::BTreeSet;

use super::value::Secret;

/// RFC 7518, 3.2: an HS256 key has at least the size of the hash output.
const BYTES_MIN: usize = 32;

/// Fewer different bytes than this is a pattern; 32 random bytes have about 30.
const DISTINCT_BYTES_MIN: usize = 8;

/// Phrases of sample configurations and tutorials, without case and punctuation. They are long enough
/// that a random secret does not contain one by chance.
const SAMPLES: [&str; 12] = [
    "yoursecret",
    "yourjwtsecret",
    "yoursupersecret",
    "yoursecuresecret",
    "your256bitsecret",
    "mysecretkey",
    "supersecret",
    "astringsecretatleast256bits",
    "changeme",
    "changethis",
    "replaceme",
    "replacethis",
];

/// Why a secret is no good, if so. Does not repeat it.
pub(super) fn weakness(secret: &Secret) -> Option<String> {
    let text = secret.expose();
    let letters: String = text.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    if SAMPLES.iter().any(|sample| letters.contains(sample)) {
        return Some("it is a well-known sample, not a secret".into());
    }
    if text.len() < BYTES_MIN {
        return Some(format!(
            "it has {} bytes and needs at least {BYTES_MIN}",
            text.len()
        ));
    }
    if text.bytes().collect::<BTreeSet<_>>().len() < DISTINCT_BYTES_MIN {
        return Some("it repeats a few characters".into());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_everybody_knows_is_no_secret() {
        for text in [
            "",
            "your-secret-key",
            "secret",
            "0123456789abcdef0123456789abcde",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "your-super-secret-jwt-token-with-at-least-32-characters-long",
            "a-string-secret-at-least-256-bits-long",
            "Please-Change-Me-Please-Change-Me-1234",
        ] {
            assert!(weakness(&Secret::new(text)).is_some(), "{text}");
        }
        assert_eq!(
            weakness(&Secret::new("V7bQz0kd3mXw9TfLr2YpHs6NcGj4UaEo")),
            None
        );
        assert_eq!(
            weakness(&Secret::new("3f".repeat(4) + "9b1c7de2a0485f66d3e1b7c8")),
            None
        );
    }
}
