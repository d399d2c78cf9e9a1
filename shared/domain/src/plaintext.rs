//! The text of an API key, as its holder presents it: `csk_<environment>_<body>`.
//!
//! The body is 105 characters of base62 (digits, upper case, lower case, in this order):
//!
//! | characters | what |
//! |---|---|
//! | 22, 22, 22 | the UUIDs of customer, partition and key, each as one big-endian number |
//! | 33 | the secret, 192 random bits: 22 characters of its first 128, 11 of the other 64 |
//! | 6 | the CRC-32 (ISO-HDLC, as in zip and gzip) of all the text before it |
//!
//! A verification needs one read, because the text contains the three keys. A text that is not a key needs none, because the checksum is
//! wrong; secret scanners use the checksum too.

use crate::{ApiKeyId, CustomerKey, PartitionKey, key::Key, key::Kind, partition::Environment};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use uuid::Uuid;

/// For secret scanners.
pub const REGEX: &str = "^csk_(dev|qa|prod|demo)_[0-9A-Za-z]{105}$";

const PREFIX: &str = "csk";
/// The lengths of 128, 64 and 32 bits in base62.
const WIDE: usize = 22;
const HALF: usize = 11;
const CHECKSUM: usize = 6;
const BODY: usize = 4 * WIDE + HALF + CHECKSUM;

/// 192 bits.
pub const SECRET_BYTES: usize = 24;

/// A parsed key. It is not `Debug`, so that it cannot be logged by mistake.
#[derive(Clone, PartialEq, Eq)]
pub struct Plaintext {
    pub environment: Environment,
    pub customer: CustomerKey,
    pub partition: PartitionKey,
    pub key: ApiKeyId,
    pub secret: Secret,
}

#[derive(Clone, PartialEq, Eq)]
pub struct Secret([u8; SECRET_BYTES]);

impl Secret {
    pub fn new(random: [u8; SECRET_BYTES]) -> Self {
        Self(random)
    }

    /// The hash that is stored. The secret is long and random, so a plain hash withstands guessing.
    pub fn hash(&self) -> [u8; 32] {
        Sha256::digest(self.0).into()
    }

    /// Whether the hash is of this secret. The comparison takes constant time.
    pub fn matches(&self, hash: &[u8; 32]) -> bool {
        self.hash().ct_eq(hash).into()
    }
}

impl Plaintext {
    pub fn text(&self) -> String {
        let [wide @ .., a, b, c, d, e, f, g, h] = self.secret.0;
        let half = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
        let mut text = format!("{PREFIX}_{}_", self.environment.name());
        for uuid in [self.customer.uuid(), self.partition.uuid(), self.key.uuid()] {
            push(&mut text, uuid.as_u128(), WIDE);
        }
        push(&mut text, u128::from_be_bytes(wide), WIDE);
        push(&mut text, half.into(), HALF);
        let checksum = crc32fast::hash(text.as_bytes());
        push(&mut text, checksum.into(), CHECKSUM);
        text
    }

    /// Parses a text, which may have a line feed or blanks around it from being copied. This does not say whether the key exists or is
    /// valid.
    pub fn read(text: &str) -> Option<Self> {
        let text = text.trim_ascii();
        let (environment, body) = text.strip_prefix(PREFIX)?.strip_prefix('_')?.split_once('_')?;
        let environment = Environment::named(environment)?;
        if body.len() != BODY || !body.is_ascii() {
            return None;
        }
        let (summed, checksum) = text.split_at(text.len() - CHECKSUM);
        if pull(checksum)? != u128::from(crc32fast::hash(summed.as_bytes())) {
            return None;
        }
        let wide = |index: usize| pull(&body[index * WIDE..(index + 1) * WIDE]);
        let half = u64::try_from(pull(&body[4 * WIDE..4 * WIDE + HALF])?).ok()?;
        let mut secret = [0; SECRET_BYTES];
        secret[..16].copy_from_slice(&wide(3)?.to_be_bytes());
        secret[16..].copy_from_slice(&half.to_be_bytes());
        Some(Self {
            environment,
            customer: key(wide(0)?)?,
            partition: key(wide(1)?)?,
            key: key(wide(2)?)?,
            secret: Secret(secret),
        })
    }
}

