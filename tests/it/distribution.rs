//! Where clients find the parts of a deployment, and what they ask for when they start.

use diglot::{config::Flags, transport::pb};
use serde_json::json;

use crate::support::{Shell, TestApp, default_config};

const DISTRIBUTION: &str = "/v1/misc/configure-distribution";

#[actix_web::test]
async fn clients_are_told_the_gateways_own_urls_as_they_reached_it() {
    let t = TestApp::with(|config| config.trusted_proxies = vec!["203.0.113.7/32".parse().unwrap()]).await;
    let client = t.anon().header("host", "chat.example:8443").header("x-forwarded-proto", "https");
    let own = "https://chat.example:8443";
    let expected = json!({
        "audioUrl": format!("{own}/"), "fileUrl": format!("{own}/"), "imageUrl": format!("{own}/media/"),
        "serverUrl": format!("{own}/"), "shareUrl": format!("{own}/"), "videoUrl": format!("{own}/"),
        "websocketUrl": "wss://chat.example:8443/ws",
    });
    let res = client.get(DISTRIBUTION).send().await;
    res.assert_ok();
    assert_eq!(res.json()["data"], expected);
    let protobuf = client.get(DISTRIBUTION).header("accept", "application/x-protobuf").send().await;
    let answer: pb::ConfigureDistributionResponse = protobuf.proto();
    assert_eq!(
        (answer.server_url.as_str(), answer.websocket_url.as_str()),
        ("https://chat.example:8443/", "wss://chat.example:8443/ws")
    );
    let web = t.web().header("host", "chat.example").get(DISTRIBUTION).send().await.json();
    assert_eq!(web["data"]["websocketUrl"], "ws://chat.example/ws");
    let strange = t.anon().header("host", "a\"b<c>").get(DISTRIBUTION).send().await;
    assert!(!String::from_utf8_lossy(&strange.body).contains('<'), "{strange:?}");
}

#[actix_web::test]
async fn configured_urls_come_first() {
    let t = TestApp::with(|config| {
        config.distribution = "image=https://img.chat.example/,websocket=wss://ws.chat.example/socket".parse().unwrap();
    })
    .await;
    let data = t.anon().header("host", "chat.example").get(DISTRIBUTION).send().await.json()["data"].clone();
    assert_eq!(
        (&data["imageUrl"], &data["serverUrl"]),
        (&json!("https://img.chat.example/"), &json!("http://chat.example/"))
    );
    assert_eq!(data["websocketUrl"], "wss://ws.chat.example/socket");
}

#[test]
fn a_distribution_that_would_be_misread_stops_the_start() {
    assert!(
        default_config(&Flags::from([("DIGLOT_DISTRIBUTION", "server=https://chat.example".to_owned())]))
            .distribution
            .url("image")
            .is_none()
    );
    for wrong in [
        "https://chat.example",
        "pictures=https://x.example",
        "image=ftp://x.example",
        "websocket=https://x.example",
        "image=https://",
        "image=https://a.example,image=https://b.example",
    ] {
        let shell = Shell::with([("DIGLOT_DISTRIBUTION", wrong.to_owned())].into());
        let output = shell.output(&["config"]);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("DIGLOT_DISTRIBUTION: "), "{wrong}");
    }
}

#[actix_web::test]
async fn an_app_says_what_its_clients_get_when_they_start() {
    let t = TestApp::new().await;
    let (admin, other) = (t.admin().await, t.admin_of("other").await);
    let client = t.anon().header("app_id", "default");
    let config = async || client.get("/app/config?platform=ios").send().await.json();
    assert_eq!(config().await, json!({"code": 200, "data": {}}));
    let new = json!({"min_version": "2.1", "features": {"coins": true}});
    admin.post("/admin/v1/app/set").json(&json!({"client_config": new})).send().await.assert_ok();
    assert_eq!(config().await["data"], new);
    let app = admin.get("/admin/v1/app/get").send().await.json();
    assert_eq!(app["data"]["client_config"], new);
    assert_eq!(other.get("/app/config").send().await.json()["data"], json!({}));
    for wrong in [json!([1]), json!("x"), json!({"text": "x".repeat(17_000)})] {
        let res = admin.post("/admin/v1/app/set").json(&json!({"client_config": wrong})).send().await;
        assert_eq!(res.code(), 10002);
    }
    assert_eq!(config().await["data"], new);
    assert_eq!(t.anon().get("/app/config").send().await.code(), 40000);
}

#[test]
fn the_shell_sets_what_clients_get_when_they_start() {
    let shell = Shell::new();
    shell.run(&["app", "create", "shop"]);
    shell.run(&["app", "update", "shop", "--client-config", r#"{"theme":"dark"}"#]);
    assert_eq!(shell.json(&["app", "list"])["items"][0]["client_config"], json!({"theme": "dark"}));
    assert!(shell.fail(&["app", "update", "shop", "--client-config", "[]"]).contains("must be a JSON object"));
}
