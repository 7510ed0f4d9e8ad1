//! Sends codes to people: e-mail through SMTP, SMS through a webhook, and into the log in development mode.
//!
//! A request only hands a code over; a thread of its own sends it and tries again where that may help, so a provider that
//! hangs or fails holds up nobody (docs/delivery.md). What waits to be sent is bounded, and lost with the process.

mod smtp;
mod texts;
mod webhook;

use std::{io, sync::Arc, thread, time::Duration};

use tokio::{
    runtime::Handle,
    sync::{OwnedSemaphorePermit, Semaphore, mpsc},
};

use crate::{
    clock::Clock,
    config::Config,
    model::{Code, CodePurpose, Contact, Language, TenantId},
};

/// A code on its way to someone.
#[derive(Clone, Debug)]
pub struct Message {
    /// Unique: however often it is tried, it is one message.
    pub id: String,
    /// The tenant whose code it is.
    pub tenant: TenantId,
    /// Whom it goes to.
    pub to: Contact,
    /// What it is for.
    pub purpose: CodePurpose,
    /// The code.
    pub code: Code,
    /// What its receiver reads.
    pub language: Language,
    /// The request that asked for it.
    pub request_id: String,
}

impl Message {
    /// Characters of a message's id.
    pub const ID_CHARS: usize = 22;
}

/// Why a message was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// Trying again may help.
    #[error("{0}")]
    Passing(String),
    /// It will not.
    #[error("{0}")]
    Final(String),
}

/// A way to send codes.
#[async_trait::async_trait]
pub trait Channel: Send + Sync {
    /// Sends a message, within the configured time.
    ///
    /// # Errors
    /// When the provider could not be reached or refused.
    async fn send(&self, message: &Message) -> Result<(), SendError>;
}

/// The log: for development mode only.
struct LogChannel;

#[async_trait::async_trait]
impl Channel for LogChannel {
    async fn send(&self, message: &Message) -> Result<(), SendError> {
        let Message { to, purpose, code, .. } = message;
        log::info!("development mode: code {} for {} ({})", code.reveal(), to.as_str(), purpose.name());
        Ok(())
    }
}

/// Delivery can't be set up.
#[derive(Debug, thiserror::Error)]
pub enum SetupError {
    /// No thread.
    #[error("no thread for delivery: {0}")]
    Thread(#[from] io::Error),
    /// The SMTP server's URL can't be used.
    #[error("DIGLOT_SMTP_URL: {0}")]
    Smtp(#[from] lettre::transport::smtp::Error),
}

/// A code can't be taken on.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeliveryError {
    /// No provider is configured for such a contact.
    #[error("no {0} provider is configured")]
    Off(&'static str),
    /// Too many wait to be sent.
    #[error("too many codes wait to be sent")]
    Busy,
}

/// All ways to send codes.
pub struct Delivery {
    sms: Option<Outbox>,
    email: Option<Outbox>,
    queue: mpsc::UnboundedSender<Job>,
    /// How long a try may take.
    timeout: Duration,
    /// Where the providers' connections live.
    runtime: Handle,
}

impl Drop for Delivery {
    fn drop(&mut self) {
        // A provider closes its connections from within the runtime that they live in.
        let _runtime = self.runtime.enter();
        (self.sms, self.email) = (None, None);
    }
}

/// A way to send codes, with the room for what waits to be sent that way: a provider that hangs fills its own only.
#[derive(Clone)]
struct Outbox {
    channel: Arc<dyn Channel>,
    room: Arc<Semaphore>,
    tries: Arc<Semaphore>,
}

impl Outbox {
    /// Messages that may wait at the most.
    const ROOM: u32 = 1000;

    /// Tries at the same time.
    const AT_ONCE: usize = 64;

    fn new(channel: impl Channel + 'static) -> Self {
        let room = usize::try_from(Self::ROOM).unwrap_or(usize::MAX);
        Self {
            channel: Arc::new(channel),
            room: Arc::new(Semaphore::new(room)),
            tries: Arc::new(Semaphore::new(Self::AT_ONCE)),
        }
    }
}

struct Job {
    outbox: Outbox,
    message: Message,
    is_meant: bool,
    timeout: Duration,
    _room: OwnedSemaphorePermit,
}

/// Room for one message to be sent.
pub struct Slot<'a> {
    delivery: &'a Delivery,
    outbox: Outbox,
    room: OwnedSemaphorePermit,
}

impl Slot<'_> {
    /// Takes the message on. Unless it `is_meant`, nobody gets it; but that takes the caller as long.
    pub fn send(self, message: Message, is_meant: bool) {
        let timeout = self.delivery.timeout;
        let job = Job { outbox: self.outbox, message, is_meant, timeout, _room: self.room };
        if self.delivery.queue.send(job).is_err() {
            log::error!("the delivery thread is gone: a code was not sent");
        }
    }
}

