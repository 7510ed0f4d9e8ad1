//! Accounts from the shell: import, export and the rest of `diglot user`.

use std::{fs, path::Path, process::Stdio};

use serde_json::{Value, json};

use crate::support::{Client, Shell, TestApp, within_a_second};

/// A database with an app `shop`, used by a shell and by a gateway.
pub async fn shop() -> (Shell, TestApp, Client) {
    let t = TestApp::new().await;
    let shell = Shell::with(t.environment());
    shell.run(&["app", "create", "shop"]);
    let client = t.anon().header("app_id", "shop");
    (shell, t, client)
}

pub async fn login(client: &Client, name: &str, password: &str) -> i64 {
    let body = json!({"login_name": name, "password": password});
    client.post("/token/login").json(&body).send().await.code()
}

/// The bcrypt hash of `secret`, as another system may have created it.
pub fn plain_bcrypt() -> String {
    bcrypt::hash("secret", 4).unwrap()
}

pub fn write(shell: &Shell, name: &str, text: &str) {
    fs::write(shell.path().join(name), text).unwrap();
}

#[actix_web::test]
async fn a_file_is_imported_with_a_report_of_refused_records() {
    let (shell, _t, client) = shop().await;
    let hash = plain_bcrypt();
    let csv = format!(
        "nickname,username,password,password_hash,mobile,email,ignored\n\
         Al,alice,,{hash},13812345678,alice@mail.example,x\n\
         \"B, Bob\",bob,plain text,,,,\n\
         ,carol,,,,,\n\
         ,alice,again,,,,\n\
         ,dave,,not a hash,,,\n\
         ,erin,secret,,+8613812345678,,\n\
         ,12345,secret,,,,\n"
    );
    write(&shell, "users.csv", &csv);
    let output = shell.run(&["user", "import", "--app", "shop", "users.csv", "--ignore-columns", "ignored"]);
    assert_eq!(output, "3 imported, 4 refused (see users.csv.refused)\n");
    let report = fs::read_to_string(shell.path().join("users.csv.refused")).unwrap();
    let expected = "4\talice\tusername taken\n5\tdave\tpassword_hash is malformed\n6\terin\tmobile taken\n\
                    7\t12345\tusername is malformed\n";
    assert_eq!(sorted(&report), sorted(expected));

    assert_eq!(login(&client, "alice", "secret").await, 200);
    assert_eq!(login(&client, "alice", "secret").await, 200, "the plain hash was made anew at the first login");
    assert_eq!(login(&client, "13812345678", "secret").await, 200);
    assert_eq!(login(&client, "alice@mail.example", "wrong").await, 402);
    assert_eq!(login(&client, "bob", "plain text").await, 200);
    assert_eq!(login(&client, "carol", "x").await, 402);
    assert_eq!(
        shell.run(&["user", "import", "--app", "shop", "users.csv", "--ignore-columns", "ignored"]),
        "already imported\n"
    );
    assert_eq!(shell.table(&["user", "list", "--app", "shop"]).len(), 1 + 3);
}

fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines
}

#[actix_web::test]
async fn json_lines_and_exports_can_be_imported() {
    let (shell, _t, client) = shop().await;
    let lines = format!(
        "\u{feff}{{\"username\":\"爱丽丝\",\"password\":\"geheim\",\"nickname\":\"🙂\"}}\n\n{{nonsense\n{{\"username\":\"x\",\"password\":271828}}\n\
         {{\"username\":\"bob\",\"password_hash\":\"{}\",\"avatar\":\"https://x.example/b.png\"}}",
        plain_bcrypt()
    );
    write(&shell, "users.jsonl", &lines);
    let output = shell.run(&["user", "import", "--app", "shop", "users.jsonl", "--report", "bad.txt"]);
    assert_eq!(output, "2 imported, 2 refused (see bad.txt)\n");
    let report = fs::read_to_string(shell.path().join("bad.txt")).unwrap();
    let expected = "2\t\tno JSON object, at column 2\n3\t\tpassword is of the wrong type\n";
    assert_eq!(report, expected, "no value is quoted");
    assert_eq!(login(&client, "爱丽丝", "geheim").await, 200);

    for (format, name) in [("jsonl", "out.jsonl"), ("csv", "out.csv")] {
        let plain = shell.run(&["user", "export", "--app", "shop", "--format", format]);
        assert!(!plain.contains("$2"), "{plain}");
        let out = shell.run(&["user", "export", "--app", "shop", "--format", format, "--with-password-hashes"]);
        write(&shell, name, &out);
        let app = format!("copy-{format}");
        shell.run(&["app", "create", &app]);
        assert_eq!(shell.run(&["user", "import", "--app", &app, name]), "2 imported, 0 refused\n");
        let there = client.clone().header("app_id", &app);
        assert_eq!(login(&there, "爱丽丝", "geheim").await, 200, "{format}");
        assert_eq!(login(&there, "bob", "secret").await, 200, "{format}");
    }
    let first: Value =
        serde_json::from_str(fs::read_to_string(shell.path().join("out.jsonl")).unwrap().lines().next().unwrap())
            .unwrap();
    assert_eq!((&first["username"], &first["nickname"], &first["status"]), (&json!("爱丽丝"), &json!("🙂"), &json!(0)));
}

