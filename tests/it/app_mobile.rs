//! What SDKs of the admin API do with captchas, codes and mobile numbers, before and after a login.

use serde_json::{Value, json};

use crate::{
    contract_v1::new_mobile,
    support::{Client, CodeApp, MINUTE_MS, PASSWORD, TestApp, User},
};

pub fn app(t: &TestApp) -> Client {
    t.anon().header("app_id", "default")
}

fn escaped(mobile: &str) -> String {
    mobile.replace('+', "%2B")
}

/// Gets the picture of a new captcha, and its id with an answer.
async fn captcha(t: &TestApp) -> (String, String) {
    let id = app(t).post("/app/captcha/image").send().await.json()["data"].as_str().unwrap().to_owned();
    let picture = t.anon().get(&format!("/app/captcha/image?image_id={id}&app_id=default")).send().await;
    assert_eq!(picture.header("content-type"), "image/png");
    assert!(picture.body.starts_with(b"\x89PNG") && picture.header("cache-control") == "no-store");
    t.set_answer(&id, "xyz").await;
    (id, "xyz".to_owned())
}

/// Asks for a code as a client without a token, and receives it.
async fn code(codes: &CodeApp, mobile: &str) -> String {
    let (id, answer) = captcha(&codes.t).await;
    let path = format!("/app/captcha/sms_web?captcha={answer}&image_id={id}&mobile={}", escaped(mobile));
    app(&codes.t).get(&path).send().await.assert_ok();
    codes.sms.next().code()
}

/// Asks for a code as a user, without a captcha.
pub async fn own_code(codes: &CodeApp, user: &User, mobile: &str) -> String {
    let path = format!("/app/captcha/sms?mobile={}", escaped(mobile));
    user.admin_api.get(&path).send().await.assert_ok();
    codes.sms.next().code()
}

async fn log_in(codes: &CodeApp, mobile: &str, code: &str) -> Value {
    let path = format!("/app/user/info_pwd?captcha={code}&mobile={}", escaped(mobile));
    let res = app(&codes.t).get(&path).send().await;
    res.assert_ok();
    res.json()["data"].clone()
}

async fn mobile_of(user: &User) -> Value {
    let info = user.v1.get("/v1/user/info").header("accept", "application/json").send().await.json();
    info["data"]["user"]["phone"].clone()
}

#[actix_web::test]
async fn without_a_token_a_code_needs_the_answer_to_a_captcha_which_serves_once() {
    let codes = CodeApp::new().await;
    let mobile = new_mobile();
    let bare = format!("/app/captcha/sms?mobile={}", escaped(&mobile));
    assert_eq!(app(&codes.t).get(&bare).send().await.code(), 10002);
    let (id, answer) = captcha(&codes.t).await;
    let wrong = format!("/app/captcha/sms_web?captcha=zzzz&image_id={id}&mobile={}", escaped(&mobile));
    assert_eq!(app(&codes.t).get(&wrong).send().await.code(), 11014);
    let late = format!("/app/captcha/sms_web?captcha={answer}&image_id={id}&mobile={}", escaped(&mobile));
    assert_eq!(app(&codes.t).get(&late).send().await.code(), 11014);
    for id in ["x", "../../../../etc/passwd0", "0123456789012345678901234567890"] {
        let picture = codes.t.anon().get(&format!("/app/captcha/image?image_id={id}&app_id=default")).send().await;
        assert_eq!(picture.code(), 10002, "{id}");
    }
    assert_eq!(codes.t.anon().get("/app/captcha/image?image_id=x").send().await.code(), 40000);
}

