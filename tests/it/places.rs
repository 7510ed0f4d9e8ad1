//! Where users log in from (docs/operations.md): `ipGeo`, by a file in the format of `MaxMind`.

use std::{fs, path::Path};

use diglot::{
    clock::{Clock as _, SystemClock},
    config::Flags,
    places::PlacesFile,
    transport::pb,
};
use serde_json::json;

use crate::support::{Client, Findings, Node, PASSWORD, Shell, TestApp, User, agent, post, signal, within_a_second};

/// Addresses of documentation (RFC 5737, RFC 3849), which the files in tests/cases/places have.
const IN_BAVARIA: &str = "203.0.113.7";
const IN_JAPAN: &str = "198.51.100.7";
const IN_GUANGDONG: &str = "2001:db8::7";
const UNKNOWN: &str = "8.8.8.8";

fn case(name: &str) -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/places").join(name).display().to_string()
}

/// A gateway with that file.
async fn gateway(name: &str, language: &str) -> TestApp {
    let file = PlacesFile { path: case(name).into(), language: language.to_owned() };
    TestApp::with(|config| config.places = Some(file)).await
}

/// Alice logs in from an address.
async fn log_in(t: &TestApp, address: &str) {
    let body = json!({"name": "alice", "password": PASSWORD, "device_guid": "phone"});
    t.anon().from(address).header("app_id", "default").post("/token/user").json(&body).send().await.assert_ok();
}

/// What a viewer sees as the place of a user.
async fn place_of(t: &TestApp, viewer: &User, user: i64) -> String {
    let request = pb::GetUserRequest { id: user.to_string() };
    let client = t.anon().header("token", &viewer.token);
    let answer: pb::GetUserResponse = client.post("/v1/user/get-user").proto(&request).send().await.proto();
    answer.data.unwrap().ip_geo
}

#[actix_web::test]
async fn others_see_where_the_last_login_came_from() {
    let t = gateway("city.mmdb", "en").await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    for (address, expected) in [
        (IN_BAVARIA, "Germany, Bavaria"),
        (IN_JAPAN, "Japan"),
        (IN_GUANGDONG, "China, Guangdong"),
        ("::ffff:203.0.113.9", "Germany, Bavaria"),
        // The file has only the country that this network is registered in.
        ("192.0.2.1", ""),
        (IN_JAPAN, "Japan"),
        (UNKNOWN, ""),
    ] {
        log_in(&t, address).await;
        assert_eq!(place_of(&t, &bob, alice.id).await, expected, "{address}");
    }
}

#[actix_web::test]
async fn only_logged_in_users_of_the_app_see_it() {
    let t = gateway("city.mmdb", "en").await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    log_in(&t, IN_JAPAN).await;
    let body = json!({"userId": alice.id.to_string()});
    let json = |client: Client| client.header("accept", "application/json").header("content-type", "application/json");
    let seen = async |client: Client| {
        let answer = json(client).post("/v1/user/get-user").json(&body).send().await.json();
        answer["data"]["user"]["ipGeo"].clone()
    };
    assert_eq!(seen(bob.v1.clone()).await, "Japan");
    assert_eq!(seen(t.anon()).await, "");
    bob.v1.post("/v1/user/logout").send().await.assert_ok();
    assert_eq!(seen(bob.v1.clone()).await, "", "the token has ended");
    let homepage = format!("/v1/user/homepage?userId={}", alice.id);
    let answer = json(alice.v1.clone()).get(&homepage).send().await.json();
    assert_eq!(answer["data"]["user"]["ipGeo"], "", "it takes no token");
}

#[actix_web::test]
async fn what_would_not_be_shown_as_text_is_no_place() {
    let t = gateway("strange.mmdb", "en").await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    for (address, expected) in [
        ("203.0.113.0", ""),
        ("203.0.113.16", ""),
        ("203.0.113.32", ""),
        ("203.0.113.48", ""),
        ("203.0.113.64", &"x".repeat(128)),
    ] {
        log_in(&t, IN_JAPAN).await;
        assert_eq!(place_of(&t, &bob, alice.id).await, "Japan");
        log_in(&t, address).await;
        assert_eq!(place_of(&t, &bob, alice.id).await, expected, "{address}");
    }
}

