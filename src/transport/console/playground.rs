//! The playground: sends an operation of `/v1` in both encodings, and shows both requests and answers side by side.

mod compare;
mod operations;
mod request;
mod send;
mod wire;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, ServiceConfig, get, post, resource},
};
use maud::{Markup, html};
use prost_reflect::{FieldDescriptor, Kind, MessageDescriptor};
use serde_json::Value;

use self::{
    compare::{Difference, as_json, differences},
    operations::Operation,
    request::{Request, form_name, requests},
    send::{Answered, send},
    wire::rows,
};
use super::{
    session::{Posted, SignedIn},
    texts::Texts,
    values::Values,
    view::{Answer, View, choice, table, typed_field},
};
use crate::{
    gateway::Gateway,
    transport::{Readiness, codec::Encoding, docs},
};

const PATH: &str = "/console/playground";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/playground").route(get().to(show)).route(post().to(try_out)));
}

/// What was sent and answered.
struct Exchange {
    request: Request,
    answer: Answered,
}

async fn show(SignedIn { view, operator, .. }: SignedIn, query: Values) -> Answer {
    let values = query.and([("app_id", operator.tenant_id().to_string())]);
    Ok(page(&view, &values, &html! {}))
}

async fn try_out(
    req: HttpRequest,
    gateway: Data<Gateway>,
    readiness: Data<Readiness>,
    Posted(SignedIn { view, .. }, values): Posted,
) -> Answer {
    let nothing = html! {};
    let Some(operation) = Operation::find(values.get("operation")) else { return Ok(page(&view, &values, &nothing)) };
    let [json, protobuf] = match headers(&view, &values).and_then(|headers| requests(operation, &values, &headers)) {
        Ok(requests) => requests,
        Err(field) => {
            let text = format!("{field}: {}", view.t.malformed);
            return Ok(page(&view.with_refusal(text), &values, &nothing));
        }
    };
    let mut exchanges = Vec::new();
    for request in [json, protobuf] {
        let answer = send(&gateway, &readiness, &request, req.peer_addr()).await?;
        exchanges.push(Exchange { request, answer });
    }
    let outcome = outcome(view.t, operation, &exchanges, &docs::api_url(&req));
    Ok(page(&view, &values, &outcome))
}

/// The headers that both requests have.
///
/// # Errors
/// The name of one whose text can't be sent.
fn headers(view: &View, values: &Values) -> Result<Vec<(&'static str, String)>, String> {
    let named = [("token", values.get("token")), ("app_id", values.get("app_id")), ("accept-language", view.t.code)];
    let filled = named.into_iter().map(|(name, text)| (name, text.trim())).filter(|(_, text)| !text.is_empty());
    filled
        .map(|(name, text)| {
            let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic());
            if is_plain { Ok((name, text.to_owned())) } else { Err(name.to_owned()) }
        })
        .collect()
}

fn page(view: &View, values: &Values, outcome: &Markup) -> HttpResponse {
    let t = view.t;
    let operation = Operation::find(values.get("operation"));
    let content = html! {
        p.hint { (t.playground_hint) }
        form.row method="get" action=(PATH) {
            label {
                span { (t.operation) }
                select name="operation" {
                    @for one in Operation::all() {
                        @let name = one.name();
                        option value=(name) selected[name == values.get("operation")] { (name) " – " (one.summary) }
                    }
                }
            }
            button type="submit" { (t.choose) }
        }
        @if let Some(operation) = operation {
            section {
                h2 { (operation.name()) }
                p { (operation.summary) }
                (view.form(PATH, t.send_both, &fields(t, operation, values)))
            }
        }
        (outcome)
    };
    view.page(t.playground, &content)
}

fn fields(t: &Texts, operation: &Operation, values: &Values) -> Markup {
    html! {
        input type="hidden" name="operation" value=(operation.name());
        (typed_field("app_id", "app_id", "text", values.get("app_id")))
        (typed_field("token", "token", "text", values.get("token")))
        @for field in operation.fields() { (input(t, &field, values)) }
    }
}

