//! The texts of the messages.

use super::Message;
use crate::model::{Code, CodePurpose, Language};

/// The text of a message.
pub(super) struct Text {
    /// The subject of an e-mail.
    pub(super) subject: &'static str,
    /// One or two sentences, for an SMS or the text part of an e-mail.
    pub(super) plain: String,
    /// The HTML part of an e-mail.
    pub(super) html: String,
}

/// The text of `message` in its language.
pub(super) fn text(message: &Message) -> Text {
    let code = message.code.reveal();
    let (subject, intro, end) = words(message.purpose, message.language);
    let (plain, lang) = match message.language {
        Language::Zh => (format!("{intro}：{code}。{end}"), "zh-CN"),
        Language::En => (format!("{intro}: {code}. {end}"), "en"),
    };
    Text { subject, plain, html: page(lang, subject, intro, &message.code, end) }
}

/// Subject, introduction of the code, and a closing note.
const fn words(purpose: CodePurpose, language: Language) -> (&'static str, &'static str, &'static str) {
    match (language, purpose) {
        (Language::Zh, CodePurpose::Login) => ("登录验证码", "您的登录验证码", "5 分钟内有效，请勿告诉他人。"),
        (Language::Zh, CodePurpose::Account(_)) => {
            ("账号验证码", "您正在修改账号，验证码", "5 分钟内有效，请勿告诉他人。")
        }
        (Language::Zh, CodePurpose::PasswordReset) => {
            ("重置密码验证码", "您正在重置密码，验证码", "5 分钟内有效。如非本人操作，请忽略。")
        }
        (Language::En, CodePurpose::Login) => {
            ("Your login code", "Your login code", "It is valid for 5 minutes. Do not tell it to anyone.")
        }
        (Language::En, CodePurpose::Account(_)) => (
            "Your account code",
            "Your code to change your account",
            "It is valid for 5 minutes. Do not tell it to anyone.",
        ),
        (Language::En, CodePurpose::PasswordReset) => (
            "Reset your password",
            "Your code to reset your password",
            "It is valid for 5 minutes. If you did not ask for it, ignore this message.",
        ),
    }
}

/// All parts are constant texts and digits, so nothing needs escaping.
fn page(lang: &str, subject: &str, intro: &str, code: &Code, end: &str) -> String {
    let code = code.reveal();
    format!(
        "<!DOCTYPE html>\n<html lang=\"{lang}\"><head><meta charset=\"utf-8\"><title>{subject}</title></head>\
         <body style=\"font-family:sans-serif\"><p>{intro}</p>\
         <p style=\"font-size:2em;letter-spacing:.2em\"><strong>{code}</strong></p><p>{end}</p></body></html>\n"
    )
}
