//! Import and export of accounts as files.

use actix_web::{HttpRequest, web};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    access::AsOperator,
    answer::{Answer, Data},
    params::{Query, Raw, required_switch},
};
use crate::{
    gateway::Gateway,
    model::{Invalid, Language},
    transport::{
        context::Context,
        error::Error,
        files::{AccountsFile, ImportReport, ImportRequest},
        path::{Path, admin},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        admin("/admin/v1/users/import").post(import, "Creates accounts from a file, or a part of one"),
        admin("/admin/v1/users/export").get(export, "Writes all accounts to a file that import accepts"),
    ]
}

#[derive(Deserialize, JsonSchema)]
struct ImportQuery {
    /// `csv` (the default) or `jsonl`.
    format: Option<String>,
    /// Whether to only say what would happen.
    dry_run: Option<String>,
    /// Fields to skip, separated by commas; other unknown ones are refused.
    ignore_columns: Option<String>,
}

fn switch(what: &'static str, text: Option<&str>) -> Result<bool, Invalid> {
    match text {
        Some(text) => required_switch(what, Some(text)),
        None => Ok(false),
    }
}

async fn import(
    req: HttpRequest,
    gateway: web::Data<Gateway>,
    AsOperator(operator, (Query(query), Raw(text))): AsOperator<(Query<ImportQuery>, Raw)>,
) -> Answer<ImportReport> {
    let is_dry_run = switch("dry_run", query.dry_run.as_deref())?;
    let ignored = query.ignore_columns.unwrap_or_default();
    let request =
        ImportRequest::parse(text, query.format.as_deref().filter(|name| !name.is_empty()), is_dry_run, &ignored)?;
    let language = Context::get(&req).map_or(Language::En, |context| context.language);
    Ok(Data(request.run(&gateway, &operator, language).await?))
}

#[derive(Deserialize, JsonSchema)]
struct ExportQuery {
    /// `csv` (the default) or `jsonl`.
    format: Option<String>,
    /// Whether CSV cells that spreadsheets take for formulas begin with a quote. Such a file is not for import.
    for_spreadsheets: Option<String>,
}

async fn export(
    gateway: web::Data<Gateway>,
    AsOperator(operator, Query(query)): AsOperator<Query<ExportQuery>>,
) -> Result<AccountsFile, Error> {
    let for_spreadsheets = switch("for_spreadsheets", query.for_spreadsheets.as_deref())?;
    AccountsFile::begin(gateway, operator, query.format.as_deref(), for_spreadsheets).await
}
