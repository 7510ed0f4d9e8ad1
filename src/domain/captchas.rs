//! Captchas, which a client must answer before a code is sent.

use super::{Anonymous, Error, limits};
use crate::{
    captcha::{self, Captcha},
    gateway::Gateway,
    logging,
    secret::KeyPurpose,
};

/// The lifetime of a captcha.
const CAPTCHA_LIFETIME_MS: i64 = 5 * 60 * 1000;

/// A captcha to be answered.
#[derive(Debug)]
pub struct CaptchaChallenge {
    /// The id, to be sent with the answer.
    pub id: String,
    /// The picture, as PNG.
    pub png: Vec<u8>,
}

/// Creates a captcha, to be answered once within five minutes. Only a keyed hash of its answer is stored; in
/// development mode the answer is also logged.
///
/// # Errors
/// [`Error::TooManyRequests`]; [`Error::Unavailable`] without the shared state.
pub async fn make(gateway: &Gateway, anonymous: &Anonymous) -> Result<CaptchaChallenge, Error> {
    const ID_CHARS: usize = 22;
    limits::count_captcha(gateway, anonymous).await?;
    let drawn = tokio::task::spawn_blocking(logging::carry_over(captcha::draw)).await;
    let Ok(Some(Captcha { answer, png })) = drawn else {
        return Err(Error::internal("no captcha could be drawn".to_owned()));
    };
    let id = gateway.random.base62(ID_CHARS)?;
    let mac = captcha_mac(gateway, anonymous, &id, &answer);
    gateway.state.put_captcha(&id, mac, CAPTCHA_LIFETIME_MS, gateway.clock.now()).await?;
    gateway.metrics.accounts.captchas.inc();
    if gateway.config.is_dev {
        log::info!("development mode: captcha {id} shows {answer}");
    }
    Ok(CaptchaChallenge { id, png })
}

/// Checks the answer to a captcha and deletes the captcha, whether the answer is right or wrong.
///
/// # Errors
/// [`Error::CaptchaWrong`]; [`Error::Unavailable`] without the shared state.
pub(super) async fn answer(gateway: &Gateway, anonymous: &Anonymous, id: &str, answer: &str) -> Result<(), Error> {
    let expected = gateway.state.take_captcha(id, gateway.clock.now()).await?;
    // Both are keyed hashes, so the timing of the comparison reveals nothing about the answer.
    match expected {
        Some(expected) if expected == captcha_mac(gateway, anonymous, id, answer) => {
            gateway.metrics.accounts.right_answers.inc();
            Ok(())
        }
        Some(_) | None => {
            gateway.metrics.accounts.wrong_answers.inc();
            Err(Error::CaptchaWrong)
        }
    }
}

/// The keyed hash of an answer, ignoring case and the difference between similar characters. It is bound to the tenant
/// and the captcha.
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
