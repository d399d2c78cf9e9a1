//! Logos: image types, and the requests and answers of uploads.

use crate::{
    Object,
    fields::{Field, Rule},
};
use serde::{Deserialize, Serialize};
use typeid_suffix::prelude::TypeIdSuffix;
use uuid::Uuid;

/// The size limit of an image: 2 MiB.
pub const LARGEST: u64 = 2 * 1024 * 1024;

/// How many of an image's first bytes identify its type.
pub const SIGNATURE_BYTES: usize = 12;

/// The logo of a customer or client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Logo {
    pub url: String,
    pub receipt: String,
}

pub const OBJECT: &Object = &Object::new(
    "Logo",
    &[
        Field::new("url", Rule::Website, "The public URL of the image.").read_only(),
        Field::new("receipt", RECEIPT_RULE, "The receipt of its upload.").read_only(),
    ],
);

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

    /// The type that the first bytes of an image identify.
    pub fn of_bytes(start: &[u8]) -> Option<Self> {
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
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_their_first_bytes() {
        assert_eq!(
            ImageType::of_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\x0d"),
            Some(ImageType::Png)
        );
        assert_eq!(
            ImageType::of_bytes(b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01"),
            Some(ImageType::Jpeg)
        );
        assert_eq!(ImageType::of_bytes(b"RIFF\x24\0\0\0WEBPVP8 "), Some(ImageType::Webp));
        for other in [
            &b"<svg xmlns="[..],
            b"GIF89a",
            b"RIFF\x24\0\0\0WAVEfmt ",
            b"\x89PNG\n\x1a\n",
            b"\xff\xd8",
            b"",
        ] {
            assert_eq!(ImageType::of_bytes(other), None, "{other:?}");
        }
    }
}
