//! S3's operations as s3s hands them over: what is asked of `objects`, and how it is said.

use std::time::UNIX_EPOCH;

use async_trait::async_trait;
use axum::body::Bytes;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use futures_util::{StreamExt, stream};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::checksum::ChecksumHasher;
use s3s::dto::*;
use s3s::{S3, S3Error, S3ErrorCode, S3Request, S3Response, S3Result, StdError, TrailingHeaders, s3_error};

use super::Buckets;
use super::objects::{About, Copied, Object as Kept, Objects, Tags};
use crate::plan::{self, REGION};
use crate::store::now_ms;
use crate::wire;

/// S3 takes 5 GB. An object is held in memory here, and goes into SQLite as one value.
const LARGEST_OBJECT: usize = 64 << 20;

/// Of an object that came without one.
const UNKNOWN_TYPE: &str = "binary/octet-stream";
const LONGEST_LIST: i32 = 1000;
const MOST_TAGS: usize = 10;

/// What `EncodingType=url` leaves as it is.
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
            // SDKs want one; the template does not say.
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
        // Of us-east-1, S3 says nothing.
        Ok(S3Response::new(GetBucketLocationOutput::default()))
    }

    async fn put_object(&self, request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let trailers = request.trailing_headers;
        let mut input = request.input;
        self.bucket(&input.bucket)?;
        let tags = tags_of_header(input.tagging.take())?;
        let content = read(input.body.take(), input.content_length).await?;
        if let Some(declared) = &input.content_md5
            && *declared != STANDARD.encode(md5::compute(&content).0)
        {
            return Err(s3_error!(
                BadDigest,
                "The Content-MD5 you specified did not match what we received."
            ));
        }
        let checksums = verified_checksums(&content, &input, trailers.as_ref())?;
        let (if_match, if_none_match) = (input.if_match.take(), input.if_none_match.take());
        let about = About {
            content_type: Some(input.content_type.unwrap_or_else(|| UNKNOWN_TYPE.to_owned())),
            cache_control: input.cache_control,
            content_disposition: input.content_disposition,
            content_encoding: input.content_encoding.and_then(without_aws_chunked),
            content_language: input.content_language,
            metadata: input.metadata.into_iter().flatten().collect(),
        };
        let may = |there: Option<&Kept>| match there {
            Some(object) => {
                if_match.as_ref().is_none_or(|condition| fits(condition, object))
                    && if_none_match.as_ref().is_none_or(|condition| !fits(condition, object))
            }
            None => if_match.is_none(),
        };
        let put = self
            .objects
            .put((&input.bucket, &input.key), about, tags, &content, now_ms(), may)
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
        let Described {
            e_tag,
            last_modified,
            metadata,
        } = described(&object);
        Ok(S3Response::new(GetObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            body: Some(StreamingBlob::wrap(stream::iter([Ok::<_, std::io::Error>(content)]))),
            content_length: Some(part.length()),
            content_range: part.header,
            content_type: object.about.content_type,
            cache_control: object.about.cache_control,
            content_disposition: object.about.content_disposition,
            content_encoding: object.about.content_encoding,
            content_language: object.about.content_language,
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
        let Described {
            e_tag,
            last_modified,
            metadata,
        } = described(&object);
        Ok(S3Response::new(HeadObjectOutput {
            accept_ranges: Some("bytes".to_owned()),
            content_length: Some(part.length()),
            content_range: part.header,
            content_type: object.about.content_type,
            cache_control: object.about.cache_control,
            content_disposition: object.about.content_disposition,
            content_encoding: object.about.content_encoding,
            content_language: object.about.content_language,
            e_tag,
            last_modified,
            metadata,
            ..Default::default()
        }))
    }

    async fn copy_object(&self, request: S3Request<CopyObjectInput>) -> S3Result<S3Response<CopyObjectOutput>> {
        let input = request.input;
        let CopySource::Bucket { bucket, key, .. } = &input.copy_source else {
            return Err(s3_error!(NotImplemented, "The local cloud copies from buckets only"));
        };
        self.bucket(bucket)?;
        self.bucket(&input.bucket)?;
        let replaces = |directive: Option<&str>, name: &str| match directive {
            None | Some("COPY") => Ok(false),
            Some("REPLACE") => Ok(true),
            Some(other) => Err(s3_error!(InvalidArgument, "Unknown {name} directive: {other}")),
        };
        let about = replaces(
            input.metadata_directive.as_ref().map(MetadataDirective::as_str),
            "metadata",
        )?
        .then(|| About {
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
            Some(tags_of_header(input.tagging)?)
        } else {
            None
        };
        let (from, to) = ((&**bucket, &**key), (input.bucket.as_str(), input.key.as_str()));
        if from == to && about.is_none() && tags.is_none() {
            return Err(s3_error!(
                InvalidRequest,
                "This copy request is illegal because it is trying to copy an object to itself without changing the \
                 object's metadata."
            ));
        }
        let may = |object: &Kept| {
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
            .copy(from, to, about, tags, now_ms(), may)
            .map_err(internal)?
        {
            Copied::Missing => Err(no_such_key()),
            Copied::Other => Err(precondition_failed()),
            Copied::Done(object) => {
                let described = described(&object);
                Ok(S3Response::new(CopyObjectOutput {
                    copy_object_result: Some(CopyObjectResult {
                        e_tag: described.e_tag,
                        last_modified: described.last_modified,
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
        let may = |object: &Kept| input.if_match.as_ref().is_none_or(|condition| fits(condition, object));
        let gone = self
            .objects
            .delete((&input.bucket, &input.key), may)
            .map_err(internal)?;
        if !gone {
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
            .set_tags((&bucket, &key), &tags(pairs)?)
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
        let most = input.max_keys.unwrap_or(LONGEST_LIST).clamp(0, LONGEST_LIST);
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
            // Keys below one prefix follow each other, and are told once.
            if entry.0 > after && entries.last().is_none_or(|(last, _)| *last != entry.0) {
                entries.push(entry);
            }
        }
        let is_truncated = entries.len() > most as usize && most > 0;
        entries.truncate(most as usize);
        let next = entries.last().filter(|_| is_truncated);
        let next_continuation_token = next.map(|(name, _)| URL_SAFE_NO_PAD.encode(name));

        let as_url = input.encoding_type.as_ref().map(EncodingType::as_str) == Some(EncodingType::URL);
        let said = |text: String| match as_url {
            true => utf8_percent_encode(&text, UNENCODED).to_string(),
            false => text,
        };
        let key_count = entries.len() as i32;
        let (mut contents, mut common_prefixes) = (Vec::new(), Vec::new());
        for (name, object) in entries {
            match object {
                Some(kept) => {
                    let described = described(&kept);
                    contents.push(Object {
                        key: Some(said(name)),
                        e_tag: described.e_tag,
                        last_modified: described.last_modified,
                        size: Some(kept.size as i64),
                        storage_class: Some(ObjectStorageClass::from_static(ObjectStorageClass::STANDARD)),
                        ..Default::default()
                    });
                }
                None => common_prefixes.push(CommonPrefix {
                    prefix: Some(said(name)),
                }),
            }
        }
        Ok(S3Response::new(ListObjectsV2Output {
            name: Some(input.bucket),
            prefix: Some(said(input.prefix.unwrap_or_default())),
            delimiter: input.delimiter.map(said),
            start_after: input.start_after.map(said),
            encoding_type: input.encoding_type,
            continuation_token: input.continuation_token,
            max_keys: Some(most),
            key_count: Some(key_count),
            is_truncated: Some(is_truncated),
            next_continuation_token,
            contents: Some(contents),
            common_prefixes: Some(common_prefixes),
            ..Default::default()
        }))
    }
}

/// All of a body that is not too large.
async fn read(body: Option<StreamingBlob>, declared: Option<i64>) -> S3Result<Vec<u8>> {
    let too_large = || {
        s3_error!(
            EntityTooLarge,
            "Your proposed upload exceeds the maximum allowed size, which is {LARGEST_OBJECT} bytes on the local cloud"
        )
    };
    if declared.is_some_and(|declared| declared > LARGEST_OBJECT as i64) {
        return Err(too_large());
    }
    let mut content = Vec::new();
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            content.extend_from_slice(&piece.map_err(broken_off)?);
            if content.len() > LARGEST_OBJECT {
                return Err(too_large());
            }
        }
    }
    Ok(content)
}

/// A body that did not come as it was announced. s3s keeps the types of these errors to itself.
fn broken_off(error: StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
        error.set_status_code(axum::http::StatusCode::BAD_REQUEST);
        error
    } else if text.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch)
    } else {
        s3_error!(IncompleteBody, "The request's body could not be read: {text}")
    }
}

/// Computes the checksums that came with the content, before it or after it, and compares.
fn verified_checksums(
    content: &[u8],
    input: &PutObjectInput,
    trailers: Option<&TrailingHeaders>,
) -> S3Result<Checksum> {
    let trailer = |name: &str| {
        trailers
            .and_then(|trailers| trailers.read(|headers| Some(headers.get(name)?.to_str().ok()?.to_owned())))
            .flatten()
    };
    let declared = [
        input.checksum_crc32.clone().or_else(|| trailer("x-amz-checksum-crc32")),
        input
            .checksum_crc32c
            .clone()
            .or_else(|| trailer("x-amz-checksum-crc32c")),
        input
            .checksum_crc64nvme
            .clone()
            .or_else(|| trailer("x-amz-checksum-crc64nvme")),
        input.checksum_sha1.clone().or_else(|| trailer("x-amz-checksum-sha1")),
        input
            .checksum_sha256
            .clone()
            .or_else(|| trailer("x-amz-checksum-sha256")),
    ];
    let [crc32, crc32c, crc64nvme, sha1, sha256] = &declared;
    let mut hasher = ChecksumHasher {
        crc32: crc32.as_ref().map(|_| Default::default()),
        crc32c: crc32c.as_ref().map(|_| Default::default()),
        crc64nvme: crc64nvme.as_ref().map(|_| Default::default()),
        sha1: sha1.as_ref().map(|_| Default::default()),
        sha256: sha256.as_ref().map(|_| Default::default()),
    };
    hasher.update(content);
    let computed = hasher.finalize();
    let same = declared
        == [
            computed.checksum_crc32.clone(),
            computed.checksum_crc32c.clone(),
            computed.checksum_crc64nvme.clone(),
            computed.checksum_sha1.clone(),
            computed.checksum_sha256.clone(),
        ];
    if !same {
        return Err(s3_error!(
            BadDigest,
            "The checksum you specified did not match what we received."
        ));
    }
    Ok(computed)
}

/// `aws-chunked` says how the content came, not what it is.
fn without_aws_chunked(encoding: String) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "aws-chunked")
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}

/// `x-amz-tagging`: written like a query.
fn tags_of_header(header: Option<String>) -> S3Result<Tags> {
    let header = header.unwrap_or_default();
    tags(url::form_urlencoded::parse(header.as_bytes()).into_owned())
}

fn tags(pairs: impl Iterator<Item = (String, String)>) -> S3Result<Tags> {
    let mut tags = Tags::new();
    for (key, value) in pairs {
        if key.is_empty() || key.chars().count() > 128 || value.chars().count() > 256 {
            return Err(s3_error!(
                InvalidTag,
                "A tag's key has 1 to 128 characters, its value at most 256"
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

/// The stretch of an object that is asked for.
struct Part {
    start: usize,
    end: usize,
    /// `Content-Range`, where a range was asked for.
    header: Option<String>,
}

impl Part {
    fn of(range: Option<Range>, size: u64) -> S3Result<Self> {
        let Some(range) = range else {
            return Ok(Self {
                start: 0,
                end: size as usize,
                header: None,
            });
        };
        // s3s takes the last bytes of nothing for a range.
        if size == 0 {
            return Err(s3_error!(InvalidRange, "The requested range is not satisfiable"));
        }
        let stretch = range.check(size)?;
        Ok(Self {
            start: stretch.start as usize,
            end: stretch.end as usize,
            header: Some(format!("bytes {}-{}/{size}", stretch.start, stretch.end - 1)),
        })
    }

    fn length(&self) -> i64 {
        (self.end - self.start) as i64
    }
}

/// What all answers say of an object in the same way.
struct Described {
    e_tag: Option<ETag>,
    last_modified: Option<Timestamp>,
    metadata: Option<Metadata>,
}

fn described(object: &Kept) -> Described {
    let metadata: Metadata = object.about.metadata.clone().into_iter().collect();
    Described {
        e_tag: Some(ETag::Strong(object.etag.clone())),
        last_modified: Some(Timestamp::from(object.modified())),
        metadata: Some(metadata).filter(|metadata| !metadata.is_empty()),
    }
}

fn fits(condition: &ETagCondition, object: &Kept) -> bool {
    match condition.as_etag() {
        Some(etag) => etag.value() == object.etag,
        None => true,
    }
}

/// The conditions of a request that reads, in HTTP's order.
fn check(
    object: &Kept,
    if_match: Option<&ETagCondition>,
    if_none_match: Option<&ETagCondition>,
    if_modified_since: Option<&Timestamp>,
    if_unmodified_since: Option<&Timestamp>,
) -> S3Result<()> {
    let modified = Timestamp::from(object.modified());
    match (if_match, if_unmodified_since) {
        (Some(condition), _) if !fits(condition, object) => return Err(precondition_failed()),
        (None, Some(since)) if modified > *since => return Err(precondition_failed()),
        _ => {}
    }
    match (if_none_match, if_modified_since) {
        (Some(condition), _) if fits(condition, object) => Err(s3_error!(NotModified)),
        (None, Some(since)) if modified <= *since => Err(s3_error!(NotModified)),
        _ => Ok(()),
    }
}

fn decode(token: &str) -> Option<String> {
    String::from_utf8(URL_SAFE_NO_PAD.decode(token).ok()?).ok()
}

fn no_such_key() -> S3Error {
    s3_error!(NoSuchKey, "The specified key does not exist.")
}

fn precondition_failed() -> S3Error {
    s3_error!(
        PreconditionFailed,
        "At least one of the pre-conditions you specified did not hold"
    )
}

fn internal(error: anyhow::Error) -> S3Error {
    wire::log(&error);
    s3_error!(InternalError, "{error:#}")
}
