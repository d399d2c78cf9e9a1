//! Logos: image types, and the requests and answers of uploads.

use crate::{
    EntityKind, Object,
    fields::{Field, Rule},
};
use imagesize::ImageError;
use serde::{Deserialize, Serialize};
use typeid_suffix::prelude::TypeIdSuffix;
use uuid::Uuid;

/// The size limit of an image: 2 MiB.
pub const LARGEST: u64 = 2 * 1024 * 1024;

/// How many of an image's first bytes are read. Its size comes in the first 33, except in a JPEG, where metadata such as previews and
/// colour profiles may come first.
pub const HEADER_BYTES: usize = 256 * 1024;

/// The limit of an image's width and height, in pixels.
const LONGEST_SIDE: usize = 4096;

/// The logo of a customer or client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Logo {
    pub url: String,
    pub receipt: String,
}

/// Its name in problems. It has no key of its own.
pub const KIND: EntityKind = EntityKind {
    name: "Logo",
    prefix: "",
};

pub const OBJECT: &Object = &Object::new(
    "Logo",
    &[
        Field::new("url", Rule::Website, "The public URL of the image.").read_only(),
        Field::new("receipt", RECEIPT_RULE, "The receipt of its upload.").read_only(),
    ],
);

/// The logo that a customer or client shows, with the version of the customer or client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ShownLogo {
    #[serde(flatten)]
    pub logo: Logo,
    #[serde(skip)]
    pub version: u64,
}

/// Not SVG: an SVG document can contain scripts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum ImageType {
    #[serde(rename = "image/png")]
    Png,
    #[serde(rename = "image/jpeg")]
    Jpeg,
    #[serde(rename = "image/webp")]
    Webp,
}

impl ImageType {
    const ALL: [Self; 3] = [Self::Png, Self::Jpeg, Self::Webp];

    /// Its media type.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Webp => "image/webp",
        }
    }

    pub const fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The type of an image with these first bytes and this length, or the reason why it is not an acceptable image.
    pub fn inspect(start: &[u8], length: u64) -> Result<Self, &'static str> {
        const CUT_OFF: &str = "is of an image that is cut off or damaged";
        let image = Self::of_bytes(start).ok_or("is of an upload that is not a PNG, JPEG or WebP image")?;
        if !image.has_header(start, length) {
            return Err(CUT_OFF);
        }
        let size = match imagesize::blob_size(start) {
            Ok(size) => size,
            Err(ImageError::IoError(_)) if (start.len() as u64) < length => {
                return Err("is of an image with more than 256 KiB of metadata before its size: remove the metadata");
            }
            Err(_) => return Err(CUT_OFF),
        };
        let sides = [size.width, size.height];
        if sides.iter().all(|side| (1..=LONGEST_SIDE).contains(side)) {
            Ok(image)
        } else {
            Err("is of an image whose width or height is not from 1 to 4,096 pixels")
        }
    }

    /// Whether the header that comes before the size is whole.
    fn has_header(self, start: &[u8], length: u64) -> bool {
        match self {
            // The first chunk, and its checksum.
            Self::Png => match start.get(8..33) {
                Some([0, 0, 0, 13, chunk @ .., a, b, c, d]) => {
                    chunk.starts_with(b"IHDR") && crc32fast::hash(chunk) == u32::from_be_bytes([*a, *b, *c, *d])
                }
                _ => false,
            },
            // The segments are walked to find the size.
            Self::Jpeg => true,
            // The declared length, and the first chunk's type and magic bytes.
            Self::Webp => {
                let declared = start
                    .get(4..8)
                    .and_then(|bytes| bytes.try_into().ok())
                    .map(u32::from_le_bytes);
                let is_whole = declared.is_some_and(|bytes| u64::from(bytes) + 8 <= length);
                let has_chunk = match start.get(12..16) {
                    Some(b"VP8 ") => start.get(23..26) == Some(&[0x9D, 0x01, 0x2A]),
                    Some(b"VP8L") => start.get(20) == Some(&0x2F),
                    Some(b"VP8X") => true,
                    _ => false,
                };
                is_whole && has_chunk
            }
        }
    }

    /// The type that the first bytes of an image identify.
    fn of_bytes(start: &[u8]) -> Option<Self> {
        match start {
            // A PNG's signature. Its line ends reveal a transfer in text mode.
            [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1A, b'\n', ..] => Some(Self::Png),
            [0xFF, 0xD8, 0xFF, ..] => Some(Self::Jpeg),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            _ => None,
        }
    }
}

/// A request for an upload.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct WantedUpload {
    pub content_type: ImageType,
    pub bytes: u64,
}

const CONTENT_TYPE: Rule = Rule::OneOf(&["image/png", "image/jpeg", "image/webp"]);

pub const WANTED_FIELDS: &[Field] = &[
    Field::new(
        "contentType",
        CONTENT_TYPE,
        "The image's media type. SVG is not allowed: it can contain scripts.",
    )
    .required(),
    Field::new(
        "bytes",
        Rule::Whole {
            min: 1,
            max: LARGEST as i64,
        },
        "The image's exact size in bytes: at most 2 MiB. The upload must have this size.",
    )
    .required(),
];

const RECEIPT_RULE: Rule = Rule::Form {
    regex: "^[0-9a-hjkmnp-tv-z]{26}$",
    fits: is_receipt,
    message: "must be a receipt that was issued with an upload",
};

const RECEIPT: Field = Field::new("receipt", RECEIPT_RULE, "Identifies an upload, and confirms it.").required();

pub const CONFIRMED_FIELDS: &[Field] = &[RECEIPT];

const HEADERS: &Object = &Object::new(
    "UploadHeaders",
    &[
        Field::new("content-type", CONTENT_TYPE, "As requested.").required(),
        Field::new("content-length", Rule::Text { min: 1, max: 7 }, "As requested.").required(),
    ],
);

const UPLOAD: &Object = &Object::new(
    "UploadRequest",
    &[
        Field::new("method", Rule::OneOf(&["PUT"]), "The HTTP method of the upload.").required(),
        // It contains a role's credentials, so it is longer than other URLs.
        Field::new(
            "url",
            Rule::Text { min: 1, max: 8192 },
            "The signed URL of the upload. Anyone who has it can upload: keep it secret.",
        )
        .required(),
        Field::new(
            "headers",
            Rule::Object(HEADERS),
            "The headers of the upload. They are signed: send them unchanged.",
        )
        .required(),
    ],
);

/// The fields of the answer to a request for an upload.
pub fn wanted_view_fields() -> Vec<Field> {
    vec![
        RECEIPT,
        Field::new("upload", Rule::Object(UPLOAD), "The request that uploads the image.").required(),
        Field::new("expiresAt", Rule::Time, "When the signed URL expires.").required(),
    ]
}

/// A receipt, or the name of a published logo.
pub fn name(id: Uuid) -> String {
    TypeIdSuffix::from(id).to_string()
}

/// 26 characters of Crockford base32: it cannot contain a path to another folder.
pub fn is_receipt(text: &str) -> bool {
    text.len() == 26
        && text
            .bytes()
            .all(|b| b.is_ascii_digit() || (b.is_ascii_lowercase() && !b"ilou".contains(&b)))
}

#[cfg(test)]
mod tests;
