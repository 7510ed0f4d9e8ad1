//! Reading the audit log: `/admin/v1/audit/list` and `/export`, `diglot audit`, and the account that a row is about.

use diesel::connection::SimpleConnection as _;
use diglot::{
    domain::{
        Error, Origin,
        access::{PresentedToken, authenticate},
        audit_log,
    },
    model::{AuditFilter, Language, Token},
    store::{Conn, StoreError},
};
use serde_json::{Value, json};

use crate::{
    support::{Client, DAY_MS, Res, START_MS, Shell, TestApp, app_id},
    user_search::plan,
};

const LIST: &str = "/admin/v1/audit/list";
const EXPORT: &str = "/admin/v1/audit/export";

async fn list(admin: &Client, query: &str) -> Value {
    let res = admin.get(&format!("{LIST}?{query}")).send().await;
    res.assert_ok();
    res.json()
}

/// `action target result` of each row.
fn lines(answer: &Value) -> Vec<String> {
    let text = |row: &Value, name: &str| row[name].as_str().unwrap().to_owned();
    let line = |row: &Value| [text(row, "action"), text(row, "target"), text(row, "result")].join(" ");
    answer["data"].as_array().unwrap().iter().map(line).collect()
}

/// The rows of all pages.
async fn all_pages(admin: &Client, query: &str, size: usize) -> Vec<i64> {
    let (mut ids, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = list(admin, &format!("{query}&page_size={size}&cursor={cursor}")).await;
        ids.extend(page["data"].as_array().unwrap().iter().map(|row| row["id"].as_i64().unwrap()));
        match page["cursor"].as_str() {
            Some(next) => next.clone_into(&mut cursor),
            None => return ids,
        }
    }
}

#[actix_web::test]
async fn rows_are_listed_newest_first_and_show_who_did_what() {
    let t = TestApp::new().await;
    let (admin, alice) = (t.admin().await, t.user("alice").await);
    let token = t.number("SELECT MAX(id) AS number FROM admin_tokens").await;
    t.clock.advance(1500);
    let body = json!({"user_id": alice.id, "days": 3});
    let res = admin.post("/admin/v1/vip/grant").header("x-request-id", "r1").json(&body).send().await;
    res.assert_ok();
    let acting = admin.clone().header("user_id", &alice.id.to_string());
    acting.put("/user/nickname?nick_name=Al").send().await.assert_ok();

    let all = list(&admin, "").await;
    let expected = ["profile.rename 1 ok", "vip.grant 1: 3 days ok", "session.login 1 ok", "account.register 1 ok"];
    assert_eq!(lines(&all)[..4], expected);
    assert!(lines(&all)[4].starts_with("admin_token.create test-"));
    let name = t.texts("SELECT name AS text FROM admin_tokens").await.remove(0);
    let row = &all["data"][1];
    let expected = json!({
        "id": row["id"], "at_ms": START_MS + 1500, "actor": format!("admin_token:{token}"), "token_name": name,
        "user_id": alice.id, "action": "vip.grant", "target": "1: 3 days", "address": "203.0.113.7", "request_id": "r1",
        "result": "ok",
    });
    assert_eq!(*row, expected);
    assert_eq!(all["data"][0]["for_user"], alice.id);
}

#[actix_web::test]
async fn filters_can_be_combined() {
    let t = TestApp::new().await;
    let (admin, alice, bob) = (t.admin().await, t.user("alice").await, t.user("bob").await);
    let token = t.number("SELECT MAX(id) AS number FROM admin_tokens").await;
    t.clock.advance(DAY_MS);
    for (user, amount) in [(&alice, 5), (&bob, 6), (&bob, -99)] {
        let key = amount.to_string();
        let body = json!({"user_id": user.id, "amount": amount, "typ": 2, "reason": "r", "idempotency_key": key});
        drop(admin.post("/admin/v1/coins/adjust").json(&body).send().await);
    }
    let wrong = json!({"name": "bob", "password": "wrong"});
    drop(t.anon().header("app_id", "default").post("/token/user").json(&wrong).send().await);
    bob.admin_api.put("/user/username?username=rob").send().await.assert_ok();
    let list_of = json!({"list": [alice.id, bob.id]});
    admin.put("/user/disable").json(&list_of).send().await.assert_ok();

    let (later, id) = ((START_MS + DAY_MS) / 1000, bob.id);
    for (query, expected) in [
        (
            format!("user_id={id}&from={later}"),
            vec![
                "account.disable 2 ok",
                "account.set_username 2 ok",
                "session.login 2 login refused",
                "coins.adjust 2 insufficient coins",
                "coins.adjust 2: record 2 ok",
            ],
        ),
        (format!("user_id={id}&until={later}"), vec!["session.login 2 ok", "account.register 2 ok"]),
        (format!("actor=user:{id}"), vec!["account.set_username 2 ok"]),
        (format!("actor=anonymous&user_id={id}&from={later}"), vec!["session.login 2 login refused"]),
        (
            format!("actor=admin_token:{token}&action=coins.&user_id={id}"),
            vec!["coins.adjust 2 insufficient coins", "coins.adjust 2: record 2 ok"],
        ),
        (format!("action=account.&user_id={}", alice.id), vec!["account.disable 1 ok", "account.register 1 ok"]),
        (format!("action=account.disable&user_id={id}"), vec!["account.disable 2 ok"]),
        ("actor=command_line&action=app.create".to_owned(), vec!["app.create default ok"]),
        ("action=acc.".to_owned(), vec![]),
        ("action=vip.grant".to_owned(), vec![]),
        (format!("actor=user:{id}&until={later}"), vec![]),
    ] {
        assert_eq!(lines(&list(&admin, &query).await), expected, "{query}");
    }
}

