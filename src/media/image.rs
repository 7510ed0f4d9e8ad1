//! Decodes what users upload, and encodes its pixels anew as a square. Nothing else of a file is kept: no metadata, no
//! further frames, no bytes that are also something else.

use std::io::Cursor;

use image::{
    DynamicImage, ExtendedColorType, GenericImageView as _, ImageDecoder as _, ImageEncoder as _, ImageFormat,
    ImageReader, Limits,
    codecs::{jpeg::JpegEncoder, png::PngEncoder},
    imageops::FilterType,
    metadata::Orientation,
};
use sha2::{Digest as _, Sha256};

use crate::{
    model::{MediaFormat, MediaName},
    secret::hex,
};

/// The largest file.
pub const MAX_BYTES: usize = 2 * 1024 * 1024;

/// The width and height of a stored image.
const SIDE: u32 = 512;

const MAX_SIDE: u32 = 8192;
const MAX_PIXELS: u64 = 25_000_000;

/// Memory for a decoder and its pixels, without the coefficients of a progressive JPEG.
const MAX_MEMORY: u64 = 160 * 1024 * 1024;

/// A progressive JPEG may repeat passes over all of its pixels; encoders make about ten.
const MAX_SCANS: usize = 32;

const JPEG_QUALITY: u8 = 85;

/// An image as it is stored.
pub struct Square {
    /// Its name.
    pub name: MediaName,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The file is no image of a supported format, is damaged, or has too many pixels.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a usable image")]
pub struct Unusable;

/// The first frame of a PNG, JPEG, GIF or WebP as a square. Takes up to some hundred milliseconds of CPU time.
///
/// # Errors
/// [`Unusable`].
pub fn square(file: &[u8]) -> Result<Square, Unusable> {
    let (image, orientation) = decode(file).ok_or(Unusable)?;
    let mut square = cut(image);
    square.apply_orientation(orientation);
    let (bytes, format) = encode(square).ok_or(Unusable)?;
    Ok(Square { name: MediaName::new(&hex(&Sha256::digest(&bytes)), format), bytes })
}

/// The image, and how it is to be turned. That is part of the metadata, which is not kept.
fn decode(file: &[u8]) -> Option<(DynamicImage, Orientation)> {
    // The bytes decide, not what a client says of them.
    let format = image::guess_format(file).ok()?;
    let is_supported = matches!(format, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Gif | ImageFormat::WebP);
    if !is_supported || (format == ImageFormat::Jpeg && scans(file) > MAX_SCANS) {
        return None;
    }
    let mut reader = ImageReader::with_format(Cursor::new(file), format);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height) = (Some(MAX_SIDE), Some(MAX_SIDE));
    limits.max_alloc = Some(MAX_MEMORY);
    reader.limits(limits);
    let mut decoder = reader.into_decoder().ok()?;
    let (width, height) = decoder.dimensions();
    if u64::from(width) * u64::from(height) > MAX_PIXELS || decoder.total_bytes() > MAX_MEMORY {
        return None;
    }
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    Some((DynamicImage::from_decoder(decoder).ok()?, orientation))
}

/// How many scans a JPEG has. The marker can't occur in the data of a scan; in metadata it counts too.
fn scans(file: &[u8]) -> usize {
    file.windows(2).filter(|pair| matches!(pair, [0xFF, 0xDA])).count()
}

/// The square in the middle, in the stored size.
fn cut(image: DynamicImage) -> DynamicImage {
    /// Above this, averages are as good, and need no second image of that size.
    const MAX_RESIZED: u32 = 2 * SIDE;
    let (width, height) = image.dimensions();
    let side = width.min(height);
    let image = if side > MAX_RESIZED {
        let scaled = |length: u32| {
            let scaled = u64::from(length) * u64::from(MAX_RESIZED) / u64::from(side);
            u32::try_from(scaled).unwrap_or(MAX_RESIZED)
        };
        image.thumbnail_exact(scaled(width), scaled(height))
    } else {
        image
    };
    let (width, height) = image.dimensions();
    let side = width.min(height);
    let middle = image.crop_imm((width - side) / 2, (height - side) / 2, side, side);
    middle.resize_exact(SIDE, SIDE, FilterType::CatmullRom)
}

fn encode(square: DynamicImage) -> Option<(Vec<u8>, MediaFormat)> {
    let mut bytes = Vec::new();
    let square = square.into_rgba8();
    if square.pixels().all(|pixel| pixel.0.last() == Some(&u8::MAX)) {
        let opaque = DynamicImage::ImageRgba8(square).into_rgb8();
        JpegEncoder::new_with_quality(&mut bytes, JPEG_QUALITY)
            .write_image(&opaque, SIDE, SIDE, ExtendedColorType::Rgb8)
            .ok()?;
        return Some((bytes, MediaFormat::Jpeg));
    }
    PngEncoder::new(&mut bytes).write_image(&square, SIDE, SIDE, ExtendedColorType::Rgba8).ok()?;
    Some((bytes, MediaFormat::Png))
}
