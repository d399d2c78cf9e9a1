//! The permissions that functions' roles give in S3. The local cloud has no other IAM; S3 has it because its answers depend on it: a missing object
//! is a 404 only to a caller that may list the bucket, and a 403 to others.
//!
//! A function's session token is its name. A caller without such a token is the developer, who may do everything.

use std::collections::BTreeMap;

use async_trait::async_trait;
use axum::http::{HeaderMap, Uri};
use s3s::access::{S3Access, S3AccessContext};
use s3s::path::S3Path;
use s3s::{S3Result, s3_error};
use serde_json::Value;

use crate::plan::{Function, Role};
use crate::template::allows;

/// The statements of each function's role, by the function's name.
#[derive(Clone, Debug, Default)]
pub struct Permissions(BTreeMap<String, Vec<Value>>);

impl Permissions {
    pub fn of(functions: &[Function], roles: &[Role]) -> Self {
        let statements_of = |function: &Function| {
            let role = roles.iter().find(|role| Some(&role.arn) == function.role.as_ref())?;
            Some((function.name.clone(), role.statements.clone()))
        };
        Self(functions.iter().filter_map(statements_of).collect())
    }

    /// Whether the caller may do an action, such as `s3:ListBucket`, on a bucket or an object.
    pub fn allow(&self, headers: &HeaderMap, uri: &Uri, action: &str, bucket: &str, key: Option<&str>) -> bool {
        let Some(statements) = caller(headers, uri).and_then(|name| self.0.get(&name)) else {
            return true;
        };
        let resource = match key {
            Some(key) => format!("arn:aws:s3:::{bucket}/{key}"),
            None => format!("arn:aws:s3:::{bucket}"),
        };
        allows(statements, action, &resource)
    }
}

/// The session token: SDKs send it in a header, and a presigned URL has it in its query.
fn caller(headers: &HeaderMap, uri: &Uri) -> Option<String> {
    if let Some(token) = headers.get("x-amz-security-token") {
        return Some(token.to_str().ok()?.to_owned());
    }
    let mut pairs = uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
    let (_, token) = pairs.find(|(name, _)| *name == "X-Amz-Security-Token")?;
    Some(
        percent_encoding::percent_decode_str(token)
            .decode_utf8()
            .ok()?
            .into_owned(),
    )
}

#[async_trait]
impl S3Access for Permissions {
    async fn check(&self, request: &mut S3AccessContext<'_>) -> S3Result<()> {
        let denied = || s3_error!(AccessDenied, "Access Denied");
        if request.credentials().is_none() {
            return Err(denied());
        }
        let (headers, uri) = (request.headers(), request.uri());
        let operation = request.s3_op().name();
        let is_allowed = match request.s3_path() {
            S3Path::Root => true,
            S3Path::Bucket { bucket } => match operation {
                "DeleteObjects" => self.allow(headers, uri, "s3:DeleteObject", bucket, Some("*")),
                _ => self.allow(headers, uri, "s3:ListBucket", bucket, None),
            },
            S3Path::Object { bucket, key } => {
                let on_object = |action: &str| self.allow(headers, uri, &format!("s3:{action}"), bucket, Some(key));
                match operation {
                    "HeadObject" => on_object("GetObject"),
                    "CopyObject" => {
                        on_object("PutObject")
                            && (!headers.contains_key("x-amz-tagging") || on_object("PutObjectTagging"))
                            && source(headers).is_none_or(|(bucket, key)| {
                                self.allow(headers, uri, "s3:GetObject", &bucket, Some(&key))
                            })
                    }
                    other => on_object(other),
                }
            }
        };
        if is_allowed { Ok(()) } else { Err(denied()) }
    }
}

/// The bucket and key from which a copy is made.
fn source(headers: &HeaderMap) -> Option<(String, String)> {
    let source = headers.get("x-amz-copy-source")?.as_bytes();
    let source = percent_encoding::percent_decode(source).decode_utf8().ok()?;
    let (bucket, key) = source.trim_start_matches('/').split_once('/')?;
    Some((bucket.to_owned(), key.to_owned()))
}
