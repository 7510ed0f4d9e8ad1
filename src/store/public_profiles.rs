//! What others see of accounts, from several tables in one query.

use std::collections::HashMap;

use diesel::{OptionalExtension as _, dsl::exists, prelude::*};

use super::{
    Conn, StoreError,
    bans::BanRow,
    medals,
    personal_data::PersonalDataRow,
    schema::{bans, personal_data, user_medals, users},
    selection,
    users::UserRow,
};
use crate::model::{AccountStatus, Ban, PersonalData, PublicDetails, TenantId, User, UserId};

/// An account with its public details.
pub type PublicAccount = (User, PublicDetails);

type Row = (UserRow, Option<PersonalDataRow>, Option<BanRow>, bool);

/// What is read of an account.
macro_rules! profiles {
    () => {
        users::table
            .left_join(personal_data::table.on(personal_data::user_id.eq(users::id)))
            .left_join(bans::table.on(bans::user_id.eq(users::id)))
            .filter(users::status.ne(AccountStatus::Deleted.code()))
            .select((
                users::app_id,
                (
                    selection::<UserRow>(),
                    selection::<Option<PersonalDataRow>>(),
                    selection::<Option<BanRow>>(),
                    exists(user_medals::table.filter(user_medals::user_id.eq(users::id))),
                ),
            ))
    };
}

/// The accounts of these tenants and ids that are not deleted.
pub fn find(
    conn: &mut Conn,
    keys: &[(TenantId, UserId)],
) -> Result<HashMap<(TenantId, UserId), PublicAccount>, StoreError> {
    let ids = keys.iter().map(|(_, id)| id.get());
    let rows: Vec<(String, Row)> = match conn {
        // A statement for one id is prepared once; a list would be prepared for each length.
        Conn::Sqlite(conn) => {
            let one = |id| profiles!().filter(users::id.eq(id)).get_result(conn).optional();
            ids.map(one).filter_map(Result::transpose).collect::<QueryResult<_>>()?
        }
        Conn::Postgres(conn) => profiles!().filter(users::id.eq_any(ids.collect::<Vec<_>>())).load(conn)?,
    };
    let with_medals = rows.iter().filter(|(_, (.., has_medals))| *has_medals).map(|(_, (user, ..))| user.id);
    let mut medals = medals::list_of_all(conn, with_medals.collect())?;
    let account = |(tenant, (user, personal, ban, _)): (String, Row)| {
        let user = User::from(user);
        let personal = personal.map(PersonalData::from).unwrap_or_default();
        let medals = medals.remove(&user.id.get()).unwrap_or_default();
        ((TenantId::stored(tenant), user.id), (user, PublicDetails { personal, medals, ban: ban.map(Ban::from) }))
    };
    Ok(rows.into_iter().map(account).collect())
}
