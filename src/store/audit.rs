//! The audit log: who did what, for whom, from where. It is append-only, which triggers enforce.

use diesel::prelude::*;

use super::{Conn, StoreError, admin_tokens, schema::audit_log, selection, statements::Statement};
use crate::model::{
    AdminTokenId, AuditAction, AuditActor, AuditEntry, AuditFilter, Listing, Page, Position, TenantId, UserId,
};

/// A new row of the log.
pub struct NewAuditRow<'a> {
    /// The time.
    pub at_ms: i64,
    /// The tenant.
    pub tenant: &'a TenantId,
    /// The kind of actor: 0 anonymous, 1 a user, 2 an admin token, 3 the command line.
    pub actor_kind: i16,
    /// The id of the user or the admin token.
    pub actor_id: Option<i64>,
    /// The user that an operator acted for.
    pub for_user: Option<i64>,
    /// The account that the row is about.
    pub user: Option<UserId>,
    /// The operation, as `resource.verb`.
    pub action: &'a str,
    /// The target of the operation.
    pub target: &'a str,
    /// The source address.
    pub address: &'a str,
    /// The id of the request.
    pub request_id: &'a str,
    /// `ok`, or the reason of the refusal.
    pub result: &'a str,
}

/// Inserts a row.
#[must_use]
pub fn insert(row: &NewAuditRow<'_>) -> Statement {
    Statement::new(diesel::insert_into(audit_log::table).values((
        audit_log::at_ms.eq(row.at_ms),
        audit_log::app_id.eq(row.tenant.as_str().to_owned()),
        audit_log::actor_kind.eq(row.actor_kind),
        audit_log::actor_id.eq(row.actor_id),
        audit_log::for_user.eq(row.for_user),
        audit_log::user_id.eq(row.user.map(UserId::get)),
        audit_log::action.eq(row.action.to_owned()),
        audit_log::target.eq(row.target.to_owned()),
        audit_log::address.eq(row.address.to_owned()),
        audit_log::request_id.eq(row.request_id.to_owned()),
        audit_log::result.eq(row.result.to_owned()),
    )))
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = audit_log)]
struct AuditRow {
    id: i64,
    at_ms: i64,
    actor_kind: i16,
    actor_id: Option<i64>,
    for_user: Option<i64>,
    user_id: Option<i64>,
    action: String,
    target: String,
    address: String,
    request_id: String,
    result: String,
}

impl From<AuditRow> for AuditEntry {
    fn from(row: AuditRow) -> Self {
        Self {
            id: row.id,
            at_ms: row.at_ms,
            actor: AuditActor::stored(row.actor_kind, row.actor_id),
            token_name: None,
            for_user: row.for_user.map(UserId::stored),
            user: row.user_id.map(UserId::stored),
            action: row.action,
            target: row.target,
            address: row.address,
            request_id: row.request_id,
            result: row.result,
        }
    }
}

/// A page of the tenant's rows that match the filter, newest first.
pub fn list(
    conn: &mut Conn,
    tenant: &TenantId,
    filter: &AuditFilter,
    page: Page,
) -> Result<Listing<AuditEntry>, StoreError> {
    let rows = match &filter.action {
        None => list_rows(conn, tenant, filter, None, page)?,
        Some(AuditAction::One(action)) => list_rows(conn, tenant, filter, Some(action), page)?,
        Some(AuditAction::Resource(prefix)) => list_rows_of_resource(conn, tenant, filter, prefix, page)?,
    };
    let entries = rows.into_iter().map(AuditEntry::from).collect();
    let mut listed = Listing::new(page, entries, |entry: &AuditEntry| Position { sort: entry.at_ms, id: entry.id });
    add_token_names(conn, tenant, &mut listed.items)?;
    Ok(listed)
}

