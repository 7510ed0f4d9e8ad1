//! The activity of accounts.

use diesel::{OptionalExtension as _, prelude::*};

use crate::{
    model::{Activity, UserId},
    store::{Conn, StoreError, schema::users, selection, update::update},
};

/// The columns of an account's activity.
#[derive(Queryable, Selectable, AsChangeset)]
#[diesel(table_name = users)]
pub(in crate::store) struct ActivityColumns {
    last_active_at_ms: i64,
    last_active_day: i32,
    online_days: i32,
    continuous_online_days: i32,
}

impl From<Activity> for ActivityColumns {
    fn from(activity: Activity) -> Self {
        Self {
            last_active_at_ms: activity.last_active_at_ms,
            last_active_day: activity.last_active_day,
            online_days: activity.online_days,
            continuous_online_days: activity.continuous_days,
        }
    }
}

impl From<ActivityColumns> for Activity {
    fn from(columns: ActivityColumns) -> Self {
        Self {
            last_active_at_ms: columns.last_active_at_ms,
            last_active_day: columns.last_active_day,
            online_days: columns.online_days,
            continuous_days: columns.continuous_online_days,
        }
    }
}

/// Reads the account's activity and locks the account until the end of the transaction.
pub fn lock_activity(conn: &mut Conn, id: UserId) -> Result<Option<Activity>, StoreError> {
    let activity = users::table.find(id.get()).select(selection::<ActivityColumns>());
    let row: Option<ActivityColumns> = get_locked!(conn, activity).optional()?;
    Ok(row.map(Activity::from))
}

/// Stores the account's activity.
pub fn set_activity(conn: &mut Conn, id: UserId, activity: Activity) -> Result<(), StoreError> {
    update(&users::table, users::id.eq(id.get()), ActivityColumns::from(activity)).execute(conn)?;
    Ok(())
}
