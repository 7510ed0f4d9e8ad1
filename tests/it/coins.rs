//! Coins: exact, never negative, fully recorded (security.md 41–43).

use diglot::transport::pb;
use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::support::{Client, PASSWORD, Res, TestApp, User};

const RECORD: &str = "/v1/user/gold-coin-increase-decrease-record";

async fn adjust(admin: &Client, user: &User, amount: Value, key: &str) -> Res {
    let body = json!({"user_id": user.id, "amount": amount, "typ": 8, "reason": "抽奖金币", "idempotency_key": key});
    admin.post("/admin/v1/coins/adjust").json(&body).send().await
}

async fn balance(user: &User) -> f64 {
    user.v1.get("/v1/user/info").send().await.proto::<pb::InfoResponse>().data.unwrap().coin
}

#[actix_web::test]
async fn a_change_appears_in_the_balance_and_the_ledger() {
    let t = TestApp::new().await;
    let (admin, alice, bob) = (t.admin().await, t.user("alice").await, t.user("bob").await);

    let res = adjust(&admin, &alice, json!(55.01), "first").await.json();
    let id = res["data"]["id"].clone();
    let expected = json!({"id": id, "before_cents": 0, "change_cents": 5501, "after_cents": 5501});
    assert_eq!(res, json!({"code": 200, "data": expected}));
    adjust(&admin, &bob, json!(9), "first").await.assert_ok();
    let body = json!({"user_id": alice.id, "amount": -0.1, "typ": 6, "reason": "spent", "remark": "on a hat",
        "idempotency_key": "second"});
    admin.post("/admin/v1/coins/adjust").json(&body).send().await.assert_ok();

    assert_eq!(balance(&alice).await.to_bits(), 54.91_f64.to_bits());
    let res = alice.v1.post(RECORD).json(&json!({"size": 20, "page": 1})).send().await.json();
    let second = res["data"]["goldCoinRecord"][0]["id"].clone();
    let expected = json!({"code": 1, "msg": "success", "data": {"total": 2, "goldCoinRecord": [
        {"id": second, "userId": alice.id.to_string(), "typ": 6, "beforeAmount": 55.01, "afterAmount": 54.91,
            "changeAmount": -0.1, "reason": "spent", "remark": "on a hat", "createTime": 1_767_323_045},
        {"id": id, "userId": alice.id.to_string(), "typ": 8, "beforeAmount": 0.0, "afterAmount": 55.01,
            "changeAmount": 55.01, "reason": "抽奖金币", "remark": "", "createTime": 1_767_323_045},
    ]}});
    assert_eq!(res, expected);
    let mirrored = alice.v1.get(&format!("{RECORD}?size=20&page=1")).send().await.json();
    assert_eq!(mirrored, expected);
    let request = pb::GoldCoinRecordRequest { size: 1, page: 2 };
    let proto: pb::GoldCoinRecordResponse = alice.v1.post(RECORD).proto(&request).send().await.proto();
    assert_eq!((proto.total, proto.gold_coin_record[0].after_amount.to_bits()), (2, 55.01_f64.to_bits()));
}

#[actix_web::test]
async fn pages_are_bounded_and_complete() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    for n in 0..7 {
        adjust(&admin, &alice, json!(1), &format!("key {n}")).await.assert_ok();
    }
    let page = async |body: Value| -> Vec<f64> {
        let res = alice.v1.post(RECORD).json(&body).send().await;
        res.assert_ok();
        assert_eq!(res.json()["data"]["total"], 7);
        let records = res.json()["data"]["goldCoinRecord"].clone();
        records.as_array().unwrap().iter().map(|record| record["afterAmount"].as_f64().unwrap()).collect()
    };

    assert_eq!(page(json!({"size": 3, "page": 1})).await, [7.0, 6.0, 5.0]);
    assert_eq!(page(json!({"size": 3, "page": 3})).await, [1.0]);
    assert_eq!(page(json!({"size": 3, "page": 4})).await, [0.0; 0]);
    assert_eq!(page(json!({"size": 100_000, "page": 2_147_483_647})).await, [0.0; 0]);
    assert_eq!(page(json!({"size": 100_000})).await.len(), 7);
    assert_eq!(page(json!({})).await.len(), 7);
    for (body, what) in [(json!({"size": -1}), "size"), (json!({"page": -1}), "page")] {
        let line = alice.v1.post(RECORD).json(&body).send().await.line();
        assert_eq!(line, format!("json | 200 | 1100 | 请求参数错误: {what} 必须在 1 到 2147483647 之间"));
    }
    for body in [r#"{"size":"3"}"#, r#"{"size":99999999999}"#, r#"{"size":1.5}"#] {
        alice.v1.post(RECORD).body(body).send().await.assert_line("json | 400 | 1100 | 请求参数错误: size 类型错误");
    }
}

