//! Avatars that users upload (docs/media.md).

mod attacks;
pub mod images;
mod lifetime;
mod tokens;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::images::{form, picture};
use crate::{
    metrics::value,
    support::{Client, Res, TestApp, User},
};

/// A gateway whose images are in a folder, on any database.
pub struct Gallery {
    pub t: TestApp,
    pub folder: TempDir,
}

impl Gallery {
    pub async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("file:{}", folder.path().join("media").display());
        let t = TestApp::with(|config| config.media = Some(url.parse().unwrap())).await;
        Self { t, folder }
    }

    /// The names of the stored files.
    pub fn files(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(self.folder.path().join("media")) else { return Vec::new() };
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

pub async fn upload(user: &User, file: Vec<u8>) -> Res {
    user.v1.post("/v1/user/avatar").header("content-type", "image/png").body(file).send().await
}

/// The path in a URL of the gateway.
pub fn path(url: &Value) -> String {
    let url = url::Url::parse(url.as_str().unwrap()).unwrap();
    url.query().map_or_else(|| url.path().to_owned(), |query| format!("{}?{query}", url.path()))
}

pub async fn avatar_of(user: &User) -> Value {
    let own = user.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    own["data"]["user"]["avatarUrl"].clone()
}

/// A token in the form of Qiniu.
pub async fn token_of(user: &User) -> String {
    let res = user.v1.get("/v1/misc/qiniu-token").send().await;
    res.assert_line("json | 200 | 1");
    res.json()["data"]["token"].as_str().unwrap().to_owned()
}

/// Uploads as the clients of Qiniu do.
pub async fn put(client: &Client, path: &str, fields: &[(&str, &str)], file: &[u8]) -> Res {
    let (content_type, body) = form(fields, file);
    client.post(path).header("content-type", &content_type).body(body).send().await
}

#[actix_web::test]
async fn an_uploaded_image_becomes_the_avatar_and_is_served_to_anyone_for_ever() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;

    let res = upload(&alice, picture("png", 700, 400)).await;
    res.assert_line("json | 200 | 1");
    let data = res.json()["data"].clone();
    let (url, key) = (avatar_of(&alice).await, data["key"].as_str().unwrap().to_owned());
    assert_eq!(data, json!({"avatarUrl": format!("http://localhost:8080/media/{key}"), "key": key}));
    assert_eq!(url, data["avatarUrl"]);
    for client in [g.t.anon(), g.t.web()] {
        let res = client.get(&path(&url)).header("accept-encoding", "br").send().await;
        assert_eq!((res.status.as_u16(), res.header("content-type")), (200, "image/jpeg"));
        assert_eq!(res.header("cache-control"), "public, max-age=31536000, immutable");
        assert_eq!(res.header("x-content-type-options"), "nosniff");
        assert_eq!(res.header("content-disposition"), format!("inline; filename=\"{key}\""));
        assert!(res.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!((res.header("etag"), res.header("content-encoding")), (format!("\"{}\"", &key[..40]).as_str(), ""));
        let again = client.get(&path(&url)).header("if-none-match", res.header("etag")).send().await;
        assert_eq!((again.status.as_u16(), again.body.len()), (304, 0));
        assert_eq!(again.header("cache-control"), res.header("cache-control"));
    }
}

#[actix_web::test]
async fn the_answers_of_v1_have_the_encoding_that_the_client_wants() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let proto = alice.clone().v1.header("accept", "application/x-protobuf");

    let res = proto.post("/v1/user/avatar").body(picture("jpeg", 600, 600)).send().await;
    let answer: diglot::transport::pb::UploadAvatarResponse = res.proto();
    assert_eq!(
        (answer.status.unwrap().code, answer.avatar_url.as_str()),
        (1, avatar_of(&alice).await.as_str().unwrap())
    );
    let answer: diglot::transport::pb::QiniuTokenResponse = proto.get("/v1/misc/qiniu-token2").send().await.proto();
    assert_eq!(answer.token.split(':').count(), 3);
    let refused = proto.post("/v1/user/avatar").body("text").send().await;
    assert!(refused.line().starts_with("protobuf | 200 | -1"), "{}", refused.line());
    g.t.anon()
        .post("/v1/user/avatar")
        .body(picture("png", 8, 8))
        .send()
        .await
        .assert_line("json | 200 | -101 | 未登录");
}

#[actix_web::test]
async fn a_gateway_without_a_store_refuses_uploads() {
    let t = TestApp::with(|config| config.media = None).await;
    let alice = t.user("alice").await;

    upload(&alice, picture("png", 8, 8)).await.assert_line("json | 200 | -1 | 图片上传未启用");
    alice.v1.get("/v1/misc/qiniu-token").send().await.assert_line("json | 200 | -1 | 图片上传未启用");
    let res = alice.admin_api.get("/file/upload/avatar/user").send().await;
    res.assert_line("json | 200 | 10002 | uploads are not enabled on this server");
    let name = format!("{}.png", "0".repeat(40));
    assert_eq!(t.anon().get(&format!("/media/{name}")).send().await.status, 404);
}

#[actix_web::test]
async fn uploads_and_failures_of_the_store_are_counted() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;

    upload(&alice, picture("png", 8, 8)).await.assert_line("json | 200 | 1");
    upload(&alice, b"text".to_vec()).await.assert_line(attacks::UNUSABLE);
    let media = g.folder.path().join("media");
    std::fs::rename(&media, g.folder.path().join("gone")).unwrap();
    std::fs::write(&media, "a file in place of the folder").unwrap();
    assert_eq!(upload(&alice, picture("png", 9, 9)).await.status, 503);
    for _ in 3..20 {
        upload(&alice, b"text".to_vec()).await.assert_line(attacks::UNUSABLE);
    }
    assert_eq!(upload(&alice, b"text".to_vec()).await.status, 429);
    for (series, expected) in [
        ("diglot_image_uploads_total{outcome=\"stored\"}", "1"),
        ("diglot_image_uploads_total{outcome=\"refused\"}", "18"),
        ("diglot_image_store_errors_total", "1"),
        ("diglot_rate_limited_total{limit=\"uploads\"}", "1"),
    ] {
        assert_eq!(value(&g.t, series).await.to_string(), expected, "{series}");
    }
}

#[actix_web::test]
async fn an_avatar_is_a_name_below_the_configured_url_if_there_is_one() {
    let g = Gallery::new().await;
    let mut config = g.t.gateway.config.clone();
    config.avatar_base = Some(diglot::model::AvatarBase::parse("https://cdn.example/a").unwrap());
    let node = g.t.node_with(config).await;
    let alice = node.user("alice").await;

    let data = upload(&alice, picture("png", 600, 600)).await.json()["data"].clone();
    let key = data["key"].as_str().unwrap();
    assert_eq!(data["avatarUrl"], format!("https://cdn.example/a/{key}"));
    assert_eq!(avatar_of(&alice).await, data["avatarUrl"]);
    assert_eq!(node.texts("SELECT avatar_url AS text FROM users WHERE username = 'alice'").await, [key]);
}
