//! The number that an account is bound to.

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
    // In a query a plus sign is a space unless it is escaped, which people forget.
    let text = if text.starts_with(' ') { text.replacen(' ', "+", 1) } else { text };
    contacts::set_mobile(&gateway, &caller, Mobile::parse_assigned("mobile", &text)?).await?;
    DONE
}