#[actix_web::test]
async fn pages_neither_repeat_nor_miss_rows() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    // Ten rows of each millisecond, in an order of times that is not that of the ids.
    let actors = "CASE i % 4 WHEN 1 THEN 7 WHEN 2 THEN 8 END";
    let fill = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 400)
         INSERT INTO audit_log (at_ms, app_id, actor_kind, actor_id, action, target, address, request_id, result, user_id)
         SELECT i * 7 % 40, 'default', i % 4, {actors}, CASE i % 3 WHEN 0 THEN 'x.a' WHEN 1 THEN 'x.b' ELSE 'y.a' END,
                '', '', '', 'ok', i % 5 FROM n"
    );
    t.execute(&fill).await.unwrap();
    for (query, condition) in [
        ("until=1", "TRUE"),
        ("until=1&action=x.", "action <> 'y.a'"),
        ("until=1&action=y.a", "action = 'y.a'"),
        ("until=1&actor=anonymous", "actor_kind = 0"),
        ("until=1&actor=user:7", "actor_kind = 1"),
        ("until=1&user_id=3", "user_id = 3"),
    ] {
        let select = "SELECT CAST(id AS TEXT) AS text FROM audit_log WHERE at_ms < 1000 AND";
        let ids = t.texts(&format!("{select} {condition} ORDER BY at_ms DESC, id DESC")).await;
        let expected: Vec<i64> = ids.iter().map(|id| id.parse().unwrap()).collect();
        assert!(expected.len() >= 80);
        assert_eq!(all_pages(&admin, query, 7).await, expected, "{query}");
        assert_eq!(all_pages(&admin, query, 200).await, expected, "{query}");
    }
}

#[actix_web::test]
async fn only_operators_read_the_log_and_only_that_of_their_app() {
    let t = TestApp::new().await;
    let (admin, other, alice) = (t.admin().await, t.admin_of("other").await, t.user("alice").await);
    for path in [LIST.to_owned(), format!("{EXPORT}?format=csv")] {
        alice.admin_api.get(&path).send().await.assert_line("json | 200 | 10010 | no permission");
    }
    let all = list(&other, "").await;
    assert!(lines(&all).iter().all(|line| line.starts_with("admin_token.create") || line.starts_with("app.create")));
    assert_eq!(lines(&list(&other, &format!("user_id={}", alice.id)).await), [""; 0]);
    // Nor the names of its tokens.
    t.execute("UPDATE admin_tokens SET name = 'hidden' WHERE app_id = 'default'").await.unwrap();
    let token = t.number("SELECT MIN(id) AS number FROM admin_tokens").await;
    let insert = format!(
        "INSERT INTO audit_log (at_ms, app_id, actor_kind, actor_id, action, target, address, request_id, result)
         VALUES (1, 'other', 2, {token}, 'x.y', '', '', '', 'ok')"
    );
    t.execute(&insert).await.unwrap();
    assert_eq!(list(&other, "action=x.y").await["data"][0]["token_name"], Value::Null);
    for (query, problem) in [
        ("actor=root", "actor is malformed"),
        ("actor=user:0", "actor is malformed"),
        ("action=coins", "action is malformed"),
        ("action=a.b%27", "action is malformed"),
        ("user_id=x", "user_id is malformed"),
        ("from=yesterday", "from is malformed"),
        ("until=-1", "until must be from 0 to 253402300799"),
        ("cursor=x", "cursor is malformed"),
        ("page_size=201", "page_size must be from 1 to 200"),
    ] {
        let line = format!("json | 200 | 10002 | invalid request parameter: {problem}");
        admin.get(&format!("{LIST}?{query}")).send().await.assert_line(&line);
    }
    let line = "json | 200 | 10002 | invalid request parameter: format is malformed";
    admin.get(&format!("{EXPORT}?format=xml")).send().await.assert_line(line);
}

