//! The discovery page of an app: lists of categories, groups and bots, which have the same shape, and advertisements.

mod ads;
mod items;

use actix_web::{
    HttpResponse,
    web::{Data, ServiceConfig, get, post, resource},
};
use maud::{Markup, html};

use super::{
    session::{Posted, SignedIn},
    texts::Texts,
    values::Values,
    view::{Answer, View, table},
};
use crate::{
    domain::{Operator, discovery::Listed},
    gateway::Gateway,
    model::{Bot, Category, DiscoveryId, Group, Invalid, Listing, Page, Problem},
    transport::error::Error,
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(resource("/discovery").route(get().to(show::<Category>)).route(post().to(change::<Category>)))
        .service(resource("/discovery/groups").route(get().to(show::<Group>)).route(post().to(change::<Group>)))
        .service(resource("/discovery/bots").route(get().to(show::<Bot>)).route(post().to(change::<Bot>)))
        .configure(ads::routes);
}

/// A kind of items of the discovery page.
trait Item: Sized + 'static {
    /// The path of its page.
    const PATH: &'static str;

    /// The titles of its page and of the form for a new one.
    fn titles(t: &Texts) -> [&'static str; 2];

    /// The columns of its table.
    fn columns(t: &Texts) -> Vec<&'static str>;

    /// The item in these columns.
    fn cells(&self, view: &View) -> Markup;

    /// The fields of its form.
    fn fields(t: &Texts, values: &Values) -> Markup;

    /// The item in these fields.
    fn values(&self) -> Values;

    /// What the form for a new item starts with.
    fn blank() -> Values {
        Values::default()
    }

    async fn list(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Listing<Listed<Self>>, Error>;

    async fn create(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error>;

    async fn update(gateway: &Gateway, operator: &Operator, id: DiscoveryId, values: &Values) -> Result<(), Error>;

    async fn delete(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error>;
}

async fn show<T: Item>(gateway: Data<Gateway>, SignedIn { operator, view, .. }: SignedIn, query: Values) -> Answer {
    page::<T>(&gateway, &operator, &view, &query, &T::blank()).await
}

/// Creates, updates or deletes an item, as the field `do` says.
async fn change<T: Item>(gateway: Data<Gateway>, Posted(signed_in, values): Posted) -> Answer {
    let (operator, t) = (&signed_in.operator, signed_in.view.t);
    let outcome = match values.get("do") {
        "update" => update::<T>(&gateway, operator, &values).await.map(|()| t.saved),
        "delete" => delete::<T>(&gateway, operator, &values).await.map(|()| t.deleted),
        "create" => T::create(&gateway, operator, &values).await.map(|()| t.created),
        _ => Err(Invalid::new("do", Problem::Malformed).into()),
    };
    match outcome {
        Ok(notice) => signed_in.done(T::PATH, notice),
        Err(error) => {
            let view = signed_in.view.refused(error)?;
            page::<T>(&gateway, &signed_in.operator, &view, &Values::default(), &values).await
        }
    }
}

async fn update<T: Item>(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error> {
    T::update(gateway, operator, id(values)?, values).await
}

async fn delete<T: Item>(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error> {
    T::delete(gateway, operator, id(values)?).await
}

fn id(values: &Values) -> Result<DiscoveryId, Invalid> {
    Ok(DiscoveryId(values.required_number("id")?))
}

async fn page<T: Item>(
    gateway: &Gateway,
    operator: &Operator,
    view: &View,
    query: &Values,
    form: &Values,
) -> Result<HttpResponse, Error> {
    let t = view.t;
    let [title, new] = T::titles(t);
    let listed = T::list(gateway, operator, query.page()?).await?;
    let rows: Vec<Markup> = listed.items.iter().map(|(id, item)| row(view, *id, item, form)).collect();
    let columns = [vec![t.id], T::columns(t), vec![t.actions]].concat();
    let is_new = form.filled("id").is_none();
    let blank = T::blank();
    let fields = html! {
        input type="hidden" name="do" value="create";
        (T::fields(t, if is_new { form } else { &blank }))
    };
    let content = html! {
        (tabs(t, T::PATH))
        (table(title, &columns, &rows, t.no_items))
        (view.next(T::PATH, query, listed.next))
        section {
            h2 { (new) }
            (view.form(T::PATH, t.create, &fields))
        }
    };
    Ok(view.page(t.discovery, &content))
}

/// An item with its forms for changing and deleting it; with the fields of `form` if it was refused for this item.
fn row<T: Item>(view: &View, id: DiscoveryId, item: &T, form: &Values) -> Markup {
    let t = view.t;
    let hidden = id.0.to_string();
    let is_refused = form.get("id") == hidden;
    let values = if is_refused { form.clone() } else { item.values() };
    let fields = html! {
        input type="hidden" name="do" value="update";
        input type="hidden" name="id" value=(hidden);
        (T::fields(t, &values))
    };
    html! {
        td { (id.0) }
        (item.cells(view))
        td {
            details open[is_refused] {
                summary aria-label={ (t.edit) " " (id.0) } { (t.edit) }
                (view.form(T::PATH, t.save, &fields))
            }
            details {
                summary aria-label={ (t.delete) " " (id.0) } { (t.delete) }
                p { (t.delete_question) }
                (view.button(T::PATH, t.delete, &[("do", "delete"), ("id", &hidden)]))
            }
        }
    }
}

/// Links to the parts of the discovery page.
fn tabs(t: &Texts, here: &str) -> Markup {
    let links = [(Category::PATH, t.categories), (Group::PATH, t.groups), (Bot::PATH, t.bots), (ads::PATH, t.ads)];
    html! {
        nav.tabs aria-label=(t.discovery) {
            ul {
                @for (path, name) in links {
                    li { a href=(path) aria-current=[(path == here).then_some("page")] { (name) } }
                }
            }
        }
    }
}
