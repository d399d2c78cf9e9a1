//! The operations of S3: translates between the requests and answers of s3s and the stored objects.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::stream;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::dto::*;
use s3s::{S3, S3Error, S3Request, S3Response, S3Result, s3_error};

use super::conditions::{check, matches, precondition_failed};
use super::description::{Description, Part, describe};
use super::objects::{Attributes, CopyResult, Object as Stored, Objects, Tags};
use super::{tags, upload};
use crate::plan::{self, REGION};
use crate::store::now_ms;
use crate::wire;

/// The names of the buckets, with their declarations.
pub type Buckets = Arc<BTreeMap<String, plan::Bucket>>;

/// The type of an object that was uploaded without one.
const UNKNOWN_TYPE: &str = "binary/octet-stream";
const LONGEST_LIST: i32 = 1000;

/// The characters that `EncodingType=url` does not encode.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'/');

pub struct Operations {
    objects: Objects,
    buckets: Buckets,
}

impl Operations {
    pub fn new(objects: Objects, buckets: Buckets) -> Self {
        Self { objects, buckets }
    }

    fn bucket(&self, name: &str) -> S3Result<&plan::Bucket> {
        self.buckets
            .get(name)
            .ok_or_else(|| s3_error!(NoSuchBucket, "The specified bucket does not exist"))
    }
}

#[async_trait]
impl S3 for Operations {
    async fn list_buckets(&self, _: S3Request<ListBucketsInput>) -> S3Result<S3Response<ListBucketsOutput>> {
        let buckets = self.buckets.keys().map(|name| Bucket {
            name: Some(name.clone()),
            bucket_region: Some(REGION.to_owned()),
            // SDKs require a date; the template has none.
            creation_date: Some(Timestamp::from(UNIX_EPOCH)),
        });
        Ok(S3Response::new(ListBucketsOutput {
            buckets: Some(buckets.collect()),
            ..Default::default()
        }))
    }

