//! Signed access tokens: `POST /v1/user/access-token`, the published keys, and `diglot signing-key`.

use std::collections::BTreeSet;

use actix_web::http::StatusCode;
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use diglot::{config::Flags, domain::signing_keys, transport::pb};
use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::{Value, json};

use crate::support::{Client, START_MS, Shell, TestApp, User, command_line, default_config};

const PATH: &str = "/v1/user/access-token";
const KEYS: &str = "/.well-known/jwks.json";
const MINUTE_MS: i64 = 60_000;

async fn rotate(t: &TestApp, delay_ms: i64) -> String {
    signing_keys::rotate(&t.gateway, &command_line("default"), delay_ms).await.unwrap()
}

async fn issue(user: &User) -> String {
    let res = user.v1.post(PATH).send().await;
    res.assert_ok();
    res.json()["data"]["accessToken"].as_str().unwrap().to_owned()
}

fn decode(part: &str) -> Value {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

async fn published(client: &Client) -> Vec<Value> {
    let res = client.get(KEYS).send().await;
    assert_eq!(res.status, StatusCode::OK);
    res.json()["keys"].as_array().unwrap().clone()
}

/// The header and the claims, if one of the published keys verifies the token as RFC 7515 says.
async fn verified(t: &TestApp, token: &str) -> Option<(Value, Value)> {
    let parts: Vec<&str> = token.split('.').collect();
    let header = decode(parts[0]);
    let key = published(&t.web()).await.into_iter().find(|key| key["kid"] == header["kid"])?;
    let [x, y] = ["x", "y"].map(|name| BASE64_URL_SAFE_NO_PAD.decode(key[name].as_str().unwrap()).unwrap());
    let signature = BASE64_URL_SAFE_NO_PAD.decode(parts[2]).unwrap();
    let point = [&[4][..], &x, &y].concat();
    let signed = format!("{}.{}", parts[0], parts[1]);
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(signed.as_bytes(), &signature).ok()?;
    Some((header, decode(parts[1])))
}

async fn set(t: &TestApp, body: Value) {
    t.admin().await.post("/admin/v1/app/set").json(&body).send().await.assert_ok();
}

#[actix_web::test]
async fn a_token_has_the_claims_of_rfc_9068_and_the_published_key_verifies_it() {
    let t = TestApp::with(|config| config.issuer_url = Some("https://id.chat.example/".parse().unwrap())).await;
    let id = rotate(&t, 0).await;
    let alice = t.user("alice").await;
    let res = alice.v1.post(PATH).send().await.json();
    assert_eq!((&res["data"]["tokenType"], &res["data"]["expiresIn"]), (&json!("Bearer"), &json!(300)));
    let (header, mut claims) = verified(&t, res["data"]["accessToken"].as_str().unwrap()).await.unwrap();
    assert_eq!(header, json!({"typ": "at+jwt", "alg": "ES256", "kid": id}));
    let (jti, sid) = (claims["jti"].take(), claims["sid"].take());
    assert!(jti.as_str().unwrap().len() >= 22 && sid.is_string());
    let now = START_MS / 1000;
    let expected = json!({
        "iss": "https://id.chat.example", "sub": alice.id.to_string(), "aud": "default", "iat": now, "exp": now + 300,
        "jti": null, "sid": null, "app": "default", "client_id": "default", "scope": "user",
    });
    assert_eq!(claims, expected);
}

#[actix_web::test]
async fn both_encodings_have_the_same_token_data() {
    let t = TestApp::new().await;
    rotate(&t, 0).await;
    set(&t, json!({"access_token_audiences": ["chat", "https://files.example/"], "access_token_secs": 900})).await;
    let alice = t.user("alice").await;
    let request = pb::AccessTokenRequest { audience: "https://files.example/".to_owned() };
    let res = alice.v1.post(PATH).proto(&request).send().await;
    let answer: pb::AccessTokenResponse = res.proto();
    assert_eq!((answer.token_type.as_str(), answer.expires_in), ("Bearer", 900));
    let (_, claims) = verified(&t, &answer.access_token).await.unwrap();
    assert_eq!(claims["aud"], "https://files.example/");
    let json = alice.v1.post(PATH).json(&json!({"audience": "https://files.example/"})).send().await.json();
    let (_, claims) = verified(&t, json["data"]["accessToken"].as_str().unwrap()).await.unwrap();
    assert_eq!(
        (&claims["aud"], claims["exp"].as_i64().unwrap()),
        (&json!("https://files.example/"), START_MS / 1000 + 900)
    );
    let (_, claims) = verified(&t, &issue(&alice).await).await.unwrap();
    assert_eq!(claims["aud"], "chat");
    let unknown =
        alice.v1.header("accept-language", "en").post(PATH).json(&json!({"audience": "default"})).send().await;
    unknown.assert_line("json | 200 | 1100 | invalid request parameter: audience does not exist");
}

#[actix_web::test]
async fn an_app_adds_claims_with_the_values_of_the_account() {
    let t = TestApp::new().await;
    rotate(&t, 0).await;
    let claims = json!({"jid": "{user_id}@chat.example", "name": "{nickname} ({username})", "device": "{device_id}", "tenant": "{app}"});
    set(&t, json!({"access_token_claims": claims})).await;
    let alice = t.user("alice").await;
    let (_, claims) = verified(&t, &issue(&alice).await).await.unwrap();
    assert_eq!(claims["jid"], format!("{}@chat.example", alice.id));
    assert_eq!(
        (&claims["name"], &claims["device"], &claims["tenant"]),
        (&json!("alice (alice)"), &json!("alice's phone"), &json!("default"))
    );
    let admin = t.admin().await;
    let app = admin.get("/admin/v1/app/get").send().await.json();
    assert_eq!((&app["data"]["access_token_secs"], &app["data"]["access_token_audiences"]), (&json!(300), &json!([])));
    set(&t, json!({"access_token_claims": {}})).await;
    let (_, claims) = verified(&t, &issue(&alice).await).await.unwrap();
    assert_eq!(claims.get("jid"), None);
}

#[actix_web::test]
async fn settings_that_would_break_tokens_are_refused() {
    let t = TestApp::new().await;
    let admin = t.admin().await;
    for body in [
        json!({"access_token_secs": 29}),
        json!({"access_token_secs": 901}),
        json!({"access_token_audiences": [""]}),
        json!({"access_token_audiences": ["a b"]}),
        json!({"access_token_audiences": vec!["a"; 21]}),
        json!({"access_token_claims": {"sub": "1"}}),
        json!({"access_token_claims": {"exp": "1"}}),
        json!({"access_token_claims": {"": "1"}}),
        json!({"access_token_claims": {"a": "{password}"}}),
        json!({"access_token_claims": {"a": "{user_id"}}),
        json!({"access_token_claims": {"a": "user_id}"}}),
        json!({"access_token_claims": {"a": "b\n"}}),
        json!({"access_token_claims": {"a": 1}}),
    ] {
        assert_eq!(admin.post("/admin/v1/app/set").json(&body).send().await.code(), 10002, "{body}");
    }
    let app = admin.get("/admin/v1/app/get").send().await.json();
    assert_eq!(app["data"]["access_token_claims"], json!({}));
}

#[actix_web::test]
async fn without_a_key_access_tokens_are_off() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let res = alice.v1.clone().header("accept-language", "en").post(PATH).send().await;
    res.assert_line("json | 200 | -1 | access tokens are not enabled on this server");
    assert!(published(&t.anon()).await.is_empty());
    t.anon().post(PATH).send().await.assert_line("json | 200 | -101 | 未登录");
}

