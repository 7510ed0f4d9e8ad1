//! The mobile number bound to an account.

use actix_web::web;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    access::AsCaller,
    answer::{Answer, DONE},
    params::{Query, required},
};
use crate::{
    domain::contacts,
    gateway::Gateway,
    model::Mobile,
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/user/mobile").put_or_post(set_mobile, "Sets the mobile number")]
}

#[derive(Deserialize, JsonSchema)]
struct MobileQuery {
    mobile: Option<String>,
}

async fn set_mobile(
    gateway: web::Data<Gateway>,
    AsCaller(caller, Query(query)): AsCaller<Query<MobileQuery>>,
) -> Answer<bool> {
    let text = required("mobile", query.mobile)?;
    // In a query an unescaped plus sign decodes as a space, and clients often forget to escape it.
    let text = if text.starts_with(' ') { text.replacen(' ', "+", 1) } else { text };
    contacts::set_mobile(&gateway, &caller, Mobile::parse_assigned("mobile", &text)?).await?;
    DONE
}