#[actix_web::test]
async fn where_the_file_can_not_be_read_the_old_place_stays() {
    let t = gateway("strange.mmdb", "en").await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    log_in(&t, IN_JAPAN).await;
    log_in(&t, "203.0.113.80").await;
    assert_eq!(place_of(&t, &bob, alice.id).await, "Japan");
}

#[actix_web::test]
async fn other_nodes_see_it_within_a_second_and_only_with_the_setting() {
    let t = gateway("city.mmdb", "zh-CN").await;
    let (alice, bob) = (t.user("alice").await, t.user("bob").await);
    let other = t.another_node().await;
    let mut config = t.gateway.config.clone();
    config.places = None;
    let without = t.node_with(config).await;
    log_in(&t, IN_JAPAN).await;
    within_a_second(async || place_of(&other, &bob, alice.id).await == "日本").await;
    log_in(&t, IN_GUANGDONG).await;
    within_a_second(async || place_of(&other, &bob, alice.id).await == "中国, 广东").await;
    assert_eq!(place_of(&without, &bob, alice.id).await, "");
    log_in(&without, IN_BAVARIA).await;
    assert_eq!(place_of(&other, &bob, alice.id).await, "中国, 广东", "where there is no file, nothing is looked up");
}

#[actix_web::test]
async fn it_is_in_the_own_export_and_goes_with_the_account() {
    let t = gateway("city.mmdb", "en").await;
    let alice = t.user("alice").await;
    log_in(&t, IN_BAVARIA).await;
    let export = alice.v1.get("/v1/user/export").send().await.json();
    assert_eq!(export["data"]["archive"]["account"]["last_login_place"], "Germany, Bavaria");
    let count = format!("SELECT COUNT(*) AS number FROM users WHERE id = {} AND place LIKE '%Bavaria%'", alice.id);
    assert_eq!(t.number(&count).await, 1);
    alice.admin_api.post("/user/delete").json(&json!({"password": PASSWORD})).send().await.assert_ok();
    assert_eq!(t.number(&count).await, 0);
}

/// The file with its metadata as they were, and a name that is not UTF-8.
fn damaged(file: &[u8]) -> Vec<u8> {
    let at = file.windows(7).position(|bytes| bytes == b"Germany").unwrap();
    [&file[..at], &[0xFF; 7], &file[at + 7..]].concat()
}

#[test]
fn an_unusable_file_stops_the_start() {
    let shell = Shell::new();
    fs::write(shell.path().join("text.mmdb"), "Germany").unwrap();
    fs::write(shell.path().join("damaged.mmdb"), damaged(&fs::read(case("city.mmdb")).unwrap())).unwrap();
    let serve = |file: &str, language: &str| {
        let settings = [("DIGLOT_GEOIP_DB", file), ("DIGLOT_GEOIP_LANGUAGE", language)];
        let output = shell.command(&["serve"]).envs(settings).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        String::from_utf8(output.stderr).unwrap()
    };
    for (file, language, problem) in [
        ("missing.mmdb", "en", "DIGLOT_GEOIP_DB: missing.mmdb: i/o error: No such file or directory"),
        ("text.mmdb", "en", "DIGLOT_GEOIP_DB: text.mmdb: "),
        ("damaged.mmdb", "en", "DIGLOT_GEOIP_DB: damaged.mmdb: "),
        (&case("asn.mmdb"), "en", "is of the type GeoLite2-ASN, which has no places; a City or Country database has"),
        (&case("city.mmdb"), "fr", "DIGLOT_GEOIP_LANGUAGE: fr is not a language of "),
    ] {
        let said = serve(file, language);
        assert!(said.contains(problem), "{said}");
    }
    assert!(!shell.path().join("diglot.db").exists(), "the start was refused before anything was made");
}

