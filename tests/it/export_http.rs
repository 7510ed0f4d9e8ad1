//! Export of accounts through the admin API.

use serde_json::json;

use crate::support::{Client, Res, Shell, TestApp};

const EXPORT: &str = "/admin/v1/users/export";

async fn import(admin: &Client, text: String) {
    let answer = admin.post("/admin/v1/users/import").body(text).send().await.json();
    assert_eq!(answer["data"]["refused"], json!([]));
}

fn text(res: &Res) -> &str {
    assert_eq!(res.status, 200);
    std::str::from_utf8(&res.body).unwrap()
}

#[actix_web::test]
async fn an_export_of_many_pages_has_every_account_once_and_can_be_imported() {
    let t = TestApp::new().await;
    let (admin, copy) = (t.admin().await, t.admin_of("copy").await);
    for part in 0..3 {
        let rows: String = (0..400).map(|number| format!("u{part}x{number},\"a, \"\"b\"\"\nc\"\n")).collect();
        import(&admin, format!("username,description\n{rows}")).await;
    }
    let res = admin.get(EXPORT).send().await;
    assert_eq!(res.header("content-type"), "text/csv; charset=utf-8");
    assert_eq!(res.header("content-disposition"), "attachment; filename=\"default-accounts.csv\"");
    let file = text(&res).to_owned();
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    let header: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(header[..3], ["user_id", "status", "username"]);
    assert!(!file.contains("password_hash"));
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 1200);
    for chunk in rows.chunks(500) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(&header).unwrap();
        for row in chunk {
            writer.write_record(row).unwrap();
        }
        import(&copy, String::from_utf8(writer.into_inner().unwrap()).unwrap()).await;
    }
    let without_id = |file: &str| -> Vec<String> {
        file.lines().map(|line| line.split_once(',').map_or(line, |(_, rest)| rest).to_owned()).collect()
    };
    assert!(without_id(text(&copy.get(EXPORT).send().await)) == without_id(&file));
}

#[actix_web::test]
async fn cells_are_exact_unless_the_file_is_for_spreadsheets() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    import(&admin, "username,description,mobile\nalice,=1+1,+4915112345678\n".to_owned()).await;
    let exact = admin.get(EXPORT).send().await;
    assert!(text(&exact).contains(",=1+1,") && text(&exact).contains(",+4915112345678,"), "{}", text(&exact));
    let guarded = admin.get(&format!("{EXPORT}?for_spreadsheets=1")).send().await;
    assert!(text(&guarded).contains(",'=1+1,") && text(&guarded).contains(",'+4915112345678,"), "{}", text(&guarded));
    let lines = admin.get(&format!("{EXPORT}?format=jsonl&for_spreadsheets=1")).send().await;
    assert_eq!(lines.header("content-type"), "application/x-ndjson");
    let record: serde_json::Value = serde_json::from_str(text(&lines)).unwrap();
    assert_eq!((&record["description"], record.get("password_hash")), (&json!("=1+1"), None));
}

#[actix_web::test]
async fn every_export_is_audited() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    assert_eq!(text(&admin.get(&format!("{EXPORT}?format=jsonl")).send().await), "");
    let rows: Vec<_> = t.audit_rows().await.into_iter().filter(|row| row.action == "account.export").collect();
    assert_eq!((rows.len(), rows[0].target.as_str(), rows[0].result.as_str()), (1, "jsonl", "ok"));
}

#[test]
fn the_command_line_creates_accounts_and_exports_for_spreadsheets() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    let shown = shell.run(&["user", "create", "--app", "shop", "alice"]);
    let password = shown.strip_prefix("user_id   1\npassword  ").unwrap().trim();
    assert_eq!(password.len(), 16);
    assert_eq!(shell.fail(&["user", "create", "--app", "shop", "alice"]), "diglot: username taken");
    let exported = shell.run(&["user", "export", "--app", "shop", "--format", "csv", "--for-spreadsheets"]);
    assert!(exported.contains(",alice,"), "{exported}");
}

#[test]
fn the_command_line_reads_the_password_of_a_new_account() {
    use std::{io::Write as _, process::Stdio};
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    let mut command = shell.command(&["user", "create", "--app", "shop", "--password-stdin", "bob"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"geheim geheim\n").unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "user_id  1\n");
}
