//! The profiles of accounts, as their owners and others see them.

use diglot::{model::AvatarBase, transport::pb};
use serde_json::json;

use crate::support::{START_MS, TestApp};

#[actix_web::test]
async fn the_owner_sees_every_documented_key_of_its_account() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    let json = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    let code = json["data"]["user"]["invitationCode"].clone();
    assert_eq!(code.as_str().unwrap().len(), 11);
    let expected = json!({"code": 1, "msg": "success", "data": {"user": {
        "userId": alice.id.to_string(), "nickname": "alice", "nicknameId": 1, "avatarUrl": "", "avatarId": "0",
        "phone": "", "email": "", "goldCoinAmount": 0.0, "isVip": 0, "vipExpiredTime": 0, "vipStatus": 0,
        "invitationCode": code,
    }}});
    assert_eq!(json, expected);

    let proto: pb::InfoResponse = alice.v1.get("/v1/user/info").header("x-request-id", "77").send().await.proto();
    assert_eq!(proto.status, Some(pb::Status { number: 77, code: 1, msg: "success".to_owned() }));
    let own = proto.data.unwrap();
    assert_eq!((own.id, own.name, own.name_id), (alice.id.to_string(), "alice".to_owned(), 1));
    assert_eq!(code, own.invitation_code.as_str());
}

#[actix_web::test]
async fn anyone_sees_the_public_part_of_an_account() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let secrets =
        "mobile = '+8613000000000', email = 'alice@example.com', private_info = 'secret', coin_cents = 123456";
    t.execute(&format!("UPDATE users SET {secrets} WHERE id = {}", alice.id)).await.unwrap();
    let body = json!({"id": alice.id.to_string()});

    for client in [t.anon(), t.anon().header("token", "made up"), alice.v1.clone()] {
        let json = client.post("/v1/user/get-user").json(&body).send().await.json();
        let expected = json!({
            "userId": alice.id.to_string(), "nickname": "alice", "nicknameId": 1, "avatarUrl": "", "avatarId": "0",
            "medals": [], "registerTime": START_MS / 1000, "registerTimeText": "2026-01-02 11:04:05", "doNotDisturb": 0,
            "banId": 0, "banTime": 0, "onLineDay": 1, "continuousOnLineDay": 1, "isVip": 0, "vipExpiredTime": 0,
            "vipStatus": 0, "isBlocked": 0, "top": 0, "ipGeo": "", "banReason": "",
            "remarkInfo": {"remarkName": "", "phone": "", "extraRemark": ""},
            "profileInfo": {"lastActiveTime": "2026-01-02 11:04:05", "introduction": "", "gender": 0, "birthdayTimestamp": 0, "city": "",
                "district": "", "address": ""},
        });
        assert_eq!(json["data"]["user"], expected);
    }
    let request = pb::GetUserRequest { id: alice.id.to_string() };
    let proto: pb::GetUserResponse = t.anon().post("/v1/user/get-user").proto(&request).send().await.proto();
    let user = proto.data.unwrap();
    let own = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    assert_eq!(own["data"]["user"]["phone"], "+8613000000000");
    assert_eq!(own["data"]["user"]["goldCoinAmount"], 1234.56);
    assert_eq!((user.id, user.register_time.as_str()), (alice.id.to_string(), "2026-01-02 11:04:05"));
    let res = t.anon().post("/v1/user/get-user").proto(&pb::GetUserRequest { id: "987654".to_owned() }).send().await;
    res.assert_line("protobuf | 200 | -1 | 该用户不存在");
}

#[actix_web::test]
async fn times_are_shown_in_the_configured_time_zone() {
    let t = TestApp::with(|config| config.timezone = jiff::tz::TimeZone::UTC).await;
    let alice = t.user("alice").await;

    let res = t.anon().post("/v1/user/get-user").json(&json!({"userId": alice.id})).send().await;
    assert_eq!(res.json()["data"]["user"]["registerTimeText"], "2026-01-02 03:04:05");
}

