//! Typed keys: a prefix, `_`, and a UUIDv7 in 26 characters of Crockford base32 (the TypeID form).
//!
//! A key of one kind cannot be passed for another, and keys sort by the time at which they were created.

use crate::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use sha2::{Digest, Sha256};
use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
    str::FromStr,
};
use typeid_suffix::prelude::TypeIdSuffix;
use uuid::{Builder, Uuid, Variant};

/// A kind of thing that has keys.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EntityKind {
    /// Its name in problems, events and the table.
    pub name: &'static str,
    /// Its keys start with this.
    pub prefix: &'static str,
}

/// Something that has keys of its own kind.
pub trait Kind: 'static {
    const KIND: EntityKind;
}

pub struct Key<K>(Uuid, PhantomData<fn() -> K>);

// Not derived: derives would require the same traits of `K`.
impl<K> Clone for Key<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Key<K> {}

impl<K> PartialEq for Key<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K> Eq for Key<K> {}

impl<K> PartialOrd for Key<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<K> Ord for Key<K> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<K> Hash for Key<K> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<K: Kind> Key<K> {
    pub fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// A key that always comes out the same: the time of `at`, and the hash of `seed` instead of random bits. With it, a repeated delivery
    /// or task creates the same entity instead of a second one.
    pub fn derived(at: Timestamp, seed: &str) -> Self {
        let hash = Sha256::digest(format!("{}:{seed}", K::KIND.prefix));
        let mut bits = [0; 10];
        bits.copy_from_slice(&hash[..10]);
        Self::from_uuid(Builder::from_unix_timestamp_millis(at.millis(), &bits).into_uuid())
    }

    /// When the key was created.
    pub fn created_at(&self) -> Option<Timestamp> {
        let (seconds, nanos) = self.0.get_timestamp()?.to_unix();
        let millis = i64::try_from(seconds).ok()? * 1000 + i64::from(nanos / 1_000_000);
        Timestamp::from_millis(millis)
    }

    pub fn uuid(&self) -> Uuid {
        self.0
    }
}

impl<K: Kind> fmt::Display for Key<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", K::KIND.prefix, TypeIdSuffix::from(self.0))
    }
}

impl<K: Kind> fmt::Debug for Key<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Not a key of this kind: the wrong prefix, length, alphabet, UUID version or variant.
#[derive(Debug, PartialEq, Eq)]
pub struct Malformed;

impl<K: Kind> FromStr for Key<K> {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        read(text, K::KIND).map(Self::from_uuid)
    }
}

/// The regular expression of the keys of a kind. In the 26 characters, the eleventh holds the UUID's version, the fourteenth its variant.
pub fn pattern(kind: EntityKind) -> String {
    const ANY: &str = "[0-9a-hjkmnp-tv-z]";
    format!("^{}_[0-7]{ANY}{{9}}[ef]{ANY}{{2}}[89abrstv]{ANY}{{12}}$", kind.prefix)
}

pub fn is_key(text: &str, kind: EntityKind) -> bool {
    read(text, kind).is_ok()
}

fn read(text: &str, kind: EntityKind) -> Result<Uuid, Malformed> {
    let suffix = text
        .strip_prefix(kind.prefix)
        .and_then(|rest| rest.strip_prefix('_'))
        .ok_or(Malformed)?;
    // Each key has one spelling: upper case is refused, as TypeID requires.
    if suffix.len() != 26 || suffix.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(Malformed);
    }
    let uuid = TypeIdSuffix::from_str(suffix).map_err(|_| Malformed)?.to_uuid();
    match (uuid.get_version_num(), uuid.get_variant()) {
        (7, Variant::RFC4122) => Ok(uuid),
        _ => Err(Malformed),
    }
}

impl<K: Kind> Serialize for Key<K> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> Deserialize<'de> for Key<K> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse()
            .map_err(|_| D::Error::custom(format!("not a {} key", K::KIND.name)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{CustomerKey, LocationKey};
    use proptest::prelude::*;

    const SAMPLE: &str = "cus_01kb1v0c1tfr2v6krscysfnvgb";

    #[test]
    fn another_kinds_key_is_malformed() {
        assert!(SAMPLE.parse::<CustomerKey>().is_ok());
        assert_eq!(SAMPLE.parse::<LocationKey>(), Err(Malformed));
    }

    #[test]
    fn only_the_one_spelling_is_a_key() {
        let shouted = format!("cus_{}", SAMPLE[4..].to_uppercase());
        for text in [
            "",
            "cus",
            "cus_",
            "cus_0",
            &shouted,
            &format!("{SAMPLE}0"),
            "cus_zzzzzzzzzzzzzzzzzzzzzzzzzz",
            "cus_00000000000000000000000000",
            // Of version 7, with another variant.
            "cus_01kb1v0c1tfr20000000000000",
            "cus_01kb1v0c1tfr2v6krscysfnvg\u{e9}",
        ] {
            assert_eq!(text.parse::<CustomerKey>(), Err(Malformed), "{text}");
        }
    }

    #[test]
    fn a_derived_key_is_the_same_each_time_and_keeps_its_moment() {
        let at = Timestamp::parse("2026-11-23T08:00:00.123Z").unwrap();
        let one = LocationKey::derived(at, SAMPLE);
        assert_eq!(one, LocationKey::derived(at, SAMPLE));
        assert_ne!(one, LocationKey::derived(at, "another"));
        assert_eq!(one.created_at(), Some(at));
        assert!(one.to_string().parse::<LocationKey>().is_ok());
    }

    proptest! {
        #[test]
        fn any_key_reads_back(millis in 0u64..(1 << 48), bits: [u8; 10]) {
            let key = CustomerKey::from_uuid(Builder::from_unix_timestamp_millis(millis, &bits).into_uuid());
            prop_assert_eq!(key.to_string().parse(), Ok(key));
        }

        #[test]
        fn no_text_panics(text in ".{0,40}") {
            let _ = text.parse::<CustomerKey>();
            let _ = format!("cus_{text}").parse::<CustomerKey>();
        }
    }
}