#[actix_web::test]
async fn a_code_logs_in_to_the_account_of_the_number_by_a_name_and_a_password_that_serve_once() {
    let codes = CodeApp::new().await;
    let (alice, mobile) = (codes.t.user("alice").await, new_mobile());
    let bound = own_code(&codes, &alice, &mobile).await;
    let body = json!({"mobile": mobile, "captcha": bound});
    alice.admin_api.post("/app/user/mobile_bind").json(&body).send().await.assert_ok();
    assert_eq!(mobile_of(&alice).await, mobile);
    codes.t.clock.advance(MINUTE_MS);
    let code = code(&codes, &mobile).await;
    let data = log_in(&codes, &mobile, &code).await;
    assert_eq!(data["username"], "alice");
    let token = |name: &str| json!({"name": name, "password": data["password"], "device_guid": "web"});
    codes.t.user("bob").await;
    let elsewhere = app(&codes.t).post("/token/user").json(&token("bob")).send().await;
    assert_eq!(elsewhere.code(), 402);
    // A try uses it up.
    assert_eq!(app(&codes.t).post("/token/user").json(&token("alice")).send().await.code(), 402);

    codes.t.clock.advance(MINUTE_MS);
    let code = self::code(&codes, &mobile).await;
    let data = log_in(&codes, &mobile, &code).await;
    let token = json!({"name": "alice", "password": data["password"], "device_guid": "web"});
    app(&codes.t).post("/token/user").json(&token).send().await.assert_ok();
    assert_eq!(app(&codes.t).post("/token/user").json(&token).send().await.code(), 402);
    let used = format!("/app/user/info_pwd?captcha={code}&mobile={}", escaped(&mobile));
    assert_eq!(app(&codes.t).get(&used).send().await.code(), 10001);
}

#[actix_web::test]
async fn a_one_time_password_expires_and_wrong_ones_count_as_failed_logins() {
    let codes = CodeApp::new().await;
    let (alice, mobile) = (codes.t.user("alice").await, new_mobile());
    let bound = own_code(&codes, &alice, &mobile).await;
    let body = json!({"mobile": mobile, "captcha": bound});
    alice.admin_api.post("/app/user/mobile_bind").json(&body).send().await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);
    let code = code(&codes, &mobile).await;
    let data = log_in(&codes, &mobile, &code).await;
    codes.t.clock.advance(5 * MINUTE_MS);
    let token = |password: &str| json!({"name": "alice", "password": password, "device_guid": "web"});
    let late = app(&codes.t).post("/token/user").json(&token(data["password"].as_str().unwrap())).send().await;
    assert_eq!(late.code(), 402);
    // A password or a number that was changed since voids it, and a locked account does not.
    let fresh = async || {
        codes.t.clock.advance(MINUTE_MS);
        let code = self::code(&codes, &mobile).await;
        log_in(&codes, &mobile, &code).await["password"].as_str().unwrap().to_owned()
    };
    let try_it = async |password: &str| app(&codes.t).post("/token/user").json(&token(password)).send().await.code();
    let before = fresh().await;
    let new = json!({"old_password": PASSWORD, "new_password": PASSWORD});
    alice.admin_api.post("/user/change_password").json(&new).send().await.assert_ok();
    assert_eq!(try_it(&before).await, 402);
    let made_up = format!("once-{}", "0".repeat(32));
    for _ in 2..10 {
        assert_eq!(try_it(&made_up).await, 402);
    }
    let locked = app(&codes.t).post("/token/user").json(&token(PASSWORD)).send().await;
    assert!(locked.line().contains("too many failed logins"), "{}", locked.line());
    let (used, moved) = (fresh().await, fresh().await);
    assert_eq!(try_it(&used).await, 200);
    let admin = codes.t.admin().await.header("user_id", &alice.id.to_string());
    admin.put(&format!("/user/mobile?mobile={}", escaped(&new_mobile()))).send().await.assert_ok();
    assert_eq!(try_it(&moved).await, 402);
    let audited = "SELECT result AS text FROM audit_log WHERE action = 'session.issue_password' ORDER BY id";
    assert_eq!(codes.t.texts(audited).await, ["ok"; 4]);
}

