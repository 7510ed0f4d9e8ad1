//! The settings of the node that answers, as `diglot config` shows them.

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, get, resource},
};
use maud::{Markup, html};

use super::{session::SignedIn, view::table};
use crate::{config::ShownSetting, gateway::Gateway};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/settings").route(get().to(show)));
}

async fn show(gateway: Data<Gateway>, SignedIn { view, .. }: SignedIn) -> HttpResponse {
    let t = view.t;
    let row = |ShownSetting { name, value, source, meaning }: &ShownSetting| {
        html! {
            th scope="row" { code { (name) } }
            td { code { (value) } }
            td { (source) }
            td { (meaning) }
        }
    };
    let rows: Vec<Markup> = gateway.reloadable.load().shown.iter().map(row).collect();
    let content = html! {
        p.hint { (t.settings_hint) }
        (table(t.settings, &[t.name, t.value, t.source_of_value, t.meaning], &rows, ""))
    };
    view.page(t.settings, &content)
}
