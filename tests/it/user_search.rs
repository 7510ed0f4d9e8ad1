//! The search for accounts: `GET /admin/v1/users/search` and `diglot user search`.

use diesel::{QueryableByName, RunQueryDsl as _, sql_types::Text};
use diglot::store::StoreError;
use serde_json::{Value, json};

use crate::support::{Client, Shell, TestApp};

const SEARCH: &str = "/admin/v1/users/search";

async fn search(admin: &Client, query: &str) -> Value {
    let res = admin.get(&format!("{SEARCH}?{query}")).send().await;
    res.assert_ok();
    res.json()
}

fn ids(answer: &Value) -> Vec<i64> {
    answer["data"].as_array().unwrap().iter().map(|user| user["user_id"].as_i64().unwrap()).collect()
}

/// Inserts accounts with ids from 101, each given by its login name, display name, mobile number and e-mail address.
async fn insert(t: &TestApp, users: &[[&str; 4]]) {
    let text = |value: &str| if value.is_empty() { "NULL".to_owned() } else { format!("'{value}'") };
    for (id, [username, nickname, mobile, email]) in (101..).zip(users) {
        let key = username.to_ascii_lowercase();
        let sql = format!(
            "INSERT INTO users (id, app_id, username, username_key, nickname, name_id, avatar_url, avatar_id, mobile, \
             email, coin_cents, vip_expires_at_ms, status, last_device_sn, registered_at_ms) VALUES ({id}, 'default', \
             {}, {}, '{nickname}', 1, '', 0, {}, {}, 0, 0, 0, 0, 1000)",
            text(username),
            text(&key),
            text(mobile),
            text(email)
        );
        t.execute(&sql).await.unwrap();
    }
}

/// Inserts accounts by SQL, `count` of each kind: `u000001`, with a display name that all share; and `150…` with their own.
async fn insert_many(t: &TestApp, count: i64) {
    let sql = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count})
         INSERT INTO users (app_id, username, username_key, nickname, name_id, avatar_url, avatar_id, mobile, email,
                            coin_cents, vip_expires_at_ms, status, last_device_sn, registered_at_ms)
         SELECT 'default', 'u' || CAST(1000000 + i AS TEXT), 'u' || CAST(1000000 + i AS TEXT), 'u same', 1, '', 0, \
         '150' || CAST(10000000 + i AS TEXT), 'u' || CAST(1000000 + i AS TEXT) || '@x.example', 0, 0, 0, 0, 0 FROM n"
    );
    t.execute(&sql).await.unwrap();
}

#[actix_web::test]
async fn an_account_is_found_by_its_id_and_by_the_beginning_of_each_of_its_names() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    insert(
        &t,
        &[
            ["Alice", "Wonder", "13812345678", "alice@mail.example"],
            ["alicia", "Éowyn", "", "bob@mail.example"],
            ["bob", "alice in chains", "+4915112345678", ""],
            ["", "100 % _real", "13800000000", ""],
            ["x101", "x", "", "al%ice@mail.example"],
        ],
    )
    .await;
    for (q, expected) in [
        ("101", vec![101]),
        ("alice", vec![101, 103]),
        ("ALIC", vec![101, 102]),
        ("alic", vec![101, 102, 103]),
        ("138", vec![104, 101]),
        ("%2B86138", vec![104, 101]),
        ("138-1234%205678", vec![101]),
        ("%EF%BC%8B86%20138%201234", vec![101]),
        ("%2B49", vec![103]),
        ("%2B86", vec![104, 101]),
        ("BOB@mail", vec![102]),
        ("al%25", vec![105]),
        ("100%20%25%20_", vec![104]),
        ("%C3%89ow", vec![102]),
        ("E%CC%81ow", vec![102]),
        ("_", vec![]),
        ("99999", vec![]),
        ("", vec![105, 104, 103, 102, 101]),
    ] {
        let found = search(&admin, &format!("q={q}")).await;
        assert_eq!((ids(&found), &found["cursor"]), (expected, &Value::Null), "{q}");
    }
    let expected = json!({
        "user_id": 101, "username": "Alice", "nickname": "Wonder", "mobile": "13812345678",
        "email": "alice@mail.example", "status": 0, "registered_at_ms": 1000, "online": false,
    });
    assert_eq!(search(&admin, "q=101").await["data"], json!([expected]));
}

