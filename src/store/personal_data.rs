//! Personal data: at most one row per account.

use diesel::{OptionalExtension as _, prelude::*};

use super::{Conn, StoreError, schema::personal_data, selection};
use crate::model::{PersonalData, UserId};

#[derive(Queryable, Selectable, Insertable, AsChangeset)]
#[diesel(table_name = personal_data)]
pub(super) struct PersonalDataRow {
    introduction: String,
    gender: i16,
    birthday_secs: i64,
    province: String,
    city: String,
    district: String,
    location_code: String,
    updated_at_ms: i64,
}

impl From<PersonalDataRow> for PersonalData {
    fn from(row: PersonalDataRow) -> Self {
        Self {
            introduction: row.introduction,
            gender: row.gender,
            birthday_secs: row.birthday_secs,
            province: row.province,
            city: row.city,
            district: row.district,
            location_code: row.location_code,
            updated_at_ms: row.updated_at_ms,
        }
    }
}

impl From<PersonalData> for PersonalDataRow {
    fn from(data: PersonalData) -> Self {
        Self {
            introduction: data.introduction,
            gender: data.gender,
            birthday_secs: data.birthday_secs,
            province: data.province,
            city: data.city,
            district: data.district,
            location_code: data.location_code,
            updated_at_ms: data.updated_at_ms,
        }
    }
}

/// The account's personal data, if any.
pub fn find(conn: &mut Conn, user: UserId) -> Result<Option<PersonalData>, StoreError> {
    let row: Option<PersonalDataRow> =
        personal_data::table.find(user.get()).select(selection::<PersonalDataRow>()).get_result(conn).optional()?;
    Ok(row.map(PersonalData::from))
}

/// Stores the account's personal data. The account's row must be locked.
pub fn save(conn: &mut Conn, user: UserId, data: PersonalData) -> Result<(), StoreError> {
    let row = PersonalDataRow::from(data);
    let insert = diesel::insert_into(personal_data::table).values((personal_data::user_id.eq(user.get()), &row));
    on_backend!(conn, |conn| insert.on_conflict(personal_data::user_id).do_update().set(&row).execute(conn))?;
    Ok(())
}

/// Deletes an account's personal data.
pub fn delete(conn: &mut Conn, user: UserId) -> Result<(), StoreError> {
    diesel::delete(personal_data::table.find(user.get())).execute(conn)?;
    Ok(())
}
