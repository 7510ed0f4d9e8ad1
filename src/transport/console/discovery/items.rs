//! The columns and fields of categories, groups and bots.

use maud::{Markup, html};

use super::Item;
use crate::{
    domain::{
        Operator,
        discovery::{self, Listed},
    },
    gateway::Gateway,
    model::{Bot, Category, DiscoveryId, DisplayInfo, Group, Invalid, Listing, Page},
    transport::{
        console::{
            texts::Texts,
            values::{Values, ticked},
            view::{View, area, field, foreign, tick, typed_field},
        },
        error::Error,
    },
};

impl Item for Category {
    const PATH: &'static str = "/console/discovery";

    fn titles(t: &Texts) -> [&'static str; 2] {
        [t.categories, t.new_category]
    }

    fn columns(t: &Texts) -> Vec<&'static str> {
        vec![t.name, t.sort]
    }

    fn cells(&self, _: &View) -> Markup {
        html! {
            td { (foreign(&self.name)) }
            td.number { (self.sort) }
        }
    }

    fn fields(t: &Texts, values: &Values) -> Markup {
        html! {
            (field(t.name, "name", values))
            (typed_field(t.sort, "sort", "number", values.get("sort")))
        }
    }

    fn values(&self) -> Values {
        Values::of([("name", self.name.clone()), ("sort", self.sort.to_string())])
    }

    async fn list(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Listing<Listed<Self>>, Error> {
        Ok(discovery::list_categories(gateway, operator.tenant_id(), page).await?)
    }

    async fn create(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error> {
        let new = Self::parse(values.get("name"), values.sort()?)?;
        discovery::create_category(gateway, operator, new).await?;
        Ok(())
    }

    async fn update(gateway: &Gateway, operator: &Operator, id: DiscoveryId, values: &Values) -> Result<(), Error> {
        let changed = Self::parse(values.get("name"), values.sort()?)?;
        Ok(discovery::update_category(gateway, operator, id, move |_| Ok(changed)).await?)
    }

    async fn delete(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
        Ok(discovery::delete_category(gateway, operator, id).await?)
    }
}

/// The fields that groups and bots share.
fn display_fields(t: &Texts, values: &Values) -> Markup {
    html! {
        (field(t.name, "nickname", values))
        (area(t.introduction, "introduction", values))
        (typed_field(t.avatar_url, "avatar_url", "url", values.get("avatar_url")))
        (typed_field(t.headcount, "headcount", "number", values.get("headcount")))
    }
}

fn display_cells(display: &DisplayInfo) -> Markup {
    html! {
        td { (foreign(&display.nickname)) }
        td { (foreign(&display.introduction)) }
        td.number { (display.headcount) }
    }
}

fn set_display(display: &mut DisplayInfo, values: &Values) -> Result<(), Invalid> {
    display.set_nickname(values.get("nickname"))?;
    display.set_introduction(values.get("introduction"))?;
    display.set_avatar_url(values.get("avatar_url").trim())?;
    display.set_headcount(values.number("headcount", 0)?)
}

fn display_values(display: &DisplayInfo) -> [(&'static str, String); 4] {
    [
        ("nickname", display.nickname.clone()),
        ("introduction", display.introduction.clone()),
        ("avatar_url", display.avatar_url.clone()),
        ("headcount", display.headcount.to_string()),
    ]
}

fn yes_or_no(t: &Texts, is_on: bool) -> &'static str {
    if is_on { t.yes } else { t.no }
}

fn set_group(group: &mut Group, values: &Values) -> Result<(), Invalid> {
    set_display(&mut group.display, values)?;
    group.set_category(values.get("category").trim())?;
    group.is_banned = values.is_on("is_banned");
    Ok(())
}

impl Item for Group {
    const PATH: &'static str = "/console/discovery/groups";

    fn titles(t: &Texts) -> [&'static str; 2] {
        [t.groups, t.new_group]
    }

    fn columns(t: &Texts) -> Vec<&'static str> {
        vec![t.name, t.introduction, t.headcount, t.category, t.hidden, t.time]
    }

    fn cells(&self, view: &View) -> Markup {
        html! {
            (display_cells(&self.display))
            td { (foreign(&self.category)) }
            td { (yes_or_no(view.t, self.is_banned)) }
            td { (view.time(self.created_at_ms)) }
        }
    }

    fn fields(t: &Texts, values: &Values) -> Markup {
        html! {
            (display_fields(t, values))
            (field(t.category, "category", values))
            (tick(t.hidden, "is_banned", values))
        }
    }

    fn values(&self) -> Values {
        let more = [("category", self.category.clone()), ("is_banned", ticked(self.is_banned))];
        Values::of(display_values(&self.display)).and(more)
    }

    async fn list(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Listing<Listed<Self>>, Error> {
        Ok(discovery::list_all_groups(gateway, operator, page).await?)
    }

    async fn create(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error> {
        let mut new = Self::default();
        set_group(&mut new, values)?;
        discovery::create_group(gateway, operator, new).await?;
        Ok(())
    }

    async fn update(gateway: &Gateway, operator: &Operator, id: DiscoveryId, values: &Values) -> Result<(), Error> {
        let values = values.clone();
        Ok(discovery::update_group(gateway, operator, id, move |known| set_group(known, &values)).await?)
    }

    async fn delete(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
        Ok(discovery::delete_group(gateway, operator, id).await?)
    }
}

fn set_bot(bot: &mut Bot, values: &Values) -> Result<(), Invalid> {
    set_display(&mut bot.display, values)?;
    (bot.is_add, bot.always_agree) = (values.is_on("is_add"), values.is_on("always_agree"));
    Ok(())
}

impl Item for Bot {
    const PATH: &'static str = "/console/discovery/bots";

    fn titles(t: &Texts) -> [&'static str; 2] {
        [t.bots, t.new_bot]
    }

    fn columns(t: &Texts) -> Vec<&'static str> {
        vec![t.name, t.introduction, t.headcount, t.is_add, t.always_agree]
    }

    fn cells(&self, view: &View) -> Markup {
        html! {
            (display_cells(&self.display))
            td { (yes_or_no(view.t, self.is_add)) }
            td { (yes_or_no(view.t, self.always_agree)) }
        }
    }

    fn fields(t: &Texts, values: &Values) -> Markup {
        html! {
            (display_fields(t, values))
            (tick(t.is_add, "is_add", values))
            (tick(t.always_agree, "always_agree", values))
        }
    }

    fn values(&self) -> Values {
        let more = [("is_add", ticked(self.is_add)), ("always_agree", ticked(self.always_agree))];
        Values::of(display_values(&self.display)).and(more)
    }

    fn blank() -> Values {
        Self::default().values()
    }

    async fn list(gateway: &Gateway, operator: &Operator, page: Page) -> Result<Listing<Listed<Self>>, Error> {
        Ok(discovery::list_bots(gateway, operator.tenant_id(), page).await?)
    }

    async fn create(gateway: &Gateway, operator: &Operator, values: &Values) -> Result<(), Error> {
        let mut new = Self::default();
        set_bot(&mut new, values)?;
        discovery::create_bot(gateway, operator, new).await?;
        Ok(())
    }

    async fn update(gateway: &Gateway, operator: &Operator, id: DiscoveryId, values: &Values) -> Result<(), Error> {
        let values = values.clone();
        Ok(discovery::update_bot(gateway, operator, id, move |known| set_bot(known, &values)).await?)
    }

    async fn delete(gateway: &Gateway, operator: &Operator, id: DiscoveryId) -> Result<(), Error> {
        Ok(discovery::delete_bot(gateway, operator, id).await?)
    }
}
