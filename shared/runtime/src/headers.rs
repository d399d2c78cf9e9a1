//! The request headers that endpoints honour.
//!
//! API Gateway joins the values of a repeated header with commas. So a header that takes one value refuses a comma, and every rule here
//! reads the values as API Gateway joins them.

use crate::spec::Spec;
use domain::{Error, FieldError, Result, fields::Mode};
use lambda_http::http::{
    HeaderMap, HeaderName,
    header::{CONTENT_ENCODING, CONTENT_TYPE, IF_MATCH},
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MAX_IDEMPOTENCY_KEY_LENGTH: usize = 255;
/// Entities start at version 1, so this version never matches.
const NO_VERSION: u64 = 0;

/// All values of a header.
pub(crate) fn joined(headers: &HeaderMap, name: &HeaderName) -> Option<Vec<u8>> {
    let values: Vec<&[u8]> = headers.get_all(name).iter().map(|value| value.as_bytes()).collect();
    (!values.is_empty()).then(|| values.join(&b','))
}

/// The versions that `If-Match` accepts. Empty: any version.
pub(crate) fn if_match(spec: &Spec, headers: &HeaderMap, errors: &mut Vec<FieldError>) -> Vec<u64> {
    let Some(given) = joined(headers, &IF_MATCH).filter(|_| spec.takes_if_match()) else {
        return Vec::new();
    };
    let given = given.trim_ascii();
    if given == b"*" {
        return Vec::new();
    }
    let Some(tags) = strong_tags(given) else {
        errors.push(FieldError::new(
            "If-Match",
            "must be *, or a list of ETags of earlier answers, such as \"3\"",
        ));
        return Vec::new();
    };
    let versions: Vec<u64> = tags.into_iter().filter_map(version_of).collect();
    if versions.is_empty() {
        vec![NO_VERSION]
    } else {
        versions
    }
}

/// The strong tags of a list, without their quotes. `None` if the list has no tag or a malformed one. A weak tag is well-formed, but
/// `If-Match` compares strongly (RFC 9110, section 13.1.1), so no weak tag matches.
fn strong_tags(list: &[u8]) -> Option<Vec<&[u8]>> {
    let mut rest = list;
    let mut strong = Vec::new();
    let mut is_empty = true;
    loop {
        // Empty elements of a list are allowed.
        rest = rest.trim_ascii_start();
        if let Some(after) = rest.strip_prefix(b",") {
            rest = after;
            continue;
        }
        if rest.is_empty() {
            return (!is_empty).then_some(strong);
        }
        let (is_weak, quoted) = match rest.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let quoted = quoted.strip_prefix(b"\"")?;
        let end = quoted.iter().position(|byte| *byte == b'"')?;
        let (tag, after) = (&quoted[..end], quoted[end + 1..].trim_ascii_start());
        let is_tag = tag.iter().all(|byte| *byte > b' ' && *byte != 0x7f);
        if !is_tag || !(after.is_empty() || after.starts_with(b",")) {
            return None;
        }
        if !is_weak {
            strong.push(tag);
        }
        is_empty = false;
        rest = after;
    }
}

/// The version whose `ETag` is exactly this text.
fn version_of(tag: &[u8]) -> Option<u64> {
    let text = std::str::from_utf8(tag).ok()?;
    let version: u64 = text.parse().ok()?;
    (version.to_string() == text).then_some(version)
}

pub(crate) fn idempotency_key(spec: &Spec, headers: &HeaderMap, errors: &mut Vec<FieldError>) -> Option<String> {
    let given = joined(headers, &IDEMPOTENCY_KEY).filter(|_| spec.is_idempotent_post())?;
    let is_valid = (1..=MAX_IDEMPOTENCY_KEY_LENGTH).contains(&given.len())
        && given.iter().all(|byte| byte.is_ascii_graphic() && *byte != b',');
    let key = String::from_utf8(given).ok().filter(|_| is_valid);
    if key.is_none() {
        errors.push(FieldError::new(
            "Idempotency-Key",
            format!(
                "must be sent once, with 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} visible ASCII characters and without a comma"
            ),
        ));
    }
    key
}

/// Checks that the body is JSON and not compressed.
pub(crate) fn check_body(headers: &HeaderMap, mode: Mode) -> Result<()> {
    if let Some(encoding) = joined(headers, &CONTENT_ENCODING)
        && !encoding.trim_ascii().eq_ignore_ascii_case(b"identity")
    {
        return Err(Error::UnsupportedEncoding);
    }
    let Some(given) = joined(headers, &CONTENT_TYPE) else {
        return Ok(());
    };
    let given = String::from_utf8_lossy(&given);
    let media_type = given.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (media_type.as_str(), mode) {
        ("application/json", _) | ("application/merge-patch+json", Mode::Patch) => Ok(()),
        (_, Mode::Patch) => Err(Error::UnsupportedMediaType(
            "application/merge-patch+json or application/json",
        )),
        _ => Err(Error::UnsupportedMediaType("application/json")),
    }
}