#[actix_web::test]
async fn amounts_have_at_most_two_decimals_and_are_bounded() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);

    for bad in [json!(0), json!(0.001), json!(1.005), json!(-0.0), json!(1e-7)] {
        let line = adjust(&admin, &alice, bad.clone(), "bad").await.line();
        assert_eq!(line, "json | 200 | 10002 | invalid request parameter: amount is malformed", "{bad}");
    }
    for bad in [json!(1_000_000_000.01), json!(9_223_372_036_854_775_807_i64), json!(u64::MAX)] {
        let line = adjust(&admin, &alice, bad.clone(), "bad").await.line();
        let expected = "amount must be from -1000000000 to 1000000000";
        assert_eq!(line, format!("json | 200 | 10002 | invalid request parameter: {expected}"), "{bad}");
    }
    for bad in ["\"5\"", "true", "[1]", "1.000000000000000001", "4.349999999999999999", "0.00999999999999999999"] {
        let body = format!(
            r#"{{"user_id": {}, "amount": {bad}, "typ": 2, "reason": "r", "idempotency_key": "{{bad}}"}}"#,
            alice.id
        );
        let res = admin.post("/admin/v1/coins/adjust").body(body).send().await;
        assert_eq!(res.line(), "json | 200 | 10002 | invalid request parameter: amount is malformed", "{bad}");
    }
    let limits =
        "json | 200 | 10002 | invalid request parameter: amount leaves the balance below zero or above its limit";
    adjust(&admin, &alice, json!(-0.01), "overdrawn").await.assert_line(limits);
    adjust(&admin, &alice, json!(1_000_000_000), "rich").await.assert_ok();
    adjust(&admin, &alice, json!(0.01), "richer").await.assert_line(limits);
    assert_eq!(alice.v1.post(RECORD).send().await.json()["data"]["total"], 1);
    for (field, value) in
        [("typ", json!(1)), ("typ", json!(99)), ("reason", json!(" ")), ("idempotency_key", json!(""))]
    {
        let mut body = json!({"user_id": alice.id, "amount": 1, "typ": 2, "reason": "r", "idempotency_key": "k"});
        body[field] = value;
        assert_eq!(admin.post("/admin/v1/coins/adjust").json(&body).send().await.code(), 10002, "{field}");
    }
}

#[actix_web::test]
async fn concurrent_changes_with_the_same_key_create_one_record() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);

    let results = join_all((0..20).map(|_| adjust(&admin, &alice, json!(5), "once"))).await;
    let first = results[0].json();
    assert!(results.iter().all(|res| res.json() == first), "{first}");
    assert_eq!(alice.v1.post(RECORD).send().await.json()["data"]["total"], 1);
    let other = adjust(&admin, &alice, json!(6), "once").await;
    other.assert_line("json | 200 | 10002 | invalid request parameter: idempotency_key belongs to another change");
    assert_eq!(balance(&alice).await.to_bits(), 5_f64.to_bits());
}

