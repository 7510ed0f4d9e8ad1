//! The audit log: reading and exporting it.

use actix_web::web;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    access::AsOperator,
    answer::{ListAnswer, Part},
    params::{Query, number, required},
};
use crate::{
    domain::audit_log,
    gateway::Gateway,
    model::{AuditEntry, AuditFilter, Invalid, Page, UserId},
    transport::{
        error::Error,
        files::{AuditFile, parse_format},
        path::{Path, admin},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/audit/list").get(list, "Lists rows of the audit log of the app, newest first"),
        admin("/admin/v1/audit/export").get(export, "Exports rows of the audit log of the app as a file, newest first"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct ListQuery {
    /// Who acted: `user:12`, `admin_token:3`, `command_line` or `anonymous`.
    actor: Option<String>,
    /// What was done: `coins.adjust`, or `coins.` for all that starts with it.
    action: Option<String>,
    /// The account that the row is about.
    user_id: Option<String>,
    /// Unix time in seconds, from which on.
    from: Option<String>,
    /// Unix time in seconds, before which.
    until: Option<String>,
    cursor: Option<String>,
    page_size: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct EntryData {
    pub(crate) id: i64,
    /// Unix time in milliseconds.
    pub(crate) at_ms: i64,
    /// `user:12`, `admin_token:3`, `command_line` or `anonymous`.
    pub(crate) actor: String,
    /// The name of the admin token that acted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) token_name: Option<String>,
    /// The user that an operator acted for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) for_user: Option<i64>,
    /// The account that the row is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) user_id: Option<i64>,
    pub(crate) action: String,
    pub(crate) target: String,
    /// The source address; empty for the command line.
    pub(crate) address: String,
    pub(crate) request_id: String,
    /// `ok`, or the reason of the refusal.
    pub(crate) result: String,
}

impl From<AuditEntry> for EntryData {
    fn from(entry: AuditEntry) -> Self {
        Self {
            id: entry.id,
            at_ms: entry.at_ms,
            actor: entry.actor.to_string(),
            token_name: entry.token_name,
            for_user: entry.for_user.map(UserId::get),
            user_id: entry.user.map(UserId::get),
            action: entry.action,
            target: entry.target,
            address: entry.address,
            request_id: entry.request_id,
            result: entry.result,
        }
    }
}

async fn list(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<ListQuery>>,
) -> ListAnswer<EntryData> {
    let size = number("page_size", query.page_size.as_deref())?;
    let page = match query.cursor.as_deref().filter(|cursor| !cursor.is_empty()) {
        Some(cursor) => Page::parse_after(cursor, size)?,
        None => Page::parse(None, size)?,
    };
    let filter = filter([&query.actor, &query.action, &query.user_id, &query.from, &query.until])?;
    Ok(Part::of(audit_log::list(&gateway, &operator, filter, page).await?, EntryData::from))
}

fn filter([actor, action, user, from, until]: [&Option<String>; 5]) -> Result<AuditFilter, Invalid> {
    AuditFilter::parse(actor.as_deref(), action.as_deref(), user.as_deref(), from.as_deref(), until.as_deref())
}

#[derive(Deserialize, JsonSchema)]
struct ExportQuery {
    /// `csv` or `jsonl`.
    format: Option<String>,
    /// As in the list.
    actor: Option<String>,
    /// As in the list.
    action: Option<String>,
    /// As in the list.
    user_id: Option<String>,
    /// As in the list.
    from: Option<String>,
    /// As in the list.
    until: Option<String>,
}

async fn export(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<ExportQuery>>,
) -> Result<AuditFile, Error> {
    let format = parse_format(&required("format", query.format)?)?;
    let filter = filter([&query.actor, &query.action, &query.user_id, &query.from, &query.until])?;
    let export = audit_log::export(&gateway, &operator, filter).await?;
    Ok(AuditFile::new(format, gateway, export))
}
