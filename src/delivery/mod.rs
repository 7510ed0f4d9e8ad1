//! Delivery of verification codes: e-mail through SMTP, SMS through a webhook, and the log in development mode. And posts to
//! webhooks.
//!
//! A request only enqueues its code. A separate thread sends it and retries where that may help, so that a slow or
//! failing provider does not delay requests (docs/delivery.md). The queue is bounded, and lost with the process.

mod events;
mod posts;
mod signature;
mod smtp;
mod texts;
mod webhook;

pub use events::{Subject, Verdict, event_body, question_body, test_body};
pub use posts::{Answer, Post, Posts};
pub use signature::WebhookKey;

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};

use crate::{
    clock::Clock,
    config::Config,
    logging,
    metrics::{self, Metrics},
    model::{Code, CodePurpose, Contact, Language, TenantId},
};

/// A code to be sent.
#[derive(Clone, Debug)]
pub struct Message {
    /// A unique id, the same for all attempts to send the message.
    pub id: String,
    /// The tenant that issued the code.
    pub tenant: TenantId,
    /// The recipient.
    pub to: Contact,
    /// The purpose of the code.
    pub purpose: CodePurpose,
    /// The code.
    pub code: Code,
    /// The language of the message.
    pub language: Language,
    /// The id of the request that issued the code.
    pub request_id: Arc<str>,
}

impl Message {
    /// The length of a message's id.
    pub const ID_CHARS: usize = 22;
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// A temporary failure: a retry may succeed.
    #[error("{problem}")]
    Passing {
        /// What failed.
        problem: String,
        /// How long the receiver asked to wait before the retry.
        wait: Option<Duration>,
    },
    /// A permanent failure.
    #[error("{0}")]
    Final(String),
}

impl SendError {
    /// A temporary failure, after which the receiver named no time to wait.
    fn passing(problem: impl Into<String>) -> Self {
        Self::Passing { problem: problem.into(), wait: None }
    }
}

/// A way to send codes.
#[async_trait::async_trait]
pub trait Channel: Send + Sync {
    /// Sends a message, within the configured timeout.
    ///
    /// # Errors
    /// If the provider could not be reached or refused the message.
    async fn send(&self, message: &Message) -> Result<(), SendError>;

    /// Checks that the provider answers, without sending anything.
    ///
    /// # Errors
    /// If it could not be reached, or refuses to be used.
    async fn check(&self) -> Result<(), SendError>;
}

/// Writes codes to the log, in development mode only.
struct LogChannel;

#[async_trait::async_trait]
impl Channel for LogChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let Message { to, purpose, code, .. } = message;
        log::info!("development mode: code {} for {} ({})", code.reveal(), to.as_str(), purpose.name());
        Ok(())
    }

    async fn check(&self) -> Result<(), SendError> {
        Ok(())
    }
}

/// Delivery could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// The thread could not be started.
    #[error("can't start the delivery thread: {0}")]
    Thread(#[from] io::Error),
    /// The URL of the SMTP server is unusable.
    #[error("DIGLOT_SMTP_URL: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

/// A code could not be enqueued.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// No provider is configured for this kind of contact.
    #[error("no {0} provider is configured")]
    Off(&'static str),
    /// The queue is full.
    #[error("too many codes are queued")]
    Busy,
}

/// The delivery service.
pub struct Delivery {
    sms: Option<Outbox>,
    email: Option<Outbox>,
    queue: mpsc::UnboundedSender<Job>,
    /// The timeout of an attempt.
    timeout: Duration,
    /// The runtime that the providers' connections belong to.
    runtime: Handle,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // A provider must close its connections from within the runtime that they belong to.
        let _runtime = self.runtime.enter();
        (self.sms, self.email) = (None, None);
    }
}

/// A channel with its own queue limits, so that a slow provider does not use up those of the other channel.
#[derive(Clone)]
struct Outbox {
    channel: Arc<dyn Channel>,
    room: Arc<Semaphore>,
    tries: Arc<Semaphore>,
    metrics: metrics::Channel,
}

impl Outbox {
    /// Maximum number of queued messages.
    const ROOM: u32 = 1000;

    /// Maximum number of concurrent attempts.
    const AT_ONCE: usize = 64;

    fn new(channel: impl Channel + 'static, metrics: &metrics::Channel) -> Self {
        let room = usize::try_from(Self::ROOM).unwrap_or(usize::MAX);
        Self {
            channel: Arc::new(channel),
            room: Arc::new(Semaphore::new(room)),
            tries: Arc::new(Semaphore::new(Self::AT_ONCE)),
            metrics: metrics.clone(),
        }
    }
}

struct Job {
    outbox: Outbox,
    message: Message,
    should_send: bool,
    timeout: Duration,
    _room: OwnedSemaphorePermit,
}

/// A permit to enqueue one message.
pub struct Permit<'a> {
    delivery: &'a Delivery,
    outbox: Outbox,
    room: OwnedSemaphorePermit,
}

impl Permit<'_> {
    /// Enqueues the message. Unless `should_send`, the delivery thread drops it, so that both cases take the caller the
    /// same time.
    pub fn send(self, message: Message, should_send: bool) {
        let timeout = self.delivery.timeout;
        let job = Job { outbox: self.outbox, message, should_send, timeout, _room: self.room };
        if self.delivery.queue.send(job).is_err() {
            log::error!("a code was not sent: the delivery thread has stopped");
        }
    }
}