#[actix_web::test]
async fn exact_matches_come_first_and_each_account_once() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    insert(&t, &[["ann2", "ann", "", ""], ["ann", "ann", "", "ann@x.example"], ["z", "anna", "", "ann0@x.example"]])
        .await;
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let found = search(&admin, &format!("q=ann&page_size=1&cursor={cursor}")).await;
        all.extend(ids(&found));
        match found["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => break,
        }
    }
    assert_eq!(all, [102, 101, 103]);
}

#[actix_web::test]
async fn pages_are_complete_also_when_many_share_a_name() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    insert_many(&t, 1000).await;
    t.execute("UPDATE users SET username = NULL, username_key = NULL WHERE username_key = 'u1000500'").await.unwrap();
    for (q, size, expected) in [("u", 200, 1000), ("u%20same", 90, 1000), ("", 200, 1000), ("150", 33, 1000)] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let found = search(&admin, &format!("q={q}&page_size={size}&cursor={cursor}")).await;
            all.extend(ids(&found));
            match found["cursor"].as_str() {
                Some(next) => next.clone_into(&mut cursor),
                None => break,
            }
        }
        let once: std::collections::BTreeSet<i64> = all.iter().copied().collect();
        assert_eq!((all.len(), once.len()), (expected, expected), "{q}");
    }
}

#[actix_web::test]
async fn a_page_reads_few_rows_however_many_an_earlier_part_found() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    insert_many(&t, 12_000).await;
    let last = search(&admin, "q=u1012000").await;
    let mut cursor = String::new();
    // The last page of the login names; then those of the addresses and display names, which are all left out.
    let mut pages = Vec::new();
    for _ in 0..70 {
        let found = search(&admin, &format!("q=u&page_size=200&cursor={cursor}")).await;
        pages.push(ids(&found).len());
        let Some(next) = found["cursor"].as_str() else { break };
        next.clone_into(&mut cursor);
    }
    assert_eq!(pages.iter().sum::<usize>(), 12_000);
    assert!(pages.contains(&0) && pages.len() < 70, "{pages:?}");
    assert_eq!(ids(&last).len(), 1);
}

#[actix_web::test]
async fn deleted_accounts_and_those_of_other_apps_do_not_appear() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let (gone, kept) = (t.user("gone").await, t.user("kept").await);
    gone.admin_api.post("/user/delete").json(&json!({"password": crate::support::PASSWORD})).send().await.assert_ok();
    admin.put("/user/disable").json(&json!({"list": [kept.id]})).send().await.assert_ok();

    assert_eq!(ids(&search(&admin, "").await), [kept.id]);
    assert_eq!(search(&admin, "q=kept").await["data"][0]["status"], 1);
    for q in ["gone".to_owned(), gone.id.to_string()] {
        assert_eq!(ids(&search(&admin, &format!("q={q}")).await), [0; 0]);
    }
    for q in ["kept".to_owned(), kept.id.to_string(), String::new()] {
        assert_eq!(ids(&search(&other, &format!("q={q}")).await), [0; 0], "{q}");
    }
    kept.admin_api
        .get(SEARCH)
        .send()
        .await
        .assert_line("json | 200 | 402 | access-token no longer valid, log in again");
    let user = t.user("eve").await;
    user.admin_api.get(SEARCH).send().await.assert_line("json | 200 | 10010 | no permission");
}

#[actix_web::test]
async fn malformed_searches_are_refused() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    insert(&t, &[["ann", "ann", "", ""], ["anna", "ann", "", ""]]).await;
    let cursor = search(&admin, "q=ann&page_size=1").await["cursor"].as_str().unwrap().to_owned();
    for (query, problem) in [
        ("q=a&cursor=x".to_owned(), "cursor is malformed"),
        ("q=a&cursor=dTp4Og".to_owned(), "cursor is malformed"),
        (format!("q=bob&cursor={cursor}"), "cursor is malformed"),
        (format!("cursor={cursor}"), "cursor is malformed"),
        ("q=a%00b".to_owned(), "q holds characters that are not allowed"),
        (format!("q={}", "a".repeat(321)), "q is too long: at most 320 characters"),
        ("page_size=0".to_owned(), "page_size must be from 1 to 200"),
        ("page_size=x".to_owned(), "page_size is malformed"),
    ] {
        let line = format!("json | 200 | 10002 | invalid request parameter: {problem}");
        admin.get(&format!("{SEARCH}?{query}")).send().await.assert_line(&line);
    }
}

