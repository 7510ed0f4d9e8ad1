//! Telling people from programs.

use super::{Anonymous, Error, limits};
use crate::{
    captcha::{self, Captcha},
    gateway::Gateway,
    secret::KeyPurpose,
};

/// How long a captcha may be answered.
const CAPTCHA_LIFETIME_MS: i64 = 5 * 60 * 1000;

/// A captcha for someone to answer.
#[derive(Debug)]
pub struct CaptchaChallenge {
    /// Names it when the answer comes.
    pub id: String,
    /// The picture, as PNG.
    pub png: Vec<u8>,
}

/// Makes a captcha: to be answered once, within five minutes. Its answer is stored keyed, and shown to nobody but the
/// log of `--dev`.
///
/// # Errors
/// [`Error::TooManyRequests`]; [`Error::Unavailable`] without the shared state.
pub async fn make(gateway: &Gateway, anonymous: &Anonymous) -> Result<CaptchaChallenge, Error> {
    const ID_CHARS: usize = 22;
    limits::count_captcha(gateway, anonymous).await?;
    let drawn = tokio::task::spawn_blocking(captcha::draw).await;
    let Ok(Some(Captcha { answer, png })) = drawn else {
        return Err(Error::internal("no captcha could be drawn".to_owned()));
    };
    let id = gateway.random.base62(ID_CHARS)?;
    let now_ms = gateway.clock.now_ms();
    let mac = captcha_mac(gateway, anonymous, &id, &answer);
    gateway.state.put_captcha(&id, mac, now_ms.saturating_add(CAPTCHA_LIFETIME_MS), now_ms).await?;
    if gateway.config.is_dev {
        log::info!("development mode: captcha {id} shows {answer}");
    }
    Ok(CaptchaChallenge { id, png })
}

/// Makes sure that someone answered a captcha. It is gone then, whatever the answer was.
///
/// # Errors
/// [`Error::CaptchaWrong`]; [`Error::Unavailable`] without the shared state.
pub(super) async fn answer(gateway: &Gateway, anonymous: &Anonymous, id: &str, answer: &str) -> Result<(), Error> {
    let expected = gateway.state.take_captcha(id, gateway.clock.now_ms()).await?;
    // Both are keyed hashes: how long comparing them takes tells nothing of the answer.
    match expected {
        Some(expected) if expected == captcha_mac(gateway, anonymous, id, answer) => Ok(()),
        Some(_) | None => Err(Error::CaptchaWrong),
    }
}

/// What is stored of an answer: whatever its case, and with letters that look alike taken for each other. It is worth
/// nothing in another app or for another captcha.
fn captcha_mac(gateway: &Gateway, anonymous: &Anonymous, id: &str, answer: &str) -> [u8; 32] {
    let alike = |letter: char| match letter.to_ascii_lowercase() {
        'i' | 'l' => '1',
        'o' => '0',
        other => other,
    };
    let answer: String = answer.trim().chars().map(alike).collect();
    let message = format!("{}\n{id}\n{answer}", anonymous.tenant_id());
    gateway.secret.mac(KeyPurpose::Captcha, message.as_bytes())
}
