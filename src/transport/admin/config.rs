//! The settings of the gateway, for operators.

use actix_web::web;
use schemars::JsonSchema;
use serde::Serialize;

use super::{
    access::AsOperator,
    answer::{Answer, Data},
};
use crate::{
    config::ShownSetting,
    gateway::Gateway,
    transport::path::{Path, admin},
};

pub(super) fn paths() -> Vec<Path> {
    vec![admin("/admin/v1/config/list").get(list, "Lists the settings of the node that answers, without their secrets")]
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct SettingData {
    /// The environment variable.
    pub(crate) name: &'static str,
    /// The value; `***` in place of secrets, `(unset)` without one.
    pub(crate) value: String,
    /// `flag`, `environment`, `file` or `default`.
    pub(crate) source: String,
    pub(crate) meaning: &'static str,
}

impl From<&ShownSetting> for SettingData {
    fn from(shown: &ShownSetting) -> Self {
        let ShownSetting { name, value, source, meaning } = shown;
        Self { name, value: value.clone(), source: source.to_string(), meaning }
    }
}

async fn list(gateway: web::Data<Gateway>, AsOperator(_, ()): AsOperator) -> Answer<Vec<SettingData>> {
    Ok(Data(gateway.reloadable.load().shown.iter().map(SettingData::from).collect()))
}
