//! The binary, as used from a shell.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    os::unix::fs::PermissionsExt as _,
    process::{Command, Output, Stdio},
};

use crate::support::Shell;

fn stdout(output: &Output) -> &str {
    std::str::from_utf8(&output.stdout).unwrap()
}

fn stderr(output: &Output) -> &str {
    std::str::from_utf8(&output.stderr).unwrap()
}

#[test]
fn help_and_version_are_on_stdout_and_usage_errors_on_stderr() {
    let shell = Shell::new();
    for args in [
        &["--help"][..],
        &["serve", "--help"],
        &["migrate", "--help"],
        &["app", "--help"],
        &["app", "create", "--help"],
        &["admin-token", "create", "--help"],
        &["coins", "adjust", "--help"],
        &["group", "create", "--help"],
        &["config", "--help"],
        &["doctor", "--help"],
        &["--version"],
    ] {
        let output = shell.output(args);
        assert_eq!(output.status.code(), Some(0), "{args:?}");
        assert!(stdout(&output).len() > 5 && output.stderr.is_empty(), "{args:?}");
    }
    for args in [&[][..], &["nonsense"], &["app"], &["admin-token", "create"], &["serve", "--nonsense"]] {
        let output = shell.output(args);
        assert_eq!(output.status.code(), Some(2), "{args:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn every_configuration_error_is_reported_at_once() {
    let shell = Shell::new();
    let mut command = shell.command(&["serve"]);
    command.envs([
        ("DIGLOT_LISTEN", "nonsense"),
        ("DIGLOT_BCRYPT_COST", "9"),
        ("DATABASE_URL", "mysql://h/db"),
        ("DIGLOT_SECRET", "too short"),
        ("DIGLOT_TIMEZONE", "Mars/Base"),
        ("DIGLOT_TRUSTED_PROXIES", "10.0.0.0/8,x"),
        ("DIGLOT_CORS_ORIGINS", "https://a.example/path"),
        ("DIGLOT_SMS_WEBHOOK_URL", "https://sms.example"),
    ]);
    let output = command.output().unwrap();

    assert_eq!(output.status.code(), Some(2));
    for name in [
        "DIGLOT_LISTEN",
        "DIGLOT_BCRYPT_COST: must be a number from 10 to 16",
        "DATABASE_URL: must start with sqlite: or postgres://",
        "DIGLOT_SECRET: must have at least 32 characters",
        "DIGLOT_TIMEZONE",
        "DIGLOT_TRUSTED_PROXIES: x:",
        "DIGLOT_CORS_ORIGINS: https://a.example/path:",
        "DIGLOT_SMS_WEBHOOK_SECRET: must be set",
    ] {
        assert!(stderr(&output).contains(name), "{name} in {}", stderr(&output));
    }
    assert!(!stderr(&output).contains("too short\n"), "{}", stderr(&output));
    assert_eq!(std::fs::read_dir(shell.path()).unwrap().count(), 0);
}

#[test]
fn an_unrelated_variable_that_is_not_utf_8_is_ignored() {
    use std::os::unix::ffi::OsStrExt as _;

    let shell = Shell::new();
    let mut command = shell.command(&["config"]);
    let output = command.env("FOO", std::ffi::OsStr::from_bytes(b"\xff")).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
}

#[test]
fn required_settings_can_not_be_empty() {
    let shell = Shell::new();
    let mut command = shell.command(&["config"]);
    let output = command.envs([("DIGLOT_DEFAULT_APP", ""), ("DIGLOT_TIMEZONE", "")]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    for name in ["DIGLOT_DEFAULT_APP: must be set", "DIGLOT_TIMEZONE: must be set"] {
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
}

#[test]
fn a_database_does_not_start_without_its_secret() {
    let shell = Shell::new();
    assert_eq!(shell.output(&["migrate"]).status.code(), Some(0));
    std::fs::remove_file(shell.path().join("diglot.db.secret")).unwrap();

    let output = shell.output(&["app", "list"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("diglot.db.secret: is missing beside its database"), "{}", stderr(&output));
}

#[test]
fn postgres_without_a_secret_does_not_start() {
    let output = Shell::new().output(&["serve", "--dev", "--database-url", "postgres://127.0.0.1:1/x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("DIGLOT_SECRET: must be set with PostgreSQL"), "{}", stderr(&output));
}

#[test]
fn development_mode_listens_on_loopback_only() {
    let output = Shell::new().output(&["serve", "--dev", "--listen", "0.0.0.0:0", "--web-listen", "[::]:0"]);
    assert_eq!(output.status.code(), Some(2));
    for name in ["DIGLOT_LISTEN: --dev", "DIGLOT_WEB_LISTEN: --dev"] {
        assert!(stderr(&output).contains(name), "{}", stderr(&output));
    }
}

#[test]
fn config_shows_values_with_their_source_and_no_secrets() {
    let shell = Shell::new();
    std::fs::write(shell.path().join("d.toml"), "listen = '127.0.0.1:7'\nbcrypt_cost = 11\nweb_hosts = ['a', 'b']")
        .unwrap();
    let secret = "0123456789abcdef0123456789abcdef";
    let mut command = shell.command(&[
        "config",
        "--config",
        "d.toml",
        "--database-url",
        "postgres://u:hidden@h/db?password=hidden&sslmode=require",
    ]);
    command.envs([("DIGLOT_SECRET", secret), ("DIGLOT_BCRYPT_COST", "12"), ("DIGLOT_TYPO", "1")]);
    command.env("REDIS_URL", "redis://:hidden@h/");
    let output = command.output().unwrap();

    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    assert!(stderr(&output).contains("DIGLOT_TYPO: is not a setting"));
    for line in [
        "DIGLOT_LISTEN = 127.0.0.1:7\n    file: ",
        "DIGLOT_BCRYPT_COST = 12\n    environment: ",
        "DATABASE_URL = postgres://u:***@h/db?password=***&sslmode=require\n    flag: ",
        "REDIS_URL = redis://:***@h/\n    environment: ",
        "DIGLOT_SECRET = ***\n    environment: ",
        "DIGLOT_WEB_HOSTS = a,b\n    file: ",
        "DIGLOT_TIMEZONE = Asia/Shanghai\n    default: ",
        "DIGLOT_SMTP_URL = (unset)\n    default: ",
        "DIGLOT_TYPO\n    environment: not a setting",
    ] {
        assert!(stdout(&output).contains(line), "{line} in {}", stdout(&output));
    }
    assert!(!stdout(&output).contains(secret) && !stdout(&output).contains("hidden"));

    std::fs::write(shell.path().join("bad.toml"), "listne = 'x'\nbcrypt_cost = 1.5").unwrap();
    let output = shell.output(&["config", "--config", "bad.toml"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("listne is not a setting") && stderr(&output).contains("bcrypt_cost must be"));
}

#[test]
fn the_passwords_of_urls_with_several_hosts_are_not_shown() {
    for (name, url, shown) in [
        (
            "REDIS_URL",
            "redis+sentinel://u:h%40idden,@a:1,b:2/main/3?sentinel_user=w&sentinel_password=h%2Fidden",
            "redis+sentinel://u:***@a:1,b:2/main/3?sentinel_user=w&sentinel_password=***",
        ),
        ("REDIS_URL", "redis+cluster://:hidden@a:1,[::1]:2", "redis+cluster://:***@a:1,[::1]:2"),
        ("REDIS_URL", "rediss+cluster://a,b", "rediss+cluster://a,b"),
        ("DATABASE_URL", "postgres://u:hidden@a:1,b/db?sslmode=require", "postgres://u:***@a:1,b/db?sslmode=require"),
        ("DATABASE_URL", "postgres://u:1/hidden,@a:1,b/db", "***"),
        ("DIGLOT_MEDIA_URL", "s3://k:hidden@h:1/b?region=eu", "s3://k:***@h:1/b?region=eu"),
    ] {
        let output = Shell::new().command(&["config"]).env(name, url).output().unwrap();
        let text = format!("{}{}", stdout(&output), stderr(&output));
        assert!(text.contains(&format!("{name} = {shown}\n")), "{text}");
        assert!(!text.contains("idden"), "{text}");
    }
}

#[test]
fn tenants_and_admin_tokens_are_managed_from_the_shell() {
    let shell = Shell::new();
    assert!(stdout(&shell.output(&["app", "create", "shop"])).starts_with("made app shop\n"));
    let again = shell.output(&["app", "create", "shop"]);
    assert_eq!((again.status.code(), stderr(&again)), (Some(1), "diglot: there is an app shop already\n"));
    assert_eq!(shell.output(&["app", "create", "no good"]).status.code(), Some(2));
    let apps = shell.table(&["app", "list"]);
    assert_eq!(apps[0], ["ID", "REGISTRATION", "PUSH SIGN", "CREATED"]);
    assert!(apps[1][..3] == ["shop", "open", "optional"] && apps[1][3].starts_with("20"), "{apps:?}");

    let create = ["admin-token", "create", "--app", "shop", "--name", "ci", "--expires-in", "90d"];
    let output = shell.output(&create);
    let token = stdout(&output).strip_suffix('\n').unwrap();
    assert!(token.starts_with("adm-") && token.len() == 40, "{token}");
    let again = shell.output(&create);
    assert_eq!((again.status.code(), stderr(&again)), (Some(1), "diglot: name taken\n"));
    let nowhere = shell.output(&["admin-token", "create", "--app", "nowhere", "--name", "ci"]);
    assert_eq!((nowhere.status.code(), stderr(&nowhere)), (Some(1), "diglot: no such app\n"));
    let wrong = shell.output(&["admin-token", "create", "--app", "shop", "--name", "x", "--expires-in", "soon"]);
    assert_eq!(wrong.status.code(), Some(2));

    let list = |state: &str| {
        let listed = shell.table(&["admin-token", "list", "--app", "shop"]);
        assert_eq!(listed[0], ["ID", "NAME", "STATE", "CREATED", "EXPIRES", "REVOKED"]);
        assert!(listed[1][1..3] == ["ci", state] && listed[1][3..].iter().all(|time| time.starts_with("20")));
        assert!(!format!("{listed:?}").contains(token));
    };
    list("valid");
    assert_eq!(shell.run(&["admin-token", "revoke", "--app", "shop", "--name", "ci"]), "");
    list("revoked");
    assert_eq!(shell.output(&["admin-token", "revoke", "--app", "shop", "--name", "ci"]).status.code(), Some(1));
}

#[test]
fn an_embedded_database_and_its_secret_are_accessible_to_their_owner_only() {
    let shell = Shell::new();
    assert!(stdout(&shell.output(&["migrate"])).starts_with("applied 20261122000000\napplied "));
    assert_eq!(stdout(&shell.output(&["migrate"])), "the schema is up to date\n");

    let secret = std::fs::read_to_string(shell.path().join("diglot.db.secret")).unwrap();
    assert_eq!(secret.len(), 64);
    for name in ["diglot.db", "diglot.db.secret"] {
        let mode = std::fs::metadata(shell.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(std::fs::read_dir(shell.path()).unwrap().count(), 2);
}

#[test]
fn the_doctor_reports_which_services_are_reachable() {
    let shell = Shell::new();
    let output = shell.output(&["doctor"]);
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    assert!(stdout(&output).contains("note    database           diglot.db does not exist yet"), "{}", stdout(&output));
    assert_eq!(std::fs::read_dir(shell.path()).unwrap().count(), 0);

    shell.output(&["migrate"]);
    let free = [("DIGLOT_LISTEN", "127.0.0.1:0"), ("DIGLOT_WEB_LISTEN", ""), ("DIGLOT_OPS_LISTEN", "127.0.0.1:0")];
    let output = shell.command(&["doctor"]).envs(free).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stdout(&output));
    for line in [
        "ok      database           sqlite:diglot.db",
        "ok      state              in process",
        "note    default app        missing",
        "note    e-mail  ",
    ] {
        assert!(stdout(&output).contains(line), "{line} in {}", stdout(&output));
    }

    let lost = [("DATABASE_URL", "postgres://127.0.0.1:1/x"), ("REDIS_URL", "redis://127.0.0.1:1")];
    let secret = ("DIGLOT_SECRET", "0123456789abcdef0123456789abcdef");
    let output = shell.command(&["doctor"]).envs(free).envs(lost).envs([secret]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    for line in ["FAIL    database  ", "FAIL    state  ", "FAIL    default app  "] {
        assert!(stdout(&output).contains(line), "{line} in {}", stdout(&output));
    }
}

fn request(address: &str, head: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let length = body.len();
    write!(stream, "{head}\r\nhost: x\r\nconnection: close\r\ncontent-length: {length}\r\n\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn development_mode_prints_working_commands_and_stops_on_sigterm() {
    let shell = Shell::new();
    let listens = ["--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"];
    // An unused provider must not delay the shutdown.
    let smtp = [("DIGLOT_SMTP_URL", "smtp://127.0.0.1:1"), ("DIGLOT_MAIL_FROM", "codes@chat.example")];
    let mut child = shell
        .command(&["serve", "--dev"])
        .envs(smtp)
        .args(listens)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let mut value = |start: &str| {
        let line = lines.by_ref().find(|line| line.trim_start().starts_with(start)).unwrap();
        line.trim_start().trim_start_matches(start).trim().to_owned()
    };
    let password = value("demo user").rsplit(' ').next().unwrap().to_owned();
    let token = value("its token");
    let admin_token = value("admin token");
    let (page, behind) =
        value("console").split_once('#').map(|(page, link)| (page.to_owned(), link.to_owned())).unwrap();
    assert_eq!(behind, format!("app=default&token={admin_token}"));
    let info = value("curl -s http://");
    let app_face = info.split('/').next().unwrap();
    let web_face = value("curl -s http://");
    let web_face = web_face.split('/').next().unwrap();

    let body = format!(r#"{{"email":"demo","password":"{password}"}}"#);
    assert!(request(web_face, "POST /v1/user/email-login HTTP/1.1", &body).contains(r#""code":1,"data":{"token":""#));
    let head = format!("GET /v1/user/info HTTP/1.1\r\ntoken: {token}");
    assert!(request(web_face, &head, "").contains(r#""nickname":"demo""#));
    let head = format!("GET /user/list HTTP/1.1\r\napp_id: default\r\naccess-token: {admin_token}");
    assert!(request(app_face, &head, "").contains(r#""username":"demo""#));

    let ops = page.trim_start_matches("http://").trim_end_matches("/console/sign-in");
    assert!(request(ops, "GET /console/sign-in HTTP/1.1", "").contains("name=\"token\""));

    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    for line in
        ["ready: database sqlite:diglot.db", "told to stop by SIGTERM", "stopped", "status=200 code=200 encoding=json"]
    {
        assert!(log.contains(line), "{line} in {log}");
    }
    assert_eq!(log.matches("applied all migrations from ").count(), 1, "{log}");
    assert!(!log.contains("applied migration "), "{log}");
    assert!(!log.contains("panicked"), "{log}");
    for secret in [&password, &token, &admin_token] {
        assert!(!log.contains(secret.as_str()), "{log}");
    }
}

#[test]
fn development_mode_prints_one_object_for_scripts() {
    let shell = Shell::new();
    let listens = ["--listen", "127.0.0.1:0", "--web-listen", "127.0.0.1:0", "--ops-listen", "127.0.0.1:0"];
    let mut serve = shell.command(&["serve", "--dev", "--json"]);
    let mut child = serve.args(listens).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut printed = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    printed.read_line(&mut line).unwrap();
    let greeting: serde_json::Value = serde_json::from_str(&line).unwrap();
    let text = |name: &str| greeting[name].as_str().unwrap().to_owned();
    let address = |name: &str| text(name).strip_prefix("http://").unwrap().to_owned();
    let [app, web, ops] = ["app_url", "web_url", "ops_url"].map(address);

    let body = format!(r#"{{"email":"{}","password":"{}"}}"#, text("username"), text("password"));
    assert!(request(&web, "POST /v1/user/email-login HTTP/1.1", &body).contains(r#""code":1,"data":{"token":""#));
    let head = format!("GET /v1/user/info HTTP/1.1\r\ntoken: {}", text("token"));
    assert!(request(&web, &head, "").contains(r#""nickname":"demo""#));
    let head =
        format!("GET /user/list HTTP/1.1\r\napp_id: {}\r\naccess-token: {}", text("app_id"), text("admin_token"));
    assert!(request(&app, &head, "").contains(&format!(r#""user_id":{},"username":"demo""#, greeting["user_id"])));
    assert!(text("console_url").starts_with(&format!("http://{ops}/console/sign-in#app=default&token=")));

    Command::new("kill").arg(child.id().to_string()).status().unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut rest = String::new();
    printed.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}
