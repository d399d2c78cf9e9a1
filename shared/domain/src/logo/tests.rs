//! Which uploads are images.

use super::*;

fn png(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend(width.to_be_bytes());
    header.extend(height.to_be_bytes());
    header.extend([8, 6, 0, 0, 0]);
    let checksum = crc32fast::hash(&header).to_be_bytes();
    [
        b"\x89PNG\r\n\x1a\n\0\0\0\x0d",
        header.as_slice(),
        &checksum,
        b"and its pixels",
    ]
    .concat()
}

/// A JPEG with this much metadata before its size.
fn jpeg(width: u16, height: u16, metadata: usize) -> Vec<u8> {
    let mut bytes = vec![0xFF, 0xD8];
    let mut rest = metadata;
    while rest > 0 {
        let part = rest.min(60_000);
        bytes.extend([0xFF, 0xE1]);
        bytes.extend((part as u16 + 2).to_be_bytes());
        bytes.extend(std::iter::repeat_n(0xAB, part));
        rest -= part;
    }
    bytes.extend([0xFF, 0xC0, 0, 17, 8]);
    bytes.extend(height.to_be_bytes());
    bytes.extend(width.to_be_bytes());
    bytes.extend(*b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01 and its pixels");
    bytes
}

fn riff(chunk: &[u8]) -> Vec<u8> {
    let length = (chunk.len() as u32 + 4).to_le_bytes();
    [b"RIFF", length.as_slice(), b"WEBP", chunk].concat()
}

fn lossy(width: u16, height: u16) -> Vec<u8> {
    let (width, height) = (width.to_le_bytes(), height.to_le_bytes());
    riff(
        &[
            b"VP8 \x20\0\0\0\x30\x01\0\x9d\x01\x2a",
            width.as_slice(),
            &height,
            b"pixels",
        ]
        .concat(),
    )
}

fn lossless(width: u32, height: u32) -> Vec<u8> {
    let size = ((width - 1) | ((height - 1) << 14)).to_le_bytes();
    riff(&[b"VP8L\x20\0\0\0\x2f", size.as_slice(), b"pixels"].concat())
}

fn extended(width: u32, height: u32) -> Vec<u8> {
    let (width, height) = ((width - 1).to_le_bytes(), (height - 1).to_le_bytes());
    riff(&[b"VP8X\x0a\0\0\0\x10\0\0\0", &width[..3], &height[..3], b"pixels"].concat())
}

fn inspect(bytes: &[u8]) -> Result<ImageType, &'static str> {
    let start = &bytes[..bytes.len().min(HEADER_BYTES)];
    ImageType::inspect(start, bytes.len() as u64)
}

#[test]
fn images_of_1_to_4096_pixels_are_accepted() {
    for side in [1, 37, 4096] {
        let (narrow, wide) = (side as u16, side);
        for (bytes, kind) in [
            (png(side, 1), ImageType::Png),
            (png(1, side), ImageType::Png),
            (jpeg(narrow, 1, 0), ImageType::Jpeg),
            (jpeg(1, narrow, 200_000), ImageType::Jpeg),
            (lossy(narrow, narrow), ImageType::Webp),
            (lossless(wide, wide), ImageType::Webp),
            (extended(wide, wide), ImageType::Webp),
        ] {
            assert_eq!(inspect(&bytes), Ok(kind), "{side}");
        }
    }
}

#[test]
fn larger_and_empty_images_are_refused() {
    let mut refused = vec![png(0, 1), png(1, 0), jpeg(0, 1, 0), jpeg(1, 0, 0), lossy(0, 1)];
    refused.extend([
        png(4097, 1),
        png(1, 4097),
        png(u32::MAX, 1),
        jpeg(4097, 1, 0),
        jpeg(1, u16::MAX, 0),
    ]);
    refused.extend([
        lossy(4097, 1),
        lossless(1, 4097),
        extended(4097, 1),
        extended(1 << 24, 1),
    ]);
    for bytes in refused {
        let message = inspect(&bytes).unwrap_err();
        assert!(message.contains("from 1 to 4,096 pixels"), "{message}: {bytes:?}");
    }
}

#[test]
fn an_image_without_its_whole_header_is_refused() {
    for (whole, header) in [
        (png(9, 9), 33),
        (jpeg(9, 9, 100), 113),
        (lossy(9, 9), 30),
        (lossless(9, 9), 25),
        (extended(9, 9), 30),
    ] {
        assert!(inspect(&whole).is_ok());
        for end in 0..header {
            assert!(inspect(&whole[..end]).is_err(), "{end} of {whole:?}");
        }
    }
}

#[test]
fn a_fake_header_is_refused() {
    let mut checksum = png(9, 9);
    checksum[29] ^= 1;
    let mut other_chunk = png(9, 9);
    other_chunk[12..16].copy_from_slice(b"IEND");
    let mut magic = lossy(9, 9);
    magic[23] = 0;
    let unknown = riff(b"VP9 \x20\0\0\0 and thirty bytes of something");
    let mut declared = lossless(9, 9);
    declared[4] += 1;
    let text = b"\xff\xd8\xff\xe0 and so on, without a segment that gives a size".to_vec();
    for bytes in [checksum, other_chunk, magic, unknown, declared, text] {
        assert_eq!(
            inspect(&bytes),
            Err("is of an image that is cut off or damaged"),
            "{bytes:?}"
        );
    }
}

#[test]
fn a_size_behind_too_much_metadata_is_not_looked_for() {
    let message = inspect(&jpeg(9, 9, HEADER_BYTES)).unwrap_err();
    assert!(message.contains("more than 256 KiB of metadata"), "{message}");
}

#[test]
fn other_types_are_refused() {
    for other in [
        &b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'/>"[..],
        b"GIF89a\x09\0\x09\0 and its pixels, which are many",
        b"RIFF\x24\0\0\0WAVEfmt and its samples, which are many",
        b"\x89PNG\n\x1a\n\0\0\0\x0dIHDR\0\0\0\x09\0\0\0\x09",
        b"\xff\xd8",
        b"",
    ] {
        let message = inspect(other).unwrap_err();
        assert!(
            message.contains("not a PNG, JPEG or WebP image"),
            "{message}: {other:?}"
        );
    }
}
