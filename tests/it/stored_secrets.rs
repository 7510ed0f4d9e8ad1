//! Codes, captchas, passwords and tokens: how they are drawn, what is stored of them, and that nothing but the exact
//! token is accepted (security.md 14, 16, 20).

use std::collections::{BTreeMap, HashSet};

use diglot::{model::Token, random::Random};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::support::{Client, CodeApp, PASSWORD, TestApp, keep_log, logged};

const WRONG_CODE: &str = "json | 200 | -1 | 验证码错误或已过期";

/// How often each character occurs at each position.
fn frequencies(texts: &[String]) -> Vec<BTreeMap<char, usize>> {
    let mut counts = vec![BTreeMap::new(); texts[0].len()];
    for text in texts {
        for (at, letter) in text.chars().enumerate() {
            *counts[at].entry(letter).or_insert(0) += 1;
        }
    }
    counts
}

#[test]
fn codes_have_six_digits_each_equally_likely_at_each_position() {
    let codes: Vec<String> = (0..20_000).map(|_| Random.code().unwrap().reveal().to_owned()).collect();
    let counts = frequencies(&codes);
    assert_eq!(counts.len(), 6);
    for (at, counts) in counts.iter().enumerate() {
        assert!(counts.keys().copied().eq('0'..='9'), "{at}: {counts:?}");
        // 2000 are expected, with a standard deviation of 42.
        assert!(counts.values().all(|count| (1700..2300).contains(count)), "{at}: {counts:?}");
    }
    // Of a million codes, 20,000 draws hit about 19,801 different ones.
    assert!(codes.iter().collect::<HashSet<_>>().len() > 19_500);
}

#[test]
fn tokens_have_190_bits_from_equally_likely_characters() {
    let tokens: Vec<String> = (0..5000).map(|_| Random.user_token().unwrap().reveal().replace('-', "")).collect();
    assert!(tokens.iter().all(|token| token.len() == Token::RANDOM_CHARS && token.len() == 32));
    for (at, counts) in frequencies(&tokens).iter().enumerate() {
        assert!(counts.len() == 62 && counts.keys().all(char::is_ascii_alphanumeric), "{at}: {counts:?}");
        // 81 are expected, with a standard deviation of 9.
        assert!(counts.values().all(|count| (20..160).contains(count)), "{at}: {counts:?}");
    }
    assert_eq!(tokens.iter().collect::<HashSet<_>>().len(), 5000);
}

#[actix_web::test]
async fn the_leading_zeros_of_a_code_are_part_of_it() {
    let codes = CodeApp::with(|config| config.reloadable.login_tries_per_source = 1000).await;
    for number in 0.. {
        let mobile = format!("+49301{number:06}");
        let code = codes.sms_code(&codes.t.anon(), &mobile).await;
        assert_eq!(code.len(), 6);
        if let Some(rest) = code.strip_prefix('0') {
            for typed in [rest, &format!("{rest}0"), &format!("0{code}")] {
                codes.login(&mobile, typed).await.assert_line(WRONG_CODE);
            }
            return codes.login(&mobile, &code).await.assert_ok();
        }
        // Without any among this many, no code has a leading zero.
        assert!(number < 400);
    }
}

/// Everything that is stored: all rows of all tables, and all keys of Redis with their content.
async fn everything_stored(t: &TestApp) -> Vec<String> {
    let mut all = t.redis_entries();
    for table in t.tables().await {
        all.extend(t.rows(&table).await.into_iter().map(|row| format!("{table}: {}", Value::Object(row))));
    }
    all
}

/// The entries that hold the text; digits only as a whole number, since they may occur in a longer one.
fn holding<'a>(all: &'a [String], text: &str) -> Vec<&'a String> {
    let is_in = |entry: &&String| match text.len() {
        6 => entry.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == text),
        _ => entry.to_lowercase().contains(&text.to_lowercase()),
    };
    all.iter().filter(is_in).collect()
}