#[actix_web::test]
async fn a_rotated_key_stays_published_until_its_last_token_has_expired() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let ids = async |t: &TestApp| -> BTreeSet<String> {
        published(&t.anon()).await.iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };
    let first = rotate(&t, 10 * MINUTE_MS).await;
    let of_first = issue(&alice).await;
    let second = rotate(&t, 10 * MINUTE_MS).await;
    assert_eq!(ids(&t).await, BTreeSet::from([first.clone(), second.clone()]));
    assert_eq!(decode(issue(&alice).await.split('.').next().unwrap())["kid"], first);
    t.clock.advance(10 * MINUTE_MS);
    assert_eq!(decode(issue(&alice).await.split('.').next().unwrap())["kid"], second);
    t.clock.advance(15 * MINUTE_MS);
    assert!(verified(&t, &of_first).await.is_some());
    t.clock.advance(MINUTE_MS);
    assert_eq!(ids(&t).await, BTreeSet::from([second]));
    assert!(verified(&t, &of_first).await.is_none());
}

#[actix_web::test]
async fn a_revoked_key_is_gone_at_once() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    let first = rotate(&t, 0).await;
    t.clock.advance(1000);
    let second = rotate(&t, 0).await;
    let of_second = issue(&alice).await;
    let operator = command_line("default");
    assert!(signing_keys::revoke(&t.gateway, &operator, second.clone()).await.unwrap());
    assert!(!signing_keys::revoke(&t.gateway, &operator, second).await.unwrap());
    assert!(verified(&t, &of_second).await.is_none());
    assert_eq!(decode(issue(&alice).await.split('.').next().unwrap())["kid"], first);
    let audit =
        t.audit_rows().await.into_iter().map(|row| row.action).filter(|action| action.starts_with("signing_key."));
    assert_eq!(audit.collect::<Vec<_>>(), ["signing_key.rotate", "signing_key.rotate", "signing_key.revoke"]);
}

#[actix_web::test]
async fn a_key_that_was_retired_long_ago_does_not_sign_again() {
    let t = TestApp::new().await;
    let alice = t.user("alice").await;
    rotate(&t, 0).await;
    t.clock.advance(1000);
    let second = rotate(&t, 0).await;
    t.clock.advance(17 * MINUTE_MS);
    assert!(signing_keys::revoke(&t.gateway, &command_line("default"), second).await.unwrap());
    assert!(published(&t.anon()).await.is_empty());
    let res = alice.v1.clone().header("accept-language", "en").post(PATH).send().await;
    res.assert_line("json | 200 | -1 | access tokens are not enabled on this server");
    rotate(&t, MINUTE_MS).await;
    assert!(verified(&t, &issue(&alice).await).await.is_some());
}

