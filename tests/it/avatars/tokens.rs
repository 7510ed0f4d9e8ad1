//! Uploads with a token: the form of Qiniu, and the SDKs of the admin API.

use base64::{Engine as _, engine::general_purpose::URL_SAFE};
use serde_json::{Value, json};

use super::{Gallery, avatar_of, images::picture, path, put, token_of, upload};
use crate::support::{HOUR_MS, User};

const REFUSED: &str = "json | 401 | -1 | 上传凭证无效或已过期";

#[actix_web::test]
async fn a_client_of_qiniu_uploads_with_a_token_and_sets_the_key_as_its_avatar() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let token = token_of(&alice).await;
    let parts: Vec<_> = token.split(':').collect();
    let policy: Value = serde_json::from_slice(&URL_SAFE.decode(parts[2]).unwrap()).unwrap();
    assert_eq!((parts.len(), &policy["scope"]), (3, &json!("avatars")));

    for upload_path in ["/v1/misc/qiniu-upload", "/media"] {
        let fields = [("token", token.as_str()), ("key", "0123456789abcdef.jpg")];
        let res = put(&g.t.anon(), upload_path, &fields, &picture("jpg", 600, 600)).await;
        assert_eq!(res.status, 200);
        let (answer, key) = (res.json(), res.json()["key"].as_str().unwrap().to_owned());
        assert_eq!((&answer["hash"], &answer["fsize"].is_number()), (&json!(key[..40]), &true));
        assert_eq!(answer["url"], format!("http://localhost:8080/media/{key}"));
        assert_eq!(g.t.anon().get(&format!("/media/{key}")).send().await.status, 200);
        // By name or by URL.
        for avatar in [&answer["key"], &answer["url"]] {
            let body = json!({"avatarUrl": avatar});
            alice.v1.post("/v1/user/edit-avatar").json(&body).send().await.assert_ok();
            assert_eq!(avatar_of(&alice).await, answer["url"]);
        }
    }
    // By what the client takes for the URL: below any base, the key that it chose, within an hour.
    let (base, bob) = ("https://chat-img.example/avatars", g.t.user("bob").await);
    let set = async |user: &User| {
        let body = json!({"avatarUrl": format!("{base}/0123456789abcdef.jpg")});
        user.v1.post("/v1/user/edit-avatar").json(&body).send().await.assert_ok();
        avatar_of(user).await.as_str().unwrap().starts_with("http://localhost:8080/media/")
    };
    assert_eq!((set(&alice).await, set(&bob).await), (true, false));
    g.t.clock.advance(HOUR_MS + 1);
    assert!(!set(&alice).await);
    let unknown = json!({"avatarUrl": format!("{}.png", "0".repeat(40))});
    let res = alice.v1.post("/v1/user/edit-avatar").json(&unknown).send().await;
    res.assert_line("json | 200 | 1100 | 请求参数错误: avatarUrl 格式错误");
}

#[actix_web::test]
async fn a_token_is_refused_if_it_was_changed_or_has_expired() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let (token, file) = (token_of(&alice).await, picture("png", 9, 9));
    let parts: Vec<_> = token.split(':').collect();
    let policy = String::from_utf8(URL_SAFE.decode(parts[2]).unwrap()).unwrap();
    let bob = g.t.user("bob").await;
    let of_bob = policy.replace(&format!("\"user\":{}", alice.id), &format!("\"user\":{}", bob.id));
    assert_ne!(of_bob, policy);
    let other = token_of(&bob).await;
    let others_sign = other.split(':').nth(1).unwrap();
    let made_up = [
        String::new(),
        "a:b:c".to_owned(),
        alice.token.clone(),
        format!("{token}:"),
        format!("{}:{}:{}", parts[0], parts[1], URL_SAFE.encode(&of_bob)),
        format!("{}:{others_sign}:{}", parts[0], parts[2]),
        format!("{}::{}", parts[0], parts[2]),
        format!("{}:{}:{}", parts[0], &parts[1][..4], parts[2]),
    ];
    let send = |token: String| {
        let (client, file) = (g.t.anon(), file.clone());
        async move { put(&client, "/v1/misc/qiniu-upload", &[("token", &token)], &file).await.line() }
    };
    for token in made_up {
        assert_eq!(send(token.clone()).await, REFUSED, "{token}");
    }
    let res = put(&g.t.anon(), "/media", &[], &file).await;
    res.assert_line("json | 401 | 10008 | the upload token is invalid, expired or used");
    g.t.clock.advance(HOUR_MS - 1000);
    assert_eq!(put(&g.t.anon(), "/media", &[("token", &token)], &file).await.status, 200);
    g.t.clock.advance(1000);
    assert_eq!(send(token).await, REFUSED);
}

