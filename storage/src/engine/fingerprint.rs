//! Tells whether two requests with the same idempotency key are the same request.
//!
//! FNV-1a (64 bits) over the parts with their lengths: stored, so it must not change, and stable, unlike the
//! hasher of `std`. Two of a user's own requests that collide cost that user one message; nobody else.

const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const PRIME: u64 = 0x0100_0000_01b3;

/// A fingerprint in the making.
#[derive(Debug)]
pub(crate) struct Fingerprint(u64);

impl Fingerprint {
    /// `what` tells apart requests of different kinds.
    pub(crate) fn of(what: &str) -> Self {
        Self(OFFSET).part(what.as_bytes())
    }

    pub(crate) fn part(self, bytes: &[u8]) -> Self {
        self.bytes(&(bytes.len() as u64).to_le_bytes()).bytes(bytes)
    }

    pub(crate) fn number(self, number: u64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    pub(crate) fn optional(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.number(1).part(bytes),
            None => self.number(0),
        }
    }

    pub(crate) fn done(self) -> u64 {
        self.0
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        for &byte in bytes {
            self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(PRIME);
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_fnv_1a() {
        // Test vectors of the FNV authors (http://www.isthe.com/chongo/tech/comp/fnv/).
        assert_eq!(
            Fingerprint(OFFSET).bytes(b"a").done(),
            0xaf63_dc4c_8601_ec8c
        );
        assert_eq!(
            Fingerprint(OFFSET).bytes(b"foobar").done(),
            0x8594_4171_f739_67e8
        );
    }

    #[test]
    fn parts_do_not_run_into_each_other() {
        let two = |a: &str, b: &str| Fingerprint::of("x").part(a.as_bytes()).part(b.as_bytes());
        assert_ne!(two("ab", "c").done(), two("a", "bc").done());
        let optional = |a| Fingerprint::of("x").optional(a).done();
        assert_ne!(optional(None), optional(Some(&b""[..])));
    }
}
