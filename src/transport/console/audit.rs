//! The audit log of an app.

use actix_web::{
    Either, HttpResponse,
    web::{Data, ServiceConfig, get, resource},
};
use maud::{Markup, html};

use super::{
    session::SignedIn,
    values::Values,
    view::{Answer, View, foreign, table, typed_field},
};
use crate::{
    domain::audit_log,
    gateway::Gateway,
    model::{AuditEntry, AuditFilter, Invalid},
    transport::{
        error::Error,
        files::{AuditFile, parse_format},
    },
};

const PATH: &str = "/console/audit";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/audit").route(get().to(show))).service(resource("/audit/export").route(get().to(export)));
}

/// The filter in a query.
fn filter(view: &View, query: &Values) -> Result<AuditFilter, Invalid> {
    let secs = |name| Ok(query.moment(name, view.zone())?.map(|secs| secs.to_string()));
    let (from, until): (Option<String>, Option<String>) = (secs("from")?, secs("until")?);
    let [actor, action, user] = ["actor", "action", "user"].map(|name| query.filled(name));
    AuditFilter::parse(actor, action, user, from.as_deref(), until.as_deref())
}

async fn show(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn, query: Values) -> Answer {
    let filter = match filter(&view, &query) {
        Ok(filter) => filter,
        Err(invalid) => return Ok(page(&view.refused(invalid)?, &query, &html! {})),
    };
    let listed = audit_log::list(&gateway, &operator, filter, query.page()?).await?;
    let content = html! {
        (rows(&view, &listed.items))
        (view.next(PATH, &query, listed.next))
    };
    Ok(page(&view, &query, &content))
}

fn page(view: &View, query: &Values, content: &Markup) -> HttpResponse {
    let t = view.t;
    let export = |format| format!("{PATH}/export?{}", query.query_with("format", format));
    let content = html! {
        form.row method="get" action=(PATH) {
            (typed_field(t.actor, "actor", "text", query.get("actor")))
            (typed_field(t.action, "action", "text", query.get("action")))
            (typed_field(t.user, "user", "text", query.get("user")))
            (typed_field(t.from, "from", "datetime-local", query.get("from")))
            (typed_field(t.until, "until", "datetime-local", query.get("until")))
            button type="submit" { (t.filter) }
        }
        p.hint { (t.audit_hint) }
        div.actions {
            a.button.plain href=(export("csv")) { (t.export_csv) }
            a.button.plain href=(export("jsonl")) { (t.export_jsonl) }
        }
        (content)
    };
    view.page(t.audit, &content)
}

/// A table of rows of the log.
pub(super) fn rows(view: &View, entries: &[AuditEntry]) -> Markup {
    let t = view.t;
    let columns = [t.time, t.actor, t.action, t.target, t.user, t.result, t.source, t.request_id];
    let rows: Vec<Markup> = entries.iter().map(|entry| row(view, entry)).collect();
    table(t.audit, &columns, &rows, t.no_rows)
}

fn row(view: &View, entry: &AuditEntry) -> Markup {
    html! {
        td { (view.time(entry.at_ms)) }
        td { (entry.actor) @if let Some(name) = &entry.token_name { " " (foreign(name)) } }
        td { (entry.action) }
        td { (foreign(&entry.target)) }
        td { @if let Some(user) = entry.user { a href={ "/console/users/" (user) } { (user) } } }
        td { @if entry.result == "ok" { "ok" } @else { span.differs { (foreign(&entry.result)) } } }
        td { (entry.address) }
        td.url { (entry.request_id) }
    }
}

/// The rows that match the filter as a file.
async fn export(
    gateway: Data<Gateway>,
    SignedIn { operator, view, .. }: SignedIn,
    query: Values,
) -> Result<Either<AuditFile, HttpResponse>, Error> {
    let wanted = filter(&view, &query).and_then(|filter| Ok((filter, parse_format(query.get("format"))?)));
    match wanted {
        Ok((filter, format)) => {
            let export = audit_log::export(&gateway, &operator, filter).await?;
            Ok(Either::Left(AuditFile::new(format, gateway, export)))
        }
        Err(invalid) => Ok(Either::Right(page(&view.refused(invalid)?, &query, &html! {}))),
    }
}