#[actix_web::test]
async fn each_filter_is_a_range_of_an_index_without_sorting() {
    const NEWEST: &str = "ORDER BY at_ms DESC, id DESC";
    let t = TestApp::new().await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 8000)
        INSERT INTO audit_log (at_ms, app_id, actor_kind, actor_id, action, target, address, request_id, result, user_id)
        SELECT i, 'default', i % 4, CASE i % 4 WHEN 1 THEN i % 50 WHEN 2 THEN 1 END, 'x.' || CAST(i % 50 AS TEXT), '', '',
               '', 'ok', i % 50 FROM n";
    t.execute(fill).await.unwrap();
    if !t.gateway.config.database_url.is_embedded() {
        t.execute("ANALYZE audit_log").await.unwrap();
    }
    for (index, rest) in [
        ("audit_log_at", format!("at_ms >= 0 {NEWEST}")),
        ("audit_log_at", format!("at_ms <= 4000 AND (at_ms < 4000 OR id < 77) {NEWEST}")),
        ("audit_log_user", format!("user_id = 7 {NEWEST}")),
        ("audit_log_user", format!("user_id = 7 AND actor_kind + 0 = 1 AND actor_id = 7 {NEWEST}")),
        ("audit_log_user", format!("user_id = 7 AND action || '' = 'x.7' {NEWEST}")),
        ("audit_log_action", format!("action = 'x.7' {NEWEST}")),
        ("audit_log_actor", format!("actor_kind = 1 AND actor_id = 9 {NEWEST}")),
        (
            "audit_log_actor",
            "actor_kind = 0 AND actor_id IS NULL ORDER BY actor_id DESC, at_ms DESC, id DESC".to_owned(),
        ),
    ] {
        let sql = format!("SELECT id, target FROM audit_log WHERE app_id = 'default' AND {rest} LIMIT 51");
        let plan = plan(&t, &sql).await;
        // The few rows of an account may be sorted.
        let is_sorted = plan.contains("Sort") || plan.contains("B-TREE");
        assert!(!is_sorted || rest.contains("user_id = 7 AND"), "{sql}: {plan}");
        assert!(plan.contains(index), "{sql}: {plan}");
    }
}

fn text_of(res: &Res) -> String {
    String::from_utf8(res.body.to_vec()).unwrap()
}

#[actix_web::test]
async fn an_export_has_all_rows_and_leaves_one_itself() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
        INSERT INTO audit_log (at_ms, app_id, actor_kind, action, target, address, request_id, result)
        SELECT 1, 'default', 0, 'x.y', CASE i WHEN 7 THEN '=HYPERLINK(\"http://evil\")' WHEN 8 THEN '@a' ELSE 'a, \"b\"' END,
               '', '', 'ok' FROM n";
    t.execute(fill).await.unwrap();

    let csv = admin.get(&format!("{EXPORT}?format=csv&action=x.y")).send().await;
    assert_eq!(csv.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(csv.header("content-disposition"), "attachment; filename=\"audit.csv\"");
    let text = text_of(&csv);
    assert_eq!(text.lines().count(), 1002);
    let head = "id,time,at_ms,actor,token_name,for_user,user_id,action,target,address,request_id,result";
    assert_eq!(text.lines().next().unwrap(), head);
    assert!(text.contains(",1970-01-01T00:00:00.001Z,1,anonymous,,,,x.y,\"'=HYPERLINK(\"\"http://evil\"\")\",,,ok\n"));
    assert!(text.contains(",x.y,'@a,,,ok\n") && text.contains(",x.y,\"a, \"\"b\"\"\",,,ok\n"));
    assert_eq!(lines(&list(&admin, "page_size=1").await), ["audit.export action=x.y ok"]);

    let jsonl = text_of(&admin.get(&format!("{EXPORT}?format=jsonl&action=x.y&until=1")).send().await);
    let rows: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((rows.len(), &rows[1000]["target"]), (1001, &json!("a, \"b\"")));
    assert_eq!(lines(&list(&admin, "page_size=1").await), ["audit.export action=x.y until=1 ok"]);
    let none = text_of(&admin.get(&format!("{EXPORT}?format=csv&action=z.z")).send().await);
    assert_eq!(none, format!("{head}\n"));
}