#[actix_web::test]
async fn the_metadata_names_the_issuer_and_the_keys_may_be_kept_for_a_while() {
    let t = TestApp::with(|config| config.issuer_url = Some("https://id.chat.example/acc".parse().unwrap())).await;
    for path in ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"] {
        let metadata = t.web().get(path).send().await.json();
        assert_eq!(metadata["issuer"], "https://id.chat.example/acc");
        assert_eq!(metadata["jwks_uri"], "https://id.chat.example/acc/.well-known/jwks.json");
        assert_eq!(metadata["introspection_endpoint"], "https://id.chat.example/acc/oauth2/introspect");
    }
    assert_eq!(t.web().get(KEYS).send().await.header("cache-control"), "public, max-age=300");
}

#[actix_web::test]
async fn a_private_key_is_stored_encrypted_and_is_of_no_use_with_another_secret() {
    let t = TestApp::new().await;
    rotate(&t, 0).await;
    let other = "another secret of the server, 32 characters".to_owned();
    let secret = diglot::secret::Secret::parse(&other).unwrap();
    let node = t
        .node_with(diglot::config::Config {
            secret: diglot::config::SecretSource::Given(secret),
            ..t.gateway.config.clone()
        })
        .await;
    let alice = t.user("alice").await;
    let elsewhere = node.anon().header("token", &alice.token);
    assert_eq!(elsewhere.post(PATH).send().await.status, StatusCode::INTERNAL_SERVER_ERROR);
    let keys = t.gateway.db.read(diglot::store::signing_keys::list).await.unwrap();
    // PKCS #8 names its algorithm; encrypted it does not.
    let id_ec_public_key = [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
    assert!(!keys[0].encrypted_private_key.windows(7).any(|window| window == id_ec_public_key));
}

#[test]
fn keys_are_made_listed_and_revoked_from_the_shell() {
    let bare = Shell::new();
    let notice = bare.output(&["signing-key", "rotate"]).stderr;
    let expected = "DIGLOT_ISSUER_URL is not set: tokens name http://127.0.0.1:8080";
    assert!(String::from_utf8_lossy(&notice).contains(expected));
    let shell = Shell::with([("DIGLOT_ISSUER_URL", "https://id.chat.example".to_owned())].into());
    shell.run(&["app", "create", "default"]);
    let first = shell.run(&["signing-key", "rotate"]);
    let second = shell.json(&["signing-key", "rotate", "--after", "1h"]);
    let states: Vec<String> = shell.table(&["signing-key", "list"])[1..].iter().map(|row| row[1].clone()).collect();
    assert_eq!(states, ["signing", "next"]);
    shell.run(&["signing-key", "revoke", "--id", second["id"].as_str().unwrap()]);
    let states = shell.json(&["signing-key", "list"])["items"].take();
    assert_eq!((&states[0]["state"], &states[1]["state"]), (&json!("signing"), &json!("revoked")));
    assert_eq!(states[0]["id"], first.trim());
    let again = shell.fail(&["signing-key", "revoke", "--id", "x"]);
    assert_eq!(again, "diglot: there is no key x that is not revoked yet");
    let update = ["app", "update", "default", "--access-token-audience", "chat", "--access-token-lifetime", "10m"];
    shell.run(&[&update[..], &["--access-token-claim", "jid={user_id}@chat.example"]].concat());
    let app = shell.json(&["app", "list"])["items"][0].take();
    assert_eq!(app["access_token_audiences"], json!(["chat"]));
    assert_eq!(
        (&app["access_token_secs"], &app["access_token_claims"]["jid"]),
        (&json!(600), &json!("{user_id}@chat.example"))
    );
    shell.run(&["app", "update", "default", "--access-token-audience", "", "--access-token-claim", ""]);
    let app = shell.json(&["app", "list"])["items"][0].take();
    assert_eq!((&app["access_token_audiences"], &app["access_token_claims"]), (&json!([]), &json!({})));
    let wrong = shell.fail(&["app", "update", "default", "--access-token-claim", "jid"]);
    assert_eq!(wrong, "diglot: jid: a claim is NAME=TEMPLATE");
}

#[test]
fn an_issuer_is_a_url_without_a_query() {
    assert_eq!(default_config(&Flags::new()).issuer(), "http://127.0.0.1:8080");
    let shell = Shell::new();
    for url in ["chat.example", "ftp://chat.example", "https://chat.example/?a=b", "https://a@chat.example/"] {
        let mut command = shell.command(&["config"]);
        let output = command.env("DIGLOT_ISSUER_URL", url).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{url}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("DIGLOT_ISSUER_URL"), "{url}");
    }
}
