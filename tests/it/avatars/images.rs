//! What becomes of an uploaded image.

use std::io::Cursor;

use image::{DynamicImage, Frame, ImageFormat, Rgba, RgbaImage, codecs::gif::GifEncoder};

use super::{Gallery, avatar_of, path, upload};
use crate::support::User;

/// A picture whose left half is red and whose right half is blue.
pub fn picture(format: &str, width: u32, height: u32) -> Vec<u8> {
    let color = |x| if x < width / 2 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 255]) };
    encode(format, &RgbaImage::from_fn(width, height, |x, _| color(x)))
}

fn encode(format: &str, image: &RgbaImage) -> Vec<u8> {
    let format = ImageFormat::from_extension(format).unwrap();
    let mut image = DynamicImage::ImageRgba8(image.clone());
    if format == ImageFormat::Jpeg {
        image = DynamicImage::ImageRgb8(image.into_rgb8());
    }
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

/// The content type and the bytes of a form with these fields and a file.
pub fn form(fields: &[(&str, &str)], file: &[u8]) -> (String, Vec<u8>) {
    const LINE: &str = "\r\n";
    let mut body = Vec::new();
    for (name, value) in fields {
        let head = format!("--x-y{LINE}content-disposition: form-data; name=\"{name}\"{LINE}{LINE}{value}{LINE}");
        body.extend(head.bytes());
    }
    let head = "content-disposition: form-data; name=\"file\"; filename=\"../../etc/a.svg\"";
    body.extend(format!("--x-y{LINE}{head}{LINE}content-type: image/svg+xml{LINE}{LINE}").bytes());
    body.extend(file);
    body.extend(format!("{LINE}--x-y--{LINE}").bytes());
    ("multipart/form-data; boundary=x-y".to_owned(), body)
}

/// The stored file and the image in it.
pub async fn stored(g: &Gallery, user: &User) -> (Vec<u8>, RgbaImage) {
    let res = g.t.anon().get(&path(&avatar_of(user).await)).send().await;
    assert_eq!(res.status, 200);
    (res.body.to_vec(), image::load_from_memory(&res.body).unwrap().into_rgba8())
}

fn is_red(pixel: Rgba<u8>) -> bool {
    pixel.0[0] > 200 && pixel.0[2] < 60
}

#[actix_web::test]
async fn png_jpeg_webp_and_gif_of_any_size_become_a_square_of_512_from_the_middle() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    for (format, width, height) in
        [("png", 700, 400), ("jpg", 3000, 1200), ("webp", 512, 512), ("gif", 40, 300), ("png", 1, 1), ("png", 2, 9)]
    {
        upload(&alice, picture(format, width, height)).await.assert_ok();
        let (_, image) = stored(&g, &alice).await;
        assert_eq!(image.dimensions(), (512, 512), "{format}");
        if width > 2 {
            assert!(is_red(*image.get_pixel(5, 256)) && !is_red(*image.get_pixel(506, 256)), "{format} {width}");
        }
    }
    // The content type and the file name, which a client chooses, mean nothing.
    let (content_type, body) = form(&[], &picture("gif", 30, 30));
    let res = alice.v1.post("/v1/user/avatar").header("content-type", &content_type).body(body).send().await;
    res.assert_ok();
    let body = picture("webp", 90, 30);
    alice.v1.post("/v1/user/avatar").header("content-type", "text/html").body(body).send().await.assert_ok();
}

#[actix_web::test]
async fn transparent_pixels_stay_transparent() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;

    upload(&alice, encode("webp", &RgbaImage::from_pixel(600, 600, Rgba([9, 9, 9, 0])))).await.assert_ok();
    let (file, image) = stored(&g, &alice).await;
    assert!(file.starts_with(b"\x89PNG") && image.pixels().all(|pixel| pixel.0[3] == 0));
}

#[actix_web::test]
async fn metadata_is_not_kept_and_the_orientation_in_it_is_applied() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    // A TIFF with one entry, orientation 6: to be turned by 90 degrees clockwise.
    let mut exif = b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0".to_vec();
    exif.extend(b"GPS 51.4779N");
    let jpeg = picture("jpg", 600, 600);
    let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
    let file = [&jpeg[..2], &[0xFF, 0xE1], &length, &exif, &jpeg[2..]].concat();

    upload(&alice, file).await.assert_ok();
    let (file, image) = stored(&g, &alice).await;
    let has = |text: &[u8]| file.windows(text.len()).any(|part| part == text);
    assert!(!has(b"Exif") && !has(b"GPS"));
    assert!(is_red(*image.get_pixel(256, 5)) && !is_red(*image.get_pixel(256, 506)));
}

#[actix_web::test]
async fn only_the_first_frame_of_an_animation_is_kept() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let mut file = Vec::new();
    let frame = |number: u32| {
        let color = if number == 0 { Rgba([255, 0, 0, 255]) } else { Rgba([0, 0, 255, 255]) };
        Frame::new(RgbaImage::from_pixel(16, 16, color))
    };
    GifEncoder::new_with_speed(&mut file, 30).encode_frames((0..1000).map(frame)).unwrap();

    upload(&alice, file).await.assert_ok();
    let (file, image) = stored(&g, &alice).await;
    assert!(file.len() < 20_000 && image.pixels().all(|pixel| is_red(*pixel)));
}

#[actix_web::test]
async fn the_same_image_is_stored_once() {
    let g = Gallery::new().await;
    for name in ["alice", "bob"] {
        let user = g.t.user(name).await;
        upload(&user, picture("png", 600, 600)).await.assert_ok();
        upload(&user, picture("webp", 600, 600)).await.assert_ok();
    }
    assert_eq!(g.files().len(), 1);
}
