//! The URL at which a client reached the gateway, which is part of answers: by `Host`, and by what trusted proxies report.

use diglot::tls::TlsFiles;

use crate::support::{Client, TestApp};

const PROXY: &str = "10.0.0.1";

/// A gateway behind a proxy.
async fn gateway() -> TestApp {
    TestApp::with(|config| config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()]).await
}

/// A gateway that speaks TLS itself.
async fn gateway_with_tls() -> TestApp {
    TestApp::with(|config| {
        config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
        config.tls = Some(TlsFiles { certificate: "chain.pem".into(), key: "key.pem".into() });
    })
    .await
}

/// The own URL in the answers of both APIs.
async fn own_urls(client: Client) -> (String, String) {
    let distribution = client.get("/v1/misc/configure-distribution").send().await.json();
    let dns = client.get("/v2/app_dns?app_id=default").send().await.json();
    let cluster = &dns["data"]["dns_list"][0]["clusters"][0];
    let url_of = |endpoint: &serde_json::Value| {
        format!("{}://{}", endpoint["protocol"].as_str().unwrap(), endpoint["host"].as_str().unwrap())
    };
    assert_eq!(url_of(&cluster["ws"][0]), url_of(&cluster["ratel"][0]).replacen("http", "ws", 1));
    let server = distribution["data"]["serverUrl"].as_str().unwrap();
    (server.trim_end_matches('/').to_owned(), url_of(&cluster["ratel"][0]))
}

async fn assert_own_url(client: Client, expected: &str) {
    assert_eq!(own_urls(client).await, (expected.to_owned(), expected.to_owned()));
}

#[actix_web::test]
async fn it_is_the_host_of_the_request_and_what_others_than_trusted_proxies_report_is_ignored() {
    let t = gateway().await;
    let direct = t.anon().header("host", "chat.example:8443");
    assert_own_url(direct.clone(), "http://chat.example:8443").await;
    for (name, value) in [
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "https"),
        ("forwarded", "host=evil.example;proto=https"),
    ] {
        assert_own_url(direct.clone().header(name, value), "http://chat.example:8443").await;
    }
}

#[actix_web::test]
async fn a_trusted_proxy_reports_what_the_client_reached() {
    let t = gateway().await;
    let proxy = t.anon().from(PROXY).header("host", "10.0.0.11:8080");
    assert_own_url(proxy.clone(), "http://10.0.0.11:8080").await;
    let host = proxy.clone().header("x-forwarded-host", "chat.example, inner.example");
    assert_own_url(host.clone(), "http://chat.example").await;
    assert_own_url(host.clone().header("x-forwarded-proto", "HTTPS, http"), "https://chat.example").await;
    // `Forwarded` comes first, a header of its own for what it does not say.
    let forwarded = |value| host.clone().header("forwarded", value);
    let hops = "for=192.0.2.1; Host=\"im.example:8443\"; proto=https, host=inner.example";
    assert_own_url(forwarded(hops), "https://im.example:8443").await;
    assert_own_url(forwarded("for=192.0.2.1;proto=https"), "https://chat.example").await;
    assert_own_url(forwarded(""), "http://chat.example").await;
}

#[actix_web::test]
async fn another_scheme_than_http_and_https_counts_as_none() {
    let (t, with_tls) = (gateway().await, gateway_with_tls().await);
    for scheme in ["javascript", "ftp", "https://evil.example/?", ""] {
        let proxied =
            |t: &TestApp| t.anon().from(PROXY).header("host", "chat.example").header("x-forwarded-proto", scheme);
        assert_own_url(proxied(&t), "http://chat.example").await;
        assert_own_url(proxied(&with_tls), "https://chat.example").await;
    }
}

#[actix_web::test]
async fn without_a_proxy_the_scheme_is_that_of_the_listener() {
    let t = gateway_with_tls().await;
    assert_own_url(t.anon().header("host", "chat.example"), "https://chat.example").await;
    let lying = t.anon().header("host", "chat.example").header("x-forwarded-proto", "http");
    assert_own_url(lying, "https://chat.example").await;
}

#[actix_web::test]
async fn without_a_valid_host_it_is_unknown_and_the_configured_url_takes_its_place() {
    let t = TestApp::with(|config| config.issuer_url = Some("https://id.example/base".parse().unwrap())).await;
    for host in ["", "ch\u{e4}t.example", "a\"b<c>", "user@chat.example", "chat.example/x"] {
        let (own, dns) = own_urls(t.anon().header("host", host)).await;
        assert_eq!((own.as_str(), dns.as_str()), ("", "https://id.example"), "{host}");
    }
}
