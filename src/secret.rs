//! Keys and what is done with them: secrets at rest, signatures of tokens, keyed hashes.
//!
//! One master key encrypts and signs, older ones still decrypt and verify, so that a key can be rotated: put the new
//! key first in `MIND_SECRET_KEY`, run `mind secret rotate`, and drop the old one once its tokens have expired. A key
//! of its own is derived per purpose (HKDF-SHA256, RFC 5869), so that no two uses share one.

use std::{fmt, str::FromStr};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use chacha20poly1305::{
    KeyInit as _, XChaCha20Poly1305, XNonce,
    aead::{Aead as _, Payload},
};
use hkdf::Hkdf;
use secrecy::{ExposeSecret as _, SecretBox};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 8;
const NONCE_BYTES: usize = 24;

/// Why a key or an envelope cannot be used. Never holds key material.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum SecretError {
    /// Not 32 bytes of base64.
    #[error("each key must be 32 bytes in base64; make one with: openssl rand -base64 32")]
    MalformedKey,
    /// The envelope is shorter than its header or of another version.
    #[error("the stored secret is damaged")]
    MalformedEnvelope,
    /// Encrypted under a key that is not in the ring.
    #[error("the stored secret belongs to a key that is not in MIND_SECRET_KEY")]
    UnknownKey,
    /// Changed, or moved to another row or tenant.
    #[error("the stored secret does not belong to this place")]
    Forged,
}

/// Where a secret stands. Bound into the envelope, so that a copy into another row does not decrypt.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The tenant's id.
    pub tenant: i64,
    /// The table.
    pub table: &'a str,
    /// The row or field in it.
    pub name: &'a str,
}

impl Place<'_> {
    fn bytes(&self) -> Vec<u8> {
        // Lengths first: without them ("ab","c") and ("a","bc") would be the same place.
        let mut bytes = self.tenant.to_be_bytes().to_vec();
        for part in [self.table, self.name] {
            bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    }
}

/// What a derived key is for.
#[derive(Clone, Copy, Debug)]
pub enum Purpose {
    /// Secrets in the database.
    AtRest,
    /// Signatures of bearer tokens.
    Tokens,
    /// Keys of the sign-in counters.
    Attempts,
    /// Signatures of links to files.
    Links,
}

impl Purpose {
    const fn info(self) -> &'static [u8] {
        match self {
            Self::AtRest => b"mind/v1/at-rest",
            Self::Tokens => b"mind/v1/tokens",
            Self::Attempts => b"mind/v1/attempts",
            Self::Links => b"mind/v1/links",
        }
    }
}

struct MasterKey {
    id: [u8; KEY_ID_BYTES],
    bytes: SecretBox<[u8; 32]>,
}

impl MasterKey {
    fn new(bytes: [u8; 32]) -> Self {
        let mut id = [0; KEY_ID_BYTES];
        id.copy_from_slice(&expand(&bytes, b"mind/v1/key-id")[..KEY_ID_BYTES]);
        Self { id, bytes: SecretBox::new(Box::new(bytes)) }
    }

    fn derive(&self, purpose: Purpose) -> [u8; 32] {
        expand(self.bytes.expose_secret(), purpose.info())
    }
}

impl Clone for MasterKey {
    fn clone(&self) -> Self {
        Self { id: self.id, bytes: SecretBox::new(Box::new(*self.bytes.expose_secret())) }
    }
}

fn expand(key: &[u8; 32], info: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    // Fails only for outputs beyond 255 blocks.
    if Hkdf::<Sha256>::new(None, key).expand(info, &mut out).is_err() {
        unreachable!("32 bytes are one block of SHA-256");
    }
    out
}

/// Master keys, the active one first. `Debug` shows their ids only.
#[derive(Clone)]
pub struct KeyRing {
    active: MasterKey,
    older: Vec<MasterKey>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys().map(|key| hex::encode(key.id))).finish()
    }
}

impl FromStr for KeyRing {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        let mut keys = text.split(',').map(|one| {
            let bytes = STANDARD.decode(one.trim()).map_err(|_| SecretError::MalformedKey)?;
            bytes.try_into().map(MasterKey::new).map_err(|_| SecretError::MalformedKey)
        });
        let active = keys.next().ok_or(SecretError::MalformedKey)??;
        Ok(Self { active, older: keys.collect::<Result<_, _>>()? })
    }
}

impl KeyRing {
    /// A fresh key as `MIND_SECRET_KEY` wants it.
    pub fn generate() -> String {
        STANDARD.encode(rand::random::<[u8; 32]>())
    }

    fn keys(&self) -> impl Iterator<Item = &MasterKey> {
        std::iter::once(&self.active).chain(&self.older)
    }