#[actix_web::test]
async fn a_killed_import_resumes_where_it_stopped() {
    const USERS: usize = 12_000;
    let (shell, t, _) = shop().await;
    let hash = plain_bcrypt();
    let rows: String = (0..USERS).map(|number| format!("user_{number},{hash}\n")).collect();
    write(&shell, "many.csv", &format!("username,password_hash\n{rows}"));
    let import = ["user", "import", "--app", "shop", "many.csv"];
    let mut child = shell.command(&import).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let count = "SELECT COUNT(*) AS number FROM users";
    while t.number(count).await == 0 && child.try_wait().unwrap().is_none() {}
    child.kill().unwrap();
    child.wait().unwrap();
    let kept = t.number(count).await;
    // Without -q a notice says where it resumes.
    let output = shell.run(&[&import[..], &["-q"]].concat());
    let rest = i64::try_from(USERS).unwrap() - kept;
    assert_eq!(output, format!("{rest} imported, 0 refused\n"));
    assert_eq!(t.number(count).await, i64::try_from(USERS).unwrap());
    assert!(!Path::new(&shell.path().join("many.csv.refused")).exists());

    // Deep pages start at the right account, even between deleted ones.
    let deleted = "UPDATE users SET status = 2 WHERE username_key IN ('user_0', 'user_5000', 'user_5001')";
    t.execute(deleted).await.unwrap();
    let page = |number: &str| shell.json(&["user", "list", "--app", "shop", "--page", number, "--size", "20"]);
    let last = page("600");
    assert_eq!(last["items"][0]["username"], json!("user_11983"));
    assert_eq!(last["items"].as_array().unwrap().len(), 17);
    assert_eq!(page("601"), json!({"items": []}));
}

#[actix_web::test]
async fn individual_accounts_are_managed() {
    let (shell, t, client) = shop().await;
    write(&shell, "users.csv", "username,password\nalice,secret\n");
    shell.run(&["user", "import", "--app", "shop", "users.csv"]);
    let id = t.number("SELECT id AS number FROM users").await.to_string();
    let user = |verb: &'static str| ["user", verb, "--app", "shop", id.as_str()].map(str::to_owned);
    let run = |line: [String; 5]| shell.run(&line.each_ref().map(String::as_str));

    assert!(run(user("show")).contains("\nusername          alice\n"));
    run(user("disable"));
    assert_eq!(login(&client, "alice", "secret").await, 402);
    assert!(run(user("show")).contains("\nstate             disabled\n"));
    run(user("enable"));
    let body = json!({"name": "alice", "password": "secret"});
    let token = client.post("/token/user").json(&body).send().await.json()["data"]["token"].clone();
    let alice = client.clone().header("access-token", token.as_str().unwrap());
    alice.get("/user/profile").send().await.assert_ok();
    run(user("kick"));
    within_a_second(async || alice.get("/user/profile").send().await.code() == 402).await;
    run(user("delete"));
    assert_eq!(login(&client, "alice", "secret").await, 402);
    assert_eq!(shell.fail(&["user", "show", "--app", "shop", &id]), "diglot: no such user");
    assert_eq!(shell.fail(&["user", "show", "--app", "nowhere", &id]), "diglot: no such app");
}

#[actix_web::test]
async fn tenants_are_closed_and_get_new_secrets() {
    let (shell, t, client) = shop().await;
    let made = shell.run(&["app", "create", "two"]);
    let secret = made.trim().rsplit(' ').next().unwrap().to_owned();
    let new = shell.run(&["app", "rotate-secret", "two"]);
    assert!(secret.len() == 64 && new.trim().len() == 64 && new.trim() != secret);
    shell.run(&["app", "update", "shop", "--registration", "closed", "--push-sign", "required"]);
    let body = json!({"username": "alice", "password": "secret"});
    within_a_second(async || client.post("/user/register/v2").json(&body).send().await.code() == 40001).await;
    shell.run(&["app", "update", "shop", "--registration", "open"]);
    let body = json!({"username": "bob", "password": "secret"});
    within_a_second(async || client.post("/user/register/v2").json(&body).send().await.code() == 200).await;
    assert_eq!(client.post("/user/register/push").json(&body).send().await.code(), 10002);
    assert_eq!(shell.fail(&["app", "rotate-secret", "nowhere"]), "diglot: no such app");
    drop(t);
}