#[actix_web::test]
async fn an_export_ends_with_its_token() {
    let t = TestApp::new().await;
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1001)
        INSERT INTO audit_log (at_ms, app_id, actor_kind, action, target, address, request_id, result)
        SELECT 1, 'default', 0, 'x.y', '', '', '', 'ok' FROM n";
    t.execute(fill).await.unwrap();
    let origin = Origin {
        address: [192, 0, 2, 1].into(),
        request_id: "r".into(),
        language: Language::En,
        user_agent: String::new(),
    };
    let token = Token::parse(&t.admin_token().await);
    let presented = PresentedToken { tenant_id: app_id("default"), origin, token };
    let operator = authenticate::operator(&t.gateway, presented).await.unwrap();
    let mut export = audit_log::export(&t.gateway, &operator, AuditFilter::default()).await.unwrap();
    assert_eq!(export.next(&t.gateway).await.unwrap().unwrap().len(), 200);
    t.execute("UPDATE admin_tokens SET revoked_at_ms = 1").await.unwrap();
    assert!(matches!(export.next(&t.gateway).await, Err(Error::TokenEnded)));
}

/// Executes the statements of a migration's file.
async fn run_migration(t: &TestApp, name: &str, file: &str) {
    let database = if t.gateway.config.database_url.is_embedded() { "sqlite" } else { "postgres" };
    let root = env!("CARGO_MANIFEST_DIR");
    let sql = std::fs::read_to_string(format!("{root}/migrations/{database}/{name}/{file}")).unwrap();
    let run = move |conn: &mut Conn| -> Result<(), StoreError> { Ok(conn.batch_execute(&sql)?) };
    t.gateway.db.write(run).await.unwrap();
}

#[actix_web::test]
async fn the_migration_finds_whom_old_rows_are_about() {
    const NAME: &str = "20261127010000_audit_reading";
    let t = TestApp::new().await;
    run_migration(&t, NAME, "down.sql").await;
    let row = |kind: i16, id: &str, for_user: &str, action: &str, target: &str| {
        format!("(1, 'old', {kind}, {id}, {for_user}, '{action}', '{target}', '', '', 'ok')")
    };
    let rows = [
        row(1, "5", "NULL", "session.kick", "5: device 1"),
        row(2, "3", "6", "profile.rename", "6"),
        row(2, "3", "NULL", "coins.adjust", "7: record 12"),
        row(2, "3", "NULL", "account.disable", "8"),
        row(0, "NULL", "NULL", "session.login", "9"),
        row(3, "NULL", "NULL", "medal.grant", "10: 99"),
        row(3, "NULL", "NULL", "account.import", "12 accounts"),
        row(0, "NULL", "NULL", "session.login", "name:13"),
        row(2, "3", "NULL", "medal.define", "14"),
        row(2, "3", "NULL", "group.update", "15"),
        row(2, "3", "NULL", "ban.set", "99999999999999999999"),
    ];
    let columns = "at_ms, app_id, actor_kind, actor_id, for_user, action, target, address, request_id, result";
    t.execute(&format!("INSERT INTO audit_log ({columns}) VALUES {}", rows.join(", "))).await.unwrap();
    run_migration(&t, NAME, "up.sql").await;

    let select = "SELECT COALESCE(CAST(user_id AS TEXT), '') AS text FROM audit_log WHERE app_id = 'old' ORDER BY id";
    assert_eq!(t.texts(select).await, ["5", "6", "7", "8", "9", "10", "", "", "", "", ""]);
    let refused = t.execute("UPDATE audit_log SET user_id = 1").await.unwrap_err();
    assert!(refused.to_string().contains("append-only"));
}

#[actix_web::test]
async fn the_shell_reads_and_exports_the_log() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    shell.run(&["app", "update", "shop", "--registration", "closed"]);
    let listed = shell.table(&["audit", "list", "--app", "shop"]);
    let rows: Vec<String> = listed.iter().map(|row| row[1..].join("|")).collect();
    let header = "ACTOR|FOR USER|ACTION|TARGET|RESULT|ADDRESS";
    assert_eq!(rows, [header, "command_line|app.close|shop|ok", "command_line|app.create|shop|ok"]);
    let first = shell.output(&["audit", "list", "--app", "shop", "--size", "1"]);
    let hint = String::from_utf8(first.stderr).unwrap();
    let cursor = hint.trim_end().strip_prefix("more follow: --cursor ").unwrap();
    let rest = shell.table(&["audit", "list", "--app", "shop", "--cursor", cursor]);
    assert_eq!(rest[1..], listed[2..]);
    let csv = shell.run(&["audit", "export", "--app", "shop", "--format", "csv", "--action", "app.", "--until", "1"]);
    assert_eq!(csv.lines().count(), 1);
    let jsonl = shell.run(&["audit", "export", "--app", "shop", "--actor", "command_line"]);
    let actions: Vec<Value> = jsonl.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect();
    let actions: Vec<&str> = actions.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["audit.export", "audit.export", "app.close", "app.create"]);
    assert_eq!(shell.fail(&["audit", "list", "--app", "shop", "--actor", "x"]), "diglot: actor is malformed");
}
