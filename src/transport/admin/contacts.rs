//! The mobile number bound to an account.

use actix_web::web::{self, ServiceConfig};
use serde::Deserialize;

use super::{
    access::AsCaller,
    answer::{Answer, DONE},
    params::{Query, required},
    put_or_post,
};
use crate::{domain::contacts, gateway::Gateway, model::Mobile};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(put_or_post("/user/mobile", set_mobile));
}

#[derive(Deserialize)]
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
