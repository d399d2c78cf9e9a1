//! The conditions of requests: `If-Match` and the like.

use s3s::dto::{ETagCondition, Timestamp};
use s3s::{S3Error, S3Result, s3_error};

use super::objects::Object;

/// Whether an object has the ETag of a condition.
pub fn matches(condition: &ETagCondition, object: &Object) -> bool {
    match condition.as_etag() {
        Some(etag) => etag.value() == object.etag,
        None => true,
    }
}

/// Checks the conditions of a request that reads, in HTTP's order.
pub fn check(
    object: &Object,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    if_modified_since: Option<&Timestamp>,
    if_unmodified_since: Option<&Timestamp>,
) -> S3Result<()> {
    let modified = Timestamp::from(object.modified());
    match (if_match, if_unmodified_since) {
        (Some(condition), _) if !matches(condition, object) => return Err(precondition_failed()),
        (None, Some(since)) if modified > *since => return Err(precondition_failed()),
        _ => {}
    }
    match (if_none_match, if_modified_since) {
        (Some(condition), _) if matches(condition, object) => Err(s3_error!(NotModified)),
        (None, Some(since)) if modified <= *since => Err(s3_error!(NotModified)),
        _ => Ok(()),
    }
}

pub fn precondition_failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold"
    )
}
