//! S3: the template's buckets, with their objects in the cloud's one SQLite file, and the distribution before one of them.
//!
//! The crate s3s speaks the protocol: its XML, signatures, presigned URLs and chunked uploads. `objects` keeps the objects,
//! `operations` brings the two together. Buckets are in the path of a URL, as SDKs put them when a host is an IP address.

mod cdn;
mod cors;
mod objects;
mod operations;

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use percent_encoding::percent_decode_str;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};

use crate::dynamodb::ACCESS_KEY_ID;
use crate::plan::{Bucket, Cdn};
use crate::store::Store;
use crate::wire;
use objects::Objects;
use operations::Operations;

/// With `ACCESS_KEY_ID`, what functions have, and what requests to S3 are to be signed with.
pub const SECRET_ACCESS_KEY: &str = "local";

pub type Buckets = Arc<BTreeMap<String, Bucket>>;

#[derive(Clone)]
pub struct S3 {
    objects: Objects,
    buckets: Buckets,
    distribution: Option<Cdn>,
    service: S3Service,
}

impl S3 {
    pub fn open(store: Store, buckets: &[Bucket], distribution: Option<Cdn>) -> Self {
        let objects = Objects::new(store);
        let buckets: BTreeMap<_, _> = buckets
            .iter()
            .map(|bucket| (bucket.name.clone(), bucket.clone()))
            .collect();
        let buckets = Arc::new(buckets);
        let mut service = S3ServiceBuilder::new(Operations::new(objects.clone(), buckets.clone()));
        service.set_auth(LocalKey);
        Self {
            objects,
            buckets,
            distribution,
            service: service.build(),
        }
    }

    /// Whether a request without `X-Amz-Target` is for S3: it says so in its signature, names a bucket, or asks for them.
    pub fn is_meant(&self, request: &Request) -> bool {
        let authorization = request.headers().get(AUTHORIZATION);
        let authorization = authorization.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let query = request.uri().query().unwrap_or_default().replace("%2F", "/");
        authorization.contains("/s3/aws4_request")
            || query.contains("/s3/aws4_request")
            || self.bucket(request).is_some()
            || (request.uri().path() == "/" && matches!(*request.method(), Method::GET | Method::HEAD))
    }

    pub async fn answer(&self, request: Request) -> Response {
        let rules = self.bucket(&request).map(|bucket| bucket.cors.as_slice());
        if let Some(answer) = cors::preflight(rules.unwrap_or_default(), &request) {
            return answer;
        }
        if has_old_signature(&request) {
            return refusal(
                StatusCode::BAD_REQUEST,
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
            );
        }
        let allowed = cors::allowed(rules.unwrap_or_default(), &request);
        let request = request.map(s3s::Body::http_body_unsync);
        let mut response = match self.service.call(request).await {
            Ok(response) => response.map(Body::new),
            Err(error) => {
                let error = anyhow::Error::from_boxed(error.into());
                wire::log(&error);
                refusal(
                    StatusCode::INTERNAL_SERVER_ERROR,
                    "InternalError",
                    &format!("{error:#}"),
                )
            }
        };
        response.headers_mut().extend(allowed);
        response
    }

    /// The distribution's routes, if there is one.
    pub fn cdn(&self) -> Router {
        match &self.distribution {
            Some(distribution) => cdn::routes(self.objects.clone(), distribution.clone()),
            None => Router::new(),
        }
    }

    /// Deletes what lifecycle rules have expired by then. S3 waits for the midnight after; nobody here has that patience.
    pub fn delete_expired(&self, now_ms: i64) -> Result<()> {
        for bucket in self.buckets.values() {
            self.objects.delete_expired(&bucket.name, &bucket.expirations, now_ms)?;
        }
        Ok(())
    }

    fn bucket(&self, request: &Request) -> Option<&Bucket> {
        let first = request.uri().path().trim_start_matches('/').split('/').next()?;
        self.buckets.get(&*percent_decode_str(first).decode_utf8().ok()?)
    }
}

/// Of version 2, which S3 no longer takes for new buckets and which does not hold an upload to its headers.
fn has_old_signature(request: &Request) -> bool {
    let query = request.uri().query().unwrap_or_default();
    let in_query = query.split('&').any(|pair| pair.starts_with("Signature="));
    let in_header = request
        .headers()
        .get(AUTHORIZATION)
        .is_some_and(|value| value.as_bytes().starts_with(b"AWS "));
    in_query || in_header
}

/// An error as S3 says it.
fn refusal(status: StatusCode, code: &str, message: &str) -> Response {
    let message = message.replace('&', "&amp;").replace('<', "&lt;");
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    (status, [(CONTENT_TYPE, "application/xml")], body).into_response()
}

/// Knows the one key that the local cloud hands out.
struct LocalKey;

#[async_trait]
impl S3Auth for LocalKey {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        if access_key == ACCESS_KEY_ID {
            Ok(SecretKey::from(SECRET_ACCESS_KEY))
        } else {
            Err(s3_error!(
                InvalidAccessKeyId,
                "The AWS Access Key Id you provided does not exist in our records. The local cloud's is `{ACCESS_KEY_ID}`."
            ))
        }
    }
}

#[cfg(test)]
mod tests;