#[actix_web::test]
async fn a_new_name_appears_everywhere_and_gets_an_id() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;

    for path in ["/user/nickname?nick_name=%E4%B8%83%E8%89%B2%20%F0%9F%8C%88", "/user/nickname?nick_name=a%26b+c"] {
        alice.admin_api.put(path).send().await.assert_line("json | 200 | 200");
        alice.admin_api.post(path).json(&json!({})).send().await.assert_line("json | 200 | 200");
    }
    let profile = alice.admin_api.get("/user/profile").send().await.json();
    let expected = json!({"code": 200, "data": {"user_id": alice.id, "username": "alice", "nick_name": "a&b c"}});
    assert_eq!(profile, expected);
    let own: pb::InfoResponse = alice.v1.get("/v1/user/info").send().await.proto();
    let own = own.data.unwrap();
    assert_eq!((own.name.as_str(), own.name_id), ("a&b c", 3));
    for path in [
        "/user/nickname?nick_name=%ff%fe",
        "/user/nickname?nick_name=%ED%A0%80",
        "/user/nickname?nick_name=a&nick_name=b",
    ] {
        let line = alice.admin_api.put(path).send().await.line();
        assert_eq!(line, "json | 200 | 10002 | invalid request parameter: the query is malformed", "{path}");
    }
    for path in ["/user/nickname", "/user/nickname?nick_name=", "/user/nickname?nickname=x"] {
        let line = alice.admin_api.put(path).send().await.line();
        assert!(line.starts_with("json | 200 | 10002 | invalid request parameter: nick_name "), "{line}");
    }
}

#[actix_web::test]
async fn a_name_that_is_sent_with_other_fields_gets_an_id_only_if_it_is_new() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for (body, expected) in [
        (json!({"nick_name": "a", "description": "1", "public_info": "p"}), ("a", 2)),
        (json!({"nick_name": "a", "description": "2"}), ("a", 2)),
        (json!({"description": "3"}), ("a", 2)),
        (json!({"nick_name": "b"}), ("b", 3)),
        (json!({}), ("b", 3)),
    ] {
        alice.admin_api.put("/user/profile").json(&body).send().await.assert_ok();
        let own: pb::InfoResponse = alice.v1.get("/v1/user/info").send().await.proto();
        let own = own.data.unwrap();
        assert_eq!((own.name.as_str(), own.name_id), expected, "{body}");
    }
    let stored = "SELECT description || public_info AS text FROM users WHERE username = 'alice'";
    assert_eq!(t.texts(stored).await, ["3p"]);
}

#[actix_web::test]
async fn actions_of_an_admin_for_a_user_are_audited() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let as_alice = admin.clone().header("user_id", &alice.id.to_string());

    as_alice.put("/user/nickname?nick_name=Al").send().await.assert_ok();
    admin.put("/user/disable").json(&json!({"list": [alice.id]})).send().await.assert_ok();
    let rows = t.audit_rows().await;
    let last: Vec<_> =
        rows.iter().rev().take(2).map(|row| (row.action.as_str(), row.actor_kind, row.for_user)).collect();
    assert_eq!(last, [("account.disable", 2, None), ("profile.rename", 2, Some(alice.id))]);
    assert!(rows.iter().rev().take(2).all(|row| row.target == alice.id.to_string() && row.actor_id.is_some()));
}

#[actix_web::test]
async fn an_avatar_named_below_the_configured_url_is_shown_as_a_url() {
    let t = TestApp::with(|config| {
        config.avatar_base = Some(AvatarBase::parse("https://cdn.example/a").unwrap());
    })
    .await;
    let alice = t.user("alice").await;
    let acting = t.admin().await.header("user_id", &alice.id.to_string());
    let stored = async || t.number("SELECT COUNT(*) AS number FROM users WHERE avatar_url = '2024/x.png'").await;
    let edit = |url: &str| alice.v1.post("/v1/user/edit-avatar").json(&json!({"avatarUrl": url})).send();
    edit("2024/x.png").await.assert_ok();
    assert_eq!(stored().await, 1);
    let own = alice.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    assert_eq!(own["data"]["user"]["avatarUrl"], "https://cdn.example/a/2024/x.png");
    // A client that sends back what it was shown changes nothing.
    edit("https://cdn.example/a/2024/x.png").await.assert_ok();
    assert_eq!(stored().await, 1);
    let shown = [
        t.anon().post("/v1/user/get-user").json(&json!({"userId": alice.id.to_string()})).send().await,
        acting.get("/user/profile").send().await,
        alice.admin_api.get("/roster/name?username=alice").send().await,
        alice.admin_api.get(&format!("/roster/id?user_id={}", alice.id)).send().await,
    ];
    for res in shown {
        assert!(res.json().to_string().contains("https://cdn.example/a/2024/x.png"), "{}", res.json());
    }
    edit("../x.png").await.assert_line("json | 200 | 1100 | 请求参数错误: avatarUrl 格式错误");
}
