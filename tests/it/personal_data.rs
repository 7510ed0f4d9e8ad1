//! Personal data, remarks, avatars and activity.

use diglot::transport::pb;
use serde_json::{Value, json};

use crate::support::{Client, DAY_MS, HOUR_MS, START_MS, TestApp, User};

const SAVE: &str = "/v1/user/save-user-data";

async fn own_data(user: &User) -> Value {
    let res = user.v1.post("/v1/user/get-user-data").send().await;
    res.assert_line("json | 200 | 1");
    res.json()["data"]["data"].clone()
}

async fn seen_by(viewer: &Client, id: i64) -> Value {
    let res = viewer.post("/v1/user/get-user").json(&json!({"id": id})).send().await;
    res.json()["data"]["user"].clone()
}

#[actix_web::test]
async fn personal_data_is_saved_and_shown() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let nothing = json!({
        "id": alice.id, "userId": alice.id.to_string(), "lastLoginTime": START_MS / 1000, "update_time": 0,
        "introduction": "", "gender": 0, "birthday": 0, "province": "", "city": "", "district": "", "locationCode": "",
    });
    assert_eq!(own_data(&alice).await, nothing);

    t.clock.advance(HOUR_MS);
    let body = json!({"introduction": "line 1\nline 2", "gender": 3, "birthday": 1_231_231_230, "province": "北京市",
        "city": "北京城区", "district": "东城区", "locationCode": "110101"});
    alice.v1.post(SAVE).json(&body).send().await.assert_line("json | 200 | 1");
    let mut saved = body.clone();
    saved["id"] = json!(alice.id);
    saved["userId"] = json!(alice.id.to_string());
    saved["lastLoginTime"] = json!(START_MS / 1000);
    saved["update_time"] = json!((START_MS + HOUR_MS) / 1000);
    assert_eq!(own_data(&alice).await, saved);
    let profile = seen_by(&t.anon(), alice.id).await["profileInfo"].clone();
    let expected = json!({"lastActiveTime": "2026-01-02 12:04:05", "introduction": "line 1\nline 2", "gender": 3,
        "birthdayTimestamp": 1_231_231_230, "city": "北京城区", "district": "东城区",
        "address": "北京市北京城区东城区"});
    assert_eq!(profile, expected);
}

#[actix_web::test]
async fn absent_fields_stay_unchanged_in_both_encodings() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    alice.v1.post(SAVE).json(&json!({"introduction": "hello", "gender": 1, "city": "A"})).send().await.assert_ok();

    alice.v1.post(SAVE).json(&json!({"gender": 2})).send().await.assert_ok();
    let change = pb::SaveUserDataRequest { city: Some(String::new()), ..Default::default() };
    alice.v1.post(SAVE).proto(&change).send().await.assert_line("protobuf | 200 | 1");
    alice.v1.post(SAVE).send().await.assert_ok();
    let data = own_data(&alice).await;
    assert_eq!((&data["introduction"], &data["gender"], &data["city"]), (&json!("hello"), &json!(2), &json!("")));
}

#[actix_web::test]
async fn invalid_personal_data_is_refused_as_a_whole() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for (field, value, problem) in [
        ("gender", json!(4), "gender 必须在 0 到 3 之间"),
        ("gender", json!(-1), "gender 必须在 0 到 3 之间"),
        ("birthday", json!(99_999_999_999_i64), "birthday 必须在 -5364662400 到 32503679999 之间"),
        ("introduction", json!("x".repeat(501)), "introduction 过长，最多 500 个字符"),
        ("introduction", json!("a\u{0}"), "introduction 包含不允许的字符"),
        ("city", json!("a\nb"), "city 包含不允许的字符"),
    ] {
        let mut body = json!({"province": "changed"});
        body[field] = value;
        let line = alice.v1.post(SAVE).json(&body).send().await.line();
        assert_eq!(line, format!("json | 200 | 1100 | 请求参数错误: {problem}"), "{field}");
    }
    assert_eq!(own_data(&alice).await["province"], "");
}

#[actix_web::test]
async fn a_remark_is_visible_to_its_author_only() {
    let t = TestApp::new().await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let save = |body: Value| alice.v1.post("/v1/user/save-user-remarks").json(&body).send();
    let others = r#"[{"key":"他是","value":"我的朋友"}]"#;

    save(json!({"friendId": bob.id, "name": "old", "phone": "", "others": ""})).await.assert_ok();
    let body = json!({"friendId": bob.id.to_string(), "name": "Bobby", "phone": "12312312300", "others": others});
    save(body).await.assert_line("json | 200 | 1");
    let expected = json!({"remarkName": "Bobby", "phone": "12312312300", "extraRemark": others});
    assert_eq!(seen_by(&alice.v1, bob.id).await["remarkInfo"], expected);
    let nothing = json!({"remarkName": "", "phone": "", "extraRemark": ""});
    for viewer in [&bob.v1, &t.anon(), &t.anon().header("token", "made up")] {
        assert_eq!(seen_by(viewer, bob.id).await["remarkInfo"], nothing);
    }
    save(json!({"friendId": 999_999, "name": "x"})).await.assert_line("json | 200 | -1 | 该用户不存在");
    save(json!({"name": "x"})).await.assert_line("json | 200 | 1100 | 请求参数错误: friendId 不能为空");
}

