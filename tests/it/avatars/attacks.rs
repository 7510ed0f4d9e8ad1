//! Uploads that are not images, or are meant to cost much.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use actix_web::web::Bytes;
use futures_util::stream;

use super::{
    Gallery,
    images::{form, picture, stored},
    put, token_of, upload,
};

pub const UNUSABLE: &str = "json | 200 | -1 | 请求参数错误: 图片须为 PNG、JPEG、WebP 或 GIF，且未损坏、尺寸不过大";

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg()))
    })
}

/// A PNG that claims this size, with few data.
fn claiming(width: u32, height: u32) -> Vec<u8> {
    let mut header = b"IHDR".to_vec();
    header.extend([width.to_be_bytes(), height.to_be_bytes()].concat());
    header.extend([8, 6, 0, 0, 0]);
    let real = picture("png", 8, 8);
    // The signature, and then the header in place of the real one.
    let sum = crc(&header);
    [&real[..8], &[0, 0, 0, 13], &header, &sum.to_be_bytes(), &real[33..]].concat()
}

#[actix_web::test]
async fn what_is_not_an_intact_image_of_a_supported_format_is_refused() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let (png, jpeg) = (picture("png", 300, 200), picture("jpg", 300, 200));
    let files: [(&str, Vec<u8>); 9] = [
        ("SVG", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec()),
        ("HTML", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("text", b"GIF".to_vec()),
        ("BMP", [b"BM".as_slice(), &[0; 100]].concat()),
        ("half a PNG", png[..png.len() / 2].to_vec()),
        ("a PNG's signature", png[..8].to_vec()),
        ("a JPEG's head", jpeg[..40].to_vec()),
        ("a GIF's head", picture("gif", 30, 30)[..12].to_vec()),
        ("a WebP's head", picture("webp", 30, 30)[..20].to_vec()),
    ];
    for (name, file) in files {
        assert_eq!(upload(&alice, file).await.line(), UNUSABLE, "{name}");
    }
    assert_eq!(upload(&alice, Vec::new()).await.line(), UNUSABLE);
    assert_eq!(g.files(), [""; 0]);
}

#[actix_web::test]
async fn an_image_with_too_many_pixels_is_refused_by_its_header() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    for (width, height) in [(30_000, 30_000), (8_193, 1), (1, 100_000), (8_000, 8_000), (u32::MAX, u32::MAX)] {
        assert_eq!(upload(&alice, claiming(width, height)).await.line(), UNUSABLE, "{width} x {height}");
    }
    // A JPEG whose scans are repeated would be decoded for minutes.
    let jpeg = picture("jpg", 64, 64);
    let scans = [jpeg.as_slice(), &[0xFF, 0xDA].repeat(100)].concat();
    assert_eq!(upload(&alice, scans).await.line(), UNUSABLE);
}

#[actix_web::test]
async fn nothing_of_a_file_is_served_but_its_pixels() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let file = [picture("png", 600, 600), b"<script>alert(1)</script>PK\x03\x04".to_vec()].concat();

    upload(&alice, file).await.assert_ok();
    let (file, _) = stored(&g, &alice).await;
    assert!(!file.windows(7).any(|part| part == b"<script"));
}

#[actix_web::test]
async fn a_body_over_two_mebibytes_is_refused_while_it_arrives() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let token = token_of(&alice).await;
    for path in ["/v1/user/avatar", "/v1/misc/qiniu-upload", "/media"] {
        let sent = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&sent);
        let chunks = stream::repeat_with(move || {
            counted.fetch_add(16_384, Ordering::Relaxed);
            Ok(Bytes::from_static(&[0; 16_384]))
        });
        let res = alice.v1.post(path).send_stream(chunks).await;
        assert_eq!(res.status, 413, "{path}");
        assert!(sent.load(Ordering::Relaxed) < 2_400_000, "{path}");
    }
    let file = vec![0; 2 * 1024 * 1024 + 1];
    assert_eq!(upload(&alice, file.clone()).await.status, 413);
    assert_eq!(put(&g.t.anon(), "/v1/misc/qiniu-upload", &[("token", &token)], &file).await.status, 413);
    let compressed = alice.v1.post("/v1/user/avatar").header("content-encoding", "gzip").body("x").send().await;
    assert_eq!(compressed.status, 415);
    // Other bodies have the limit that they had.
    let res = alice.v1.post("/v1/user/edit-avatar").body(vec![b' '; 300 * 1024]).send().await;
    assert_eq!(res.status, 413);
}

#[actix_web::test]
async fn few_files_of_an_address_arrive_at_the_same_time() {
    let g = Gallery::new().await;
    let (alice, source) = (g.t.user("alice").await, IpAddr::from([203, 0, 113, 7]));
    let uploads = &g.t.gateway.uploads;
    let mut arriving: Vec<_> = (0..8).map(|_| uploads.take(source).unwrap()).collect();
    let from = |number| alice.v1.clone().from(&format!("203.0.113.{number}"));
    let send = async |number| from(number).post("/v1/user/avatar").body(picture("png", 8, 8)).send().await.status;
    assert_eq!((send(7).await.as_u16(), send(8).await.as_u16()), (429, 200));
    arriving.pop();
    assert_eq!(send(7).await, 200);
    // However many addresses there are.
    arriving.extend((0..56).map(|number| uploads.take(IpAddr::from([198, 51, 100, number])).unwrap()));
    arriving.push(uploads.take(source).unwrap());
    assert_eq!(send(8).await, 429);
}

#[actix_web::test]
async fn a_name_leads_to_no_other_file() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    upload(&alice, picture("png", 600, 600)).await.assert_ok();
    std::fs::write(g.folder.path().join("media/secret.png"), "secret").unwrap();
    let hash = "0".repeat(40);
    for name in [
        "secret.png",
        "..%2fmedia%2fsecret.png",
        "%2e%2e/media/secret.png",
        "..%5csecret.png",
        ".",
        "..",
        "%00",
        &format!("{hash}.png"),
        &format!("{hash}.svg"),
        &"a".repeat(22),
        &format!("{}.png", "A".repeat(40)),
    ] {
        let res = g.t.anon().get(&format!("/media/{name}")).send().await;
        assert_eq!(res.line(), "json | 404 | 404 | no such path", "{name}");
    }
    // The key and the file name of a form name no file.
    let token = token_of(&alice).await;
    let fields = [("token", token.as_str()), ("key", "../../secret.png")];
    let res = put(&g.t.anon(), "/v1/misc/qiniu-upload", &fields, &picture("png", 9, 9)).await;
    let key = res.json()["key"].as_str().unwrap().to_owned();
    assert!(key.len() == 44 && g.files().contains(&key) && g.files().len() == 3);
}

#[actix_web::test]
async fn a_form_without_a_file_or_an_end_is_refused() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let (content_type, body) = form(&[], &picture("png", 9, 9));
    let post = |body: Vec<u8>| alice.v1.post("/v1/user/avatar").header("content-type", &content_type).body(body).send();
    post(body.clone()).await.assert_ok();
    for body in [body[..body.len() - 12].to_vec(), b"--x-y".to_vec(), vec![0; 100]] {
        assert_eq!(post(body).await.status, 400);
    }
    assert_eq!(post(b"--x-y--\r\n".to_vec()).await.line(), UNUSABLE);
    let (_, many) = form(&[("a", "b"); 40], &[]);
    assert_eq!(post(many).await.status, 400);
}
