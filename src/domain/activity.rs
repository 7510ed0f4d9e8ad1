//! Whether accounts are used: written down coarsely, counted in days of the configured zone. Only what a user does itself
//! counts, not what an admin does for it.

use jiff::{Timestamp, civil::date};

use crate::{
    gateway::Gateway,
    model::{Session, UserId},
    store::{Conn, StoreError, sessions, users},
};

/// How often the use of a session is written down at the most, but for the first time on a day.
const INTERVAL_MS: i64 = 5 * 60 * 1000;

/// The day of `now_ms` in the configured zone, counted from 1970-01-01.
pub(super) fn day(gateway: &Gateway, now_ms: i64) -> i32 {
    let Ok(time) = Timestamp::from_millisecond(now_ms) else { return 0 };
    let today = time.to_zoned(gateway.config.timezone.clone()).date();
    date(1970, 1, 1).until(today).map_or(0, |since| since.get_days())
}

/// Notes that a session is used now, if it is time to.
pub(super) async fn note(gateway: &Gateway, session: &Session, now_ms: i64) {
    let today = day(gateway, now_ms);
    let idle_ms = now_ms.saturating_sub(session.last_used_at_ms);
    if idle_ms < INTERVAL_MS && today <= day(gateway, session.last_used_at_ms) {
        return;
    }
    let (id, user) = (session.id, session.user);
    let noted = gateway.db.write(move |conn| {
        users::lock(conn, user)?;
        sessions::touch(conn, id, now_ms)?;
        write_down(conn, user, now_ms, today)
    });
    if let Err(error) = noted.await {
        log::warn!("the use of a session was not written down: {error}");
    }
}

/// Notes that an account was used until now, so that it is not shown to have left earlier than it did.
pub(super) async fn note_end(gateway: &Gateway, user: UserId) {
    let now_ms = gateway.clock.now_ms();
    let today = day(gateway, now_ms);
    let noted = gateway.db.write(move |conn| {
        users::lock(conn, user)?;
        write_down(conn, user, now_ms, today)
    });
    if let Err(error) = noted.await {
        log::debug!("the end of an activity was not written down: {error}");
    }
}

/// Writes down that an account is used now. Its row must be locked.
pub(super) fn write_down(conn: &mut Conn, user: UserId, now_ms: i64, today: i32) -> Result<(), StoreError> {
    match users::find_activity(conn, user)? {
        Some(activity) => users::set_activity(conn, user, activity.after(now_ms, today)),
        None => Ok(()),
    }
}