impl Delivery {
    /// Sets up the configured providers and starts the thread, which calls `on_failure` for each code that it gives up.
    ///
    /// # Errors
    /// If a provider's settings are unusable, or the thread can't be started.
    pub fn start(
        config: &Config,
        clock: &Arc<dyn Clock>,
        metrics: &Metrics,
        on_failure: impl Fn(&TenantId) + Send + Sync + 'static,
    ) -> Result<Self, SetupError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (webhook, smtp) = {
            let _runtime = runtime.enter();
            (webhook::Webhook::new(config, clock), smtp::Smtp::new(config)?)
        };
        let in_log = |metrics| config.is_dev.then(|| Outbox::new(LogChannel, metrics));
        let sms = webhook.map(|channel| Outbox::new(channel, &metrics.sms)).or_else(|| in_log(&metrics.sms));
        let email = smtp.map(|channel| Outbox::new(channel, &metrics.email)).or_else(|| in_log(&metrics.email));
        let (queue, jobs) = mpsc::unbounded_channel();
        let handle = runtime.handle().clone();
        thread::Builder::new()
            .name("delivery".to_owned())
            .spawn(move || runtime.block_on(work(jobs, Arc::new(on_failure))))?;
        Ok(Self { sms, email, queue, timeout: config.delivery_timeout, runtime: handle })
    }

    /// Whether anything sends SMS.
    #[must_use]
    pub const fn sends_sms(&self) -> bool {
        self.sms.is_some()
    }

    /// Whether anything sends e-mail.
    #[must_use]
    pub const fn sends_email(&self) -> bool {
        self.email.is_some()
    }

    /// Checks that what sends e-mail answers; `None` if nothing does.
    pub async fn check_email(&self) -> Option<Result<(), SendError>> {
        self.check(self.email.as_ref()).await
    }

    /// Checks that what sends SMS answers; `None` if nothing does.
    pub async fn check_sms(&self) -> Option<Result<(), SendError>> {
        self.check(self.sms.as_ref()).await
    }

    /// Checks a channel in the runtime that its connections belong to.
    async fn check(&self, outbox: Option<&Outbox>) -> Option<Result<(), SendError>> {
        let channel = Arc::clone(&outbox?.channel);
        let checking = self.runtime.spawn(async move { channel.check().await });
        Some(checking.await.unwrap_or_else(|error| Err(SendError::Final(error.to_string()))))
    }

    /// Reserves room in the queue for one message to `contact`.
    ///
    /// # Errors
    /// See [`DeliveryError`].
    pub fn permit(&self, contact: &Contact) -> Result<Permit<'_>, DeliveryError> {
        let (outbox, name) = match contact {
            Contact::Mobile(_) => (&self.sms, "SMS"),
            Contact::Email(_) => (&self.email, "e-mail"),
        };
        let outbox = outbox.clone().ok_or(DeliveryError::Off(name))?;
        let room = Arc::clone(&outbox.room).try_acquire_owned().map_err(|_| DeliveryError::Busy)?;
        Ok(Permit { delivery: self, outbox, room })
    }

    /// Sets the gauges of waiting codes.
    pub fn measure(&self) {
        for outbox in [&self.sms, &self.email].into_iter().flatten() {
            let room = usize::try_from(Outbox::ROOM).unwrap_or(usize::MAX);
            metrics::set(&outbox.metrics.waiting, room.saturating_sub(outbox.room.available_permits()));
        }
    }

    /// Waits until the queue is empty, for at most `patience`.
    pub async fn finish(&self, patience: Duration) {
        let all = async {
            for outbox in [&self.sms, &self.email].into_iter().flatten() {
                drop(outbox.room.acquire_many(Outbox::ROOM).await);
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            log::warn!("stopped before all queued codes were sent");
        }
    }
}

/// No attempt continues after this time: the recipient can request another code after a minute, which an older one must
/// not overtake.
const PATIENCE: Duration = Duration::from_secs(58);

/// The pause before the first retry; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

async fn work(mut jobs: mpsc::UnboundedReceiver<Job>, on_failure: Arc<impl Fn(&TenantId) + Send + Sync + 'static>) {
    while let Some(job) = jobs.recv().await {
        let on_failure = Arc::clone(&on_failure);
        if job.should_send {
            tokio::spawn(async move {
                let (tenant, metrics) = (job.message.tenant.clone(), job.outbox.metrics.clone());
                metrics.sent.inc();
                let request_id = Arc::clone(&job.message.request_id);
                if logging::for_request(request_id, deliver(job)).await {
                    metrics.delivered.inc();
                } else {
                    metrics.failed.inc();
                    on_failure(&tenant);
                }
            });
        }
    }
}

/// Retries until the message is sent, is refused for good, or can't be sent in time. Returns whether it was sent.
async fn deliver(job: Job) -> bool {
    let purpose = job.message.purpose.name();
    let end = tokio::time::Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        let turn = job.outbox.tries.acquire().await;
        if tokio::time::Instant::now() + job.timeout > end {
            log::error!("a code for {purpose} was not sent in time");
            return false;
        }
        let outcome = job.outbox.channel.send(&job.message).await;
        drop(turn);
        match outcome {
            Ok(()) => {
                log::debug!("sent a code for {purpose}");
                return true;
            }
            Err(SendError::Final(problem)) => {
                let problem = without_code(&problem, &job.message.code);
                log::error!("a code for {purpose} was refused: {problem}");
                return false;
            }
            Err(SendError::Passing { problem, wait }) => {
                let problem = without_code(&problem, &job.message.code);
                log::warn!("a code for {purpose} was not sent and will be retried: {problem}");
                job.outbox.metrics.retries.inc();
                // Not beyond the end, when the code is given up.
                tokio::time::sleep(pause.max(wait.unwrap_or_default()).min(PATIENCE)).await;
            }
        }
        pause *= 2;
    }
}

/// Redacts the code in a provider's error, which may quote the message.
fn without_code(problem: &str, code: &Code) -> String {
    problem.replace(code.reveal(), "******")
}