#[actix_web::test]
async fn a_number_without_an_account_gets_a_proof_that_binds_it_later() {
    let codes = CodeApp::new().await;
    let mobile = new_mobile();
    let code = code(&codes, &mobile).await;
    let data = log_in(&codes, &mobile, &code).await;
    assert!(data.get("password").is_none());
    let sign = data["sign"].as_str().unwrap();
    let [alice, other] = [codes.t.user("alice").await, codes.t.user_of_new_app("other", "alice").await];
    let bind = async |user: &User, mobile: &str, sign: &str| {
        let body = json!({"mobile": mobile, "sign": sign});
        user.admin_api.post("/app/user/mobile_bind_with_sign").json(&body).send().await.code()
    };
    assert_eq!(bind(&alice, &new_mobile(), sign).await, 10002);
    assert_eq!(bind(&other, &mobile, sign).await, 10002);
    for wrong in ["", "x", "1.2", &sign[1..], &format!("9{sign}")] {
        assert_eq!(bind(&alice, &mobile, wrong).await, 10002, "{wrong}");
    }
    assert_eq!(bind(&alice, &mobile, sign).await, 200);
    assert_eq!(mobile_of(&alice).await, mobile);
    // It serves once, and for 15 minutes.
    assert_eq!(bind(&alice, &mobile, sign).await, 10002);
    let late = new_mobile();
    let code = self::code(&codes, &late).await;
    let data = log_in(&codes, &late, &code).await;
    codes.t.clock.advance(15 * MINUTE_MS);
    assert_eq!(bind(&alice, &late, data["sign"].as_str().unwrap()).await, 10002);
}

#[actix_web::test]
async fn a_number_is_changed_with_a_proof_of_the_account_and_a_code_to_the_new_number() {
    let codes = CodeApp::new().await;
    let (alice, [old, new]) = (codes.t.user("alice").await, [new_mobile(), new_mobile()]);
    let bound = own_code(&codes, &alice, &old).await;
    let body = json!({"mobile": old, "captcha": bound});
    alice.admin_api.post("/app/user/mobile_bind").json(&body).send().await.assert_ok();

    let begin = async |path: &str, body: Value| {
        let res = alice.admin_api.post(&format!("/app/user/{path}")).json(&body).send().await;
        (res.code(), res.json()["data"]["sign"].as_str().unwrap_or_default().to_owned())
    };
    assert_eq!(begin("mobile_prechange_by_password", json!({"password": "wrong"})).await.0, 11001);
    let (_, sign) = begin("mobile_prechange_by_password", json!({"password": PASSWORD})).await;
    let code_to_new = own_code(&codes, &alice, &new).await;
    let change = async |sign: &str, code: &str| {
        let body = json!({"mobile": new, "captcha": code, "sign": sign});
        alice.admin_api.post("/app/user/mobile_change").json(&body).send().await.code()
    };
    assert_eq!(change("x", &code_to_new).await, 10002);
    assert_eq!(change(&sign, "000000").await, 10001);
    assert_eq!(change(&sign, &code_to_new).await, 200);
    assert_eq!(mobile_of(&alice).await, new);

    codes.t.clock.advance(MINUTE_MS);
    let code_to_current = own_code(&codes, &alice, &new).await;
    let not_bound = json!({"mobile": old, "captcha": code_to_current});
    assert_eq!(begin("mobile_prechange_by_mobile", not_bound).await.0, 10002);
    let (code, sign) = begin("mobile_prechange_by_mobile", json!({"mobile": new, "captcha": code_to_current})).await;
    assert!(code == 200 && !sign.is_empty());
    let bob = codes.t.user("bob").await;
    let body = json!({"mobile": new_mobile(), "captcha": "123456", "sign": sign});
    assert_eq!(bob.admin_api.post("/app/user/mobile_change").json(&body).send().await.code(), 10002);
}

/// Binds a new number to the account of `user`, and returns it.
pub async fn bind_mobile(codes: &CodeApp, user: &User) -> String {
    let mobile = new_mobile();
    let body = json!({"mobile": mobile, "captcha": own_code(codes, user, &mobile).await});
    user.admin_api.post("/app/user/mobile_bind").json(&body).send().await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);
    mobile
}

