//! State in the memory of one process. Its times are those of the steady clock.

mod expiring;
mod monitoring;

use std::{collections::HashMap, convert::Infallible};

pub use self::expiring::Recent;
use self::{
    expiring::{Ends, Expiring},
    monitoring::Watched,
};
use super::{
    Admission, CodeRules, CodeSending, FeedEvent, LoginEnd, LoginSubject, OnMatch, PresenceNote, Sign, State,
    StateError, Uses,
};
use crate::{clock::Now, model::FeedEntry};

/// State in this process's memory, lost when it stops.
#[derive(Default)]
pub struct MemoryState {
    uses: Expiring<String, Window>,
    logins: Expiring<String, Logins>,
    captchas: Expiring<String, CaptchaAnswer>,
    ended: Expiring<String, EndedSession>,
    codes: Expiring<String, SentCodes>,
    presences: Expiring<String, Presences>,
    watched: Watched,
}

impl MemoryState {
    /// The number of accounts of all tenants with a device in use, of those noted here.
    #[must_use]
    pub fn count_online(&self, now: Now) -> usize {
        let all = self.presences.lock();
        all.values().filter(|devices| devices.0.values().any(|until_ms| *until_ms > now.steady_ms)).count()
    }
}

/// The uses of a subject in a window.
#[derive(Clone, Copy)]
struct Window {
    count: u32,
    until_ms: i64,
}

impl Ends for Window {
    fn ends_at_ms(&self) -> i64 {
        self.until_ms
    }
}

/// The answer to a captcha.
#[derive(Clone, Copy)]
struct CaptchaAnswer {
    mac: [u8; 32],
    until_ms: i64,
}

impl Ends for CaptchaAnswer {
    fn ends_at_ms(&self) -> i64 {
        self.until_ms
    }
}

/// An operator's session that has ended.
struct EndedSession {
    until_ms: i64,
}

impl Ends for EndedSession {
    fn ends_at_ms(&self) -> i64 {
        self.until_ms
    }
}

/// The codes sent to a contact.
#[derive(Default)]
struct SentCodes {
    /// The MAC of the newest code, and when it expires.
    newest: Option<([u8; 32], i64)>,
    tries: u32,
    tries_until_ms: i64,
    /// The times at which the codes that count were sent.
    sent_at_ms: Vec<i64>,
}

impl SentCodes {
    /// Until when no other code may be sent.
    fn blocked_until_ms(&self, now_ms: i64) -> Option<i64> {
        if self.tries >= CodeRules::TRIES && self.tries_until_ms > now_ms {
            return Some(self.tries_until_ms);
        }
        let full = |(window_ms, limit): &(i64, usize)| {
            let oldest_ms = self.sent_at_ms.iter().rev().nth(limit.saturating_sub(1))?;
            Some(oldest_ms.saturating_add(*window_ms)).filter(|until_ms| *until_ms > now_ms)
        };
        CodeRules::SENDS.iter().filter_map(full).max()
    }

    fn note_wrong_try(&mut self, now_ms: i64) {
        if self.tries_until_ms <= now_ms {
            self.tries = 0;
        }
        self.tries += 1;
        self.tries_until_ms = now_ms.saturating_add(CodeRules::TRIES_WINDOW_MS);
        if self.tries >= CodeRules::TRIES {
            self.newest = None;
        }
    }
}

impl Ends for SentCodes {
    fn ends_at_ms(&self) -> i64 {
        self.sent_at_ms.last().copied().unwrap_or_default().saturating_add(CodeRules::DAY_MS)
    }
}

/// The presence of an account's devices, with its expiry (ms).
#[derive(Default)]
struct Presences(HashMap<(i32, Sign), i64>);

impl Ends for Presences {
    fn ends_at_ms(&self) -> i64 {
        self.0.values().max().copied().unwrap_or_default()
    }
}

/// The logins of a subject.
#[derive(Clone, Copy, Default)]
struct Logins {
    failed: u32,
    until_ms: i64,
    pending: u32,
    pending_until_ms: i64,
}

