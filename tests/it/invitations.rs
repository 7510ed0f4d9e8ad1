//! Invitations, and coins for them and for the first changes of a profile.

use diglot::transport::pb;
use serde_json::{Value, json};

use crate::{
    contract_v1::new_mobile,
    support::{Client, CodeApp, DAY_MS, MINUTE_MS, Res, TestApp, User},
};

async fn set(t: &TestApp, body: Value) {
    t.admin().await.post("/admin/v1/app/set").json(&body).send().await.assert_ok();
}

async fn info(client: &Client) -> Value {
    let res = client.get("/v1/user/info").header("accept", "application/json").send().await;
    res.json()["data"]["user"].clone()
}

async fn code_of(user: &User) -> String {
    info(&user.v1).await["invitationCode"].as_str().unwrap().to_owned()
}

async fn change_code(user: &User, code: &str) -> Res {
    let body = json!({"code": code});
    user.v1.post("/v1/user/invite/change-user-invite-code").json(&body).send().await
}

/// Registers a new number with an invitation code.
async fn register(codes: &CodeApp, invitation: &str) -> Res {
    log_in(codes, &new_mobile(), invitation).await
}

async fn log_in(codes: &CodeApp, mobile: &str, invitation: &str) -> Res {
    let code = codes.sms_code(&codes.t.anon(), mobile).await;
    let body =
        json!({"mobile": mobile, "captcha": code, "deviceId": "d", "platform": "ios", "invitationCode": invitation});
    codes.t.anon().post("/v1/user/verification-login").json(&body).send().await
}

async fn register_invited(codes: &CodeApp, invitation: &str) -> Client {
    let res = register(codes, invitation).await;
    res.assert_ok();
    codes.t.anon().header("token", res.json()["data"]["token"].as_str().unwrap())
}

async fn progress(user: &User) -> Value {
    let res = user.v1.post("/v1/user/invite/invite-progress").send().await;
    res.assert_ok();
    res.json()["data"].clone()
}

async fn ledger(client: &Client) -> Vec<(i64, f64)> {
    let body = json!({"size": 10, "page": 1});
    let res = client.post("/v1/user/gold-coin-increase-decrease-record").json(&body).send().await.json();
    let records = res["data"]["goldCoinRecord"].as_array().unwrap().clone();
    records.iter().map(|one| (one["typ"].as_i64().unwrap(), one["changeAmount"].as_f64().unwrap())).collect()
}

#[actix_web::test]
async fn an_invitation_is_counted_and_pays_both_once() {
    let codes = CodeApp::new().await;
    set(&codes.t, json!({"reward_inviter_cents": 250, "reward_invitee_cents": 100, "invitations_goal": 7})).await;
    let alice = codes.t.user("alice").await;
    let expected = |day: i64, total: i64| json!({"currentNumberDay": day, "currentNumberTotal": total, "targetNumberDay": 10, "targetNumberTotal": 7});
    assert_eq!(progress(&alice).await, expected(0, 0));
    let code = code_of(&alice).await;
    let bob = register_invited(&codes, &code.to_lowercase()).await;
    assert_eq!(progress(&alice).await, expected(1, 1));
    assert_eq!((ledger(&alice.v1).await, ledger(&bob).await), (vec![(9, 2.5)], vec![(9, 1.0)]));
    codes.t.clock.advance(DAY_MS);
    assert_eq!(progress(&alice).await, expected(0, 1));
    let protobuf =
        alice.v1.post("/v1/user/invite/invite-progress").header("accept", "application/x-protobuf").send().await;
    assert_eq!(protobuf.proto::<pb::InvitationProgressResponse>().current_number_total, 1);
}

#[actix_web::test]
async fn beyond_the_number_of_a_day_nobody_is_paid() {
    let codes = CodeApp::new().await;
    set(&codes.t, json!({"reward_inviter_cents": 100, "reward_invitee_cents": 100, "invitations_per_day": 1})).await;
    let alice = codes.t.user("alice").await;
    let code = code_of(&alice).await;
    register_invited(&codes, &code).await;
    let second = register_invited(&codes, &code).await;
    assert_eq!((ledger(&alice.v1).await.len(), ledger(&second).await.len()), (1, 0));
    assert_eq!(progress(&alice).await["currentNumberDay"], 2);
    codes.t.clock.advance(DAY_MS);
    register_invited(&codes, &code).await;
    assert_eq!(ledger(&alice.v1).await.len(), 2);
}

#[actix_web::test]
async fn an_account_that_is_erased_and_made_again_counts_and_is_not_paid_again() {
    let codes = CodeApp::new().await;
    set(&codes.t, json!({"reward_inviter_cents": 100, "reward_invitee_cents": 100})).await;
    let (alice, mobile) = (codes.t.user("alice").await, new_mobile());
    let code = code_of(&alice).await;
    for round in 1..=2 {
        let res = log_in(&codes, &mobile, &code).await;
        res.assert_ok();
        assert_eq!(progress(&alice).await["currentNumberDay"], round);
        let invited = codes.t.anon().header("token", res.json()["data"]["token"].as_str().unwrap());
        codes.t.clock.advance(MINUTE_MS);
        let sms = codes.sms_code(&invited, &mobile).await;
        let cancel = json!({"phone": mobile, "captcha": sms});
        invited.post("/v1/user/cancel-user").json(&cancel).send().await.assert_ok();
        codes.t.clock.advance(MINUTE_MS);
    }
    assert_eq!(ledger(&alice.v1).await, [(9, 1.0)]);
}

