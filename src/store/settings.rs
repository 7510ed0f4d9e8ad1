//! Settings: one row an account.

use diesel::prelude::*;

use super::{Conn, StoreError, schema::settings};
use crate::model::{Settings, UserId};

/// Adds the settings of a new account.
///
/// # Errors
/// When the query fails.
pub fn insert(conn: &mut Conn, user: UserId, new: &Settings) -> Result<(), StoreError> {
    diesel::insert_into(settings::table)
        .values((
            settings::user_id.eq(user.get()),
            settings::auth_mode.eq(new.auth_mode),
            settings::auth_question.eq(&new.auth_question),
            settings::auth_answer.eq(&new.auth_answer),
            settings::auto_download.eq(new.auto_download),
            settings::group_confirm.eq(new.group_confirm),
            settings::no_push.eq(new.no_push),
            settings::no_push_detail.eq(new.no_push_detail),
            settings::no_push_start_hour.eq(new.no_push_start_hour),
            settings::no_push_end_hour.eq(new.no_push_end_hour),
            settings::no_sounds.eq(new.no_sounds),
            settings::push_nick_name.eq(&new.push_nick_name),
            settings::push_token.eq(&new.push_token),
            settings::silence_start_time.eq(new.silence_start_time),
            settings::silence_end_time.eq(new.silence_end_time),
            settings::vibratory.eq(new.vibratory),
        ))
        .execute(conn)?;
    Ok(())
}

/// Forgets the settings of an account.
///
/// # Errors
/// When the query fails.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(settings::table.find(user.get())).execute(conn)?;
    Ok(())
}
