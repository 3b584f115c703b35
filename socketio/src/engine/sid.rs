//! Session ids: secrets, since whoever knows one can read and write the connection.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};

/// Bytes of a session id; 128 bits at least (OWASP ASVS 7.2.3). A multiple of 3 needs no padding.
const N_BYTES: usize = 18;

/// A new one: 24 characters that need no escape anywhere.
pub fn random() -> String {
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; N_BYTES]>())
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    #[test]
    fn ids_are_long_plain_and_different() {
        let ids: HashSet<String> = (0..1000).map(|_| super::random()).collect();
        assert_eq!(ids.len(), 1000);
        for id in ids {
            assert_eq!(id.len(), 24);
            assert!(
                id.bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
            );
        }
    }
}