#[actix_web::test]
async fn a_code_that_is_no_longer_there_keeps_nobody_out_of_an_account() {
    let codes = CodeApp::new().await;
    let mobile = new_mobile();
    log_in(&codes, &mobile, "").await.assert_ok();
    codes.t.clock.advance(MINUTE_MS);
    log_in(&codes, &mobile, "GONE1234").await.assert_ok();
    // Nor does it say of whom it is to those without the code of the SMS.
    let body = json!({"mobile": new_mobile(), "captcha": "000000", "deviceId": "d", "invitationCode": "GONE1234"});
    assert_eq!(codes.t.anon().post("/v1/user/verification-login").json(&body).send().await.code(), -1);
}

#[actix_web::test]
async fn a_wrong_code_is_refused_before_the_code_of_the_sms_is_used_up() {
    let codes = CodeApp::new().await;
    let outsider = codes.t.user_of_new_app("other", "alice").await;
    let others = code_of(&outsider).await;
    let mobile = new_mobile();
    let sms = codes.sms_code(&codes.t.anon(), &mobile).await;
    let body = |code: &str| json!({"mobile": mobile, "captcha": sms, "deviceId": "d", "invitationCode": code});
    for wrong in ["ABCD", &others, "a b c d", "x"] {
        let res = codes.t.anon().post("/v1/user/verification-login").json(&body(wrong)).send().await;
        assert_eq!(res.code(), 1100, "{wrong}");
    }
    codes.t.anon().post("/v1/user/verification-login").json(&body("")).send().await.assert_ok();
}

#[actix_web::test]
async fn a_user_chooses_a_code_that_nobody_has() {
    let codes = CodeApp::new().await;
    let [alice, bob] = [codes.t.user("alice").await, codes.t.user("bob").await];
    let (of_alice, of_bob) = (code_of(&alice).await, code_of(&bob).await);
    change_code(&alice, "Gold2026").await.assert_ok();
    assert_eq!(code_of(&alice).await, "GOLD2026");
    for (code, expected) in [("gold2026", -1), (&*of_alice, -1), ("abc", 1100), ("a-b-c-d", 1100), ("", 1100)] {
        assert_eq!(change_code(&bob, code).await.code(), expected, "{code}");
    }
    assert_eq!(change_code(&bob, &"a".repeat(17)).await.code(), 1100);
    assert_eq!(code_of(&bob).await, of_bob);
    // Both of the codes of alice lead to her.
    register_invited(&codes, "gold2026").await;
    register_invited(&codes, &of_alice).await;
    assert_eq!(progress(&alice).await["currentNumberTotal"], 2);
    let other_app = codes.t.user_of_new_app("other", "carol").await;
    change_code(&other_app, "GOLD2026").await.assert_ok();
}

#[actix_web::test]
async fn an_account_that_exists_is_not_invited_again() {
    let codes = CodeApp::new().await;
    set(&codes.t, json!({"reward_inviter_cents": 100})).await;
    let (alice, mobile) = (codes.t.user("alice").await, new_mobile());
    codes.sms_user(&mobile).await;
    let sms = codes.sms_code(&codes.t.anon(), &mobile).await;
    let body = json!({"mobile": mobile, "captcha": sms, "deviceId": "d", "invitationCode": code_of(&alice).await});
    codes.t.anon().post("/v1/user/verification-login").json(&body).send().await.assert_ok();
    assert_eq!(progress(&alice).await["currentNumberTotal"], 0);
    assert!(ledger(&alice.v1).await.is_empty());
}

#[actix_web::test]
async fn the_first_change_of_name_and_avatar_pays_once_if_the_app_says_so() {
    let t = TestApp::new().await;
    set(&t, json!({"reward_first_edit_cents": 50})).await;
    let alice = t.user("alice").await;
    let rename = async |name: &str| {
        alice.v1.post("/v1/user/edit-nickname").json(&json!({"nickname": name})).send().await.assert_ok();
    };
    let avatar = async |url: &str| {
        alice.v1.post("/v1/user/edit-avatar").json(&json!({"url": url})).send().await.assert_ok();
    };
    rename("alice").await;
    assert!(ledger(&alice.v1).await.is_empty());
    rename("Al").await;
    rename("Ali").await;
    avatar("https://x.example/a.png").await;
    avatar("https://x.example/b.png").await;
    assert_eq!(ledger(&alice.v1).await, [(4, 0.5), (4, 0.5)]);
    let tasks = alice.v1.post("/v1/coin/task/my-task-info").send().await.json();
    let expected = json!({"adsWatchNumber": 0, "avatarEditNumber": 2, "nicknameEditNumber": 2, "raffleTimes": 0});
    assert_eq!(tasks["data"], expected);
}

#[actix_web::test]
async fn advertisements_and_raffles_of_today_are_counted() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for (typ, key) in [(7, "a"), (7, "b"), (8, "c"), (2, "d")] {
        let body = json!({"user_id": alice.id, "amount": 1, "typ": typ, "reason": "r", "idempotency_key": key});
        admin.post("/admin/v1/coins/adjust").json(&body).send().await.assert_ok();
    }
    let tasks = async || alice.v1.post("/v1/coin/task/my-task-info").send().await.json()["data"].clone();
    assert_eq!((&tasks().await["adsWatchNumber"], &tasks().await["raffleTimes"]), (&json!(2), &json!(1)));
    t.clock.advance(DAY_MS);
    assert_eq!(tasks().await["adsWatchNumber"], 0);
}

#[actix_web::test]
async fn rewards_that_make_no_sense_are_refused() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for body in [
        json!({"reward_inviter_cents": -1}),
        json!({"reward_invitee_cents": 1_000_001}),
        json!({"invitations_per_day": -1}),
        json!({"reward_first_edit_cents": "1"}),
    ] {
        assert_eq!(admin.post("/admin/v1/app/set").json(&body).send().await.code(), 10002, "{body}");
    }
}
