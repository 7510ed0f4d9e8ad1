//! The activity of accounts.

use diesel::{OptionalExtension as _, prelude::*};

use crate::{
    model::{Activity, UserId},
    store::{Conn, StoreError, schema::users},
};

/// Reads the account's activity and locks the account until the end of the transaction.
pub fn lock_activity(conn: &mut Conn, id: UserId) -> Result<Option<Activity>, StoreError> {
    let columns = (users::last_active_at_ms, users::last_active_day, users::online_days, users::continuous_online_days);
    let row: Option<(i64, i32, i32, i32)> =
        get_locked!(conn, users::table.find(id.get()).select(columns)).optional()?;
    Ok(row.map(|(last_active_at_ms, last_active_day, online_days, continuous_days)| Activity {
        last_active_at_ms,
        last_active_day,
        online_days,
        continuous_days,
    }))
}

/// Stores the account's activity.
pub fn set_activity(conn: &mut Conn, id: UserId, activity: Activity) -> Result<(), StoreError> {
    diesel::update(users::table.find(id.get()))
        .set((
            users::last_active_at_ms.eq(activity.last_active_at_ms),
            users::last_active_day.eq(activity.last_active_day),
            users::online_days.eq(activity.online_days),
            users::continuous_online_days.eq(activity.continuous_days),
        ))
        .execute(conn)?;
    Ok(())
}