impl Logins {
    /// The counts as of `now_ms`.
    fn at(self, now_ms: i64) -> Self {
        Self {
            failed: if self.until_ms > now_ms { self.failed } else { 0 },
            pending: if self.pending_until_ms > now_ms { self.pending } else { 0 },
            ..self
        }
    }
}

impl Ends for Logins {
    fn ends_at_ms(&self) -> i64 {
        self.until_ms.max(self.pending_until_ms)
    }
}

#[async_trait::async_trait]
impl State for MemoryState {
    async fn count_use(&self, subject: &str, window_ms: i64, now: Now) -> Result<Uses, StateError> {
        let now_ms = now.steady_ms;
        let mut uses = self.uses.with_room(1, now_ms);
        let fresh = Window { count: 0, until_ms: now_ms.saturating_add(window_ms) };
        let window = uses.entry(subject.to_owned()).or_insert(fresh);
        if window.until_ms <= now_ms {
            *window = fresh;
        }
        window.count = window.count.saturating_add(1);
        Ok(Uses { count: window.count, left_ms: window.until_ms - now_ms })
    }

    async fn begin_login(&self, subjects: &[LoginSubject; 2], now: Now) -> Result<Admission, StateError> {
        let now_ms = now.steady_ms;
        let mut all = self.logins.with_room(subjects.len(), now_ms);
        let mut admission = Admission::Admitted;
        for subject in subjects {
            let logins = all.get(&subject.name).copied().unwrap_or_default().at(now_ms);
            if logins.failed >= subject.limit {
                return Ok(Admission::Locked { wait_ms: logins.until_ms - now_ms });
            }
            if logins.failed + logins.pending >= subject.limit {
                admission = Admission::QueueFull;
            }
        }
        if admission == Admission::Admitted {
            for subject in subjects {
                let logins = all.entry(subject.name.clone()).or_default();
                *logins = logins.at(now_ms);
                logins.pending += 1;
                logins.pending_until_ms = now_ms.saturating_add(LoginSubject::PENDING_MS);
            }
        }
        Ok(admission)
    }

    async fn end_login(&self, subjects: &[LoginSubject; 2], end: LoginEnd, now: Now) -> Result<(), StateError> {
        let now_ms = now.steady_ms;
        let mut all = self.logins.with_room(subjects.len(), now_ms);
        for subject in subjects {
            let logins = all.entry(subject.name.clone()).or_default();
            *logins = logins.at(now_ms);
            logins.pending = logins.pending.saturating_sub(1);
            match end {
                LoginEnd::Wrong => {
                    if logins.failed == 0 {
                        logins.until_ms = now_ms.saturating_add(LoginSubject::WINDOW_MS);
                    }
                    logins.failed += 1;
                }
                LoginEnd::Right if subject.is_forgiven => logins.failed = 0,
                LoginEnd::Right | LoginEnd::Cancelled => {}
            }
        }
        Ok(())
    }

    async fn put_one_time(&self, id: &str, mac: [u8; 32], lifetime_ms: i64, now: Now) -> Result<(), StateError> {
        let now_ms = now.steady_ms;
        let until_ms = now_ms.saturating_add(lifetime_ms);
        self.captchas.with_room(1, now_ms).insert(id.to_owned(), CaptchaAnswer { mac, until_ms });
        Ok(())
    }

    async fn take_one_time(&self, id: &str, now: Now) -> Result<Option<[u8; 32]>, StateError> {
        let now_ms = now.steady_ms;
        let answer = self.captchas.lock().remove(id);
        Ok(answer.filter(|answer| answer.until_ms > now_ms).map(|answer| answer.mac))
    }

    async fn note_ended(&self, session: &str, lifetime_ms: i64, now: Now) -> Result<(), StateError> {
        let until_ms = now.steady_ms.saturating_add(lifetime_ms);
        self.ended.with_room(1, now.steady_ms).insert(session.to_owned(), EndedSession { until_ms });
        Ok(())
    }

    async fn is_ended(&self, session: &str, now: Now) -> Result<bool, StateError> {
        Ok(self.ended.lock().get(session).is_some_and(|ended| ended.until_ms > now.steady_ms))
    }

