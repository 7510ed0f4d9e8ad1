//! Malformed import files, interrupted imports, and imports of exports.

use std::{
    fs,
    io::Write as _,
    process::{Output, Stdio},
};

use serde_json::{Value, json};

use crate::{
    cli_users::{login, plain_bcrypt, shop, write},
    support::{Shell, TestApp},
};

const IMPORT: [&str; 5] = ["user", "import", "--app", "shop", "users.csv"];

fn read(shell: &Shell, name: &str) -> String {
    fs::read_to_string(shell.path().join(name)).unwrap()
}

/// The exit code and stderr.
fn failure(output: &Output) -> (i32, String) {
    assert!(output.stdout.is_empty());
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

async fn accounts(t: &TestApp) -> i64 {
    t.number("SELECT COUNT(*) AS number FROM users").await
}

#[actix_web::test]
async fn no_refused_record_is_lost_when_the_report_can_not_be_written() {
    let (shell, t, _) = shop().await;
    let text = "username,password\nalice,secret\n12345,secret\n";
    write(&shell, "users.csv", text);
    for report in ["nowhere/report", "/dev/full"] {
        let (code, problem) = failure(&shell.output(&[&IMPORT[..], &["--report", report]].concat()));
        assert_eq!(code, 1);
        assert!(problem.contains(report), "{problem}");
        assert_eq!(accounts(&t).await, 0, "nothing is kept before the report tells of it");
    }
    let (code, problem) = failure(&shell.output(&[&IMPORT[..], &["--report", "users.csv"]].concat()));
    assert_eq!((code, problem.as_str()), (2, "diglot: users.csv: the report would overwrite the file\n"));
    assert_eq!(read(&shell, "users.csv"), text);
    assert_eq!(shell.run(&IMPORT), "1 imported, 1 refused (see users.csv.refused)\n");
    assert_eq!(read(&shell, "users.csv.refused"), "2\t12345\tusername is malformed\n");
}

#[actix_web::test]
async fn a_refused_record_is_reported_once_despite_an_interrupted_import() {
    let (shell, t, _) = shop().await;
    let hash = plain_bcrypt();
    let name = |number: usize| if number == 2500 { "2500".to_owned() } else { format!("user_{number}") };
    let rows: String = (1..=2600).map(|number| format!("{},{hash}\n", name(number))).collect();
    write(&shell, "users.csv", &format!("username,password_hash\n{rows}"));
    let (code, _) = failure(&shell.output(&[&IMPORT[..], &["--report", "/dev/full"]].concat()));
    assert_eq!((code, accounts(&t).await), (1, 2000), "the part without a refusal is kept");

    // As if it had been killed between the report and the commit, in the middle of a write.
    write(&shell, "users.csv.refused", "7\tx\tof the first call\n2500\t2500\tusername is malformed\n25");
    let resumed = shell.output(&IMPORT);
    assert_eq!(String::from_utf8(resumed.stdout).unwrap(), "599 imported, 1 refused (see users.csv.refused)\n");
    assert_eq!(String::from_utf8(resumed.stderr).unwrap(), "resuming after record 2000\n");
    let report = read(&shell, "users.csv.refused");
    assert_eq!(report, "7\tx\tof the first call\n2500\t2500\tusername is malformed\n");
    assert_eq!(shell.run(&IMPORT), "already imported\n");
    assert_eq!(read(&shell, "users.csv.refused"), report);
}

#[actix_web::test]
async fn the_report_of_an_earlier_file_is_removed() {
    let (shell, _t, _) = shop().await;
    write(&shell, "users.csv", "username\n12345\n");
    assert_eq!(shell.run(&IMPORT), "0 imported, 1 refused (see users.csv.refused)\n");
    write(&shell, "users.csv", "username\nalice\n");
    assert_eq!(shell.run(&IMPORT), "1 imported, 0 refused\n");
    assert!(!shell.path().join("users.csv.refused").exists());
    assert_eq!(shell.run(&[&IMPORT[..], &["--report", "/dev/null"]].concat()), "already imported\n");
}

#[actix_web::test]
async fn a_pipe_is_not_imported() {
    let (shell, t, _) = shop().await;
    let line = ["user", "import", "--app", "shop", "--format", "csv", "/dev/stdin"];
    let mut command = shell.command(&line);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdin.take().unwrap().write_all(b"username\nalice\n"));
    let (code, problem) = failure(&child.wait_with_output().unwrap());
    assert_eq!(code, 2);
    assert_eq!(problem, "diglot: /dev/stdin: no regular file; an import reads its file twice\n");
    assert_eq!(accounts(&t).await, 0);
}

#[actix_web::test]
async fn values_are_not_trimmed() {
    let (shell, _t, client) = shop().await;
    write(&shell, "users.csv", "\u{feff} username , password\nalice, geheim \n bob,secret\n");
    assert_eq!(shell.run(&IMPORT), "1 imported, 1 refused (see users.csv.refused)\n");
    let report = read(&shell, "users.csv.refused");
    assert_eq!(report, "2\t bob\tusername holds characters that are not allowed\n");
    assert_eq!(login(&client, "alice", " geheim ").await, 200);
    assert_eq!(login(&client, "alice", "geheim").await, 402);
}

