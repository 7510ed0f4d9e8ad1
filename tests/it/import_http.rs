//! Import of files through the admin API: the same strictness as on the command line, and nothing is kept of a file that
//! can't be read.

use serde_json::{Value, json};

use crate::support::{Client, Res, TestApp, User};

const CSV: &str = "/admin/v1/users/import?format=csv";

async fn import(admin: &Client, path: &str, text: &str) -> Res {
    admin.post(path).header("content-type", "text/csv").body(text.to_owned()).send().await
}

async fn accounts(t: &TestApp) -> i64 {
    t.number("SELECT COUNT(*) AS number FROM users").await
}

async fn can_log_in(t: &TestApp, name: &str, password: &str) -> bool {
    let body = json!({"name": name, "password": password});
    t.anon().header("app_id", "default").post("/token/user").json(&body).send().await.code() == 200
}

#[actix_web::test]
async fn valid_records_become_accounts_and_the_others_are_listed_with_their_reasons() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let text = "username,password,mobile\nalice,secret,\n12345,secret,\nbob,secret,13812345678\nALICE,x,\ncarol,a\n";
    let answer = import(&admin, CSV, text).await.json();
    let refused = json!([
        {"record": 2, "name": "12345", "reason": "invalid request parameter: username is malformed"},
        {"record": 4, "name": "ALICE", "reason": "user already exists"},
        {"record": 5, "name": "", "reason": "2 fields where the first line names 3"},
    ]);
    assert_eq!(answer, json!({"code": 200, "data": {"records": 5, "created": 2, "refused": refused}}));
    assert!(can_log_in(&t, "alice", "secret").await && can_log_in(&t, "bob", "secret").await);
    let again = import(&admin, CSV, text).await.json();
    assert_eq!((&again["data"]["created"], again["data"]["refused"].as_array().unwrap().len()), (&json!(0), 5));
    let rows: Vec<_> = t.audit_rows().await.into_iter().filter(|row| row.action == "account.import").collect();
    assert_eq!(rows[0].target, "2 accounts");
}

#[actix_web::test]
async fn the_reasons_are_in_the_language_of_the_request() {
    let t = TestApp::new().await;
    let admin = t.admin().await.header("accept-language", "zh");
    let answer = import(&admin, CSV, "username\n12345\n").await.json();
    assert_eq!(answer["data"]["refused"][0]["reason"], json!("请求参数错误: username 格式错误"));
}

#[actix_web::test]
async fn json_lines_are_imported_too() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let text = "{\"username\":\"alice\",\"password\":\"secret\",\"note\":1}\n{\"username\":\"bob\",\"x\":1}\n[]\n";
    let path = "/admin/v1/users/import?format=jsonl&ignore_columns=note,other";
    let answer = import(&admin, path, text).await.json();
    assert_eq!((&answer["data"]["records"], &answer["data"]["created"]), (&json!(3), &json!(1)));
    assert_eq!(answer["data"]["refused"][0]["reason"], json!("unknown field x"));
    assert!(can_log_in(&t, "alice", "secret").await);
}

#[actix_web::test]
async fn of_a_file_that_can_not_be_read_nothing_is_kept() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for (text, problem) in [
        ("username,password\nalice,secret\nbob,\"open\n", "line 3: a quoted field is not closed"),
        ("username,description\nalice,x\nbob,\"a\"b\n", "line 3: text follows the closing quote of a field"),
        ("username,passwordhash\nalice,x\n", "unknown columns: passwordhash (known: username, "),
        ("username,password,password\nalice,x,y\n", "the column password stands twice in the first line"),
        ("alice,secret\n", "the first line must name the fields"),
    ] {
        let line = import(&admin, CSV, text).await.line();
        let expected = format!("json | 200 | 10002 | invalid request parameter: the file can't be imported: {problem}");
        assert!(line.starts_with(&expected), "{line}");
    }
    let many = "username\n".to_owned() + &(0..501).map(|number| format!("u{number}\n")).collect::<String>();
    let line = import(&admin, CSV, &many).await.line();
    assert_eq!(line, "json | 200 | 10002 | invalid request parameter: records has too many items: at most 500");
    assert_eq!(
        import(&admin, CSV, "").await.line(),
        "json | 200 | 10002 | invalid request parameter: body is required"
    );
    assert_eq!(import(&admin, CSV, &"x".repeat(300_000)).await.status, 413);
    let line = import(&admin, "/admin/v1/users/import?format=xml", "username\na\n").await.line();
    assert_eq!(line, "json | 200 | 10002 | invalid request parameter: format is malformed");
    assert_eq!(accounts(&t).await, 0);
}

#[actix_web::test]
async fn a_dry_run_says_what_an_import_would_do_and_keeps_nothing() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    let dry = format!("{CSV}&dry_run=true");
    let text = "username,password\nalice,secret\nalice,other\n";
    let answer = import(&admin, &dry, text).await.json()["data"].clone();
    assert_eq!((&answer["created"], &answer["refused"][0]["record"]), (&json!(1), &json!(2)));
    assert_eq!(accounts(&t).await, 0);
    assert_eq!(import(&admin, CSV, text).await.json()["data"], answer);
}

#[actix_web::test]
async fn only_operators_import_and_export_and_only_their_own_app() {
    let t = TestApp::new().await;
    let alice: User = t.user("alice").await;
    assert_eq!(import(&alice.admin_api, CSV, "username\nbob\n").await.code(), 10010);
    assert_eq!(alice.admin_api.get("/admin/v1/users/export").send().await.code(), 10010);
    let other = t.admin_of("other").await;
    assert_eq!(import(&other, CSV, "username\nalice\n").await.json()["data"]["created"], Value::from(1));
    let file = other.get("/admin/v1/users/export?format=jsonl").send().await;
    assert_eq!(std::str::from_utf8(&file.body).unwrap().lines().count(), 1);
}
