//! What commands print: tables, JSON, notices, exit codes, completions and manual pages.

use std::{fs, process::Command};

use serde_json::{Value, json};

use crate::{
    cli_users::{shop, write},
    support::Shell,
};

#[actix_web::test]
async fn json_has_what_the_admin_api_answers() {
    let (shell, t, client) = shop().await;
    let create = ["admin-token", "create", "--app", "shop", "--name", "ops", "--expires-in", "1d"];
    let token = shell.json(&create)["token"].as_str().unwrap().to_owned();
    let admin = client.header("access-token", &token);
    let alice = shell.json(&["user", "create", "--app", "shop", "alice"])["user_id"].clone();
    assert!(alice.is_i64(), "{alice}");
    let id = alice.to_string();
    let of_alice = ["--app", "shop", "--user", &id];
    let change = ["--amount", "2.5", "--typ", "2", "--reason", "gift", "--idempotency-key", "k"];
    let adjusted = shell.json(&[&["coins", "adjust"], &of_alice[..], &change].concat());
    assert_eq!(adjusted["after_cents"], json!(250));
    for (command, option) in [("medal", "define"), ("category", "create")] {
        assert_eq!(shell.json(&[command, option, "--app", "shop", "--name", "Games"]), json!({"id": 1}));
    }
    shell.run(&[&["medal", "grant"], &of_alice[..], &["--medal", "1"]].concat());
    let group = ["group", "create", "--app", "shop", "--nickname", "Chess", "--category", "Games"];
    assert_eq!(shell.json(&group), json!({"id": 1}));
    assert_eq!(shell.json(&["bot", "create", "--app", "shop", "--nickname", "Robot"]), json!({"id": 1}));
    shell.run(&["ads", "set", "--app", "shop", "--is-show", "true"]);

    let answer = async |path: &str| {
        let mut data = admin.get(path).send().await.json()["data"].clone();
        // There is no own token on the command line.
        if let Some(own) = data.pointer_mut("/0/is_own") {
            *own = json!(false);
        }
        data
    };
    for (command, path) in [
        (&["admin-token", "list"][..], "/admin/v1/tokens/list"),
        (&["user", "list"], "/user/list"),
        (&["user", "search", "ali"], "/admin/v1/users/search?q=ali"),
        (&["medal", "list"], "/admin/v1/medals/list"),
        (&["category", "list"], "/admin/v1/categories/list"),
        (&["group", "list"], "/admin/v1/groups/list"),
        (&["bot", "list"], "/admin/v1/bots/list"),
        (&["audit", "list"], "/admin/v1/audit/list"),
    ] {
        let printed = shell.json(&[command, &["--app", "shop"]].concat());
        let items = printed["items"].as_array().unwrap();
        assert!(!items.is_empty() && Value::from(items.clone()) == answer(path).await, "{command:?}: {printed}");
    }
    let ledger = shell.json(&[&["coins", "list"], &of_alice[..]].concat())["items"].clone();
    assert_eq!(ledger, answer(&format!("/admin/v1/coins/list?user_id={id}")).await["records"]);
    let shown = shell.json(&["user", "show", "--app", "shop", &id]);
    assert_eq!(shown, answer(&format!("/admin/v1/users/get?user_id={id}")).await);
    assert_eq!(shell.json(&["ads", "get", "--app", "shop"]), answer("/admin/v1/ads/get").await);
    let apps = shell.json(&["app", "list"])["items"].clone();
    let shop = apps.as_array().unwrap().iter().find(|app| app["id"] == json!("shop"));
    assert_eq!(*shop.unwrap(), answer("/admin/v1/app/get").await);
    drop(t);
}