#[test]
fn a_signal_reads_the_file_again_and_keeps_the_old_one_if_it_is_unusable() {
    let shell = Shell::new();
    let file = shell.path().join("places.mmdb");
    // Renamed over the old one, so that no node reads half a file.
    let replace_by = |content: &[u8]| {
        let new = shell.path().join("new.mmdb");
        fs::write(&new, content).unwrap();
        fs::rename(new, &file).unwrap();
    };
    let replace = |name: &str| replace_by(&fs::read(case(name)).unwrap());
    replace("country.mmdb");
    shell.run(&["app", "create", "default"]);
    let places = file.display().to_string();
    let settings = [("DIGLOT_GEOIP_DB", places), ("DIGLOT_TRUSTED_PROXIES", "127.0.0.1".to_owned())];
    let node = Node::in_folder(&shell, &[], &Flags::from(settings));
    let credentials = json!({"username": "alice", "password": PASSWORD});
    let registered = post(&agent(), &node.url("/user/register/v2"), &[("app_id", "default")], &credentials).unwrap().1;
    let user = registered["data"]["user_id"].as_i64().unwrap();
    let place_from = |address: &str| {
        let login = json!({"name": "alice", "password": PASSWORD, "device_guid": "phone"});
        let headers = [("app_id", "default"), ("x-forwarded-for", address)];
        let logged_in = post(&agent(), &node.url("/token/user"), &headers, &login).unwrap().1;
        let token = logged_in["data"]["token"].as_str().unwrap();
        let wanted = json!({"userId": user.to_string()});
        let answer = post(&agent(), &node.url("/v1/user/get-user"), &[("token", token)], &wanted).unwrap().1;
        answer["data"]["user"]["ipGeo"].as_str().unwrap().to_owned()
    };
    assert_eq!(place_from(IN_BAVARIA), "Germany");
    assert_eq!(place_from(IN_GUANGDONG), "", "the file has no addresses of IPv6");

    replace("asn.mmdb");
    signal(node.pid(), "HUP");
    node.logged("the places stay the same: DIGLOT_GEOIP_DB");
    assert_eq!(place_from(IN_BAVARIA), "Germany");

    replace_by(&damaged(&fs::read(case("city.mmdb")).unwrap()));
    signal(node.pid(), "HUP");
    node.logged("invalid UTF-8");
    assert_eq!(place_from(IN_BAVARIA), "Germany");

    replace("city.mmdb");
    signal(node.pid(), "HUP");
    node.logged("SIGHUP: read the places again");
    assert_eq!(place_from(IN_BAVARIA), "Germany, Bavaria");
    node.stop();
}

/// The file as if it were made now: the metadata have the time as a number of eight bytes, of which the last four are there.
fn made_now(file: &[u8]) -> Vec<u8> {
    let [then, now] = [1_767_225_600, u32::try_from(SystemClock.now_ms() / 1000).unwrap()].map(u32::to_be_bytes);
    let at = file.windows(then.len()).rposition(|bytes| bytes == then).unwrap();
    [&file[..at], &now, &file[at + then.len()..]].concat()
}

#[test]
fn the_doctor_says_what_the_file_is_and_whether_it_is_old() {
    let doctor = |name: &str, language: &str| {
        let settings = [("DIGLOT_GEOIP_DB", case(name)), ("DIGLOT_GEOIP_LANGUAGE", language.to_owned())];
        Findings::of(Shell::new().command(&["doctor"]).envs(settings))
    };
    assert!(!Findings::of(&mut Shell::new().command(&["doctor"])).has("GeoIP"));
    doctor("city.mmdb", "zh-CN").is("GeoIP", "note", "GeoLite2-City, made at 2026-01-01");
    let shell = Shell::new();
    let fresh = shell.path().join("fresh.mmdb");
    fs::write(&fresh, made_now(&fs::read(case("city.mmdb")).unwrap())).unwrap();
    let found = Findings::of(shell.command(&["doctor"]).env("DIGLOT_GEOIP_DB", &fresh));
    found.is("GeoIP", "ok", "GeoLite2-City, made at ");
    doctor("city.mmdb", "fr").is("GeoIP", "fail", "fr is not a language of");
    doctor("asn.mmdb", "en").is("GeoIP", "fail", "of the type GeoLite2-ASN, which has no places");
}
