//! The parts of an object that answers contain: a range of its content, and its description.

use s3s::dto::{ETag, Metadata, Range, Timestamp};
use s3s::{S3Result, s3_error};

use super::objects::Object;

/// The requested part of an object's content.
pub struct Part {
    pub start: usize,
    pub end: usize,
    /// `Content-Range`, if the request has a range.
    pub header: Option<String>,
}

impl Part {
    pub fn of(range: Option<Range>, size: u64) -> S3Result<Self> {
        let Some(range) = range else {
            return Ok(Self {
                start: 0,
                end: size as usize,
                header: None,
            });
        };
        // s3s accepts a range of the last bytes even if the content is empty.
        if size == 0 {
            return Err(s3_error!(InvalidRange, "The requested range is not satisfiable"));
        }
        let bytes = range.check(size)?;
        Ok(Self {
            start: bytes.start as usize,
            end: bytes.end as usize,
            header: Some(format!("bytes {}-{}/{size}", bytes.start, bytes.end - 1)),
        })
    }

    pub fn length(&self) -> i64 {
        (self.end - self.start) as i64
    }
}

/// The description of an object that all answers share.
pub struct Description {
    pub e_tag: Option<ETag>,
    pub last_modified: Option<Timestamp>,
    pub metadata: Option<Metadata>,
}

pub fn describe(object: &Object) -> Description {
    let metadata: Metadata = object.attributes.metadata.clone().into_iter().collect();
    Description {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(Timestamp::from(object.modified())),
        metadata: Some(metadata).filter(|metadata| !metadata.is_empty()),
    }
}
