//! The settings as operators see them: as `diglot config` shows them, and without any secret.

use diglot::config::{Config, Flags, SETTINGS, Values};
use serde_json::{Value, json};

use crate::support::{Shell, TestApp};

const PATH: &str = "/admin/v1/config/list";

#[actix_web::test]
async fn every_setting_is_listed_with_its_source_and_meaning() {
    let t = TestApp::new().await;
    let settings = t.admin().await.get(PATH).send().await.json()["data"].clone();
    let settings = settings.as_array().unwrap();
    assert_eq!(settings.len(), SETTINGS.len());
    let named = |name: &str| settings.iter().find(|setting| setting["name"] == name).unwrap();
    let meaning = named("DIGLOT_DEFAULT_APP")["meaning"].clone();
    let expected = json!({"name": "DIGLOT_DEFAULT_APP", "value": "default", "source": "default", "meaning": meaning});
    assert_eq!(*named("DIGLOT_DEFAULT_APP"), expected);
    assert_eq!(
        (&named("DATABASE_URL")["source"], &named("DIGLOT_SMTP_URL")["value"]),
        (&json!("flag"), &json!("(unset)"))
    );
    assert_eq!(t.user("alice").await.admin_api.get(PATH).send().await.code(), 10010);
}

/// Values with a secret in every setting that may have one.
fn with_secrets() -> Flags {
    Flags::from([
        ("DATABASE_URL", "postgres://u:geheim1@127.0.0.1:1/d".to_owned()),
        ("REDIS_URL", "redis://u:geheim2@127.0.0.1:1/0".to_owned()),
        ("DIGLOT_SECRET", "geheim3-0123456789abcdef0123456789abcdef".to_owned()),
        ("DIGLOT_SMTP_URL", "smtps://u:geheim4@mail.example".to_owned()),
        ("DIGLOT_MAIL_FROM", "codes@chat.example".to_owned()),
        ("DIGLOT_SMS_WEBHOOK_URL", "https://u:geheim5@sms.example/?key=geheim6".to_owned()),
        ("DIGLOT_SMS_WEBHOOK_SECRET", "geheim7".to_owned()),
    ])
}

#[actix_web::test]
async fn no_secret_is_shown_to_operators_or_on_the_command_line() {
    let secretive = Config::check(&Values::gather(&with_secrets(), [], None).unwrap(), false).unwrap();
    let t = TestApp::with(|config| config.reloadable.shown.clone_from(&secretive.reloadable.shown)).await;
    let answer = t.admin().await.get(PATH).send().await;
    let text = std::str::from_utf8(&answer.body).unwrap();
    assert!(text.contains("mail.example") && text.contains("***"), "{text}");
    assert!(!text.contains("geheim"), "{text}");

    let printed = Shell::with(with_secrets()).run(&["config"]);
    assert!(!printed.contains("geheim"), "{printed}");
    for setting in answer.json()["data"].as_array().unwrap() {
        let line = |name: &str| setting[name].as_str().unwrap().to_owned();
        let shown: Value = json!(format!("{} = {}\n", line("name"), line("value")));
        assert!(printed.contains(shown.as_str().unwrap()), "{shown} in {printed}");
    }
}