#[actix_web::test]
async fn a_user_gets_ten_codes_a_day_without_a_captcha_and_the_users_of_an_address_thirty() {
    let codes = CodeApp::new().await;
    let alice = codes.t.user("alice").await;
    for _ in 0..10 {
        own_code(&codes, &alice, &new_mobile()).await;
    }
    let path = format!("/app/captcha/sms?mobile={}", escaped(&new_mobile()));
    assert_eq!(alice.admin_api.get(&path).send().await.code(), 429);
    // Accounts cost nothing: those of an address get thirty.
    for name in ["bob", "carol"] {
        let user = codes.t.user(name).await;
        for _ in 0..10 {
            own_code(&codes, &user, &new_mobile()).await;
        }
    }
    let dave = codes.t.user("dave").await;
    assert_eq!(dave.admin_api.get(&path).send().await.code(), 429);
    assert_eq!(dave.admin_api.clone().from("198.51.100.1").get(&path).send().await.code(), 200);
}

#[actix_web::test]
async fn a_name_is_free_or_taken_and_names_are_not_tried_without_end() {
    let t = TestApp::new().await;
    t.user("alice").await;
    let check = async |name: &str| app(&t).get(&format!("/app/user/name_check?username={name}")).send().await.code();
    assert_eq!((check("bob").await, check("Alice").await, check("1234").await), (200, 10004, 10002));
    let mut last = 0;
    for _ in 0..60 {
        last = check("bob").await;
    }
    assert_eq!(last, 429);
}

#[actix_web::test]
async fn an_anonymous_account_gets_a_login_name_that_begins_as_asked() {
    let t = TestApp::new().await;
    let body = json!({"username": "guest", "password": PASSWORD});
    let register = async || app(&t).post("/user/register/anonymous").json(&body).send().await.json()["data"].clone();
    let (first, second) = (register().await, register().await);
    let name = first["username"].as_str().unwrap();
    assert!(name.starts_with("guest_") && first["username"] != second["username"], "{first}");
    assert!(first["user_id"].is_i64());
    t.login(name, "phone").await;
}

#[actix_web::test]
async fn lists_of_other_services_are_empty_if_configured_and_otherwise_not_there() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    assert_eq!(alice.admin_api.get("/roster/list").send().await.code(), 404);
    let t = TestApp::with(|config| config.has_neighbour_stubs = true).await;
    let alice = t.user("alice").await;
    for request in [
        alice.admin_api.get("/roster/list?mode=0"),
        alice.admin_api.post("/roster/list").json(&json!({"roster_list": [1]})),
        alice.admin_api.get("/group/user_joined"),
    ] {
        assert_eq!(request.send().await.json(), json!({"code": 200, "data": []}));
    }
    assert_eq!(app(&t).get("/roster/list").send().await.code(), 10003);
}

#[actix_web::test]
async fn posted_ids_are_answered_with_the_profiles_that_the_roster_has() {
    let t = TestApp::with(|config| config.has_neighbour_stubs = true).await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let stranger = t.user_of_new_app("other", "carol").await;
    let post = async |list: Value| alice.admin_api.post("/roster/list").json(&json!({"list": list})).send().await;
    let by_id = async |id: i64| {
        let res = alice.admin_api.get(&format!("/roster/id?user_id={id}")).send().await;
        res.assert_ok();
        res.json()["data"].clone()
    };
    let res = post(json!([bob.id, 987_654, stranger.id, alice.id.to_string()])).await;
    assert_eq!(res.json(), json!({"code": 200, "data": [by_id(bob.id).await, by_id(alice.id).await]}));
    assert_eq!(post(json!([])).await.json(), json!({"code": 200, "data": []}));
    assert_eq!(post(json!(vec![alice.id; 100])).await.json()["data"].as_array().unwrap().len(), 100);
    for wrong in [json!(vec![alice.id; 101]), json!(["x"]), json!([{}]), json!(7)] {
        assert_eq!(post(wrong.clone()).await.code(), 10002, "{wrong}");
    }
    let body = json!({"list": [alice.id]});
    assert_eq!(app(&t).post("/roster/list").json(&body).send().await.code(), 10003);
}
