//! Lists that other services have, as empty ones: SDKs read them right after a login and stall without an answer. Off
//! unless configured, so that a proxy can route these paths elsewhere.

use super::{
    access::AsCaller,
    answer::{Answer, Data},
    roster,
};
use crate::transport::path::{Path, admin};

/// The paths of the stubs.
pub fn paths() -> Vec<Path> {
    vec![
        // SDKs post the ids of accounts here to read their profiles, which are ours.
        admin("/roster/list")
            .get(nothing, "Lists no friends")
            .post(roster::by_ids, "Shows the public profiles of up to 100 accounts"),
        admin("/group/user_joined").get(nothing, "Lists no groups"),
    ]
}

async fn nothing(AsCaller(_, ()): AsCaller) -> Answer<[i64; 0]> {
    Ok(Data([]))
}