impl Delivery {
    /// Sets up what `config` names, and starts the thread.
    ///
    /// # Errors
    /// When a provider's settings can't be used, or the operating system gives no thread.
    pub fn start(config: &Config, clock: &Arc<dyn Clock>) -> Result<Self, SetupError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let (webhook, smtp) = {
            let _runtime = runtime.enter();
            (webhook::Webhook::new(config, clock), smtp::Smtp::new(config)?)
        };
        let in_log = || config.is_dev.then(|| Outbox::new(LogChannel));
        let (sms, email) = (webhook.map(Outbox::new).or_else(in_log), smtp.map(Outbox::new).or_else(in_log));
        let (queue, jobs) = mpsc::unbounded_channel();
        let handle = runtime.handle().clone();
        thread::Builder::new().name("delivery".to_owned()).spawn(move || runtime.block_on(work(jobs)))?;
        Ok(Self { sms, email, queue, timeout: config.delivery_timeout, runtime: handle })
    }

    /// Room for a message to `contact`.
    ///
    /// # Errors
    /// See [`DeliveryError`].
    pub fn slot(&self, contact: &Contact) -> Result<Slot<'_>, DeliveryError> {
        let (outbox, name) = match contact {
            Contact::Mobile(_) => (&self.sms, "SMS"),
            Contact::Email(_) => (&self.email, "e-mail"),
        };
        let outbox = outbox.clone().ok_or(DeliveryError::Off(name))?;
        let room = Arc::clone(&outbox.room).try_acquire_owned().map_err(|_| DeliveryError::Busy)?;
        Ok(Slot { delivery: self, outbox, room })
    }

    /// Waits until all is sent or given up, for `patience` at the most.
    pub async fn finish(&self, patience: Duration) {
        let all = async {
            for outbox in [&self.sms, &self.email].into_iter().flatten() {
                drop(outbox.room.acquire_many(Outbox::ROOM).await);
            }
        };
        if tokio::time::timeout(patience, all).await.is_err() {
            log::warn!("stopped with codes still to be sent");
        }
    }
}

/// No try of a message goes on after so long: its receiver may ask for another after a minute, which must not be overtaken.
const PATIENCE: Duration = Duration::from_secs(58);

/// Between the first tries; doubled each time.
const FIRST_PAUSE: Duration = Duration::from_millis(250);

async fn work(mut jobs: mpsc::UnboundedReceiver<Job>) {
    while let Some(job) = jobs.recv().await {
        if job.is_meant {
            tokio::spawn(deliver(job));
        }
    }
}

/// Sends until it is sent or can't be in time.
async fn deliver(job: Job) {
    let (purpose, id) = (job.message.purpose.name(), &job.message.request_id);
    let end = tokio::time::Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    loop {
        let turn = job.outbox.tries.acquire().await;
        if tokio::time::Instant::now() + job.timeout > end {
            return log::error!("a code for {purpose} was not sent in time (request {id})");
        }
        let outcome = job.outbox.channel.send(&job.message).await;
        drop(turn);
        match outcome {
            Ok(()) => return log::debug!("sent a code for {purpose} (request {id})"),
            Err(SendError::Final(problem)) => {
                let problem = without_code(&problem, &job.message.code);
                return log::error!("a code for {purpose} was refused (request {id}): {problem}");
            }
            Err(SendError::Passing(problem)) => {
                let problem = without_code(&problem, &job.message.code);
                log::warn!("a code for {purpose} will be tried again (request {id}): {problem}");
            }
        }
        tokio::time::sleep(pause).await;
        pause *= 2;
    }
}

/// What a provider says may quote the message.
fn without_code(problem: &str, code: &Code) -> String {
    problem.replace(code.reveal(), "******")
}
