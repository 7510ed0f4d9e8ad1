//! Captchas, which a client must answer before a code is sent.

use super::{Anonymous, Error, limits};
use crate::{
    captcha::{self, Captcha},
    gateway::Gateway,
    logging,
    model::{Invalid, Problem},
    secret::KeyPurpose,
};

/// The lifetime of a captcha.
const CAPTCHA_LIFETIME_MS: i64 = 5 * 60 * 1000;

/// The length of an id.
const ID_CHARS: usize = 22;

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
    let id = new_id(gateway)?;
    let png = draw(gateway, anonymous, &id).await?;
    Ok(CaptchaChallenge { id, png })
}

/// An id for a captcha that is drawn later.
pub fn new_id(gateway: &Gateway) -> Result<String, Error> {
    Ok(gateway.random.base62(ID_CHARS)?)
}

/// Draws the captcha of an id that [`new_id`] made. If it was drawn before, the answer changes.
///
/// # Errors
/// As [`make`]; [`Error::Invalid`] for an id of another form.
pub async fn draw(gateway: &Gateway, anonymous: &Anonymous, id: &str) -> Result<Vec<u8>, Error> {
    if id.len() != ID_CHARS || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Err(Invalid::new("image_id", Problem::Malformed).into());
    }
    limits::count_captcha(gateway, anonymous).await?;
    let drawn = tokio::task::spawn_blocking(logging::carry_over(captcha::draw)).await;
    let Ok(Some(Captcha { answer, png })) = drawn else {
        return Err(Error::internal("no captcha could be drawn".to_owned()));
    };
    let mac = captcha_mac(gateway, anonymous, id, &answer);
    gateway.state.put_one_time(id, mac, CAPTCHA_LIFETIME_MS, gateway.clock.now()).await?;
    gateway.metrics.accounts.captchas.inc();
    if gateway.config.is_dev {
        log::info!("development mode: captcha {id} shows {answer}");
    }
    Ok(png)
}

/// Checks the answer to a captcha and deletes the captcha, whether the answer is right or wrong.
///
/// # Errors
/// [`Error::CaptchaWrong`]; [`Error::Unavailable`] without the shared state.
pub(super) async fn answer(gateway: &Gateway, anonymous: &Anonymous, id: &str, answer: &str) -> Result<(), Error> {
    let expected = gateway.state.take_one_time(id, gateway.clock.now()).await?;
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