#[actix_web::test]
async fn concurrent_spends_succeed_only_while_the_balance_covers_them() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    adjust(&admin, &alice, json!(50), "salary").await.assert_ok();

    let keys: Vec<String> = (0..100).map(|n| format!("spend {n}")).collect();
    let results = join_all(keys.iter().map(|key| adjust(&admin, &alice, json!(-1), key))).await;
    assert_eq!(results.iter().filter(|res| res.code() == 200).count(), 50);
    assert_eq!(results.iter().filter(|res| res.code() == 10002).count(), 50);
    assert_eq!(balance(&alice).await.to_bits(), 0_f64.to_bits());

    // Each record starts at the balance at which the previous one ended.
    let res = alice.v1.post(RECORD).json(&json!({"size": 100})).send().await.json();
    let records = res["data"]["goldCoinRecord"].as_array().unwrap();
    assert_eq!(records.len(), 51);
    for pair in records.windows(2) {
        assert_eq!(pair[0]["beforeAmount"], pair[1]["afterAmount"]);
    }
}

#[actix_web::test]
async fn the_ledger_is_immutable() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    adjust(&admin, &alice, json!(50), "salary").await.assert_ok();

    for sql in ["UPDATE coin_ledger SET reason = 'x'", "DELETE FROM coin_ledger"] {
        assert!(t.execute(sql).await.unwrap_err().to_string().contains("append-only"), "{sql}");
    }
    if t.gateway.config.database_url.is_embedded() {
        // Only SQLite has REPLACE.
        for columns in ["id, user_id, seq", "id + 1, user_id, seq", "id + 1, user_id, seq + 1"] {
            let replace = format!(
                "INSERT OR REPLACE INTO coin_ledger SELECT {columns}, typ, 0, 1, 1, 'forged', remark, idempotency_key, 0 \
                 FROM coin_ledger"
            );
            assert!(t.execute(&replace).await.unwrap_err().to_string().contains("append-only"), "{columns}");
        }
    }
}

#[actix_web::test]
async fn only_admins_of_the_users_tenant_change_coins_and_only_the_owner_sees_them() {
    let t = TestApp::new().await;
    let (admin, other, alice) = (t.admin().await, t.admin_of("other").await, t.user("alice").await);

    adjust(&alice.admin_api, &alice, json!(5), "k").await.assert_line("json | 200 | 10010 | no permission");
    adjust(&other, &alice, json!(5), "k").await.assert_line("json | 200 | 10000 | user does not exist");
    t.anon().post(RECORD).send().await.assert_line("json | 200 | -101 | 未登录");
    adjust(&admin, &alice, json!(5), "k").await.assert_ok();
    let row = t.audit_rows().await.pop().unwrap();
    assert_eq!((row.action.as_str(), row.actor_kind), ("coins.adjust", 2));
    let body = json!({"name": "alice", "password": PASSWORD});
    t.anon().header("app_id", "default").post("/token/user").json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn a_deep_page_is_as_fast_as_the_first() {
    const RECORDS: i64 = 200_000;
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let id = alice.id;
    for start in (0..RECORDS).step_by(20_000) {
        let fill = format!(
            "WITH RECURSIVE n(i) AS (SELECT {start} + 1 UNION ALL SELECT i + 1 FROM n WHERE i < {start} + 20000)
             INSERT INTO coin_ledger (user_id, seq, typ, before_cents, change_cents, after_cents, reason, remark,
                                      idempotency_key, created_at_ms)
             SELECT {id}, i, 2, i - 1, 1, i, 'r', '', 'key ' || i, 0 FROM n"
        );
        t.execute(&fill).await.unwrap();
    }
    t.execute(&format!("UPDATE users SET coin_records = {RECORDS}, coin_cents = {RECORDS} WHERE id = {id}"))
        .await
        .unwrap();
    let time = async |page: i64| {
        let started = std::time::Instant::now();
        let res = alice.v1.post(RECORD).json(&json!({"size": 20, "page": page})).send().await;
        assert_eq!(res.json()["data"]["goldCoinRecord"].as_array().unwrap().len(), 20);
        started.elapsed().as_secs_f64()
    };

    let (mut first, mut deep) = (f64::MAX, f64::MAX);
    for _ in 0..10 {
        first = first.min(time(1).await);
        deep = deep.min(time(RECORDS / 20).await);
    }
    assert!(deep < first * 3.0, "first page {first} s, deep page {deep} s");
}