    async fn head_bucket(&self, request: S3Request<HeadBucketInput>) -> S3Result<S3Response<HeadBucketOutput>> {
        self.bucket(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region: Some(REGION.to_owned()),
            ..Default::default()
        }))
    }

    async fn get_bucket_location(
        &self,
        request: S3Request<GetBucketLocationInput>,
    ) -> S3Result<S3Response<GetBucketLocationOutput>> {
        self.bucket(&request.input.bucket)?;
        // For us-east-1, S3 gives no location.
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let trailers = request.trailing_headers;
        let mut input = request.input;
        self.bucket(&input.bucket)?;
        let tags = tags::from_header(input.tagging.take())?;
        let content = upload::read(input.body.take(), input.content_length).await?;
        if let Some(declared) = &input.content_md5
            && *declared != STANDARD.encode(md5::compute(&content).0)
        {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        let checksums = upload::verified_checksums(&content, &input, trailers.as_ref())?;
        let (if_match, if_none_match) = (input.if_match.take(), input.if_none_match.take());
        let attributes = Attributes {
            content_type: Some(input.content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned())),
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding.and_then(upload::without_aws_chunked),
            content_language: input.content_language,
            metadata: input.metadata.into_iter().flatten().collect(),
        };
        let is_allowed = |existing: Option<&Stored>| match existing {
            Some(object) => {
                if_match.as_ref().is_none_or(|condition| matches(condition, object))
                    && if_none_match
                        .as_ref()
                        .is_none_or(|condition| !matches(condition, object))
            }
            None => if_match.is_none(),
        };
        let put = self
            .objects
            .put(
                (&input.bucket, &input.key),
                attributes,
                tags,
                &content,
                now_ms(),
                is_allowed,
            )
            .map_err(internal)?
            .ok_or_else(precondition_failed)?;
        Ok(S3Response::new(PutObjectOutput {
            e_tag: Some(ETag::Strong(put.etag)),
            checksum_crc32: checksums.checksum_crc32,
            checksum_crc32c: checksums.checksum_crc32c,
            checksum_crc64nvme: checksums.checksum_crc64nvme,
            checksum_sha1: checksums.checksum_sha1,
            checksum_sha256: checksums.checksum_sha256,
            ..Default::default()
        }))
    }

    async fn get_object(&self, request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        let input = request.input;
        self.bucket(&input.bucket)?;
        let (object, content) = self
            .objects
            .get((&input.bucket, &input.key))
            .map_err(internal)?
            .ok_or_else(no_such_key)?;
        check(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.as_ref(),
            input.if_unmodified_since.as_ref(),
        )?;
        let part = Part::of(input.range, object.size)?;
        let content = Bytes::from(content).slice(part.start..part.end);
        let Description {
            e_tag,
            last_modified,
            metadata,
        } = describe(&object);
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::wrap(stream::iter([Ok::<_, std::io::Error>(content)]))),
            content_length: Some(part.length()),
            content_range: part.header,
            content_type: object.attributes.content_type,
            cache_control: object.attributes.cache_control,
            content_disposition: object.attributes.content_disposition,
            content_encoding: object.attributes.content_encoding,
            content_language: object.attributes.content_language,
            tag_count: Some(object.tags.len() as i32).filter(|count| *count > 0),
            e_tag,
            last_modified,
            metadata,
            ..Default::default()
        }))
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        let input = request.input;
        self.bucket(&input.bucket)?;
        let object = self
            .objects
            .describe((&input.bucket, &input.key))
            .map_err(internal)?
            .ok_or_else(no_such_key)?;
        check(
            &object,
            input.if_match.as_ref(),
            input.if_none_match.as_ref(),
            input.if_modified_since.as_ref(),
            input.if_unmodified_since.as_ref(),
        )?;
        let part = Part::of(input.range, object.size)?;
        let Description {
            e_tag,
            last_modified,
            metadata,
        } = describe(&object);
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(part.length()),
            content_range: part.header,
            content_type: object.attributes.content_type,
            cache_control: object.attributes.cache_control,
            content_disposition: object.attributes.content_disposition,
            content_encoding: object.attributes.content_encoding,
            content_language: object.attributes.content_language,
            e_tag,
            last_modified,
            metadata,
            ..Default::default()
        }))
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(
                NotImplemented,
                "The local cloud supports copies from buckets only"
            ));
        };
        self.bucket(bucket)?;
        self.bucket(&input.bucket)?;
        let replaces = |directive: Option<&str>, name: &str| match directive {
            None | Some("COPY") => Ok(false),
            Some("REPLACE") => Ok(true),
            Some(other) => Err(s3_error!(InvalidArgument, "Unknown {name} directive: {other}")),
        };
        let attributes = replaces(
            input.metadata_directive.as_ref().map(MetadataDirective::as_str),
            "metadata",
        )?
        .then(|| Attributes {
            content_type: input.content_type,
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding,
            content_language: input.content_language,
            metadata: input.metadata.into_iter().flatten().collect(),
        });
        let tags = if replaces(
            input.tagging_directive.as_ref().map(TaggingDirective::as_str),
            "tagging",
        )? {
            Some(tags::from_header(input.tagging)?)
        } else {
            None
        };
        let (from, to) = ((&**bucket, &**key), (input.bucket.as_str(), input.key.as_str()));
        if from == to && attributes.is_none() && tags.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata."
            ));
        }
        let is_allowed = |object: &Stored| {
            check(
                object,
                input.copy_source_if_match.as_ref(),
                input.copy_source_if_none_match.as_ref(),
                input.copy_source_if_modified_since.as_ref(),
                input.copy_source_if_unmodified_since.as_ref(),
            )
            .is_ok()
        };
        match self
            .objects
            .copy(from, to, attributes, tags, now_ms(), is_allowed)
            .map_err(internal)?
        {
            CopyResult::Missing => Err(no_such_key()),
            CopyResult::ConditionFailed => Err(precondition_failed()),
            CopyResult::Done(object) => {
                let description = describe(&object);
                Ok(S3Response::new(CopyObjectOutput {
                    copy_object_result: Some(CopyObjectResult {
                        e_tag: description.e_tag,
                        last_modified: description.last_modified,
                        ..Default::default()
                    }),
                    ..Default::default()
                }))
            }
        }
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        let input = request.input;
        self.bucket(&input.bucket)?;
        let is_allowed = |object: &Stored| {
            input
                .if_match
                .as_ref()
                .is_none_or(|condition| matches(condition, object))
        };
        let is_gone = self
            .objects
            .delete((&input.bucket, &input.key), is_allowed)
            .map_err(internal)?;
        if !is_gone {
            return Err(precondition_failed());
        }
        Ok(S3Response::new(DeleteObjectOutput::default()))
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let DeleteObjectsInput { bucket, delete, .. } = request.input;
        self.bucket(&bucket)?;
        if delete.objects.len() > LONGEST_LIST as usize {
            return Err(s3_error!(MalformedXML, "At most {LONGEST_LIST} keys at once"));
        }
        let keys = delete.objects.iter().map(|object| object.key.as_str());
        self.objects.delete_all(&bucket, keys).map_err(internal)?;
        let deleted = delete.objects.into_iter().map(|object| DeletedObject {
            key: Some(object.key),
            ..Default::default()
        });
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: (delete.quiet != Some(true)).then(|| deleted.collect()),
            ..Default::default()
        }))
    }

    async fn get_object_tagging(
        &self,
        request: S3Request<GetObjectTaggingInput>,
    ) -> S3Result<S3Response<GetObjectTaggingOutput>> {
        let GetObjectTaggingInput { bucket, key, .. } = request.input;
        self.bucket(&bucket)?;
        let object = self
            .objects
            .describe((&bucket, &key))
            .map_err(internal)?
            .ok_or_else(no_such_key)?;
        let tag_set = object.tags.into_iter().map(|(key, value)| Tag {
            key: Some(key),
            value: Some(value),
        });
        Ok(S3Response::new(GetObjectTaggingOutput {
            tag_set: tag_set.collect(),
            ..Default::default()
        }))
    }

    async fn put_object_tagging(
        &self,
        request: S3Request<PutObjectTaggingInput>,
    ) -> S3Result<S3Response<PutObjectTaggingOutput>> {
        let PutObjectTaggingInput {
            bucket, key, tagging, ..
        } = request.input;
        self.bucket(&bucket)?;
        let pairs = tagging
            .tag_set
            .into_iter()
            .map(|tag| (tag.key.unwrap_or_default(), tag.value.unwrap_or_default()));
        if !self
            .objects
            .set_tags((&bucket, &key), &tags::checked(pairs)?)
            .map_err(internal)?
        {
            return Err(no_such_key());
        }
        Ok(S3Response::new(PutObjectTaggingOutput::default()))
    }

    async fn delete_object_tagging(
        &self,
        request: S3Request<DeleteObjectTaggingInput>,
    ) -> S3Result<S3Response<DeleteObjectTaggingOutput>> {
        let DeleteObjectTaggingInput { bucket, key, .. } = request.input;
        self.bucket(&bucket)?;
        if !self.objects.set_tags((&bucket, &key), &Tags::new()).map_err(internal)? {
            return Err(no_such_key());
        }
        Ok(S3Response::new(DeleteObjectTaggingOutput::default()))
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        let input = request.input;
        self.bucket(&input.bucket)?;
        let prefix = input.prefix.as_deref().unwrap_or_default();
        let delimiter = input.delimiter.as_deref().filter(|delimiter| !delimiter.is_empty());
        let after = match &input.continuation_token {
            Some(token) => decode(token)
                .ok_or_else(|| s3_error!(InvalidArgument, "The continuation token provided is incorrect"))?,
            None => input.start_after.clone().unwrap_or_default(),
        };
        let limit = input.max_keys.unwrap_or(LONGEST_LIST).clamp(0, LONGEST_LIST);
        let mut entries = Vec::new();
        for (key, object) in self.objects.list(&input.bucket, prefix).map_err(internal)? {
            let rest = &key[prefix.len()..];
            let common = delimiter.and_then(|delimiter| {
                let end = rest.find(delimiter)? + delimiter.len();
                Some(format!("{prefix}{}", &rest[..end]))
            });
            let entry = match common {
                Some(common) => (common, None),
                None => (key, Some(object)),
            };
            // Keys with a common prefix follow each other; the prefix is listed once.
            if entry.0 > after && entries.last().is_none_or(|(last, _)| *last != entry.0) {
                entries.push(entry);
            }
        }
        let is_truncated = entries.len() > limit as usize && limit > 0;
        entries.truncate(limit as usize);
        let next = entries.last().filter(|_| is_truncated);
        let next_continuation_token = next.map(|(name, _)| URL_SAFE_NO_PAD.encode(name));

        let as_url = input.encoding_type.as_ref().map(EncodingType::as_str) == Some(EncodingType::URL);
        let encoded = |text: String| match as_url {
            true => utf8_percent_encode(&text, UNENCODED).to_string(),
            false => text,
        };
        let key_count = entries.len() as i32;
        let (mut contents, mut common_prefixes) = (Vec::new(), Vec::new());
        for (name, object) in entries {
            match object {
                Some(kept) => {
                    let description = describe(&kept);
                    contents.push(Object {
                        key: Some(encoded(name)),
                        e_tag: description.e_tag,
                        last_modified: description.last_modified,
                        size: Some(kept.size as i64),
                        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                        ..Default::default()
                    });
                }
                None => common_prefixes.push(CommonPrefix {
                    prefix: Some(encoded(name)),
                }),
            }
        }
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(encoded(input.prefix.unwrap_or_default())),
            delimiter: input.delimiter.map(encoded),
            start_after: input.start_after.map(encoded),
            encoding_type: input.encoding_type,
            continuation_token: input.continuation_token,
            max_keys: Some(limit),
            key_count: Some(key_count),
            is_truncated: Some(is_truncated),
            next_continuation_token,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            ..Default::default()
        }))
    }
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

fn internal(error: anyhow::Error) -> S3Error {
    wire::log(&error);
    s3_error!(InternalError, "{error:#}")
}