    async fn put_code(&self, contact: &str, code_mac: [u8; 32], now: Now) -> Result<CodeSending, StateError> {
        let now_ms = now.steady_ms;
        let mut all = self.codes.with_room(1, now_ms);
        let codes = all.entry(contact.to_owned()).or_default();
        if let Some(until_ms) = codes.blocked_until_ms(now_ms) {
            return Ok(CodeSending::TooSoon { wait_ms: until_ms - now_ms });
        }
        codes.sent_at_ms.retain(|at_ms| at_ms.saturating_add(CodeRules::DAY_MS) > now_ms);
        codes.sent_at_ms.push(now_ms);
        codes.newest = Some((code_mac, now_ms.saturating_add(CodeRules::LIFETIME_MS)));
        Ok(CodeSending::Allowed)
    }

    async fn try_code(
        &self,
        contact: &str,
        macs: &[[u8; 32]],
        on_match: OnMatch,
        now: Now,
    ) -> Result<bool, StateError> {
        let now_ms = now.steady_ms;
        let mut all = self.codes.lock();
        let Some(codes) = all.get_mut(contact) else { return Ok(false) };
        let Some((mac, _)) = codes.newest.filter(|(_, until_ms)| *until_ms > now_ms) else { return Ok(false) };
        if !macs.contains(&mac) {
            codes.note_wrong_try(now_ms);
            return Ok(false);
        }
        if on_match == OnMatch::Consume {
            (codes.newest, codes.tries) = (None, 0);
        }
        Ok(true)
    }

    async fn void_code(&self, contact: &str) -> Result<(), StateError> {
        if let Some(codes) = self.codes.lock().get_mut(contact) {
            codes.newest = None;
        }
        Ok(())
    }

    async fn note_presence(&self, notes: &[PresenceNote], ttl_ms: i64, now: Now) -> Result<(), StateError> {
        let now_ms = now.steady_ms;
        let until_ms = now_ms.saturating_add(ttl_ms);
        let mut all = self.presences.with_room(notes.len(), now_ms);
        for note in notes {
            let devices = &mut all.entry(note.account.clone()).or_default().0;
            devices.retain(|_, until_ms| *until_ms > now_ms);
            devices.insert((note.device, note.sign), until_ms);
        }
        Ok(())
    }

    async fn end_presence(&self, account: &str, device: Option<i32>) -> Result<(), StateError> {
        let mut all = self.presences.lock();
        match (device, all.get_mut(account)) {
            (Some(device), Some(devices)) => devices.0.retain(|(known, _), _| *known != device),
            (None, Some(_)) => drop(all.remove(account)),
            (_, None) => {}
        }
        Ok(())
    }

    async fn end_socket_presence(&self, account: &str, device: i32) -> Result<(), StateError> {
        // There is no other node on which the device could have a socket.
        self.end_presence(account, Some(device)).await
    }

    async fn present_devices(&self, account: &str, _: i64, now: Now) -> Result<Vec<i32>, StateError> {
        let now_ms = now.steady_ms;
        let all = self.presences.lock();
        let devices = all.get(account).into_iter().flat_map(|devices| &devices.0);
        Ok(devices.filter(|(_, until_ms)| **until_ms > now_ms).map(|((device, _), _)| *device).collect())
    }

    async fn publish(&self, _: &[FeedEntry]) -> Result<(), StateError> {
        Ok(())
    }

    async fn subscribe(&self, on_event: &(dyn Fn(FeedEvent) + Send + Sync)) -> Result<Infallible, StateError> {
        // There are no other nodes.
        on_event(FeedEvent::Subscribed);
        std::future::pending().await
    }

    async fn check(&self) -> Result<(), StateError> {
        Ok(())
    }

    fn describe(&self) -> &'static str {
        "in process"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(steady_ms: i64) -> Now {
        Now { wall_ms: 0, steady_ms }
    }

    #[tokio::test]
    async fn many_subjects_take_bounded_memory() {
        let state = MemoryState::default();
        for n in 0..250_000 {
            state.count_use(&format!("subject {n}"), 1_000_000, at(n)).await.unwrap();
        }

        assert!(state.uses.lock().len() <= Expiring::<String, Window>::MAX);
        let newest = state.count_use("subject 249999", 1_000_000, at(250_000)).await.unwrap();
        assert_eq!(newest.count, 2);
    }
}