#[actix_web::test]
async fn a_malformed_record_is_refused_without_being_quoted() {
    let (shell, _t, _) = shop().await;
    let lines = "[\"alice\",\"geheim\"]\n \"geheim\"\n{\"status\":0}\n{\"username\":\"bob\",\"status\":2}\n\
                 {\"username\":\"bob\",\"status\":\"geheim\"}\n{\"username\":\"bob\",\"status\":[1]}\n";
    write(&shell, "users.jsonl", lines);
    let output = shell.run(&["user", "import", "--app", "shop", "users.jsonl"]);
    assert_eq!(output, "0 imported, 6 refused (see users.jsonl.refused)\n");
    let expected = "1\t\tno JSON object, at column 1\n2\t\tno JSON object, at column 2\n\
                    3\t\tusername, mobile or email is required\n4\tbob\tstatus must be from 0 to 1\n\
                    5\tbob\tstatus must be from 0 to 1\n6\tbob\tstatus must be from 0 to 1\n";
    assert_eq!(read(&shell, "users.jsonl.refused"), expected);

    let long = "x".repeat(5000);
    let mut rows = format!("username,mobile,status\n{long},,\n,{long},\nbob,,geheim\ncarol,,1.5\n").into_bytes();
    rows.extend(b"\xff\xfe,,\n");
    fs::write(shell.path().join("users.csv"), rows).unwrap();
    assert_eq!(shell.run(&IMPORT), "0 imported, 5 refused (see users.csv.refused)\n");
    let short = "x".repeat(200);
    let expected = format!(
        "1\t{short}\tusername is too long: at most 64 characters\n2\t{short}\tmobile is malformed\n\
         3\tbob\tstatus must be from 0 to 1\n4\tcarol\tstatus must be from 0 to 1\n5\t\tfield 1 is not UTF-8\n"
    );
    assert_eq!(read(&shell, "users.csv.refused"), expected);
}

#[actix_web::test]
async fn an_unterminated_record_aborts_the_import() {
    let (shell, t, _) = shop().await;
    let filling = "x,\n".repeat(700_000);
    write(&shell, "users.csv", &format!("username,password\nalice,\n\"bob,\n{filling}"));
    write(&shell, "users.jsonl", &format!("\n{{\"username\":\"carol\"}}\n{{\"username\":\"{}", "x".repeat(2 << 20)));
    for (file, place, kept) in [("users.csv", "at byte 25", 1), ("users.jsonl", "at byte 22", 2)] {
        let line = ["user", "import", "--app", "shop", file];
        for _call in 0..2 {
            let (code, problem) = failure(&shell.output(&line));
            let expected = format!("diglot: {file}: after record 1, {place}: a record is longer than 1280 KiB\n");
            assert_eq!((code, problem), (1, expected));
            assert_eq!(accounts(&t).await, kept, "what came before stays");
        }
        assert!(!shell.path().join(format!("{file}.refused")).exists());
    }
}

/// The export of a tenant, without the ids of its accounts.
fn exported(shell: &Shell, app: &str) -> Vec<Value> {
    let lines = shell.run(&["user", "export", "--app", app, "--with-password-hashes"]);
    let without_number = |line: &str| {
        let mut record: Value = serde_json::from_str(line).unwrap();
        record.as_object_mut().unwrap().remove("user_id").unwrap();
        record
    };
    lines.lines().map(without_number).collect()
}

#[actix_web::test]
async fn an_export_can_be_imported_without_changes() {
    let (shell, _t, client) = shop().await;
    let longest = "\u{1}".repeat(64 * 1024);
    let records = [
        json!({"username": "alice", "password": "secret", "email": "alice@mail.example", "nickname": "🙂",
            "description": " two\r\nlines, \"quoted\" ", "private_info": "{\"a\":1}", "public_info": "0"}),
        json!({"username": "bob", "password": "secret", "status": 1, "avatar": "https://x.example/b.png"}),
        json!({"mobile": "13812345678", "status": "0"}),
        json!({"mobile": "+4915112345678", "mobile_confirmed": 0, "email": "dora@mail.example", "nickname": "Dora"}),
        json!({"email": "erin@mail.example", "description": longest, "private_info": longest, "public_info": longest}),
        json!({"mobile": "13812345678"}),
        json!({"username": "frank", "mobile": "+8613812345678"}),
    ];
    let lines: String = records.iter().map(|record| format!("{record}\n")).collect();
    write(&shell, "users.jsonl", &lines);
    let output = shell.run(&["user", "import", "--app", "shop", "users.jsonl"]);
    assert_eq!(output, "5 imported, 2 refused (see users.jsonl.refused)\n");
    let expected = "6\t13812345678\tmobile taken\n7\tfrank\tmobile taken\n";
    assert_eq!(read(&shell, "users.jsonl.refused"), expected);

    let first = exported(&shell, "shop");
    for (record, made) in records.iter().zip(&first) {
        for name in ["username", "mobile", "email", "description", "private_info", "public_info"] {
            assert_eq!(made[name], record[name], "{name}");
        }
    }
    assert_eq!((&first[0]["status"], &first[1]["status"]), (&json!(0), &json!(1)));
    assert_eq!((&first[2]["mobile_confirmed"], &first[3]["mobile_confirmed"]), (&json!(1), &json!(0)));
    let made_up = first[2]["nickname"].as_str().unwrap();
    assert!(made_up.starts_with("用户") && made_up.chars().count() == 10, "{made_up}");
    for format in ["jsonl", "csv"] {
        let (app, name) = (format!("copy-{format}"), format!("out.{format}"));
        let export = ["user", "export", "--app", "shop", "--format", format, "--with-password-hashes"];
        write(&shell, &name, &shell.run(&export));
        shell.run(&["app", "create", &app]);
        assert_eq!(shell.run(&["user", "import", "--app", &app, &name]), "5 imported, 0 refused\n");
        assert!(exported(&shell, &app) == first, "{format}");
        let there = client.clone().header("app_id", &app);
        assert_eq!(login(&there, "alice", "secret").await, 200);
        assert_eq!(login(&there, "bob", "secret").await, 402, "closed accounts stay closed");
    }
}
