//! `diglot signing-key`.

use clap::Subcommand;
use serde::Serialize;

use super::{
    Failure, Outcome, SettingFlags, build_gateway,
    output::{Column, Output, Row, time_of_secs},
    tenants::duration_ms,
};
use crate::{
    domain::{Operator, signing_keys},
    model::{SigningKey, SigningKeyState},
    transport::block_on,
};

#[derive(Subcommand)]
pub(super) enum SigningKeyCommand {
    /// Make a key that takes the place of the one that signs; prints its id
    Rotate {
        /// How long it is published before it signs, so that servers which keep the published keys have it in time. The
        /// first key signs at once
        #[arg(long, value_name = "DURATION", value_parser = duration_ms, default_value = "10m")]
        after: i64,
    },
    /// List all keys
    List,
    /// Stop publishing a key, which voids the tokens that it signed
    Revoke {
        /// The key's id, which may begin with a hyphen
        #[arg(long, allow_hyphen_values = true)]
        id: String,
    },
}

/// A key, without its private part.
#[derive(Serialize)]
struct KeyData {
    id: String,
    /// `next`, `signing`, `published`, `retired` or `revoked`.
    state: &'static str,
    /// Unix time in seconds.
    created_at: i64,
    /// Unix time in seconds.
    signs_from: i64,
    /// Unix time in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<i64>,
}

impl KeyData {
    fn new(key: &SigningKey, state: SigningKeyState) -> Self {
        Self {
            id: key.id.clone(),
            state: state.name(),
            created_at: key.created_at_ms.div_euclid(1000),
            signs_from: key.signs_from_ms.div_euclid(1000),
            revoked_at: key.revoked_at_ms.map(|ms| ms.div_euclid(1000)),
        }
    }
}

impl Row for KeyData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |key| key.id.clone()),
        ("state", |key| key.state.to_owned()),
        ("created", |key| time_of_secs(key.created_at)),
        ("signs from", |key| time_of_secs(key.signs_from)),
        ("revoked", |key| key.revoked_at.map(time_of_secs).unwrap_or_default()),
    ];
}

/// What `rotate` has made.
#[derive(Serialize)]
struct CreatedKey {
    id: String,
}

pub(super) fn run(settings: &SettingFlags, output: Output, command: SigningKeyCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    // The keys belong to no app; their audit rows are with the default one.
    let operator = Operator::command_line(gateway.config.default_app.clone());
    block_on(async {
        match command {
            SigningKeyCommand::Rotate { after } => {
                if gateway.config.issuer_url.is_none() {
                    output.notice(&format!("DIGLOT_ISSUER_URL is not set: tokens name {}", gateway.config.issuer()));
                }
                let created = CreatedKey { id: signing_keys::rotate(&gateway, &operator, after).await? };
                output.line(&created, &created.id)
            }
            SigningKeyCommand::List => {
                let keys = signing_keys::list(&gateway).await?;
                let states = keys.states(gateway.clock.now_ms());
                output.list(&states.map(|(key, state)| KeyData::new(key, state)).collect::<Vec<_>>())
            }
            SigningKeyCommand::Revoke { id } => {
                if signing_keys::revoke(&gateway, &operator, id.clone()).await? {
                    Ok(())
                } else {
                    Err(Failure::Failed(format!("there is no key {id} that is not revoked yet")))
                }
            }
        }
    })
}
