//! Helpers for verification codes: captchas, requests, and the delivered messages.

use std::sync::atomic::{AtomicU32, Ordering};

use diglot::{config::Config, secret::KeyPurpose};
use serde_json::{Value, json};

use super::{Client, DAY_MS, MINUTE_MS, Res, SmsReceiver, SmtpServer, TestApp, User};

/// A gateway whose codes go to an HTTP receiver and to an SMTP server.
pub struct CodeApp {
    pub t: TestApp,
    pub sms: SmsReceiver,
    pub mail: SmtpServer,
}

impl CodeApp {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl FnOnce(&mut Config)) -> Self {
        Self::answering(&[], &[], change).await
    }

    /// As [`Self::with`], with the first answers of the receivers.
    pub async fn answering(
        sms: &'static [u16],
        mail: &'static [&'static str],
        change: impl FnOnce(&mut Config),
    ) -> Self {
        let (sms, mail) = (SmsReceiver::start(sms), SmtpServer::start(mail));
        let t = TestApp::with(|config| {
            config.sms_webhook_url = Some(sms.url().parse().unwrap());
            config.sms_webhook_secret = Some("webhook secret".to_owned());
            config.smtp_url = Some(mail.url().parse().unwrap());
            config.mail_from = Some("Chat <codes@chat.example>".parse().unwrap());
            change(config);
        })
        .await;
        Self { t, sms, mail }
    }

    /// Requests a code by SMS.
    pub async fn request_sms(&self, client: &Client, mobile: &str) -> Res {
        let body = json!({"mobile": mobile, "platform": "web"});
        self.request(client, "/v1/verification/get-verification-code", body).await
    }

    /// Requests a code by e-mail, with the request's `typ`.
    pub async fn request_mail(&self, client: &Client, email: &str, typ: &str) -> Res {
        let body = json!({"email": email, "typ": typ});
        self.request(client, "/v1/verification/get-email-verification-code", body).await
    }

    async fn request(&self, client: &Client, path: &str, mut body: Value) -> Res {
        let (id, answer) = self.t.captcha().await;
        body["id"] = json!(id);
        body["code"] = json!(answer);
        client.post(path).json(&body).send().await
    }

    /// Requests a code by SMS and receives it.
    pub async fn sms_code(&self, client: &Client, mobile: &str) -> String {
        self.request_sms(client, mobile).await.assert_ok();
        self.sms.next().code()
    }

    /// Requests a code by e-mail and receives it.
    pub async fn mail_code(&self, client: &Client, email: &str, typ: &str) -> String {
        self.request_mail(client, email, typ).await.assert_ok();
        self.mail.next().code()
    }

    /// Logs in with a code.
    pub async fn login(&self, mobile: &str, code: &str) -> Res {
        let body = json!({"mobile": mobile, "captcha": code, "deviceId": "d", "platform": "web"});
        self.t.anon().post("/v1/user/verification-login").json(&body).send().await
    }

    /// A user with this number, created by an SMS login.
    pub async fn sms_user(&self, mobile: &str) -> Client {
        let code = self.sms_code(&self.t.anon(), mobile).await;
        let res = self.login(mobile, &code).await;
        res.assert_ok();
        self.t.clock.advance(MINUTE_MS);
        self.t.anon().header("token", res.json()["data"]["token"].as_str().unwrap())
    }

    /// A user with a password and this address.
    pub async fn mail_user(&self, name: &str, email: &str) -> User {
        let user = self.t.user(name).await;
        let code = self.mail_code(&user.v1, email, "").await;
        let body = json!({"email": email, "captcha": code});
        user.v1.post("/v1/user/bing-email").json(&body).send().await.assert_ok();
        self.t.clock.advance(MINUTE_MS);
        user
    }
}

impl TestApp {
    /// A captcha's id and its answer. The captcha is stored as the gateway does, since a test can't read real images.
    pub async fn captcha(&self) -> (String, String) {
        (self.captcha_showing("xyz").await, "xyz".to_owned())
    }

    /// The id of a captcha with this answer.
    pub async fn captcha_showing(&self, answer: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let id = format!("captcha {}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.set_answer(&id, answer).await;
        id
    }

    /// Sets the answer of a captcha that has been drawn, since a test can't read it.
    pub async fn set_answer(&self, id: &str, answer: &str) {
        let mac = self.gateway.secret.mac(KeyPurpose::Captcha, format!("default\n{id}\n{answer}").as_bytes());
        self.gateway.state.put_one_time(id, mac, DAY_MS, self.gateway.clock.now()).await.unwrap();
    }
}
