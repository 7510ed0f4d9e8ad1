//! The state machine of a socket, without any I/O: `connected → identified → closed` (behaviour.md §4). Its times are
//! those of the steady clock.

use serde::Deserialize;
use serde_json::Value;

/// How long a client may take to log in.
const LOGIN_MS: i64 = 10_000;

/// How long a client may be silent.
const SILENCE_MS: i64 = 70_000;

/// Why a socket is closed: a status code (RFC 6455 §7.4) and a readable text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// A registered code, or one of ours from 4000 up.
    pub code: u16,
    /// A short description.
    pub text: &'static str,
}

impl Reason {
    /// The frame is not a valid command.
    pub const MALFORMED: Self = Self { code: 4000, text: "malformed command" };
    /// The token is unknown, belongs to another user, or has ended.
    pub const LOGIN_FAILED: Self = Self { code: 4001, text: "login failed" };
    /// The session has ended: the user was kicked, the account was disabled, the password was changed, …
    pub const SESSION_ENDED: Self = Self { code: 4002, text: "session ended" };
    /// The client did not log in in time.
    pub const NO_LOGIN: Self = Self { code: 4003, text: "no login in time" };
    /// No heartbeat arrived in time.
    pub const SILENT: Self = Self { code: 4004, text: "no heartbeat in time" };
    /// The account exceeds its maximum number of sockets.
    pub const TOO_MANY_SOCKETS: Self = Self { code: 4005, text: "too many sockets" };
    /// The gateway is unable to authenticate the client at the moment.
    pub const UNAVAILABLE: Self = Self { code: 1013, text: "try again later" };
    /// The node is shutting down.
    pub const GOING_AWAY: Self = Self { code: 1001, text: "server is going away" };
    /// The frame is not text, or too long.
    pub const UNACCEPTABLE: Self = Self { code: 1003, text: "text frames of at most 8 KiB only" };
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing.
    Wait,
    /// Authenticate the client, and on success call [`Machine::logged_in`].
    LogIn(LoginData),
    /// Record that the client is alive, and acknowledge with this seq.
    Heartbeat {
        /// The seq of the command.
        seq: String,
    },
    /// Close the socket.
    Close(Reason),
}

/// The data of a login command. The device is that of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LoginData {
    /// The tenant; empty for that of the handshake.
    pub app_id: String,
    /// The user id that the client claims, unparsed.
    pub user_id: String,
    /// The token.
    pub token: String,
    /// The platform as the client names it.
    pub platform: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Connected,
    LoggingIn,
    Identified,
    Closed,
}

/// A socket.
#[derive(Debug)]
pub struct Machine {
    state: State,
    /// When the socket closes unless a command arrives before.
    deadline_ms: i64,
    /// When the session behind the socket expires, regardless of activity.
    expires_at_ms: i64,
}

#[derive(Deserialize)]
struct Command {
    #[serde(default)]
    seq: Value,
    cmd: String,
    #[serde(default)]
    data: Value,
}

/// Text, or a number as text; empty for anything else.
fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

impl Machine {
    /// A socket that was opened at `now_ms`.
    #[must_use]
    pub const fn new(now_ms: i64) -> Self {
        Self { state: State::Connected, deadline_ms: now_ms.saturating_add(LOGIN_MS), expires_at_ms: i64::MAX }
    }

    /// Handles a text frame.
    pub fn on_text(&mut self, frame: &str, now_ms: i64) -> Step {
        let Ok(command) = serde_json::from_str::<Command>(frame) else { return self.close(Reason::MALFORMED) };
        match (self.state, command.cmd.as_str()) {
            (State::Connected, "login") => {
                self.state = State::LoggingIn;
                let field = |name| command.data.get(name).map(text).unwrap_or_default();
                Step::LogIn(LoginData {
                    app_id: field("app_id"),
                    user_id: field("userId"),
                    token: field("token"),
                    platform: field("platform"),
                })
            }
            (State::Identified, "heartbeat") => {
                self.deadline_ms = now_ms.saturating_add(SILENCE_MS);
                Step::Heartbeat { seq: text(&command.seq) }
            }
            // Commands added later, and heartbeats sent during a login, are ignored, since clients send both.
            (State::Identified, _) => {
                self.deadline_ms = now_ms.saturating_add(SILENCE_MS);
                Step::Wait
            }
            (State::Connected | State::LoggingIn | State::Closed, _) => Step::Wait,
        }
    }

