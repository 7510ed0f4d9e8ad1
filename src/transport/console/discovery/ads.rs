//! The advertisements of an app.

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, get, post, resource},
};
use maud::html;

use crate::{
    domain::{Operator, discovery},
    gateway::Gateway,
    model::Ads,
    transport::{
        console::{
            discovery::tabs,
            session::{Posted, SignedIn},
            values::{Values, ticked},
            view::{Answer, View, field, tick, typed_field},
        },
        error::Error,
    },
};

pub(super) const PATH: &str = "/console/discovery/ads";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/discovery/ads").route(get().to(show)).route(post().to(save)));
}

async fn show(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn) -> Answer {
    let ads = discovery::get_ads(&gateway, operator.tenant_id()).await?;
    let values = Values::of([
        ("is_shown", ticked(ads.is_shown)),
        ("android_code_id", ads.android_code_id),
        ("ios_code_id", ads.ios_code_id),
        ("bottom_height", ads.bottom_height.to_string()),
    ]);
    Ok(page(&view, &values))
}

async fn save(gateway: Data<Gateway>, Posted(signed_in, values): Posted) -> Answer {
    match set(&gateway, &signed_in.operator, values.clone()).await {
        Ok(()) => signed_in.done(PATH, signed_in.view.t.saved),
        Err(error) => Ok(page(&signed_in.view.refused(error)?, &values)),
    }
}

async fn set(gateway: &Gateway, operator: &Operator, values: Values) -> Result<(), Error> {
    let edit = move |ads: &mut Ads| {
        ads.is_shown = values.is_on("is_shown");
        ads.android_code_id = Ads::parse_code_id("android_code_id", values.get("android_code_id"))?;
        ads.ios_code_id = Ads::parse_code_id("ios_code_id", values.get("ios_code_id"))?;
        ads.set_bottom_height(values.number("bottom_height", 0)?)
    };
    Ok(discovery::set_ads(gateway, operator, edit).await?)
}

fn page(view: &View, values: &Values) -> HttpResponse {
    let t = view.t;
    let fields = html! {
        (tick(t.is_shown, "is_shown", values))
        (field(t.android_code_id, "android_code_id", values))
        (field(t.ios_code_id, "ios_code_id", values))
        (typed_field(t.bottom_height, "bottom_height", "number", values.get("bottom_height")))
    };
    let content = html! {
        (tabs(t, PATH))
        section {
            h2 { (t.ads) }
            (view.form(PATH, t.save, &fields))
        }
    };
    view.page(t.discovery, &content)
}