#[actix_web::test]
async fn a_token_ends_with_the_account() {
    let g = Gallery::new().await;
    let (admin, alice) = (g.t.admin().await, g.t.user("alice").await);
    let token = token_of(&alice).await;

    admin.put("/user/disable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
    let res = put(&g.t.anon(), "/v1/misc/qiniu-upload", &[("token", &token)], &picture("png", 9, 9)).await;
    res.assert_line(REFUSED);
}

#[actix_web::test]
async fn an_sdk_of_the_admin_api_gets_an_address_for_one_upload() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    let acting = g.t.admin().await.header("user_id", &alice.id.to_string());
    for client in [&alice.admin_api, &acting] {
        let data = client.get("/file/upload/avatar/user").send().await.json()["data"].clone();
        assert_eq!((&data["upload_method"], &data["oss_body_param"]), (&json!("POST"), &json!({})));
        let (to, from) = (path(&data["upload_url"]), path(&data["download_url"]));
        assert_eq!(g.t.anon().get(&from).send().await.status, 404);

        let unusable = put(&g.t.anon(), &to, &[], b"text").await;
        assert_eq!(unusable.status, 422);
        assert!(unusable.json()["error"].as_str().unwrap().contains("intact PNG"), "{}", unusable.line());
        let answer = put(&g.t.anon(), &to, &[], &picture("png", 600, 600)).await.json();
        assert_eq!((&answer["code"], &answer["data"]), (&json!(200), &json!(true)));
        let again = put(&g.t.anon(), &to, &[], &picture("png", 9, 9)).await;
        again.assert_line("json | 401 | 10008 | the upload token is invalid, expired or used");

        let res = g.t.anon().get(&from).send().await;
        assert_eq!((res.status.as_u16(), res.header("cache-control")), (302, "no-store"));
        client.post("/user/avatar").json(&json!({"avatar": data["download_url"]})).send().await.assert_ok();
        // The address of the upload has become that of the image.
        assert_eq!(avatar_of(&alice).await, res.header("location"));
    }
    let res = g.t.anon().header("app_id", "default").get("/file/upload/avatar/user").send().await;
    res.assert_line("json | 200 | 10003 | access-token header missing");
}

#[actix_web::test]
async fn a_user_may_upload_twenty_images_a_day() {
    let g = Gallery::new().await;
    let (alice, bob) = (g.t.user("alice").await, g.t.user("bob").await);
    let token = token_of(&alice).await;
    for _ in 0..19 {
        assert!(upload(&alice, b"no image".to_vec()).await.line().starts_with("json | 200 | -1 |"));
    }
    upload(&alice, picture("png", 9, 9)).await.assert_ok();
    assert_eq!(upload(&alice, picture("png", 9, 9)).await.status, 429);
    let res = put(&g.t.anon(), "/v1/misc/qiniu-upload", &[("token", &token)], &picture("png", 9, 9)).await;
    assert_eq!((res.status.as_u16(), res.header("retry-after")), (429, "86400"));
    upload(&bob, picture("png", 9, 9)).await.assert_ok();
    g.t.clock.advance(24 * HOUR_MS);
    upload(&alice, picture("png", 9, 9)).await.assert_ok();
}

#[actix_web::test]
async fn uploads_are_limited_per_source() {
    let g = Gallery::new().await;
    let alice = g.t.user("alice").await;
    for _ in 0..600 {
        assert_eq!(g.t.anon().post("/media").send().await.status, 401);
    }
    assert_eq!(g.t.anon().post("/media").send().await.status, 429);
    assert_eq!(upload(&alice, picture("png", 9, 9)).await.status, 429);
    assert_eq!(g.t.anon().from("198.51.100.9").post("/media").send().await.status, 401);
}