#[derive(QueryableByName)]
struct SqlitePlan {
    #[diesel(sql_type = Text)]
    detail: String,
}

#[derive(QueryableByName)]
struct PostgresPlan {
    #[diesel(sql_type = Text, column_name = "QUERY PLAN")]
    line: String,
}

/// How the database would execute a query.
pub async fn plan(t: &TestApp, sql: &str) -> String {
    let is_embedded = t.gateway.config.database_url.is_embedded();
    let sql = format!("{} {sql}", if is_embedded { "EXPLAIN QUERY PLAN" } else { "EXPLAIN" });
    let read = move |conn: &mut diglot::store::Conn| -> Result<String, StoreError> {
        let query = diesel::sql_query(sql);
        Ok(if is_embedded {
            query.load::<SqlitePlan>(conn)?.into_iter().map(|row| row.detail + "\n").collect()
        } else {
            query.load::<PostgresPlan>(conn)?.into_iter().map(|row| row.line + "\n").collect()
        })
    };
    t.gateway.db.read(read).await.unwrap()
}

#[actix_web::test]
async fn each_part_of_a_search_is_a_range_of_an_index_without_sorting() {
    let t = TestApp::new().await;
    insert_many(&t, 5000).await;
    if !t.gateway.config.database_url.is_embedded() {
        t.execute("ANALYZE users").await.unwrap();
    }
    for (index, rest) in [
        ("users_app_username", "username_key >= 'u1' AND username_key < 'u1\u{10FFFF}' ORDER BY username_key"),
        ("users_app_mobile", "mobile >= '150' AND mobile < '150\u{10FFFF}' ORDER BY mobile"),
        ("users_app_email", "email >= 'u1' AND email < 'u1\u{10FFFF}' ORDER BY email"),
        ("users_app_nickname", "nickname >= 'u' AND nickname < 'u\u{10FFFF}' ORDER BY nickname, id"),
        ("users_app_nickname", "nickname = 'u same' AND id > 77 ORDER BY id"),
    ] {
        let sql = format!("SELECT id, nickname FROM users WHERE app_id = 'default' AND {rest} LIMIT 51");
        let plan = plan(&t, &sql).await;
        assert!(!plan.contains("Sort") && !plan.contains("B-TREE") && !plan.contains("Seq Scan"), "{sql}: {plan}");
        assert!(plan.contains(index) || plan.contains("users_pkey"), "{sql}: {plan}");
    }
}

#[actix_web::test]
async fn the_shell_searches_too() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    std::fs::write(
        shell.path().join("users.csv"),
        "username,password,nickname,email\nalice,secret,Al,alice@x.example\nalbert,secret,Bert,\n",
    )
    .unwrap();
    shell.run(&["user", "import", "--app", "shop", "users.csv"]);
    let alice = ["1", "active", "alice", "Al", "alice@x.example"];
    let found = shell.table(&["user", "search", "--app", "shop", "ali"]);
    assert_eq!(found[0], ["USER_ID", "STATE", "USERNAME", "NICKNAME", "MOBILE", "EMAIL"]);
    assert_eq!(found[1], alice);
    assert_eq!(shell.table(&["user", "search", "--app", "shop"]).len(), 1 + 2);
    let first = shell.output(&["user", "search", "--app", "shop", "al", "--size", "1"]);
    assert!(String::from_utf8(first.stdout).unwrap().ends_with("\n2        active  albert    Bert\n"));
    let hint = String::from_utf8(first.stderr).unwrap();
    let cursor = hint.trim_end().strip_prefix("more follow: --cursor ").unwrap();
    let rest = shell.table(&["user", "search", "--app", "shop", "al", "--size", "1", "--cursor", cursor]);
    assert_eq!(rest[1..], [alice]);
    assert_eq!(shell.fail(&["user", "search", "--app", "shop", "al", "--cursor", "x"]), "diglot: cursor is malformed");
}
