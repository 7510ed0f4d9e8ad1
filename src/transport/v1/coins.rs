//! The caller's coins.

use actix_web::web::Data;

use super::{access::AsCaller, values};
use crate::{
    domain::coins,
    gateway::Gateway,
    model::{CoinRecord, Page, UserId},
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/gold-coin-increase-decrease-record")
            .post(gold_coin_record, "Lists the changes of the caller's coins")
            .get(gold_coin_record, "Lists the changes of the caller's coins"),
    ]
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