#[actix_web::test]
async fn the_homepage_of_an_unknown_user_is_empty() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for key in ["userId", "id"] {
        let res = t.anon().get(&format!("/v1/user/homepage?{key}={}", alice.id)).send().await;
        assert_eq!(res.json()["data"]["user"]["nickname"], "alice", "{key}");
    }
    let nobody = t.anon().get("/v1/user/homepage?userId=987654").send().await.json();
    assert_eq!((&nobody["code"], &nobody["data"]["user"]["userId"]), (&json!(1), &json!("")));
    assert_eq!(nobody["data"]["user"]["registerTime"], 0);
    let res = t.anon().get("/v1/user/homepage?userId=1").header("accept", "application/x-protobuf").send().await;
    res.assert_line("protobuf | 200 | 1");
    for (query, problem) in
        [("", ": userId 不能为空"), ("?userId=x", ": userId 格式错误"), ("?userId=%ff", ": query 格式错误")]
    {
        let line = t.anon().get(&format!("/v1/user/homepage{query}")).send().await.line();
        assert_eq!(line, format!("json | 200 | 1100 | 请求参数错误{problem}"));
    }
}

#[actix_web::test]
async fn an_avatar_is_a_url_with_an_id() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let edit = |body: Value| alice.v1.post("/v1/user/edit-avatar").json(&body).send();

    edit(json!({"avatarUrl": "https://cdn.example/a.png?x=1"})).await.assert_ok();
    edit(json!({"url": "http://cdn.example/头像.png"})).await.assert_ok();
    let request = pb::EditAvatarRequest { url: "https://cdn.example/c.png".to_owned() };
    alice.v1.post("/v1/user/edit-avatar").proto(&request).send().await.assert_line("protobuf | 200 | 1");
    let own = alice.v1.get("/v1/user/info").send().await.proto::<pb::InfoResponse>().data.unwrap();
    assert_eq!((own.avatar_url.as_str(), own.avatar_id), ("https://cdn.example/c.png", 3));
    edit(json!({"url": "https://cdn.example/c.png"})).await.assert_ok();
    let own = alice.v1.get("/v1/user/info").send().await.proto::<pb::InfoResponse>().data.unwrap();
    assert_eq!(own.avatar_id, 3, "the same avatar keeps its number");
    for (url, problem) in [
        ("", "不能为空"),
        ("javascript:alert(1)", "格式错误"),
        ("ftp://x.example/a", "格式错误"),
        ("/a.png", "格式错误"),
        ("https://", "格式错误"),
        ("http:a", "格式错误"),
        ("https:///x", "格式错误"),
        ("http:/\\x.example", "格式错误"),
        ("https://\\x.example", "格式错误"),
        ("https://x.example/a b", "包含不允许的字符"),
        (&format!("https://x.example/{}", "a".repeat(2048)), "过长，最多 2048 个字符"),
    ] {
        let line = edit(json!({"avatarUrl": url})).await.line();
        assert_eq!(line, format!("json | 200 | 1100 | 请求参数错误: avatarUrl {problem}"), "{url}");
    }
}

#[actix_web::test]
async fn online_days_count_days_with_activity_in_the_configured_time_zone() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let days = async || {
        let user = seen_by(&t.anon(), alice.id).await;
        (user["onLineDay"].as_i64().unwrap(), user["continuousOnLineDay"].as_i64().unwrap())
    };
    let use_it = || alice.v1.get("/v1/user/info").send();

    // 11:04 in Shanghai.
    assert_eq!(days().await, (1, 1));
    t.clock.advance(12 * HOUR_MS);
    use_it().await.assert_ok();
    assert_eq!(days().await, (1, 1));
    // 00:04 of the next day there, although less than an hour has passed since the last use was recorded.
    t.clock.advance(HOUR_MS - 1);
    use_it().await.assert_ok();
    assert_eq!(days().await, (2, 2));
    // Requests of an admin on the user's behalf do not count.
    t.clock.advance(DAY_MS);
    admin.clone().header("user_id", &alice.id.to_string()).get("/user/profile").send().await.assert_ok();
    assert_eq!(days().await, (2, 2));
    use_it().await.assert_ok();
    assert_eq!(days().await, (3, 3));
    t.clock.advance(2 * DAY_MS);
    assert_eq!(days().await, (3, 0));
    use_it().await.assert_ok();
    assert_eq!(days().await, (4, 1));
}
