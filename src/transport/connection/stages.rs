//! The stages of a connection and their deadlines.

use std::{cell::Cell, rc::Rc, time::Duration};

use actix_web::rt::time::Instant;

use super::{bounds::Activity, upgrade};

/// How long a client may take to send a request's head, from its first byte (security.md 33).
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(15);

/// How long a connection without a request stays open.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// How long a connection stays open after an answer to a request whose body has not been read: long enough for the
/// client to read the answer, which closing at once could destroy.
pub const UNREAD_BODY_TIMEOUT: Duration = Duration::from_secs(3);

const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
const REQUEST_TIMEOUT: &[u8] = b"HTTP/1.1 408 Request Timeout\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// What a connection is doing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Waits for a request.
    Idle,
    /// Part of a head has arrived.
    Head,
    /// Serves a request.
    Request,
    /// Has answered a request whose body it will not read.
    Closing,
    /// Is a `WebSocket`, which keeps its own deadlines.
    Upgraded,
    /// Has any number of requests at once, as HTTP/2 allows.
    Multiplexed,
    /// Is over; nothing more is read.
    Ended,
}

/// The stage of a connection; shared by its stream, which ends at the deadline, and the service, which knows when a
/// request begins and ends.
pub struct Stages {
    stage: Cell<Stage>,
    deadline: Cell<Option<Instant>>,
    /// The last bytes that arrived.
    tail: Cell<Tail>,
    unsent: Cell<Option<&'static [u8]>>,
    /// The number of requests at once.
    streams: Cell<usize>,
    activity: Option<Activity>,
}

/// A request of a connection that has several at once.
pub struct OpenStream(Rc<Stages>);

impl Drop for OpenStream {
    fn drop(&mut self) {
        let left = self.0.streams.get().saturating_sub(1);
        self.0.streams.set(left);
        if left == 0 {
            self.0.wait(Stage::Multiplexed, KEEP_ALIVE);
        }
    }
}

impl Stages {
    /// A new connection. `activity` is told when it is busy.
    pub fn new(activity: Option<Activity>) -> Self {
        Self {
            stage: Cell::new(Stage::Idle),
            deadline: Cell::new(Some(Instant::now() + KEEP_ALIVE)),
            tail: Cell::default(),
            unsent: Cell::default(),
            streams: Cell::default(),
            activity,
        }
    }

    /// The time at which the connection ends unless something happens before.
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline.get()
    }

    /// Whether the connection is over.
    pub fn has_ended(&self) -> bool {
        self.stage.get() == Stage::Ended
    }

    /// Ends the connection.
    pub fn end(&self) {
        self.stage.set(Stage::Ended);
        self.deadline.set(None);
    }

    /// Ends the connection at its deadline, and tells the client why if it has sent part of a head.
    pub fn end_late(&self) {
        if self.stage.get() == Stage::Head {
            self.unsent.set(Some(REQUEST_TIMEOUT));
        }
        self.end();
    }

    /// Takes note of bytes that arrived. False if they came after the deadline and don't count.
    pub fn received(&self, bytes: &mut [u8]) -> bool {
        if let Some(deadline) = self.deadline.get() {
            let now = Instant::now();
            if deadline <= now {
                self.end_late();
                return false;
            }
            if self.stage.get() == Stage::Idle && !bytes.is_empty() {
                self.stage.set(Stage::Head);
                self.deadline.set(Some(now + HEAD_TIMEOUT));
                upgrade::ignore_other_protocols(bytes);
            }
        }
        self.tail.set(self.tail.get().followed_by(bytes));
        true
    }

    /// A request's head is complete. The connection is busy from now on if the request has no body.
    pub fn begin(&self, has_body: bool) {
        if self.has_ended() {
            // The head was complete after all.
            self.unsent.set(None);
            return;
        }
        self.stage.set(Stage::Request);
        self.deadline.set(None);
        if !has_body {
            self.set_busy();
        }
    }

    /// Nothing more is expected from the client: the body of the request is complete.
    pub fn set_busy(&self) {
        if let Some(activity) = &self.activity {
            activity.set_busy();
        }
    }

    /// Asks the client for the body that it holds back (RFC 9110 §10.1.1).
    pub fn ask_for_body(&self) {
        self.unsent.set(Some(CONTINUE));
    }

    /// The request is answered; `end` is how its last bytes look. If more has arrived since, the next head has begun.
    pub fn answered(&self, end: Tail) {
        let timeout = if self.tail.get().ends_with(end) { KEEP_ALIVE } else { HEAD_TIMEOUT };
        self.wait(Stage::Idle, timeout);
    }

    /// The request is answered, and the rest of its body will not be read.
    pub fn answered_early(&self) {
        self.wait(Stage::Closing, UNREAD_BODY_TIMEOUT);
    }

    /// The connection is a `WebSocket` now.
    pub fn upgraded(&self) {
        self.stage.set(Stage::Upgraded);
        self.set_busy();
    }

    /// The connection has any number of requests at once.
    pub fn multiplexed(&self) {
        self.stage.set(Stage::Multiplexed);
    }

    /// A request of such a connection begins; it ends when the result is dropped.
    pub fn begin_stream(self: &Rc<Self>) -> OpenStream {
        self.streams.set(self.streams.get() + 1);
        self.deadline.set(None);
        self.set_busy();
        OpenStream(Rc::clone(self))
    }

    fn wait(&self, stage: Stage, timeout: Duration) {
        if self.has_ended() {
            return;
        }
        self.stage.set(stage);
        self.deadline.set(Some(Instant::now() + timeout));
        if let Some(activity) = &self.activity {
            activity.set_idle();
        }
    }

    /// Bytes to send before anything else.
    pub fn unsent(&self) -> Option<&'static [u8]> {
        self.unsent.get()
    }

    /// The first `length` bytes of [`Self::unsent`] are sent.
    pub fn sent(&self, length: usize) {
        let rest = self.unsent.get().and_then(|unsent| unsent.get(length..)).filter(|rest| !rest.is_empty());
        self.unsent.set(rest);
    }
}

/// The last bytes of a stream.
#[derive(Clone, Copy, Default)]
pub struct Tail {
    bytes: [u8; 4],
    length: usize,
}

impl Tail {
    /// The end of a head, and of a chunked body.
    pub const BLANK_LINE: Self = Self { bytes: *b"\0\n\r\n", length: 3 };

    /// The end after more bytes.
    pub fn followed_by(self, more: &[u8]) -> Self {
        more.iter().skip(more.len().saturating_sub(4)).fold(self, |Self { bytes: [_, b, c, d], length }, byte| Self {
            bytes: [b, c, d, *byte],
            length: (length + 1).min(4),
        })
    }

    fn ends_with(self, end: Self) -> bool {
        self.bytes.iter().rev().zip(end.bytes.iter().rev()).take(end.length).all(|(a, b)| a == b)
    }
}
