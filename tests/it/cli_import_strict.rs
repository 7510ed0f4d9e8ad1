//! Files that parse by accident import nothing of what does not fit (security.md 54; tests/cases/import).

use std::{fs, path::Path};

use crate::{
    cli_users::{login, plain_bcrypt, shop, write},
    support::Shell,
};

fn put_case(shell: &Shell, name: &str) {
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/import");
    fs::copy(cases.join(name), shell.path().join("users.csv")).unwrap();
}

/// Exit code, stdout, stderr, and the report if there is one.
fn import(shell: &Shell, arguments: &[&str]) -> (i32, String, String, String) {
    let file = if shell.path().join("users.jsonl").exists() { "users.jsonl" } else { "users.csv" };
    let output = shell.output(&[&["user", "import", "--app", "shop", file], arguments].concat());
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let report = fs::read_to_string(shell.path().join(format!("{file}.refused"))).unwrap_or_default();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr), report)
}

fn exported(shell: &Shell) -> String {
    shell.run(&["user", "export", "--app", "shop", "--with-password-hashes"])
}

#[actix_web::test]
async fn a_quoted_field_that_is_not_closed_ends_the_import_where_it_opens() {
    let (shell, _t, _) = shop().await;
    put_case(&shell, "unclosed-quote.csv");
    let (code, _, problem, _) = import(&shell, &[]);
    assert_eq!((code, problem.as_str()), (1, "diglot: users.csv: line 2: a quoted field is not closed\n"));
    assert_eq!(exported(&shell), "");
    // A later quote closes it by accident.
    write(&shell, "users.csv", "username,description\nq0,x\nq1,\"open\nq2,\"quoted\"\nq3,y\n");
    let (code, _, problem, _) = import(&shell, &[]);
    let expected = "diglot: users.csv: line 3: text follows the closing quote of a field\n";
    assert_eq!((code, problem.as_str()), (1, expected));
    assert_eq!(exported(&shell).lines().count(), 1, "what came before stays");
    write(&shell, "users.csv", "username,description\r\nr1,\"two \"\"quotes\"\", a comma,\r\na line\"\r\nr2,\"\"\r\n");
    assert_eq!(import(&shell, &[]).1, "2 imported, 0 refused\n");
    assert!(exported(&shell).contains(r#""two \"quotes\", a comma,\r\na line""#));
}

#[actix_web::test]
async fn a_row_of_another_length_than_the_first_line_is_refused() {
    let (shell, _t, client) = shop().await;
    put_case(&shell, "ragged-row.csv");
    let (_, output, _, report) = import(&shell, &[]);
    assert_eq!(output, "1 imported, 1 refused (see users.csv.refused)\n");
    assert_eq!(report, "1\t\t4 fields where the first line names 3\n");
    assert_eq!((login(&client, "r1", " John").await, login(&client, "r2", "Secret-pw2").await), (402, 200));
}

#[actix_web::test]
async fn unknown_and_doubled_columns_end_the_import_before_anything_is_kept() {
    let (shell, _t, client) = shop().await;
    put_case(&shell, "misspelt-columns.csv");
    let (code, _, problem, _) = import(&shell, &[]);
    assert_eq!(code, 2);
    assert!(problem.contains("unknown columns: passwordhash, Mobile, e-mail (known: username, "), "{problem}");
    write(&shell, "users.csv", "username,password,password\nalice,a,b\n");
    let (code, _, problem, _) = import(&shell, &[]);
    assert_eq!((code, problem.as_str()), (2, "diglot: the column password stands twice in the first line\n"));
    assert_eq!(exported(&shell), "");
    write(&shell, "users.csv", "username,password,note,x\nalice,secret,n,\n");
    assert_eq!(import(&shell, &["--ignore-columns", "note,x"]).1, "1 imported, 0 refused\n");
    assert_eq!(login(&client, "alice", "secret").await, 200);
}

#[actix_web::test]
async fn unknown_and_doubled_fields_of_a_json_line_refuse_it() {
    let (shell, _t, _) = shop().await;
    let lines = "{\"username\":\"a\",\"passwordhash\":\"x\"}\n{\"username\":\"b\",\"password\":\"one1\",\"password\":\"two2\"}\n\
                 {\"username\":\"c\",\"note\":{}}\n{\"username\":\"d\",\"email\":7}\n";
    write(&shell, "users.jsonl", lines);
    let (_, output, _, report) = import(&shell, &["--ignore-columns", "note"]);
    assert_eq!(output, "1 imported, 3 refused (see users.jsonl.refused)\n");
    let expected =
        "1\t\tunknown field passwordhash\n2\t\tthe field password stands twice\n4\t\temail is of the wrong type\n";
    assert_eq!(report, expected);
}

#[actix_web::test]
async fn a_dry_run_says_what_would_happen_and_keeps_nothing() {
    let (shell, _t, client) = shop().await;
    let hash = plain_bcrypt();
    write(&shell, "users.csv", &format!("username,password_hash\nalice,{hash}\nalice,{hash}\n123,{hash}\n"));
    let (code, output, _, report) = import(&shell, &["--dry-run"]);
    let expected = "2\talice\tusername taken\n3\t123\tusername is malformed\n\
                    1 would be imported, 2 refused; nothing was kept\n";
    assert_eq!((code, output.as_str(), report.as_str()), (0, expected, ""));
    assert_eq!((exported(&shell).as_str(), login(&client, "alice", "secret").await), ("", 402));
    assert_eq!(import(&shell, &[]).1, "1 imported, 2 refused (see users.csv.refused)\n");
}

#[actix_web::test]
async fn a_hash_of_decomposed_text_is_right_in_every_form_and_replaced_by_ours() {
    let (decomposed, composed) = ("pa\u{308}ssword", "p\u{e4}ssword");
    for first in [decomposed, composed] {
        let (shell, _t, client) = shop().await;
        put_case(&shell, "decomposed-hash.csv");
        assert_eq!(import(&shell, &[]).1, "1 imported, 0 refused\n");
        assert_eq!(login(&client, "d1", "password").await, 402);
        assert_eq!(login(&client, "d1", first).await, 200);
        assert!(exported(&shell).contains("hmac-sha256:"), "hashed anew");
        assert_eq!((login(&client, "d1", decomposed).await, login(&client, "d1", composed).await), (200, 200));
    }
}

#[actix_web::test]
async fn an_avatar_may_be_the_name_of_an_object_if_its_place_is_configured() {
    let (shell, _t, _) = shop().await;
    write(&shell, "users.csv", "username,avatar\na1,2024/x.png\n");
    let (code, _, _, report) = import(&shell, &[]);
    assert_eq!((code, report.as_str()), (0, "1\ta1\tavatar is malformed\n"));
    write(&shell, "users.csv", "username,avatar\na2,2024/x.png\n");
    let mut import = shell.command(&["user", "import", "--app", "shop", "users.csv"]);
    let output = import.env("DIGLOT_AVATAR_BASE_URL", "https://x.example/").output().unwrap();
    assert_eq!(output.stdout, b"1 imported, 0 refused\n");
    assert!(exported(&shell).contains(r#""avatar":"2024/x.png""#));
}
