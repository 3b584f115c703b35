//! Encrypts a push for the browser that it is for, so that the service in between reads nothing: RFC 8291, in the coding
//! `aes128gcm` of RFC 8188.
//!
//! Knows neither HTTP nor what is said.

use anyhow::{Context as _, ensure};
use aws_lc_rs::{
    aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    agreement::{ECDH_P256, ParsedPublicKey, PrivateKey, UnparsedPublicKey, agree},
    error::Unspecified,
    hmac,
};

/// Longest body that every push service takes (RFC 8030 section 7.2).
const BODY_BYTES_MAX: usize = 4096;

/// What stands before the one record: salt, record size, length of the key, key (RFC 8188 section 2.1).
const HEAD_BYTES: usize = 16 + 4 + 1 + POINT_BYTES;

/// A point of P-256, uncompressed.
const POINT_BYTES: usize = 65;

/// The tag of AES-GCM.
const TAG_BYTES: usize = 16;

/// Longest text: the rest of [`BODY_BYTES_MAX`], without the delimiter.
pub(super) const TEXT_BYTES_MAX: usize = BODY_BYTES_MAX - HEAD_BYTES - TAG_BYTES - 1;

/// Texts are filled up to a multiple of this, so that their length says less (RFC 8291 section 4 leaves that to us).
const PADDED_TO: usize = 256;

/// For whom it is encrypted: the keys of a subscription, as its browser gave them.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Keys {
    public: [u8; POINT_BYTES],
    auth: [u8; 16],
}

impl Keys {
    /// # Errors
    ///
    /// `public` is no uncompressed point of P-256, or `auth` isn't of 16 bytes.
    pub(super) fn new(public: &[u8], auth: &[u8]) -> anyhow::Result<Self> {
        let point: [u8; POINT_BYTES] = public.try_into().ok().context("it isn't of 65 bytes")?;
        let parsed = ParsedPublicKey::try_from(UnparsedPublicKey::new(&ECDH_P256, point));
        ensure!(point[0] == 4 && parsed.is_ok(), "it is no point of P-256");
        let auth = auth.try_into().ok().context("it isn't of 16 bytes")?;
        Ok(Self {
            public: point,
            auth,
        })
    }

    /// The body of a request with this text.
    ///
    /// # Errors
    ///
    /// The text has more than [`TEXT_BYTES_MAX`] bytes.
    pub(super) fn encrypt(&self, text: &[u8]) -> anyhow::Result<Vec<u8>> {
        ensure!(text.len() <= TEXT_BYTES_MAX, "too long for a push");
        let length = text.len().next_multiple_of(PADDED_TO).min(TEXT_BYTES_MAX);
        let mut record = text.to_vec();
        // Delimiter of the last record; what follows is padding (RFC 8188 section 2).
        record.push(2);
        record.resize(length + 1, 0);
        let own = PrivateKey::generate(&ECDH_P256);
        let sealed = own.and_then(|own| self.seal(&own, rand::random(), record));
        sealed.context("the encryption failed")
    }

    /// The same for a record, with what must be new each time.
    fn seal(
        &self,
        own: &PrivateKey,
        salt: [u8; 16],
        mut record: Vec<u8>,
    ) -> Result<Vec<u8>, Unspecified> {
        let own_public = own.compute_public_key()?;
        let peer = UnparsedPublicKey::new(&ECDH_P256, self.public);
        // RFC 8291 section 3.4.
        let ikm = agree(own, peer, Unspecified, |shared| {
            let key = mac(&self.auth, &[shared]);
            let (ours, theirs) = (own_public.as_ref(), &self.public);
            Ok(mac(&key, &[b"WebPush: info\0", theirs, ours, &[1]]))
        })?;
        let key = mac(&salt, &[&ikm]);
        let cek = mac(&key, &[b"Content-Encoding: aes128gcm\0", &[1]]);
        let nonce = mac(&key, &[b"Content-Encoding: nonce\0", &[1]]);

        let sealing = LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &cek[..16])?);
        let nonce = Nonce::try_assume_unique_for_key(&nonce[..12])?;
        sealing.seal_in_place_append_tag(nonce, Aad::empty(), &mut record)?;

        let mut body = Vec::with_capacity(HEAD_BYTES + record.len());
        body.extend(salt);
        body.extend((BODY_BYTES_MAX as u32).to_be_bytes());
        body.push(POINT_BYTES as u8);
        body.extend(own_public.as_ref());
        body.extend(record);
        Ok(body)
    }
}

/// HMAC-SHA-256: both halves of HKDF (RFC 5869), since nothing longer than one hash is ever wanted.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.sign().as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

    use super::*;

    fn bytes(base64: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(base64).unwrap()
    }

    const PUBLIC: &str =
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4";
    const AUTH: &str = "BTBZMqHH6r4Tts7J_aSIgg";

    fn keys() -> Keys {
        Keys::new(&bytes(PUBLIC), &bytes(AUTH)).unwrap()
    }

    #[test]
    fn the_example_of_rfc_8291_comes_out() {
        let own = bytes("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw");
        let own = PrivateKey::from_private_key(&ECDH_P256, &own).unwrap();
        let salt = bytes("DGv6ra1nlYgDCS1FRnbzlw").try_into().unwrap();
        let record = b"When I grow up, I want to be a watermelon\x02".to_vec();
        let body = keys().seal(&own, salt, record).unwrap();
        let expected = "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27mlmlMoZIIgDll6e3vCYLoc\
            InmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPTpK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4\
            a-fN";
        assert_eq!(URL_SAFE_NO_PAD.encode(body), expected);
    }

    #[test]
    fn no_two_bodies_are_alike_and_lengths_say_little() {
        let body = |n| keys().encrypt(&vec![b'x'; n]).unwrap();
        assert_ne!(body(1)[..16], body(1)[..16], "the salt");
        assert_ne!(body(1)[21..HEAD_BYTES], body(1)[21..HEAD_BYTES], "the key");
        assert_eq!(body(1).len(), body(PADDED_TO).len());
        assert!(body(PADDED_TO).len() < body(PADDED_TO + 1).len());
        assert_eq!(body(TEXT_BYTES_MAX).len(), BODY_BYTES_MAX);
        assert!(keys().encrypt(&[b'x'; TEXT_BYTES_MAX + 1]).is_err());
    }

    #[test]
    fn keys_that_are_none_are_refused() {
        let (public, auth) = (bytes(PUBLIC), bytes(AUTH));
        let mut off_curve = public.clone();
        off_curve[64] ^= 1;
        let mut compressed = public[..33].to_vec();
        compressed[0] = 2;
        let mut hybrid = public.clone();
        hybrid[0] = 6;
        for public in [
            &[][..],
            &public[1..],
            &off_curve,
            &compressed,
            &hybrid,
            &[0; 65],
        ] {
            assert!(Keys::new(public, &auth).is_err(), "{public:?}");
        }
        for auth in [&[][..], &auth[1..], &[0; 17]] {
            assert!(Keys::new(&public, auth).is_err());
        }
    }
}