/// The first rows of each of the resource's actions, merged: each is a range of an index, in the order of time.
fn list_rows_of_resource(
    conn: &mut Conn,
    tenant: &TenantId,
    filter: &AuditFilter,
    prefix: &str,
    page: Page,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut rows = Vec::new();
    let mut known = prefix.to_owned();
    while let Some(action) = find_next_action(conn, tenant, &known)?.filter(|action| action.starts_with(prefix)) {
        rows.extend(list_rows(conn, tenant, filter, Some(&action), page)?);
        known = action;
    }
    rows.sort_by_key(|row| std::cmp::Reverse((row.at_ms, row.id)));
    rows.truncate(usize::try_from(page.limit()).unwrap_or(usize::MAX));
    Ok(rows)
}

/// The tenant's first action after `known`, by name.
fn find_next_action(conn: &mut Conn, tenant: &TenantId, known: &str) -> Result<Option<String>, StoreError> {
    let after = audit_log::table.filter(audit_log::app_id.eq(tenant.as_str())).filter(audit_log::action.gt(known));
    Ok(after.select(audit_log::action).order(audit_log::action).first(conn).optional()?)
}

fn list_rows(
    conn: &mut Conn,
    tenant: &TenantId,
    filter: &AuditFilter,
    action: Option<&str>,
    page: Page,
) -> Result<Vec<AuditRow>, StoreError> {
    let mut query = audit_log::table
        .select(selection::<AuditRow>())
        .filter(audit_log::app_id.eq(tenant.as_str()))
        .offset(page.offset())
        .limit(page.limit())
        .into_boxed();
    if let Some(user) = filter.user {
        query = query.filter(audit_log::user_id.eq(user.get()));
    }
    // An account has few rows, an action or an actor many; as expressions these do not compete for the index.
    query = match (action, filter.user) {
        (Some(action), Some(_)) => query.filter(audit_log::action.concat("").eq(action)),
        (Some(action), None) => query.filter(audit_log::action.eq(action)),
        (None, _) => query,
    };
    if let Some(from_ms) = filter.from_ms {
        query = query.filter(audit_log::at_ms.ge(from_ms));
    }
    if let Some(until_ms) = filter.until_ms {
        query = query.filter(audit_log::at_ms.lt(until_ms));
    }
    if let Some(Position { sort, id }) = page.position() {
        // The first condition is implied, and starts the range of the index.
        let is_older = audit_log::at_ms.lt(sort).or(audit_log::id.lt(id));
        query = query.filter(audit_log::at_ms.le(sort)).filter(is_older);
    }
    let columns = filter.actor.map(AuditActor::columns);
    query = match (columns, filter.user) {
        (Some((kind, _)), Some(_)) => query.filter((audit_log::actor_kind + 0).eq(kind)),
        (Some((kind, _)), None) => query.filter(audit_log::actor_kind.eq(kind)),
        (None, _) => query,
    };
    query = match columns {
        Some((_, Some(id))) => query.filter(audit_log::actor_id.eq(id)),
        Some((_, None)) => query.filter(audit_log::actor_id.is_null()),
        None => query,
    };
    query = match (columns, filter.user) {
        // NULL is one value, but PostgreSQL uses the order of the index only if the order asked for has it, too.
        (Some((_, None)), None) => {
            query.order((audit_log::actor_id.desc(), audit_log::at_ms.desc(), audit_log::id.desc()))
        }
        _ => query.order((audit_log::at_ms.desc(), audit_log::id.desc())),
    };
    Ok(query.load(conn)?)
}

fn add_token_names(conn: &mut Conn, tenant: &TenantId, entries: &mut [AuditEntry]) -> Result<(), StoreError> {
    let token_of = |entry: &AuditEntry| match entry.actor {
        AuditActor::AdminToken(token) => Some(token),
        AuditActor::Anonymous | AuditActor::User(_) | AuditActor::CommandLine => None,
    };
    let mut tokens: Vec<AdminTokenId> = entries.iter().filter_map(token_of).collect();
    tokens.sort_by_key(|token| token.0);
    tokens.dedup();
    let names = admin_tokens::list_names(conn, tenant, &tokens)?;
    for entry in entries {
        entry.token_name = token_of(entry).and_then(|token| names.get(&token.0).cloned());
    }
    Ok(())
}
