//! The medals of an app.

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, get, post, resource},
};
use maud::{Markup, html};

use super::{
    session::{Posted, SignedIn},
    values::Values,
    view::{Answer, View, area, field, foreign, table, typed_field},
};
use crate::{
    domain::{Operator, awards},
    gateway::Gateway,
    model::{Medal, MedalDefinition},
    transport::error::Error,
};

const PATH: &str = "/console/medals";

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/medals").route(get().to(show)).route(post().to(create)));
}

async fn show(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn, query: Values) -> Answer {
    page(&gateway, &operator, &view, &query, &Values::default()).await
}

async fn create(gateway: Data<Gateway>, Posted(signed_in, values): Posted) -> Answer {
    match define(&gateway, &signed_in.operator, &values).await {
        Ok(()) => signed_in.done(PATH, signed_in.view.t.created),
        Err(error) => {
            let view = signed_in.view.refused(error)?;
            page(&gateway, &signed_in.operator, &view, &Values::default(), &values).await
        }
    }
}

async fn define(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error> {
    let (description, image) = (("description", values.get("description")), values.get("image_url").trim());
    let new = MedalDefinition::parse(values.get("name"), description, image, values.number("sort", 0)?)?;
    awards::define_medal(gateway, operator, new).await?;
    Ok(())
}

async fn page(
    gateway: &Gateway,
    operator: &Operator,
    view: &View,
    query: &Values,
    form: &Values,
) -> Result<HttpResponse, Error> {
    let t = view.t;
    let listed = awards::list_medals(gateway, operator, query.page()?).await?;
    let rows: Vec<Markup> = listed.items.iter().map(row).collect();
    let fields = html! {
        (field(t.name, "name", form))
        (area(t.description, "description", form))
        (typed_field(t.image_url, "image_url", "url", form.get("image_url")))
        (typed_field(t.sort, "sort", "number", form.get("sort")))
    };
    let content = html! {
        (table(t.medals, &[t.id, t.name, t.description, t.image_url, t.sort], &rows, t.no_medals))
        (view.next(PATH, query, listed.next))
        section {
            h2 { (t.new_medal) }
            (view.form(PATH, t.create, &fields))
        }
    };
    Ok(view.page(t.medals, &content))
}

fn row(medal: &Medal) -> Markup {
    html! {
        td { (medal.id.0) }
        td { (foreign(&medal.name)) }
        td { (foreign(&medal.description)) }
        td.url { (medal.image_url) }
        td.number { (medal.sort) }
    }
}
