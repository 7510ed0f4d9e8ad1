//! The activity of accounts: when an account was last used and on how many days. It is stored at intervals, and its
//! days are those of the configured time zone. Only a user's own requests count, not those of an operator acting as the
//! user.

use crate::{
    gateway::Gateway,
    model::{Activity, Session, SessionId, UserId},
    store::{Conn, StoreError, sessions, users},
};

/// The use of a session is stored at most once per interval, and with the first request of each day.
const INTERVAL_MS: i64 = 5 * 60 * 1000;

/// Stores that a session is used by a request, if that is due.
pub(super) async fn note_request(gateway: &Gateway, session: &Session, now_ms: i64) {
    let idle_ms = now_ms.saturating_sub(session.last_used_at_ms);
    // Negative, if it was stored under a clock that ran ahead.
    let calendar = &gateway.calendar;
    if idle_ms.abs() < INTERVAL_MS && calendar.day(now_ms) <= calendar.day(session.last_used_at_ms) {
        return;
    }
    // Boxed, since few requests come here: the futures of all would have room for it.
    if let Err(error) = Box::pin(note(gateway, session.user, Some(session.id), now_ms)).await {
        log::warn!("the use of a session was not stored: {error}");
    }
}

/// Stores that an account was used until now, so that its last activity is not shown as earlier than it was.
pub(super) async fn note_end(gateway: &Gateway, user: UserId) {
    if let Err(error) = note(gateway, user, None, gateway.clock.now_ms()).await {
        log::debug!("the end of an activity was not stored: {error}");
    }
}

/// Stores the activity and updates this node's cache, since the change feed does not report activity. Other nodes see
/// it when they next read the account.
async fn note(gateway: &Gateway, user: UserId, session: Option<SessionId>, now_ms: i64) -> Result<(), StoreError> {
    let today = gateway.calendar.day(now_ms);
    let work = move |conn: &mut Conn| {
        // The account first, as everyone locks them.
        let activity = store(conn, user, now_ms, today)?;
        if let Some(session) = session {
            sessions::touch(conn, session, now_ms)?;
        }
        Ok::<_, StoreError>(activity)
    };
    if let Some(activity) = gateway.db.write(work).await? {
        gateway.cache.note_activity(user, session, activity);
    }
    Ok(())
}

/// Stores that an account is used now, and returns its activity.
pub(super) fn store(conn: &mut Conn, user: UserId, now_ms: i64, today: i32) -> Result<Option<Activity>, StoreError> {
    let Some(known) = users::lock_activity(conn, user)? else { return Ok(None) };
    let activity = known.after(now_ms, today);
    users::set_activity(conn, user, activity)?;
    Ok(Some(activity))
}
