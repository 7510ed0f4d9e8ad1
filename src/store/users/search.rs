//! The search for accounts. Each part of it is a range of an index, in its order.

use diesel::prelude::*;

use crate::{
    model::{AccountStatus, FoundUser, Listing, SearchPart, TenantId, UserCursor, UserField, UserId, UserSearch},
    store::{Conn, StoreError, schema::users, selection},
};

/// Maximum number of rows that are read for a page. Few are left out, unless most accounts are deleted or an earlier
/// part of the search found them.
const MAX_ROWS: usize = 5000;

/// The number of rows that are read at once when some were left out.
const BATCH: usize = 500;

/// Reads a range of a column whose values are unique.
macro_rules! read_unique {
    ($conn:expr, $in_tenant:expr, $column:expr, $start:expr, $end:expr, $after:expr, $limit:expr) => {{
        let range = $in_tenant.filter($column.lt($end)).order($column).limit($limit).into_boxed();
        let range = match $after {
            Some(UserCursor { key, .. }) => range.filter($column.gt(key)),
            None => range.filter($column.ge($start)),
        };
        Ok(range.load($conn)?)
    }};
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = users)]
struct FoundRow {
    id: i64,
    username: Option<String>,
    nickname: String,
    mobile: Option<String>,
    email: Option<String>,
    status: i16,
    registered_at_ms: i64,
}

impl From<FoundRow> for FoundUser {
    fn from(row: FoundRow) -> Self {
        Self {
            id: UserId::stored(row.id),
            username: row.username,
            nickname: row.nickname,
            mobile: row.mobile,
            email: row.email,
            status: AccountStatus::stored(row.status),
            registered_at_ms: row.registered_at_ms,
        }
    }
}

/// A page of the search's results, without deleted accounts. A page with a cursor may be short, also empty, if too many
/// rows had to be left out.
pub fn search(
    conn: &mut Conn,
    tenant: &TenantId,
    search: &UserSearch,
) -> Result<Listing<FoundUser, UserCursor>, StoreError> {
    let (mut items, mut last, mut rows_read) = (Vec::new(), None, 0);
    for (part, earlier, after) in search.parts() {
        let mut after = after.cloned();
        loop {
            let missing = search.size().saturating_sub(items.len()).saturating_add(1);
            let limit = if rows_read == 0 { missing } else { missing.max(BATCH) };
            let rows = read(conn, tenant, part, after.as_ref(), i64::try_from(limit).unwrap_or(i64::MAX))?;
            let is_end = rows.len() < limit;
            rows_read += rows.len();
            for user in rows.into_iter().map(FoundUser::from) {
                let is_left_out = user.status == AccountStatus::Deleted || earlier.iter().any(|part| part.finds(&user));
                if !is_left_out && items.len() == search.size() {
                    return Ok(Listing { items, next: last });
                }
                last = Some(part.cursor(&user));
                after.clone_from(&last);
                if !is_left_out {
                    items.push(user);
                }
            }
            if is_end {
                break;
            }
            if rows_read >= MAX_ROWS {
                return Ok(Listing { items, next: last });
            }
        }
    }
    Ok(Listing { items, next: None })
}

/// Up to `limit` accounts of the part, after a place in it.
fn read(
    conn: &mut Conn,
    tenant: &TenantId,
    part: &SearchPart,
    after: Option<&UserCursor>,
    limit: i64,
) -> Result<Vec<FoundRow>, StoreError> {
    match part {
        SearchPart::All => list_newest(conn, tenant, after, limit),
        SearchPart::Id(_) if after.is_some() => Ok(Vec::new()),
        SearchPart::Id(id) => {
            let of_id = users::table.filter(users::id.eq(id.get())).filter(users::app_id.eq(tenant.as_str()));
            Ok(of_id.select(selection::<FoundRow>()).load(conn)?)
        }
        SearchPart::Prefix(field, prefix) => {
            let in_tenant = users::table.select(selection::<FoundRow>()).filter(users::app_id.eq(tenant.as_str()));
            let end = format!("{prefix}{}", char::MAX);
            match field {
                UserField::Id => Ok(Vec::new()),
                UserField::Username => read_unique!(conn, in_tenant, users::username_key, prefix, end, after, limit),
                UserField::Mobile => read_unique!(conn, in_tenant, users::mobile, prefix, end, after, limit),
                UserField::Email => read_unique!(conn, in_tenant, users::email, prefix, end, after, limit),
                UserField::Nickname => list_by_nickname(conn, tenant, (prefix, &end), after, limit),
            }
        }
    }
}

fn list_newest(
    conn: &mut Conn,
    tenant: &TenantId,
    after: Option<&UserCursor>,
    limit: i64,
) -> Result<Vec<FoundRow>, StoreError> {
    Ok(users::table
        .select(selection::<FoundRow>())
        .filter(users::app_id.eq(tenant.as_str()))
        .filter(users::id.lt(after.map_or(i64::MAX, |cursor| cursor.id)))
        .order(users::id.desc())
        .limit(limit)
        .load(conn)?)
}

/// Reads a range of display names, which many accounts may share: first the rest of those with the last name read.
fn list_by_nickname(
    conn: &mut Conn,
    tenant: &TenantId,
    (start, end): (&str, &str),
    after: Option<&UserCursor>,
    limit: i64,
) -> Result<Vec<FoundRow>, StoreError> {
    let in_tenant = users::table.select(selection::<FoundRow>()).filter(users::app_id.eq(tenant.as_str()));
    let mut found: Vec<FoundRow> = Vec::new();
    if let Some(UserCursor { key, id, .. }) = after {
        let same = in_tenant.filter(users::nickname.eq(key)).filter(users::id.gt(id));
        found = same.order(users::id).limit(limit).load(conn)?;
    }
    let missing = limit - i64::try_from(found.len()).unwrap_or(limit);
    if missing > 0 {
        let rest = in_tenant.filter(users::nickname.lt(end)).order((users::nickname, users::id)).limit(missing);
        let rest = match after {
            Some(UserCursor { key, .. }) => rest.into_boxed().filter(users::nickname.gt(key)),
            None => rest.into_boxed().filter(users::nickname.ge(start)),
        };
        found.extend(rest.load::<FoundRow>(conn)?);
    }
    Ok(found)
}
