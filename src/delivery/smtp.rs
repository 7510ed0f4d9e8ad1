//! E-mail through an SMTP server.

use lettre::{
    Message as Email, SmtpTransport, Transport as _,
    message::{Mailbox, MultiPart},
    transport::smtp,
};

use super::{Channel, Message, SendError, SetupError, texts};
use crate::config::Config;

/// An SMTP server, with the connections to it that are kept open.
pub(super) struct Smtp {
    transport: SmtpTransport,
    from: Mailbox,
}

impl Smtp {
    /// The configured server, if there is one.
    pub(super) fn new(config: &Config) -> Result<Option<Self>, SetupError> {
        let (Some(url), Some(from)) = (&config.smtp_url, &config.mail_from) else { return Ok(None) };
        let transport = SmtpTransport::from_url(url.as_str())?.timeout(Some(config.delivery_timeout)).build();
        Ok(Some(Self { transport, from: from.clone() }))
    }
}

impl Channel for Smtp {
    fn send(&self, message: &Message) -> Result<(), SendError> {
        let is_final = |error: &dyn std::error::Error| SendError::Final(error.to_string());
        let text = texts::text(message);
        let to = message.to.as_str().parse().map_err(|error: lettre::address::AddressError| is_final(&error))?;
        let email = Email::builder()
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .message_id(Some(format!("<{}@{}>", message.id, self.from.email.domain())))
            .subject(text.subject)
            .multipart(MultiPart::alternative_plain_html(text.plain, text.html))
            .map_err(|error| is_final(&error))?;
        self.transport.send(&email).map(drop).map_err(|error| refusal(&error))
    }
}

/// A refusal of class 5 stays one (RFC 5321 §4.2.1); all else may pass.
fn refusal(error: &smtp::Error) -> SendError {
    if error.is_permanent() { SendError::Final(error.to_string()) } else { SendError::Passing(error.to_string()) }
}