    /// Reports that the login requested by [`Step::LogIn`] succeeded, with a session that expires in `left_ms`.
    pub fn logged_in(&mut self, now_ms: i64, left_ms: i64) {
        if self.state == State::LoggingIn {
            self.state = State::Identified;
            self.expires_at_ms = now_ms.saturating_add(left_ms);
            self.deadline_ms = now_ms.saturating_add(SILENCE_MS);
        }
    }

    /// Checks the deadlines.
    pub fn on_tick(&mut self, now_ms: i64) -> Step {
        match self.state {
            State::Connected | State::LoggingIn if now_ms >= self.deadline_ms => self.close(Reason::NO_LOGIN),
            State::Identified if now_ms >= self.expires_at_ms => self.close(Reason::SESSION_ENDED),
            State::Identified if now_ms >= self.deadline_ms => self.close(Reason::SILENT),
            State::Connected | State::LoggingIn | State::Identified | State::Closed => Step::Wait,
        }
    }

    /// Closes the socket for a reason outside the machine.
    pub fn close(&mut self, reason: Reason) -> Step {
        if self.state == State::Closed {
            return Step::Wait;
        }
        self.state = State::Closed;
        Step::Close(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOGIN: &str =
        r#"{"seq":"1","cmd":"login","data":{"userId":"7","token":"t","platform":"web","deviceId":"d"}}"#;
    const HEARTBEAT: &str = r#"{"seq":2,"cmd":"heartbeat","data":{}}"#;

    fn identified() -> Machine {
        let mut machine = Machine::new(0);
        let data = LoginData {
            user_id: "7".to_owned(),
            token: "t".to_owned(),
            platform: "web".to_owned(),
            ..LoginData::default()
        };
        assert_eq!(machine.on_text(LOGIN, 1), Step::LogIn(data));
        machine.logged_in(1000, 999_000);
        machine
    }

    #[test]
    fn a_client_logs_in_within_ten_seconds() {
        let mut machine = Machine::new(0);
        assert_eq!(machine.on_tick(9_999), Step::Wait);
        assert_eq!(machine.on_tick(10_000), Step::Close(Reason::NO_LOGIN));
        assert_eq!(machine.on_tick(10_001), Step::Wait);
        let mut machine = Machine::new(0);
        assert!(matches!(machine.on_text(LOGIN, 9_000), Step::LogIn(_)));
        assert_eq!(machine.on_text(LOGIN, 9_000), Step::Wait);
        assert_eq!(machine.on_tick(10_000), Step::Close(Reason::NO_LOGIN));
    }

    #[test]
    fn a_heartbeat_is_answered_with_its_seq_and_keeps_the_socket_open() {
        let mut machine = identified();
        assert_eq!(machine.on_text(HEARTBEAT, 70_000), Step::Heartbeat { seq: "2".to_owned() });
        assert_eq!(machine.on_tick(139_999), Step::Wait);
        assert_eq!(machine.on_tick(140_000), Step::Close(Reason::SILENT));
    }

    #[test]
    fn only_a_login_counts_before_the_login_and_unknown_commands_are_ignored_after_it() {
        let mut machine = Machine::new(0);
        assert_eq!(machine.on_text(HEARTBEAT, 1), Step::Wait);
        let mut machine = identified();
        assert_eq!(machine.on_text(r#"{"cmd":"draft"}"#, 60_000), Step::Wait);
        assert_eq!(machine.on_tick(120_000), Step::Wait);
        assert_eq!(machine.on_text(LOGIN, 61_000), Step::Wait);
    }

    #[test]
    fn an_expired_session_closes_the_socket_despite_heartbeats() {
        let mut machine = identified();
        for now_ms in (60_000..1_000_000).step_by(60_000) {
            assert!(matches!(machine.on_text(HEARTBEAT, now_ms), Step::Heartbeat { .. }));
            assert_eq!(machine.on_tick(now_ms), Step::Wait);
        }
        assert_eq!(machine.on_tick(1_000_000), Step::Close(Reason::SESSION_ENDED));
    }

    #[test]
    fn a_malformed_command_closes_the_socket() {
        for frame in ["", "x", "[]", "{}", r#"{"cmd":1}"#, r#"{"seq":"1"}"#, "\u{0}"] {
            assert_eq!(Machine::new(0).on_text(frame, 1), Step::Close(Reason::MALFORMED), "{frame}");
        }
    }
}
