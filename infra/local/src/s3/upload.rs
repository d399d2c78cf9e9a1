//! The content of an upload: reading it, and comparing it with the checksums that came with it.

use axum::http::StatusCode;
use futures_util::StreamExt;
use s3s::checksum::ChecksumHasher;
use s3s::dto::{Checksum, PutObjectInput, StreamingBlob};
use s3s::{S3Error, S3ErrorCode, S3Result, StdError, TrailingHeaders, s3_error};

/// S3 accepts 5 GB. Here, an object is held in memory and stored in SQLite as one value.
const LARGEST_OBJECT: usize = 64 << 20;

/// Reads a whole body. A body that is too large is an error.
pub async fn read(body: Option<StreamingBlob>, declared: Option<i64>) -> S3Result<Vec<u8>> {
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
            content.extend_from_slice(&piece.map_err(unreadable)?);
            if content.len() > LARGEST_OBJECT {
                return Err(too_large());
            }
        }
    }
    Ok(content)
}

/// The error for a body that differs from its announcement. The types of these errors are private to s3s.
fn unreadable(error: StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        let mut error = S3Error::with_message(
            S3ErrorCode::Custom("XAmzContentSHA256Mismatch".into()),
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
        error.set_status_code(StatusCode::BAD_REQUEST);
        error
    } else if text.contains("SignatureMismatch") {
        s3_error!(SignatureDoesNotMatch)
    } else {
        s3_error!(IncompleteBody, "The request's body could not be read: {text}")
    }
}

/// Computes the checksums that the headers or trailers declare, and compares them.
pub fn verified_checksums(
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
    let is_same = declared
        == [
            computed.checksum_crc32.clone(),
            computed.checksum_crc32c.clone(),
            computed.checksum_crc64nvme.clone(),
            computed.checksum_sha1.clone(),
            computed.checksum_sha256.clone(),
        ];
    if !is_same {
        return Err(s3_error!(
            BadDigest,
            "The checksum you specified did not match what we received."
        ));
    }
    Ok(computed)
}

/// `aws-chunked` describes the transfer, not the content.
pub fn without_aws_chunked(encoding: String) -> Option<String> {
    let kept: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty() && *part != "aws-chunked")
        .collect();
    (!kept.is_empty()).then(|| kept.join(","))
}