fn sha256(text: &str) -> String {
    Sha256::digest(text.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

#[actix_web::test]
async fn no_code_captcha_answer_password_or_token_is_stored_in_clear() {
    let codes = CodeApp::new().await;
    let (alice, admin_token) = (codes.t.user("alice").await, codes.t.admin_token().await);
    let change = json!({"old_password": PASSWORD, "new_password": "another secret"});
    alice.admin_api.post("/user/change_password").json(&change).send().await.assert_ok();
    let by_sms = codes.sms_code(&codes.t.anon(), "13812345678").await;
    let by_mail = codes.mail_code(&alice.v1, "alice@mail.example", "").await;
    codes.t.captcha_showing("qvxwzj").await;
    codes.login("13812345678", if by_sms == "111111" { "222222" } else { "111111" }).await.assert_line(WRONG_CODE);

    let all = everything_stored(&codes.t).await;
    assert!(!holding(&all, "hmac-sha256:$2b$").is_empty());
    // The code's key in Redis; the memory of this process can't be searched.
    assert_eq!(holding(&all, "alice@mail.example").is_empty(), codes.t.gateway.config.redis_url.is_none());
    for secret in [PASSWORD, "another secret", "qvxwzj", &by_sms, &by_mail, &alice.token, &admin_token] {
        assert_eq!(holding(&all, secret), [""; 0], "{secret}");
        let raw: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(holding(&all, &raw), [""; 0], "{secret} in hexadecimal");
    }
    // A million codes are tried in no time, so their plain hash is no protection; tokens have enough bits.
    for secret in [PASSWORD, "qvxwzj", &by_sms, &by_mail] {
        assert_eq!(holding(&all, &sha256(secret)), [""; 0], "{secret}");
    }
    for token in [&alice.token, &admin_token] {
        assert_eq!(holding(&all, &sha256(token)).len(), 1, "{token}");
    }
}

#[actix_web::test]
async fn the_answer_to_a_captcha_is_not_stored_in_clear() {
    keep_log();
    // The only way to learn an answer: development mode logs it.
    let t = TestApp::with(|config| config.is_dev = true).await;
    let json = t.anon().post("/v1/user/captcha").send().await.json();
    let id = json["data"]["id"].as_str().unwrap();
    let line = logged(&format!("captcha {id} shows ")).pop().unwrap();
    let answer = line.rsplit(' ').next().unwrap();

    let entries: Vec<String> = everything_stored(&t).await.into_iter().filter(|entry| entry.contains(id)).collect();
    assert_eq!(entries.len(), usize::from(t.gateway.config.redis_url.is_some()), "{entries:?}");
    for entry in entries {
        let content = entry.rsplit_once(id).unwrap().1.to_lowercase();
        assert!(!content.contains(&answer.to_lowercase()) && !content.contains(&sha256(answer)), "{entry}");
    }
}

/// Texts that resemble a token and differ from it.
fn forgeries(token: &str) -> Vec<String> {
    let swap_case = |c: char| if c.is_ascii_lowercase() { c.to_ascii_uppercase() } else { c.to_ascii_lowercase() };
    let first_letter = token.find(|c: char| c.is_ascii_alphabetic()).unwrap();
    let one_recased: String =
        token.char_indices().map(|(at, c)| if at == first_letter { swap_case(c) } else { c }).collect();
    let last = if token.ends_with('a') { 'b' } else { 'a' };
    let mut all = vec![
        token.to_lowercase(),
        token.to_uppercase(),
        token.chars().map(swap_case).collect(),
        one_recased,
        format!("{token}a"),
        format!("{token}-"),
        format!("a{token}"),
        format!("{token}{token}"),
        format!("{token},{token}"),
        format!("{}{last}", &token[..token.len() - 1]),
        token.replace('-', ""),
        token.replace('-', "_"),
        format!("adm-{token}"),
        format!("Bearer {token}"),
        sha256(token),
    ];
    all.extend((0..token.len()).map(|length| token[..length].to_owned()));
    all.extend((1..token.len()).map(|from| token[from..].to_owned()));
    all.retain(|forgery| forgery != token);
    all
}

#[actix_web::test]
async fn a_truncated_extended_or_recased_token_is_refused() {
    let t = TestApp::new().await;
    let (alice, admin_token) = (t.user("alice").await, t.admin_token().await);
    let anon = t.anon().header("app_id", "default");
    let list = |client: Client| async move { client.get("/user/list").send().await.code() };

    for token in forgeries(&alice.token) {
        assert_eq!(anon.get("/v1/user/info").header("token", &token).send().await.code(), -101, "{token}");
        let res = anon.get("/user/profile").header("access-token", &token).send().await;
        assert!([10003, 10008].contains(&res.code()), "{token}: {}", res.line());
        let asked = serde_urlencoded::to_string([("token", &token)]).unwrap();
        assert_eq!(anon.get(&format!("/v1/user/get-token?{asked}")).send().await.code(), -101, "{token}");
    }
    for token in forgeries(&admin_token).iter().filter(|token| **token != format!("adm-{admin_token}")) {
        let code = list(anon.clone().header("access-token", token)).await;
        assert!([10003, 10008].contains(&code), "{token}: {code}");
    }
    alice.v1.get("/v1/user/info").send().await.assert_ok();
    assert_eq!(list(anon.header("access-token", &admin_token)).await, 200);
    assert_eq!(t.number("SELECT COUNT(*) AS number FROM sessions").await, 1);
}
