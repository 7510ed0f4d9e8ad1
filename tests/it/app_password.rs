//! The change of a password in two steps, as SDKs of the admin API do it.

use serde_json::{Value, json};

use crate::{
    app_mobile::{app, bind_mobile, own_code},
    support::{CodeApp, MINUTE_MS, PASSWORD, TestApp, User},
};

const ENDED: i64 = 402;
const NEW: &str = "quite another";

/// The code and the sign of a first step.
async fn begin(user: &User, path: &str, body: Value) -> (i64, String) {
    let res = user.admin_api.post(&format!("/app/{path}")).json(&body).send().await;
    (res.code(), res.json()["data"]["sign"].as_str().unwrap_or_default().to_owned())
}

async fn begin_by_password(user: &User) -> String {
    let (code, sign) = begin(user, "pwd_change/verify_by_password", json!({"password": PASSWORD})).await;
    assert!(code == 200 && !sign.is_empty());
    sign
}

async fn change(user: &User, sign: &str, password: &str) -> i64 {
    let body = json!({"new_password": password, "new_password_check": password, "sign": sign});
    user.admin_api.post("/app/pwd_change").json(&body).send().await.code()
}

async fn log_in(t: &TestApp, password: &str) -> i64 {
    let body = json!({"name": "alice", "password": password, "device_guid": "app"});
    app(t).post("/app/token").json(&body).send().await.code()
}

async fn is_logged_in(user: &User) -> bool {
    user.admin_api.get("/user/profile").send().await.code() == 200
}

#[actix_web::test]
async fn a_password_is_changed_with_a_proof_of_the_old_one_which_ends_the_other_sessions() {
    let t = TestApp::new().await;
    let (phone, tablet) = (t.user("alice").await, t.login("alice", "tablet").await);
    let sign = begin_by_password(&phone).await;
    assert!(is_logged_in(&tablet).await);
    let differs = json!({"new_password": NEW, "new_password_check": "a third one", "sign": sign});
    assert_eq!(phone.admin_api.post("/app/pwd_change").json(&differs).send().await.code(), 10002);
    assert_eq!(change(&phone, &sign, "").await, 10002);
    assert_eq!(log_in(&t, PASSWORD).await, 200);

    assert_eq!(change(&phone, &sign, NEW).await, 200);
    assert!(is_logged_in(&phone).await && !is_logged_in(&tablet).await);
    assert_eq!((log_in(&t, PASSWORD).await, log_in(&t, NEW).await), (ENDED, 200));
    let audited = "SELECT COUNT(*) AS number FROM audit_log WHERE action = 'account.set_password'";
    assert_eq!(t.number(audited).await, 1);
}

#[actix_web::test]
async fn a_password_is_changed_with_a_code_to_the_number_of_the_account() {
    let codes = CodeApp::new().await;
    let [alice, bob] = [codes.t.user("alice").await, codes.t.user("bob").await];
    let [mobile, other] = [bind_mobile(&codes, &alice).await, bind_mobile(&codes, &bob).await];
    let begin = async |mobile: &str, code: &str| {
        begin(&alice, "pwd_change/verify_by_mobile", json!({"mobile": mobile, "captcha": code})).await
    };
    let foreign = own_code(&codes, &bob, &other).await;
    assert_eq!(begin(&other, &foreign).await.0, 10002);
    let code = own_code(&codes, &alice, &mobile).await;
    assert_eq!(begin(&mobile, "000000").await.0, 10001);
    let (status, sign) = begin(&mobile, &code).await;
    assert_eq!(status, 200);
    assert_eq!(begin(&mobile, &code).await.0, 10001, "a code serves once");
    assert_eq!(change(&alice, &sign, NEW).await, 200);
    assert_eq!(log_in(&codes.t, NEW).await, 200);
}

#[actix_web::test]
async fn a_sign_serves_for_one_change_of_the_password_of_its_account_for_15_minutes() {
    let codes = CodeApp::new().await;
    let [alice, bob] = [codes.t.user("alice").await, codes.t.user("bob").await];
    let namesake = codes.t.user_of_new_app("other", "alice").await;
    let sign = begin_by_password(&alice).await;
    for wrong in ["", "x", "1.2", &sign[1..], &format!("9{sign}")] {
        assert_eq!(change(&alice, wrong, NEW).await, 10002, "{wrong}");
    }
    assert_eq!((change(&bob, &sign, NEW).await, change(&namesake, &sign, NEW).await), (10002, 10002));

    let password = json!({"password": PASSWORD});
    let (_, of_mobile) = begin(&alice, "user/mobile_prechange_by_password", password).await;
    assert!(!of_mobile.is_empty());
    assert_eq!(change(&alice, &of_mobile, NEW).await, 10002);
    let mobile = crate::contract_v1::new_mobile();
    let code = own_code(&codes, &alice, &mobile).await;
    let body = json!({"mobile": mobile, "captcha": code, "sign": sign});
    assert_eq!(alice.admin_api.post("/app/user/mobile_change").json(&body).send().await.code(), 10002);

    codes.t.clock.advance(15 * MINUTE_MS);
    assert_eq!(change(&alice, &sign, NEW).await, 10002);
    let [first, second] = [begin_by_password(&alice).await, begin_by_password(&alice).await];
    assert_eq!((change(&alice, &first, NEW).await, change(&alice, &second, PASSWORD).await), (200, 10002));
    assert_eq!(log_in(&codes.t, NEW).await, 200);
}

#[actix_web::test]
async fn wrong_passwords_in_the_first_step_count_as_failed_logins() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    for _ in 0..10 {
        assert_eq!(begin(&alice, "pwd_change/verify_by_password", json!({"password": "wrong"})).await.0, 11001);
    }
    assert_eq!(begin(&alice, "pwd_change/verify_by_password", json!({"password": PASSWORD})).await.0, 429);
}
