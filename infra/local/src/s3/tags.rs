//! The tags of objects.

use s3s::{S3Result, s3_error};

use super::objects::Tags;

const MOST_TAGS: usize = 10;

/// The tags in an `x-amz-tagging` header, which has the form of a query.
pub fn from_header(header: Option<String>) -> S3Result<Tags> {
    let header = header.unwrap_or_default();
    checked(url::form_urlencoded::parse(header.as_bytes()).into_owned())
}

/// The tags, if S3 would accept them.
pub fn checked(pairs: impl Iterator<Item = (String, String)>) -> S3Result<Tags> {
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(s3_error!(
                InvalidTag,
                "A tag's key must have 1 to 128 characters, and its value at most 256"
            ));
        }
        if tags.insert(key, value).is_some() {
            return Err(s3_error!(InvalidTag, "Cannot provide multiple Tags with the same key"));
        }
    }
    if tags.len() > MOST_TAGS {
        return Err(s3_error!(InvalidTag, "Object tags cannot be greater than {MOST_TAGS}"));
    }
    Ok(tags)
}
