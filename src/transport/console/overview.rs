//! The overview: what works, what happened lately and what needs attention.

use actix_web::web::{Data, ServiceConfig, get, resource};
use maud::{Markup, html};

use super::{
    chart::bars,
    session::SignedIn,
    texts::Texts,
    view::{Answer, View, facts, table},
};
use crate::{
    domain::overview::{self, Attention, Health, Overview, Series, StateHealth},
    gateway::Gateway,
    model::SeenNode,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/").route(get().to(show)));
}

async fn show(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn) -> Answer {
    let overview = overview::get(&gateway, &operator).await?;
    let t = view.t;
    let counters = &overview.counters;
    let content = html! {
        (attention(&view, &overview.attention))
        div.columns {
            (health(&view, &overview))
            section {
                h2 { (t.accounts) }
                (facts(&[
                    (t.accounts, html! { span.big { (number(overview.accounts)) } }),
                    (t.online_now, html! { span.big { (overview.online) } }),
                ]))
            }
        }
        div.columns {
            (series(t, t.sign_ins, "chart", &counters.sign_ins))
            (series(t, t.failed_sign_ins, "chart failures", &counters.failed_sign_ins))
            (series(t, t.registrations, "chart", &counters.registrations))
            (series(t, t.codes_sent, "chart", &counters.codes_sent))
            (series(t, t.codes_failed, "chart failures", &counters.codes_failed))
        }
        (nodes(&view, &overview.nodes))
    };
    Ok(view.page(t.overview, &content))
}

fn number(number: Option<i64>) -> String {
    number.map_or_else(|| "–".to_owned(), |number| number.to_string())
}

fn attention(view: &View, list: &[Attention]) -> Markup {
    html! {
        @if !list.is_empty() {
            div.attention role="status" {
                strong { (view.t.attention) }
                ul { @for one in list { li { (one.text(view.language)) } } }
            }
        }
    }
}

fn health(view: &View, overview: &Overview) -> Markup {
    let t = view.t;
    let StateHealth { name, health, is_degraded } = overview.state;
    let state = if health.is_ok() && is_degraded {
        html! { span.badge.bad { (t.degraded) } }
    } else {
        works(t, health)
    };
    html! {
        section {
            h2 { (t.health) }
            (facts(&[
                (t.database, works(t, overview.database)),
                (t.shared_state, html! { (state) " " (name) }),
            ]))
        }
    }
}

fn works(t: &Texts, health: Health) -> Markup {
    match health {
        Health::Ok => html! { span.badge.good { (t.works) } },
        Health::Failing { .. } => html! { span.badge.bad { (t.fails) } },
    }
}

/// How often something happened, within the last hour and day.
fn series(t: &Texts, name: &str, class: &str, series: &Series) -> Markup {
    html! {
        section {
            h2 { (name) }
            div.columns {
                div {
                    div.range { span { (t.last_hour) } strong { (series.sum_of_hour()) } }
                    (bars(&format!("{name}, {}", t.last_hour), class, &series.last_hour))
                }
                div {
                    div.range { span { (t.last_day) } strong { (series.sum_of_day()) } }
                    (bars(&format!("{name}, {}", t.last_day), class, &series.last_day))
                }
            }
        }
    }
}

fn nodes(view: &View, nodes: &[SeenNode]) -> Markup {
    let t = view.t;
    let row = |seen: &SeenNode| {
        html! {
            td { code { (seen.node.id) } }
            td { (seen.node.host) }
            td { (seen.node.version) }
            td { (view.time(seen.node.started_at_ms)) }
            td { (view.time(seen.seen_at_ms)) }
        }
    };
    let rows: Vec<Markup> = nodes.iter().map(row).collect();
    table(t.nodes, &[t.node, t.host, t.version, t.started, t.last_seen], &rows, t.no_nodes)
}
