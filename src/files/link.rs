//! Addresses of files that work without a token, for a while and for one person: what a browser needs to show a picture.
//!
//! A signature proves that the node gave the address out. Whether its viewer may have the file is asked again each time:
//! a block, a deletion or a suspension ends it at once.

use std::{fmt, time::Duration};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use parlour_storage::ids::{AttachmentId, Timestamp, UserId};
use sha2::Sha256;

/// What addresses are signed with. Never shown.
#[derive(Clone)]
pub struct LinkKey(Hmac<Sha256>);

impl fmt::Debug for LinkKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkKey")
    }
}

impl LinkKey {
    /// A key made of a secret that is for nothing else.
    pub fn new(secret: &[u8]) -> Self {
        Self(Hmac::new_from_slice(secret).expect("takes any length"))
    }

    /// The signature of what lets somebody have a file until a time, in seconds since 1970.
    pub fn sign(&self, file: AttachmentId, viewer: &UserId, until: i64) -> String {
        URL_SAFE_NO_PAD.encode(self.mac(file, viewer, until).finalize().into_bytes())
    }

    /// Whether a signature is ours, and its time not over.
    pub fn holds(
        &self,
        file: AttachmentId,
        viewer: &UserId,
        until: i64,
        signature: &str,
        now: Timestamp,
    ) -> bool {
        let signature = URL_SAFE_NO_PAD.decode(signature).unwrap_or_default();
        let mac = self.mac(file, viewer, until);
        // Takes the same time whatever differs.
        mac.verify_slice(&signature).is_ok() && now.0 < until.saturating_mul(1000)
    }

    fn mac(&self, file: AttachmentId, viewer: &UserId, until: i64) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        // The id of the viewer last: it alone may have line breaks.
        mac.update(format!("attachment\n{file}\n{until}\n{viewer}").as_bytes());
        mac
    }
}

/// When an address ends that is given out now, in seconds since 1970: after half of `lifetime` at least, and all of it at
/// most. In steps, so that a page that is loaded again finds the same address, and the picture in its cache.
pub fn until(now: Timestamp, lifetime: Duration) -> i64 {
    let step = i64::try_from(lifetime.as_secs() / 2)
        .unwrap_or(i64::MAX / 4)
        .max(1);
    (now.0.div_euclid(1000).div_euclid(step) + 2).saturating_mul(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(number: &str) -> AttachmentId {
        number.parse().unwrap()
    }

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    #[test]
    fn an_address_is_for_one_file_one_person_and_a_while() {
        let key = LinkKey::new(b"secret");
        let signed = key.sign(file("7"), &user("ann"), 100);
        let holds = |key: &LinkKey, number, id, until, signature: &str, now| {
            key.holds(file(number), &user(id), until, signature, Timestamp(now))
        };
        assert!(holds(&key, "7", "ann", 100, &signed, 99_999));
        assert!(!holds(&key, "7", "ann", 100, &signed, 100_000), "over");
        assert!(!holds(&key, "8", "ann", 100, &signed, 0));
        assert!(!holds(&key, "7", "bob", 100, &signed, 0));
        assert!(!holds(&key, "7", "ann", 101, &signed, 0));
        assert!(!holds(&LinkKey::new(b"other"), "7", "ann", 100, &signed, 0));
        for signature in ["", "AAAA", "?", &signed[1..]] {
            assert!(!holds(&key, "7", "ann", 100, signature, 0));
        }
        assert_eq!(format!("{key:?}"), "LinkKey");
    }

    #[test]
    fn an_address_lasts_half_its_time_at_least_and_stays_the_same_for_a_while() {
        let hour = Duration::from_secs(3600);
        let mut ends = std::collections::BTreeSet::new();
        for second in 0..3600 {
            let end = until(Timestamp(second * 1000), hour);
            assert!((1800..=3600).contains(&(end - second)), "{second}");
            ends.insert(end);
        }
        assert_eq!(ends.len(), 2);
        assert!(until(Timestamp(0), Duration::ZERO) >= 1);
    }
}
