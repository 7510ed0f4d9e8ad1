//! Invitations, and what the caller does for coins.

use actix_web::web::Data;

use super::access::AsCaller;
use crate::{
    domain::{coins, invitations},
    gateway::Gateway,
    model::InvitationCode,
    transport::{
        path::{Path, json_native},
        pb,
        wire::{Reply, Wire},
    },
};

pub(super) fn paths() -> Vec<Path> {
    vec![
        json_native("/v1/user/invite/change-user-invite-code")
            .post(change_code, "Chooses the caller's invitation code"),
        json_native("/v1/user/invite/invite-progress").post(progress, "Tells how many accounts the caller has invited"),
        json_native("/v1/coin/task/my-task-info").post(task_info, "Tells what the caller has done for coins"),
    ]
}

async fn change_code(
    gateway: Data<Gateway>,
    AsCaller(caller, Wire(req)): AsCaller<Wire<pb::ChangeInvitationCodeRequest>>,
) -> Reply<pb::StatusResponse> {
    invitations::set_code(&gateway, &caller, InvitationCode::parse("code", &req.code)?).await?;
    Ok(Wire(pb::StatusResponse::default()))
}

async fn progress(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::InvitationProgressResponse> {
    let progress = invitations::progress(&gateway, &caller).await?;
    Ok(Wire(pb::InvitationProgressResponse {
        status: None,
        current_number_day: progress.today,
        current_number_total: progress.total,
        target_number_day: progress.rewards.invitations_per_day.into(),
        target_number_total: progress.rewards.invitations_goal.into(),
    }))
}

async fn task_info(gateway: Data<Gateway>, AsCaller(caller, ()): AsCaller) -> Reply<pb::TaskInfoResponse> {
    let done = coins::tasks(&gateway, &caller).await?;
    Ok(Wire(pb::TaskInfoResponse {
        status: None,
        ads_watch_number: done.ads,
        avatar_edit_number: done.avatar_edits,
        nickname_edit_number: done.nickname_edits,
        raffle_times: done.raffles,
    }))
}
