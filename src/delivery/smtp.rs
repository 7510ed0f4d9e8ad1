//! E-mail through an SMTP server.

use std::time::Duration;

use lettre::{
    Address, AsyncSmtpTransport, AsyncTransport as _, Message as Email, Tokio1Executor,
    message::{Mailbox, MultiPart},
    transport::smtp,
};

use super::{Channel, Message, SendError, SetupError, texts};
use crate::config::Config;

/// An SMTP server, with its pool of connections.
pub(super) struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    timeout: Duration,
}

impl Smtp {
    /// The configured server, if any.
    pub(super) fn new(config: &Config) -> Result<Option<Self>, SetupError> {
        let (Some(url), Some(from)) = (&config.smtp_url, &config.mail_from) else { return Ok(None) };
        let transport = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.as_str())?.build();
        Ok(Some(Self { transport, from: from.clone(), timeout: config.delivery_timeout }))
    }
}

#[async_trait::async_trait]
impl Channel for Smtp {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let text = texts::text(message);
        let to: Address = message.to.as_str().parse().map_err(final_error)?;
        let email = Email::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!("<{}@{}>", message.id, self.from.email.domain())))
            .subject(text.subject)
            .multipart(MultiPart::alternative_plain_html(text.plain, text.html))
            .map_err(final_error)?;
        // The transport's own timeout is per command; this one is for the whole attempt.
        match tokio::time::timeout(self.timeout, self.transport.send(email)).await {
            Ok(sent) => sent.map(drop).map_err(|error| refusal(&error)),
            Err(_) => Err(SendError::passing("no answer in time")),
        }
    }

    /// Connects and logs in.
    async fn check(&self) -> Result<(), SendError> {
        match tokio::time::timeout(self.timeout, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) => Err(SendError::passing("it answers no command")),
            Ok(Err(error)) => Err(refusal(&error)),
            Err(_) => Err(SendError::passing("no answer in time")),
        }
    }
}

/// A 5xx reply is permanent (RFC 5321 §4.2.1); all other errors are temporary.
fn refusal(error: &smtp::Error) -> SendError {
    if error.is_permanent() { SendError::Final(error.to_string()) } else { SendError::passing(error.to_string()) }
}

fn final_error(error: impl std::error::Error) -> SendError {
    SendError::Final(error.to_string())
}