#[test]
fn json_has_the_results_of_other_commands_and_their_secrets() {
    let shell = Shell::new();
    assert!(shell.json(&["migrate"])["applied"].as_array().unwrap().len() > 1);
    assert_eq!(shell.json(&["migrate"]), json!({"applied": []}));
    let created = shell.json(&["app", "create", "shop"]);
    let rotated = shell.json(&["app", "rotate-secret", "shop"]);
    let secret = |data: &Value| data["secret"].as_str().unwrap().to_owned();
    assert_eq!(created["id"], json!("shop"));
    assert!(secret(&created).len() == 64 && secret(&rotated).len() == 64 && secret(&created) != secret(&rotated));
    assert_eq!(shell.json(&["user", "create", "--app", "shop", "bob"])["password"].as_str().unwrap().len(), 16);

    write(&shell, "users.csv", "username,password\nalice,secret\nalice,secret\n");
    let import = ["user", "import", "--app", "shop", "users.csv"];
    let refused = json!([{"record": 2, "name": "alice", "reason": "username taken"}]);
    let expected = json!({"records": 2, "created": 1, "refused_count": 1, "refused": refused});
    assert_eq!(shell.json(&[&import[..], &["--dry-run"]].concat()), expected);
    let expected = json!({"records": 2, "created": 1, "refused_count": 1, "report": "users.csv.refused"});
    assert_eq!(shell.json(&import), expected);
    assert_eq!(shell.json(&import), json!({"records": 0, "created": 0, "refused_count": 0}));

    let config = shell.json(&["config"]);
    let listen = config["items"].as_array().unwrap().iter().find(|item| item["name"] == json!("DIGLOT_LISTEN"));
    assert_eq!((&listen.unwrap()["value"], &listen.unwrap()["source"]), (&json!("127.0.0.1:8080"), &json!("default")));
    let overview = shell.json(&["overview", "--app", "shop"]);
    assert_eq!((&overview["accounts"], &overview["database"]["ok"]), (&json!(2), &json!(true)));
    assert_eq!(overview["state"]["is_degraded"], json!(true), "the counts of a running gateway are not known");
    assert_eq!(shell.json(&["audit", "prune", "--app", "shop", "--days", "1"]), json!({"deleted": 0}));
    let doctor = shell.json(&["doctor"]);
    let first = json!({"result": "ok", "name": "settings", "message": "all valid"});
    assert_eq!(doctor["items"][0], first);
}

#[test]
fn lists_continue_at_their_cursor() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    for name in ["a", "b", "c"] {
        shell.run(&["category", "create", "--app", "shop", "--name", name]);
    }
    let list = ["category", "list", "--app", "shop", "--size", "2"];
    let first = shell.json(&list);
    assert_eq!(first["items"].as_array().unwrap().len(), 2);
    let cursor = first["next"].as_str().unwrap();
    let rest = shell.json(&[&list[..], &["--cursor", cursor]].concat());
    assert_eq!(rest, json!({"items": [{"id": 3, "name": "c", "sort": 0}]}));

    let noisy = shell.output(&list);
    assert_eq!(String::from_utf8(noisy.stderr).unwrap(), format!("more follow: --cursor {cursor}\n"));
    let quiet = shell.output(&[&list[..], &["-q"]].concat());
    assert_eq!((quiet.stdout, quiet.stderr), (noisy.stdout, Vec::new()));
}

#[actix_web::test]
async fn tables_align_wide_characters_and_pass_no_control_characters_on() {
    let (shell, t, _) = shop().await;
    let names = "username,nickname\nada,Ada\nnihao,你好\nemoji,🙂x\n";
    write(&shell, "users.csv", names);
    shell.run(&["user", "import", "--app", "shop", "users.csv"]);
    t.execute("UPDATE users SET nickname = 'a\u{1b}[2Jb' WHERE username_key = 'ada'").await.unwrap();
    let printed = shell.run(&["user", "search", "--app", "shop"]);
    let lines: Vec<&str> = printed.lines().collect();
    assert_eq!(
        lines,
        [
            "USER_ID  STATE   USERNAME  NICKNAME     MOBILE  EMAIL",
            "3        active  emoji     🙂x",
            "2        active  nihao     你好",
            "1        active  ada       a\\u{1b}[2Jb",
        ]
    );
    write(&shell, "more.csv", "username,nickname,email\nwide,中文,a@x.example\nplain,abcd,b@x.example\n");
    shell.run(&["user", "import", "--app", "shop", "more.csv"]);
    let printed = shell.run(&["user", "search", "--app", "shop", "--size", "2", "-q"]);
    // A Chinese character takes two columns of a terminal.
    let expected = "USER_ID  STATE   USERNAME  NICKNAME  MOBILE  EMAIL\n\
                    5        active  plain     abcd              b@x.example\n\
                    4        active  wide      中文              a@x.example\n";
    assert_eq!(printed, expected);
}

