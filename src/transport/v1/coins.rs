//! The caller's coins.

use actix_web::web::{Data, ServiceConfig, get, post};

use super::{access::AsCaller, values};
use crate::{
    domain::coins,
    gateway::Gateway,
    model::{CoinRecord, Page, UserId},
    transport::{
        pb,
        wire::{Reply, Wire, json_native},
    },
};

pub(super) fn routes(cfg: &mut ServiceConfig) {
    cfg.service(
        json_native("/v1/user/gold-coin-increase-decrease-record")
            .route(post().to(gold_coin_record))
            .route(get().to(gold_coin_record)),
    );
}

async fn gold_coin_record(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::GoldCoinRecordRequest>>,
) -> Reply<pb::GoldCoinRecordResponse> {
    let (records, total) = coins::list(&gateway, &caller, Page::parse_v1(req.page, req.size)?).await?;
    let gold_coin_record = records.into_iter().map(|record| shown(caller.user(), record)).collect();
    Ok(Wire(pb::GoldCoinRecordResponse { status: None, gold_coin_record, total }))
}

fn shown(user: UserId, record: CoinRecord) -> pb::GoldCoinRecord {
    pb::GoldCoinRecord {
        id: record.id,
        user_id: user.to_string(),
        typ: i32::from(record.typ),
        before_amount: values::coins(record.before.0),
        after_amount: values::coins(record.after.0),
        change_amount: values::coins(record.change.0),
        reason: record.reason,
        remark: record.remark,
        create_time: record.created_at_ms / 1000,
    }
}
