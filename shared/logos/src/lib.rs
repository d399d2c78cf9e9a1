//! The objects of logos, in their bucket.
//!
//! | object | key |
//! |---|---|
//! | an upload, for one day | `uploads/<customer>/<receipt>`, `uploads/<customer>/<client>/<receipt>` |
//! | a published logo, served by the CDN | `logos/<name>.<extension>` |
//!
//! An upload can be overwritten with the same URL, so a logo is a copy of the inspected bytes, under a new name. A copy is tagged as
//! unconfirmed until a customer or client shows it. If none ever does, it is deleted within a day.

use aws_sdk_s3::{
    Client,
    error::{DisplayErrorContext, ProvideErrorMetadata, SdkError},
    presigning::PresigningConfig,
    types::{MetadataDirective, TaggingDirective},
};
use chrono::TimeDelta;
use domain::{
    Error, Owner, Result, Timestamp, View,
    fields::Field,
    logo::{self, HEADER_BYTES, ImageType, LARGEST, Logo, WantedUpload},
};
use serde::Serialize;
use std::{
    collections::BTreeMap,
    time::{Duration, SystemTime},
};
use uuid::Uuid;

pub const UPLOADS: &str = "uploads/";
pub const LOGOS: &str = "logos/";

/// The tag of an unconfirmed copy. A lifecycle rule of the bucket deletes objects with it.
const UNCONFIRMED: &str = "state=unconfirmed";

/// How long a signed URL is valid.
const UPLOAD_WINDOW: TimeDelta = TimeDelta::minutes(15);

/// A published logo never changes. A deleted one may stay in caches for this long.
const CACHED: &str = "public, max-age=86400, immutable";

/// Actions on the objects of a folder, which the policy of a calling function must grant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct ObjectGrant {
    pub folder: &'static str,
    /// Their names in an IAM policy, after `s3:`.
    pub actions: &'static [&'static str],
}

impl ObjectGrant {
    pub const fn on(folder: &'static str, actions: &'static [&'static str]) -> Self {
        Self { folder, actions }
    }

    /// Whether a call with it can meet a missing object. S3 then answers 404 only to a caller that may list the bucket, and 403 to others.
    pub fn can_miss(&self) -> bool {
        const ON_EXISTING: &[&str] = &["GetObject", "DeleteObjectTagging"];
        self.actions.iter().any(|action| ON_EXISTING.contains(action))
    }
}

pub struct Logos {
    pub client: Client,
    pub bucket: String,
    /// The URL at which the CDN serves published logos.
    pub url: String,
}

/// The answer to a request for an upload.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Upload {
    pub receipt: String,
    pub upload: UploadRequest,
    pub expires_at: Timestamp,
}

#[derive(Serialize)]
pub struct UploadRequest {
    pub method: String,
    pub url: String,
    pub headers: BTreeMap<String, String>,
}

impl View for Upload {
    const NAME: &'static str = "LogoUpload";

    fn fields() -> Vec<Field> {
        domain::logo::wanted_view_fields()
    }
}

impl Logos {
    pub const UPLOAD: ObjectGrant = ObjectGrant::on(UPLOADS, &["PutObject"]);
    /// Signs an upload of exactly the requested type and size.
    pub async fn upload(&self, owner: Owner, receipt: &str, wanted: &WantedUpload, now: Timestamp) -> Result<Upload> {
        let signing = PresigningConfig::builder()
            .start_time(SystemTime::UNIX_EPOCH + Duration::from_millis(now.millis()))
            .expires_in(UPLOAD_WINDOW.to_std().map_err(internal)?)
            .build()
            .map_err(internal)?;
        let signed = self
            .client
            .put_object()
            .bucket(&self.bucket)
            .key(upload_key(owner, receipt))
            .content_type(wanted.content_type.name())
            .content_length(i64::try_from(wanted.bytes).map_err(internal)?)
            .presigned(signing)
            .await
            .map_err(|e| internal(DisplayErrorContext(e)))?;
        // The SDK also adds headers that it does not sign, such as Lambda's trace id. The bucket's CORS rules refuse them.
        let is_signed = |name: &str| signed_headers(signed.uri()).any(|signed| signed == name);
        Ok(Upload {
            receipt: receipt.to_owned(),
            upload: UploadRequest {
                method: signed.method().to_owned(),
                url: signed.uri().to_owned(),
                headers: signed
                    .headers()
                    .filter(|(name, _)| is_signed(name))
                    .map(|(name, value)| (name.to_owned(), value.to_owned()))
                    .collect(),
            },
            expires_at: now.plus(UPLOAD_WINDOW),
        })
    }