    /// Encrypts under the active key (XChaCha20-Poly1305, random nonce). The envelope is version, key id, nonce,
    /// ciphertext.
    pub fn seal(&self, place: Place<'_>, plain: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = rand::random();
        let cipher = XChaCha20Poly1305::new(&self.active.derive(Purpose::AtRest).into());
        let aad = place.bytes();
        let Ok(sealed) = cipher.encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &aad }) else {
            unreachable!("encryption fails only for messages of 256 GiB");
        };
        let mut envelope = vec![VERSION];
        envelope.extend_from_slice(&self.active.id);
        envelope.extend_from_slice(&nonce);
        envelope.extend_from_slice(&sealed);
        envelope
    }

    /// Decrypts what [`Self::seal`] made for the same place.
    pub fn open(&self, place: Place<'_>, envelope: &[u8]) -> Result<Vec<u8>, SecretError> {
        let (&version, rest) = envelope.split_first().ok_or(SecretError::MalformedEnvelope)?;
        let (id, rest) = rest.split_first_chunk::<KEY_ID_BYTES>().ok_or(SecretError::MalformedEnvelope)?;
        let (nonce, sealed) = rest.split_first_chunk::<NONCE_BYTES>().ok_or(SecretError::MalformedEnvelope)?;
        if version != VERSION {
            return Err(SecretError::MalformedEnvelope);
        }
        let key = self.keys().find(|key| key.id == *id).ok_or(SecretError::UnknownKey)?;
        XChaCha20Poly1305::new(&key.derive(Purpose::AtRest).into())
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &place.bytes() })
            .map_err(|_| SecretError::Forged)
    }

    /// Whether an envelope is under the active key; others are due for rotation.
    pub fn is_current(&self, envelope: &[u8]) -> bool {
        envelope.get(1..=KEY_ID_BYTES) == Some(&self.active.id[..])
    }

    /// Id and derived key that new tokens are signed with.
    pub fn signing_key(&self) -> (String, [u8; 32]) {
        (hex::encode(self.active.id), self.active.derive(Purpose::Tokens))
    }

    /// The key a token names in its header, if the ring has it.
    pub fn verifying_key(&self, key_id: &str) -> Option<[u8; 32]> {
        self.keys().find(|key| hex::encode(key.id) == key_id).map(|key| key.derive(Purpose::Tokens))
    }

    /// A hash that only holders of the key can compute; for values too guessable for a plain hash.
    pub fn keyed_hash(&self, purpose: Purpose, value: &[u8]) -> [u8; 32] {
        // HKDF's extract step is HMAC-SHA256 with the first argument as its key.
        let (prk, _) = Hkdf::<Sha256>::extract(Some(&self.active.derive(purpose)), value);
        prk.into()
    }

    /// Whether a hash is the one that [`Self::keyed_hash`] makes, under the active key or an older one.
    pub fn is_keyed_hash(&self, purpose: Purpose, value: &[u8], hash: &[u8]) -> bool {
        self.keys().any(|key| {
            let (prk, _) = Hkdf::<Sha256>::extract(Some(&key.derive(purpose)), value);
            prk.as_slice().ct_eq(hash).into()
        })
    }
}

/// 256 random bits, as text for a cookie or a link.
pub fn random_token() -> String {
    base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

/// What is stored of a [`random_token`]. A plain hash is enough: 256 random bits cannot be guessed.
pub fn token_hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { tenant: 1, table: "setting", name: "executorSecrets" };

    fn ring(keys: &[&str]) -> KeyRing {
        keys.join(",").parse().unwrap()
    }

    #[test]
    fn opens_what_it_sealed_also_after_a_rotation() {
        let (old, new) = (KeyRing::generate(), KeyRing::generate());
        let envelope = ring(&[&old]).seal(PLACE, b"hunter2");
        let rotated = ring(&[&new, &old]);
        assert_eq!(rotated.open(PLACE, &envelope).unwrap(), b"hunter2");
        assert!(!rotated.is_current(&envelope));
        assert!(rotated.is_current(&rotated.seal(PLACE, b"x")));
        assert_eq!(ring(&[&new]).open(PLACE, &envelope), Err(SecretError::UnknownKey));
    }

    #[test]
    fn a_copy_in_another_place_does_not_open() {
        let ring = ring(&[&KeyRing::generate()]);
        let envelope = ring.seal(PLACE, b"hunter2");
        for place in [
            Place { tenant: 2, ..PLACE },
            Place { table: "profile", ..PLACE },
            Place { table: "settinge", name: "xecutorSecrets", ..PLACE },
        ] {
            assert_eq!(ring.open(place, &envelope), Err(SecretError::Forged));
        }
    }

    #[test]
    fn every_changed_byte_is_noticed() {
        let ring = ring(&[&KeyRing::generate()]);
        let envelope = ring.seal(PLACE, b"hunter2");
        for index in 0..envelope.len() {
            let mut changed = envelope.clone();
            changed[index] ^= 1;
            assert!(ring.open(PLACE, &changed).is_err(), "byte {index}");
        }
        assert_eq!(ring.open(PLACE, &envelope[..20]), Err(SecretError::MalformedEnvelope));
    }

    #[test]
    fn a_keyed_hash_is_known_after_a_rotation() {
        let (old, new) = (KeyRing::generate(), KeyRing::generate());
        let hash = ring(&[&old]).keyed_hash(Purpose::Links, b"a");
        assert!(ring(&[&new, &old]).is_keyed_hash(Purpose::Links, b"a", &hash));
        assert!(!ring(&[&new]).is_keyed_hash(Purpose::Links, b"a", &hash));
        for (purpose, value, hash) in
            [(Purpose::Attempts, b"a", &hash[..]), (Purpose::Links, b"b", &hash[..]), (Purpose::Links, b"a", &hash[..31])]
        {
            assert!(!ring(&[&old]).is_keyed_hash(purpose, value, hash));
        }
    }

    #[test]
    fn keys_do_not_show_in_debug() {
        let text = KeyRing::generate();
        assert!(!format!("{:?}", ring(&[&text])).contains(&text));
    }

    #[test]
    fn purposes_have_keys_of_their_own() {
        let ring = ring(&[&KeyRing::generate()]);
        assert_ne!(ring.signing_key().1, ring.active.derive(Purpose::AtRest));
        assert_eq!(ring.verifying_key(&ring.signing_key().0), Some(ring.signing_key().1));
        assert_eq!(ring.verifying_key("none"), None);
    }
}
