//! The import of a file of accounts, which `import.js` sends part by part, and their export.

use actix_web::{
    HttpResponse,
    web::{Data, Json, ServiceConfig, get, post, resource},
};
use maud::html;
use serde::Serialize;

use super::{
    session::{Posted, SignedIn},
    values::Values,
    view::{field, tick},
};
use crate::{
    domain::Operator,
    gateway::Gateway,
    model::Language,
    transport::{
        api::Api,
        error::Error,
        files::{AccountsFile, ImportReport, ImportRequest},
    },
};

const PATH: &str = "/console/users/import";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/users/import").route(get().to(show)).route(post().to(import)))
        .service(resource("/users/export").route(get().to(export)));
}

async fn show(SignedIn { view, .. }: SignedIn) -> HttpResponse {
    let t = view.t;
    let content = html! {
        p.hint { (t.import_hint) }
        section {
            form.fields #import method="post" action=(PATH) {
                (view.csrf_field())
                label { span { (t.file) } input type="file" name="file" accept=".csv,.jsonl,.ndjson" required; }
                (field(t.ignore_columns, "ignore_columns", &Values::default()))
                (tick(t.dry_run, "dry_run", &Values::default()))
                div.actions { button type="submit" { (t.import) } }
            }
            noscript { p.refusal { (t.needs_script) } }
            progress #progress hidden aria-label=(t.import) {}
            p #summary aria-live="polite" data-records=(t.records) data-created=(t.accounts_created) data-refused=(t.refused) {}
            p.refusal #problem role="alert" hidden data-after=(t.ended_after) data-signed-out=(t.session_over) {}
        }
        div #refused-list hidden {
            div.scroll tabindex="0" role="region" aria-label=(t.refused) {
                table #refused {
                    caption { (t.refused) }
                    thead { tr { @for column in [t.record, t.name, t.reason] { th scope="col" { (column) } } } }
                    tbody {}
                }
            }
        }
    };
    view.page(t.import, &content)
}

/// The outcome of a part.
#[derive(Serialize)]
#[serde(untagged)]
enum Outcome {
    Report(ImportReport),
    Refusal { error: String },
}

/// Imports a part of a file.
async fn import(
    gateway: Data<Gateway>,
    Posted(SignedIn { operator, view, .. }, values): Posted,
) -> Result<Json<Outcome>, Error> {
    match import_part(&gateway, &operator, &values, view.language).await {
        Ok(report) => Ok(Json(Outcome::Report(report))),
        Err(error) => {
            let shown = error.shown(Api::Admin, view.language);
            if shown.strict_status.is_server_error() {
                Err(error)
            } else {
                Ok(Json(Outcome::Refusal { error: shown.text }))
            }
        }
    }
}

async fn import_part(
    gateway: &Gateway,
    operator: &Operator,
    values: &Values,
    language: Language,
) -> Result<ImportReport, Error> {
    let request = ImportRequest::parse(
        values.get("text").to_owned(),
        values.filled("format"),
        values.is_on("dry_run"),
        values.get("ignore_columns"),
    )?;
    request.run(gateway, operator, language).await
}

async fn export(
    gateway: Data<Gateway>,
    SignedIn { operator, .. }: SignedIn,
    query: Values,
) -> Result<AccountsFile, Error> {
    let for_spreadsheets = query.is_on("for_spreadsheets");
    AccountsFile::begin(gateway, operator, query.filled("format"), for_spreadsheets).await
}
