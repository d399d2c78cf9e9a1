//! Cursors: the positions at which lists continue. They are sealed: one that is forged, altered or from another list is refused.
//!
//! A cursor holds only a sort key. The partition comes from the caller's tenant, so even a forged cursor could not read another tenant's.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{Error, Result};
use ring::hmac;

const TAG_BYTES: usize = 16;

/// A request for a page of a list.
#[derive(Clone, Debug)]
pub struct PageRequest {
    pub limit: u8,
    /// The position at which the previous page ended.
    pub after: Option<String>,
}

#[derive(Clone)]
pub struct Cursors {
    key: hmac::Key,
}

impl Cursors {
    pub fn new(secret: &[u8]) -> Self {
        Self {
            key: hmac::Key::new(hmac::HMAC_SHA256, secret),
        }
    }

    /// `list` names the list, its tenant and its filters.
    pub fn seal(&self, list: &str, position: &str) -> String {
        let mut sealed = self.tag(list, position).as_ref()[..TAG_BYTES].to_vec();
        sealed.extend(position.as_bytes());
        URL_SAFE_NO_PAD.encode(sealed)
    }

    pub fn open(&self, list: &str, cursor: &str) -> Result<String> {
        self.try_open(list, cursor)
            .ok_or_else(|| Error::invalid("cursor", "was not issued by this list"))
    }

    fn try_open(&self, list: &str, cursor: &str) -> Option<String> {
        let sealed = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (tag, position) = sealed.split_at_checked(TAG_BYTES)?;
        let position = std::str::from_utf8(position).ok()?;
        let expected = self.tag(list, position);
        // In constant time: otherwise the duration would reveal how much of a forged tag is right.
        let differs = tag
            .iter()
            .zip(expected.as_ref())
            .fold(0, |differs, (given, right)| differs | (given ^ right));
        (differs == 0).then(|| position.to_owned())
    }

    fn tag(&self, list: &str, position: &str) -> hmac::Tag {
        let mut context = hmac::Context::with_key(&self.key);
        context.update(&(list.len() as u64).to_be_bytes());
        context.update(list.as_bytes());
        context.update(position.as_bytes());
        context.sign()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_cursor_opens_only_its_own_list(list in ".{0,30}", other in ".{0,30}", position in ".{0,60}") {
            let cursors = Cursors::new(b"a secret");
            let cursor = cursors.seal(&list, &position);
            prop_assert_eq!(cursors.open(&list, &cursor).unwrap(), position);
            if other != list {
                prop_assert!(cursors.open(&other, &cursor).is_err());
            }
            prop_assert!(Cursors::new(b"another").open(&list, &cursor).is_err());
        }

        #[test]
        fn an_altered_cursor_is_refused(position in "[a-z]{1,20}", at in 0usize..200, bit in 0u8..8) {
            let cursors = Cursors::new(b"a secret");
            let mut sealed = URL_SAFE_NO_PAD.decode(cursors.seal("list", &position)).unwrap();
            let at = at % sealed.len();
            sealed[at] ^= 1 << bit;
            prop_assert!(cursors.open("list", &URL_SAFE_NO_PAD.encode(sealed)).is_err());
        }

        #[test]
        fn other_text_is_refused(text in ".{0,80}") {
            prop_assert!(Cursors::new(b"a secret").open("list", &text).is_err());
        }
    }
}