/// Replaces the keys in a text. For texts from callers that are logged or answered.
pub fn redact(text: &str) -> String {
    match text.split_once("csk_") {
        Some((before, _)) => format!("{before}csk_[hidden]"),
        None => text.to_owned(),
    }
}

fn push(text: &mut String, number: u128, width: usize) {
    let digits = base62::encode(number);
    text.extend(std::iter::repeat_n('0', width - digits.len()));
    text.push_str(&digits);
}

fn pull(digits: &str) -> Option<u128> {
    // The library accepts no leading zeros.
    let digits = digits.trim_start_matches('0');
    match digits {
        "" => Some(0),
        digits => base62::decode(digits).ok(),
    }
}

fn key<K: Kind>(number: u128) -> Option<Key<K>> {
    let uuid = Uuid::from_u128(number);
    (uuid.get_version_num() == 7).then(|| Key::from_uuid(uuid))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn plaintext(seed: u8) -> Plaintext {
        let uuid = |bits: u8| uuid::Builder::from_unix_timestamp_millis(1_790_000_000_000, &[bits; 10]).into_uuid();
        Plaintext {
            environment: Environment::Prod,
            customer: Key::from_uuid(uuid(seed)),
            partition: Key::from_uuid(uuid(seed.wrapping_add(1))),
            key: Key::from_uuid(uuid(seed.wrapping_add(2))),
            secret: Secret([seed; SECRET_BYTES]),
        }
    }

    #[test]
    fn a_key_has_the_form_that_scanners_look_for() {
        let text = plaintext(7).text();
        assert!(text.starts_with("csk_prod_"), "{text}");
        let body = text.rsplit('_').next().unwrap();
        assert_eq!(body.len(), 105);
        assert!(body.bytes().all(|b| b.is_ascii_alphanumeric()));
    }

    /// For a comparison with another implementation.
    #[test]
    fn the_format_is_what_it_was() {
        // Computed by another implementation, in Python.
        let text = "csk_prod_034ShhzcBdHMlwDk26gCrn034ShhzcBekTOYPntsSUHI034ShhzcBgDa1AbrleElgn0DG9mkOv2l6AkSp3WsPxY70bPELAU4eqF2E6BZx";
        assert_eq!(plaintext(7).text(), text);
    }

    #[test]
    fn a_copied_key_may_have_ascii_white_space_around_it() {
        let text = plaintext(7).text();
        for copied in [format!("{text}\n"), format!(" \t{text}\r\n"), format!("\n{text} ")] {
            assert!(Plaintext::read(&copied) == Some(plaintext(7)), "{copied:?}");
        }
        let (start, end) = text.split_at(60);
        for broken in [
            format!("{start}\n{end}"),
            format!("\u{a0}{text}"),
            format!("{text}\u{200b}"),
        ] {
            assert!(Plaintext::read(&broken).is_none(), "{broken:?}");
        }
    }

    #[test]
    fn a_key_in_a_text_is_redacted() {
        assert_eq!(redact(&format!("a {} b", plaintext(1).text())), "a csk_[hidden]");
        assert_eq!(
            redact("cus_01kb1v0c1tfr2v6krscysfnvgb"),
            "cus_01kb1v0c1tfr2v6krscysfnvgb"
        );
    }

    #[test]
    fn a_secret_matches_its_own_hash_only() {
        let (one, other) = (plaintext(1).secret, plaintext(2).secret);
        assert!(one.matches(&one.hash()));
        assert!(!one.matches(&other.hash()));
    }

    proptest! {
        #[test]
        fn a_written_key_is_parsed(seed: u8, random: [u8; 24], environment in 0..4_usize) {
            let plain = Plaintext { secret: Secret(random), environment: Environment::ALL[environment], ..plaintext(seed) };
            prop_assert!(Plaintext::read(&plain.text()) == Some(plain));
        }

        #[test]
        fn one_changed_character_is_detected(seed: u8, at in 0..114_usize, to in "[ -~]") {
            let text = plaintext(seed).text();
            let mut changed = text.clone();
            changed.replace_range(at..=at, &to);
            prop_assert!(changed == text || Plaintext::read(&changed).is_none());
        }

        #[test]
        fn junk_is_no_key(junk in "(csk_(prod|dev|x)_)?[0-9A-Za-z_é]{0,120}") {
            prop_assert!(Plaintext::read(&junk).is_none());
        }
    }
}