    pub const PUBLISH: [ObjectGrant; 2] = [
        ObjectGrant::on(UPLOADS, &["GetObject"]),
        ObjectGrant::on(LOGOS, &["PutObject", "PutObjectTagging"]),
    ];
    /// Inspects an upload and publishes a copy of it.
    pub async fn publish(&self, owner: Owner, receipt: &str, id: Uuid) -> Result<Logo> {
        let upload = upload_key(owner, receipt);
        let (image, etag) = self.inspect(&upload).await?;
        let name = format!("{}.{}", logo::name(id), image.extension());
        let copied = self
            .client
            .copy_object()
            .bucket(&self.bucket)
            .key(format!("{LOGOS}{name}"))
            .copy_source(format!("{}/{upload}", self.bucket))
            .copy_source_if_match(etag)
            .metadata_directive(MetadataDirective::Replace)
            .content_type(image.name())
            .cache_control(CACHED)
            .tagging_directive(TaggingDirective::Replace)
            .tagging(UNCONFIRMED)
            .send()
            .await;
        match copied {
            Ok(_) => Ok(Logo {
                url: format!("{}/{name}", self.url),
                receipt: receipt.to_owned(),
            }),
            Err(error) if error.code() == Some("PreconditionFailed") => Err(Error::Conflict {
                field: "receipt",
                reason: "the image was uploaded again while it was inspected",
            }),
            Err(error) => Err(sdk_error(error)),
        }
    }

    /// The type of an upload, and the ETag of its bytes.
    async fn inspect(&self, key: &str) -> Result<(ImageType, String)> {
        let invalid = |message: &str| Err(Error::invalid("receipt", message));
        let got = self
            .client
            .get_object()
            .bucket(&self.bucket)
            .key(key)
            .range(format!("bytes=0-{}", HEADER_BYTES - 1))
            .send()
            .await;
        let object = match got {
            Ok(object) => object,
            Err(error) if error.code() == Some("NoSuchKey") => {
                return invalid("has no upload: nothing was uploaded with it in the last day");
            }
            // An empty object has no first bytes.
            Err(error) if error.code() == Some("InvalidRange") => return invalid("is of an empty upload"),
            Err(error) => return Err(sdk_error(error)),
        };
        let length = object
            .content_range()
            .and_then(|range| range.rsplit_once('/')?.1.parse().ok());
        let declared = object.content_type().and_then(ImageType::named);
        let etag = object.e_tag().unwrap_or_default().to_owned();
        let start = object
            .body
            .collect()
            .await
            .map_err(|e| Error::Unavailable(e.to_string()))?;
        let Some(length @ 1..=LARGEST) = length else {
            return invalid("is of an upload of more than 2 MiB");
        };
        match ImageType::inspect(&start.into_bytes(), length) {
            Ok(image) if Some(image) == declared => Ok((image, etag)),
            Ok(_) => invalid("is of an image whose type is not the requested one"),
            Err(message) => invalid(message),
        }
    }

    pub const KEEP: ObjectGrant = ObjectGrant::on(LOGOS, &["DeleteObjectTagging"]);
    /// Keeps a confirmed copy: removes its tag.
    pub async fn keep(&self, logo: &Logo) -> Result<()> {
        let kept = self
            .client
            .delete_object_tagging()
            .bucket(&self.bucket)
            .key(logo_key(logo))
            .send()
            .await;
        match kept {
            Ok(_) => Ok(()),
            // It was replaced and deleted meanwhile.
            Err(error) if error.code() == Some("NoSuchKey") => Ok(()),
            Err(error) => Err(sdk_error(error)),
        }
    }

    pub const REMOVE: ObjectGrant = ObjectGrant::on(LOGOS, &["DeleteObject"]);
    /// Deletes a copy that is no longer shown.
    pub async fn remove(&self, logo: &Logo) -> Result<()> {
        let removed = self
            .client
            .delete_object()
            .bucket(&self.bucket)
            .key(logo_key(logo))
            .send()
            .await;
        removed.map(drop).map_err(sdk_error)
    }
}

/// The names of the headers that a presigned URL covers.
fn signed_headers(url: &str) -> impl Iterator<Item = &str> {
    let query = url.split_once('?').map_or("", |(_, query)| query);
    let signed = query
        .split('&')
        .find_map(|pair| pair.strip_prefix("X-Amz-SignedHeaders="));
    signed.unwrap_or_default().split("%3B")
}

/// Each owner has a folder, so the receipt of another owner finds nothing.
fn upload_key(owner: Owner, receipt: &str) -> String {
    let customer = owner.tenant().key();
    match owner.client() {
        None => format!("{UPLOADS}{customer}/{receipt}"),
        Some(client) => format!("{UPLOADS}{customer}/{client}/{receipt}"),
    }
}

/// The name is the last part of the URL. The rest may change with the CDN.
fn logo_key(logo: &Logo) -> String {
    let name = logo.url.rsplit('/').next().unwrap_or_default();
    format!("{LOGOS}{name}")
}

fn internal(error: impl ToString) -> Error {
    Error::Internal(error.to_string())
}

/// An unexpected error of S3's. The caller learns whether a retry may help; the text is for the log.
fn sdk_error<E>(error: SdkError<E>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let code = error.code().map(str::to_owned);
    let text = DisplayErrorContext(error).to_string();
    match code.as_deref() {
        Some("AccessDenied" | "NoSuchBucket" | "InvalidRequest") => Error::Internal(text),
        _ => Error::Unavailable(text),
    }
}