fn input(t: &Texts, field: &FieldDescriptor, values: &Values) -> Markup {
    let (name, label) = (form_name(field), field.json_name());
    match field.kind() {
        Kind::Bool => choice(label, &name, &[("", t.absent), ("true", "true"), ("false", "false")], values),
        Kind::String | Kind::Bytes | Kind::Message(_) | Kind::Enum(_) => {
            typed_field(label, &name, "text", values.get(&name))
        }
        Kind::Double
        | Kind::Float
        | Kind::Int32
        | Kind::Int64
        | Kind::Uint32
        | Kind::Uint64
        | Kind::Sint32
        | Kind::Sint64
        | Kind::Fixed32
        | Kind::Fixed64
        | Kind::Sfixed32
        | Kind::Sfixed64 => typed_field(label, &name, "number", values.get(&name)),
    }
}

/// Both requests and answers, and whether the answers say the same.
fn outcome(t: &Texts, operation: &Operation, exchanges: &[Exchange], base: &str) -> Markup {
    let answer_in =
        |encoding| exchanges.iter().find(|one| one.request.encoding == encoding).map(|one| &one.answer.body);
    let in_json: Option<Value> = answer_in(Encoding::Json).and_then(|body| serde_json::from_slice(body).ok());
    let in_protobuf = answer_in(Encoding::Protobuf).and_then(|body| as_json(&operation.answer, body).ok());
    html! {
        section aria-live="polite" {
            h2 { (t.comparison) }
            @match (&in_json, &in_protobuf) {
                (Some(json), Some(protobuf)) => { (verdict(t, &differences(json, protobuf))) }
                _ => { p.differs { (t.not_comparable) } }
            }
        }
        div.columns {
            @for exchange in exchanges { (side(t, operation, exchange, base)) }
        }
    }
}

fn verdict(t: &Texts, differences: &[Difference]) -> Markup {
    let rows: Vec<Markup> = differences
        .iter()
        .map(|one| {
            html! {
                td { code { (one.place) } }
                td { code { (one.in_json.as_deref().unwrap_or("–")) } }
                td { code { (one.in_protobuf.as_deref().unwrap_or("–")) } }
            }
        })
        .collect();
    html! {
        @if rows.is_empty() {
            p.same { (t.answers_same) }
        } @else {
            p.differs { (t.answers_differ) }
            (table(t.differences, &[t.place, "JSON", "protobuf"], &rows, ""))
        }
    }
}

/// The exchange in one encoding.
fn side(t: &Texts, operation: &Operation, Exchange { request, answer }: &Exchange, base: &str) -> Markup {
    let is_json = request.encoding == Encoding::Json;
    html! {
        section {
            h2 { @if is_json { "JSON" } @else { "protobuf" } }
            h3 { (t.request) }
            p { code { (request.method) " " (request.target) } }
            (body(t, request.encoding, operation.request(), &request.body))
            h3 { "curl" }
            pre { (request.curl(base)) }
            h3 { (t.answer) }
            p { code { (answer.status.as_u16()) " " (answer.content_type) } }
            (body(t, request.encoding, Some(&operation.answer), &answer.body))
        }
    }
}

fn body(t: &Texts, encoding: Encoding, message: Option<&MessageDescriptor>, bytes: &[u8]) -> Markup {
    if bytes.is_empty() {
        return html! { p.empty { (t.no_body) } };
    }
    match (encoding, message) {
        (Encoding::Protobuf, Some(message)) => hex(t, message, bytes),
        (Encoding::Protobuf, None) => html! { pre { (spaced(bytes)) } },
        (Encoding::Json, _) => {
            let value: Option<Value> = serde_json::from_slice(bytes).ok();
            let text = value.and_then(|value| serde_json::to_string_pretty(&value).ok());
            html! { pre { (text.unwrap_or_else(|| String::from_utf8_lossy(bytes).into_owned())) } }
        }
    }
}

/// A message in hexadecimal, a row for each field.
fn hex(t: &Texts, message: &MessageDescriptor, bytes: &[u8]) -> Markup {
    html! {
        p.hint { (message.name()) ", " (bytes.len()) " " (t.bytes) }
        div.scroll tabindex="0" role="region" aria-label=(message.name()) {
            table.wire {
                thead { tr { @for name in [t.hex, t.field_number, t.name, t.wire_type, t.value] { th scope="col" { (name) } } } }
                tbody {
                    @for row in rows(message, bytes) {
                        tr class={ "depth-" (row.depth.min(4)) } {
                            td { (spaced(&row.bytes)) }
                            td.number { (row.number) }
                            td { (row.name) }
                            td { (row.wire_type) }
                            td { bdi { (row.value) } }
                        }
                    }
                }
            }
        }
    }
}

fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
