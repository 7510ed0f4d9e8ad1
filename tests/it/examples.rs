//! The first clients in `examples/`, against a gateway in development mode, and in the document that shows them.

use std::{
    fs,
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use actix_web::rt::task::spawn_blocking;
use serde_json::{Value, json};

use crate::{
    push_targets::{bound, everyone, register},
    support::{Dev, Running, SmsReceiver},
};

fn project(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// Stdout of a command that succeeds.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{command:?}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

#[test]
fn the_document_shows_the_clients_as_they_are() {
    let document = fs::read_to_string(project("docs/first-client.md")).unwrap();
    for file in [
        "python/client.py",
        "typescript/src/gateway.ts",
        "typescript/src/main.ts",
        "ops/accounts.sh",
        "push-worker/worker.py",
    ] {
        let text = fs::read_to_string(project("examples").join(file)).unwrap();
        assert!(document.contains(&format!("\n{text}```")), "docs/first-client.md has not the text of {file}");
    }
}

#[test]
#[ignore = "needs Python's grpcio-tools: run scripts/test"]
fn a_native_client_in_python_gets_from_a_captcha_to_a_new_name() {
    let dev = Dev::start();
    let generated = dev.folder().join("client");
    fs::create_dir(&generated).unwrap();
    fs::copy(project("examples/python/client.py"), generated.join("client.py")).unwrap();
    let files = fs::read_dir(project("proto")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "proto"));
    let mut protoc = Command::new("python3");
    protoc.args(["-m", "grpc_tools.protoc", "-I"]).arg(project("proto"));
    run(protoc.arg(format!("--python_out={}", generated.display())).args(files));
    let mut client = Command::new("python3");
    client.arg("client/client.py").arg(format!("http://{}", dev.address("app"))).arg("+8613812345678");
    client.env("PYTHONIOENCODING", "utf-8").current_dir(dev.folder());
    let mut client = client.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut answers = client.stdin.take().unwrap();
    // What a person reads on the captcha and in the message.
    writeln!(answers, "{}", dev.logged(" shows ")).unwrap();
    writeln!(answers, "{}", dev.logged("development mode: code ")).unwrap();
    let mut shown = String::new();
    client.stdout.take().unwrap().read_to_string(&mut shown).unwrap();
    assert!(client.wait().unwrap().success());
    assert!(shown.ends_with("is 张伟😀, 13812345678\n"), "{shown}");
}

#[test]
#[ignore = "needs Node.js: run scripts/test"]
fn a_browser_client_in_typescript_renames_and_stays_online() {
    let dev = Dev::start();
    let sources = project("examples/typescript");
    let folder = dev.folder().join("client");
    fs::create_dir_all(folder.join("src")).unwrap();
    for file in ["package.json", "tsconfig.json", "buf.gen.yaml", "src/gateway.ts", "src/main.ts"] {
        fs::copy(sources.join(file), folder.join(file)).unwrap();
    }
    run(Command::new("npm").args(["install", "--no-audit", "--no-fund", "--silent"]).current_dir(&folder));
    run(Command::new("npx").args(["buf", "generate"]).arg(project("proto")).current_dir(&folder));
    run(Command::new("npx").arg("tsc").current_dir(&folder));
    let mut client = Command::new("node");
    client.args(["--experimental-websocket", "dist/main.js"]).arg(format!("http://{}", dev.address("web")));
    client.args(["demo", &dev.printed("password ")]).current_dir(&folder);
    let expected = "user 1 is 张伟😀, in protobuf 张伟😀 with avatar 0\nheartbeat_ack 2\nthe socket is closed\n";
    assert_eq!(run(&mut client), expected);
}

#[test]
#[ignore = "needs curl and Python: run scripts/test"]
fn an_ops_script_registers_kicks_disables_and_exports() {
    let dev = Dev::start();
    let script = |token: &str| {
        let mut script = Command::new(project("examples/ops/accounts.sh"));
        script.arg(format!("http://{}", dev.address("app"))).args(["default", token]);
        script
    };
    let shown = run(&mut script(&dev.printed("admin token")));
    // The items of a batch are registered at once, so either may be first.
    let is_right = match shown.split_once("1\tdemo\t0\n").unwrap() {
        ("ann 2\nben 3\n", accounts) => accounts == "2\tann\t0\n3\tben\t1\n",
        ("ann 3\nben 2\n", accounts) => accounts == "2\tben\t1\n3\tann\t0\n",
        _ => false,
    };
    assert!(is_right, "{shown}");
    let refused = script("wrong").output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("10008"), "{refused:?}");
}

#[actix_web::test]
#[ignore = "needs Python: run scripts/test"]
async fn a_push_worker_sends_honours_quiet_and_reports_dead_tokens() {
    let gateway = Running::start().await;
    let t = &gateway.t;
    // Asks to come again, accepts, finds a token dead and then a registration, and accepts the rest.
    let notifier = SmsReceiver::start(&[503, 200, 410, 410]);
    let shy = bound(t, "shy", &["news"]).await;
    bound(t, "dead", &["news"]).await;
    bound(t, "elsewhere", &[]).await;
    let old = t.user("old").await;
    register(&old, "old's phone", "dead id", 1).await;
    old.admin_api.post("/user/push/tag").json(&json!({"tags": ["news"]})).send().await.assert_ok();
    let asleep = bound(t, "asleep", &["news"]).await;
    let loud = bound(t, "loud", &["news"]).await;
    for (user, path) in [
        (&shy, "/user/push/detail?value=true"),
        (&shy, "/user/sounds?value=true"),
        (&asleep, "/user/push?value=true"),
        (&loud, "/user/vibratory?value=true"),
    ] {
        user.admin_api.put(path).send().await.assert_ok();
    }
    loud.admin_api.post("/user/push/badge").json(&json!({"badge": 4})).send().await.assert_ok();

    let mut worker = Command::new("python3");
    worker.arg(project("examples/push-worker/worker.py")).arg(format!("http://{}", gateway.app)).arg("default");
    worker.arg(notifier.url()).args([r#"{"tags": {"any": ["news"]}}"#, "Open now"]);
    worker.env("ADMIN_TOKEN", t.admin_token().await);
    let printed = spawn_blocking(move || run(&mut worker)).await.unwrap();
    assert_eq!(printed, "2 sent, 1 quiet, 2 dead, 0 failed\n");

    let sent: Vec<Value> = (0..5).map(|_| notifier.next().json()).collect();
    let to: Vec<&str> = sent.iter().map(|message| message["to"].as_str().unwrap()).collect();
    assert_eq!(to, ["shy", "shy", "dead", "dead id", "loud"]);
    let to_shy = json!({"notifier": "apns", "to": "shy", "registration_type": null, "platform": 0, "title": "shy",
        "text": "New message", "badge": 1, "sound": false, "vibrate": false});
    assert_eq!(sent[1], to_shy);
    let to_loud = json!({"notifier": "apns", "to": "loud", "registration_type": null, "platform": 0, "title": "loud",
        "text": "Open now", "badge": 5, "sound": true, "vibrate": true});
    assert_eq!(sent[4], to_loud);
    assert_eq!(everyone(&t.admin().await).await, ["shy", "elsewhere", "asleep", "loud"]);
    gateway.stop().await;
}
