//! The S3 service: decides which requests are for S3, and answers them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Result;
use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::AUTHORIZATION;
use axum::http::{Method, StatusCode};
use axum::response::Response;
use percent_encoding::percent_decode_str;
use s3s::auth::{S3Auth, SecretKey};
use s3s::service::{S3Service, S3ServiceBuilder};
use s3s::{S3Result, s3_error};

use super::objects::{Attributes, Objects, Tags};
use super::operations::{Buckets, Operations};
use super::permissions::Permissions;
use super::refusal::refusal;
use super::{cdn, cors, signature};
use crate::dynamodb::ACCESS_KEY_ID;
use crate::plan::{Bucket, Cdn};
use crate::store::{Store, now_ms};
use crate::wire;

/// Functions get this with `ACCESS_KEY_ID`. Requests to S3 must be signed with both.
pub const SECRET_ACCESS_KEY: &str = "local";

#[derive(Clone)]
pub struct S3 {
    objects: Objects,
    buckets: Buckets,
    distribution: Option<Cdn>,
    permissions: Permissions,
    service: S3Service,
}

impl S3 {
    pub fn open(store: Store, buckets: &[Bucket], distribution: Option<Cdn>, permissions: Permissions) -> Self {
        let objects = Objects::new(store);
        let buckets: BTreeMap<_, _> = buckets
            .iter()
            .map(|bucket| (bucket.name.clone(), bucket.clone()))
            .collect();
        let buckets = Arc::new(buckets);
        let mut service = S3ServiceBuilder::new(Operations::new(objects.clone(), buckets.clone()));
        service.set_auth(LocalKey);
        service.set_access(permissions.clone());
        Self {
            objects,
            buckets,
            distribution,
            permissions,
            service: service.build(),
        }
    }

    /// Whether a request without `X-Amz-Target` is for S3: its signature names S3, its path names a bucket, or it lists the
    /// buckets.
    pub fn is_for_s3(&self, request: &Request) -> bool {
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
        let may_see_what_is_missing = self.may_see_what_is_missing(&request);
        // A page may read refusals too.
        let cors_headers = cors::response_headers(rules.unwrap_or_default(), &request);
        let mut response = match signature::refused(&request) {
            Some(refusal) => refusal,
            None => self.serve(request).await,
        };
        if response.status() == StatusCode::NOT_FOUND && !may_see_what_is_missing {
            response = refusal(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied");
        }
        response.headers_mut().extend(cors_headers);
        response
    }

    async fn serve(&self, request: Request) -> Response {
        let request = request.map(s3s::Body::http_body_unsync);
        match self.service.call(request).await {
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
        }
    }

    /// Whether the caller may know that an object does not exist.
    fn may_see_what_is_missing(&self, request: &Request) -> bool {
        let may_list = |bucket: &Bucket| {
            self.permissions
                .allow(request.headers(), request.uri(), "s3:ListBucket", &bucket.name, None)
        };
        self.bucket(request).is_none_or(may_list)
    }

    /// Stores an object for another service of the local cloud.
    pub fn keep(&self, bucket: &str, key: &str, content: &str) -> Result<()> {
        let attributes = Attributes {
            content_type: Some("application/json".to_owned()),
            ..Attributes::default()
        };
        self.objects.put(
            (bucket, key),
            attributes,
            Tags::new(),
            content.as_bytes(),
            now_ms(),
            |_| true,
        )?;
        Ok(())
    }

    /// The keys and contents of a bucket.
    #[cfg(test)]
    pub fn list(&self, bucket: &str) -> Result<Vec<(String, String)>> {
        let keys = self.objects.list(bucket, "")?.into_iter().map(|(key, _)| key);
        let read = |key: String| {
            let content = self.objects.get((bucket, &key))?.map(|(_, content)| content);
            Ok((key, String::from_utf8_lossy(&content.unwrap_or_default()).into_owned()))
        };
        keys.map(read).collect()
    }

    /// The distribution's routes, if there is one.
    pub fn cdn(&self) -> Router {
        match &self.distribution {
            Some(distribution) => cdn::routes(self.objects.clone(), distribution.clone()),
            None => Router::new(),
        }
    }

    /// Deletes the objects that lifecycle rules have expired. S3 waits until the next midnight; the local cloud does not.
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

/// The secret of the one access key that the local cloud hands out.
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