#[test]
fn exit_codes_are_as_documented() {
    let shell = Shell::new();
    let help = shell.run(&["--help"]);
    let codes = help.split("Exit codes:\n").nth(1).unwrap();
    for (number, meaning) in [("0", "success"), ("1", "failure"), ("2", "invalid usage or settings")] {
        assert!(codes.contains(&format!("  {number}  {meaning}")), "{codes}");
        assert!(include_str!("../../docs/operations.md").contains(&format!("| {number} | {meaning}")), "{number}");
    }
    shell.run(&["app", "create", "shop"]);
    let failed = |args: &[&str]| {
        let output = shell.output(args);
        assert!(output.stdout.is_empty(), "{args:?}");
        (output.status.code().unwrap(), String::from_utf8(output.stderr).unwrap())
    };
    let show = ["user", "show", "--app", "shop", "1"];
    assert_eq!(failed(&show), (1, "diglot: no such user\n".to_owned()));
    let json = (1, "{\"error\":\"no such user\"}\n".to_owned());
    assert_eq!(failed(&[&show[..], &["--json"]].concat()), json);
    assert_eq!(failed(&[&show[..], &["--json", "--quiet"]].concat()), json);
    assert_eq!(failed(&["user", "show"]).0, 2);
    assert_eq!(failed(&["app", "create", "no good"]).0, 2);
    let (code, problem) = failed(&["app", "list", "--database-url", "mysql://h/d", "--json"]);
    let problem: Value = serde_json::from_str(&problem).unwrap();
    assert!(code == 2 && problem["error"].as_str().unwrap().contains("DATABASE_URL: must start with"), "{problem}");
}

/// The names of all commands, such as `user import`.
fn commands(shell: &Shell, path: &[&str]) -> Vec<String> {
    let help = shell.run(&[path, &["--help"]].concat());
    let Some((_, listed)) = help.split_once("Commands:\n") else { return vec![path.join("-")] };
    let names = listed.split("\n\n").next().unwrap().lines().filter_map(|line| {
        line.strip_prefix("  ").filter(|line| !line.starts_with(' ')).map(|line| line.split(' ').next().unwrap())
    });
    let below = names.filter(|name| *name != "help").flat_map(|name| commands(shell, &[path, &[name]].concat()));
    below.chain((!path.is_empty()).then(|| path.join("-"))).collect()
}

#[test]
fn every_command_has_completions_and_a_manual_page() {
    let shell = Shell::new();
    let all = commands(&shell, &[]);
    assert!(all.len() > 40 && all.contains(&"admin-token-create".to_owned()), "{all:?}");
    for name in ["bash", "zsh", "fish"] {
        let script = shell.run(&["completions", name]);
        let last = |command: &String| command.rsplit('-').next().unwrap().to_owned();
        assert!(all.iter().all(|command| script.contains(&last(command))) && script.contains("json"), "{name}");
        fs::write(shell.path().join(name), script).unwrap();
    }
    let is_valid = Command::new("bash").args(["-n", "bash"]).current_dir(shell.path()).status().unwrap();
    assert!(is_valid.success());
    let script =
        "source ./bash; COMP_WORDS=(diglot user im); COMP_CWORD=2; _diglot diglot im user; echo ${COMPREPLY[*]}";
    let completed = Command::new("bash").args(["-c", script]).current_dir(shell.path()).output().unwrap();
    assert_eq!(String::from_utf8(completed.stdout).unwrap(), "import\n");

    assert_eq!(shell.run(&["man", "pages"]), "");
    for command in &all {
        let page = fs::read_to_string(shell.path().join(format!("pages/diglot-{command}.1"))).unwrap();
        assert!(page.contains(".SH SYNOPSIS"), "{command}");
    }
    let page = shell.run(&["man"]);
    assert_eq!(page, fs::read_to_string(shell.path().join("pages/diglot.1")).unwrap());
    assert!(page.contains("Exit codes:"), "{page}");
}

#[test]
#[ignore = "needs script of util-linux: run scripts/test"]
fn long_work_shows_its_progress_on_a_terminal_only() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    let on_a_terminal = |arguments: &str| {
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_diglot"));
        let mut script = Command::new("script");
        script.args(["-qec", &command, "/dev/null"]).env("TERM", "xterm").current_dir(shell.path());
        String::from_utf8(script.output().unwrap().stdout).unwrap()
    };
    write(&shell, "users.csv", "username\nalice\nbob\n");
    write(&shell, "more.csv", "username\ncarol\n");
    let shown = on_a_terminal("user import --app shop users.csv");
    assert!(shown.contains("% 2 imported, 0 refused, ") && shown.ends_with("2 imported, 0 refused\r\n"), "{shown}");
    assert_eq!(on_a_terminal("user import --app shop more.csv -q"), "1 imported, 0 refused\r\n");
    for (export, progress) in [("user export", "3 accounts written"), ("audit export", " rows written")] {
        let shown = on_a_terminal(&format!("{export} --app shop >file"));
        assert!(shown.contains(progress), "{export}: {shown}");
        assert_eq!(on_a_terminal(&format!("{export} --app shop -q >file")), "");
        // The terminal that shows the file itself, and a pipe, show no progress.
        assert!(!on_a_terminal(&format!("{export} --app shop")).contains(progress));
        shell.run(&[export.split(' ').collect::<Vec<_>>(), vec!["--app", "shop"]].concat());
    }
}
