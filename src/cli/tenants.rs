//! `diglot app` and `diglot admin-token`.

use std::collections::BTreeMap;

use clap::{Args, Subcommand, ValueEnum};
use jiff::{Span, SpanRelativeTo};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{
    Failure, Outcome, SettingFlags, Tenant, build_gateway,
    output::{Column, Output, Row, time_of_secs},
    parse_app_id,
};
use crate::{
    domain::{
        Operator,
        tenants::{self, AccessTokenChanges},
    },
    model::{ClientConfig, RewardChanges},
    transport::{
        block_on,
        data::{AdminTokenData, AppData, CreatedToken, SecretData},
    },
};

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// Create an app with open registration
    Create {
        /// The app's id: 1-64 characters of A-Z a-z 0-9 _ - .
        app_id: String,
    },
    /// List all apps
    List,
    /// Change an app; omitted options leave their value unchanged
    Update {
        /// The app's id
        app_id: String,
        /// Whether anyone may register
        #[arg(long, value_enum)]
        registration: Option<Registration>,
        /// Whether push registrations must be signed with the app's secret
        #[arg(long, value_enum)]
        push_sign: Option<PushSign>,
        /// Whom access tokens may be for; the first one is the default. Replaces the list; empty removes it
        #[arg(long = "access-token-audience", value_name = "AUDIENCE")]
        audiences: Option<Vec<String>>,
        /// How long access tokens are valid: 30s to 15m
        #[arg(long = "access-token-lifetime", value_name = "DURATION", value_parser = duration_ms)]
        lifetime_ms: Option<i64>,
        /// A further claim of access tokens: `jid={user_id}@chat.example`. Replaces all of them; empty removes them
        #[arg(long = "access-token-claim", value_name = "NAME=TEMPLATE")]
        claims: Option<Vec<String>>,
        /// What clients ask for when they start: a JSON object
        #[arg(long, value_name = "JSON", value_parser = object)]
        client_config: Option<String>,
        #[command(flatten)]
        rewards: RewardFlags,
    },
    /// Replace an app's secret; prints the new one once
    RotateSecret {
        /// The app's id
        app_id: String,
    },
}

/// What an app pays its users, in 0.01 coin.
#[derive(Args)]
pub(super) struct RewardFlags {
    /// What whoever invited a new account gets, in 0.01 coin
    #[arg(long, value_name = "CENTS")]
    reward_inviter_cents: Option<i64>,
    /// What the new account gets, in 0.01 coin
    #[arg(long, value_name = "CENTS")]
    reward_invitee_cents: Option<i64>,
    /// How many invitations a user is paid for a day
    #[arg(long, value_name = "N")]
    invitations_per_day: Option<i64>,
    /// How many invitations clients show as the goal; 0 for none
    #[arg(long, value_name = "N")]
    invitations_goal: Option<i64>,
    /// What the first change of the display name, and of the avatar, is paid, in 0.01 coin
    #[arg(long, value_name = "CENTS")]
    reward_first_edit_cents: Option<i64>,
}

impl From<&RewardFlags> for RewardChanges {
    fn from(flags: &RewardFlags) -> Self {
        Self {
            inviter_cents: flags.reward_inviter_cents,
            invitee_cents: flags.reward_invitee_cents,
            invitations_per_day: flags.invitations_per_day,
            invitations_goal: flags.invitations_goal,
            first_edit_cents: flags.reward_first_edit_cents,
        }
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum Registration {
    /// Anyone may register
    Open,
    /// Only admins create accounts
    Closed,
}

#[derive(Clone, Copy, ValueEnum)]
pub(super) enum PushSign {
    /// They must be signed
    Required,
    /// They may be unsigned
    Optional,
}

#[derive(Subcommand)]
pub(super) enum AdminTokenCommand {
    /// Create an admin token; prints it once
    Create {
        #[command(flatten)]
        tenant: Tenant,
        /// The token's name
        #[arg(long)]
        name: String,
        /// How long the token is valid (90d, 12h, …); without a limit by default
        #[arg(long, value_name = "DURATION", value_parser = duration_ms)]
        expires_in: Option<i64>,
    },
    /// List an app's admin tokens
    List {
        #[command(flatten)]
        tenant: Tenant,
    },
    /// Revoke an admin token
    Revoke {
        #[command(flatten)]
        tenant: Tenant,
        /// The token's name
        #[arg(long)]
        name: String,
    },
}

pub(super) fn run_app(settings: &SettingFlags, output: Output, command: AppCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            AppCommand::Create { app_id } => {
                let operator = Operator::command_line(parse_app_id(&app_id)?);
                if tenants::create(&gateway, &operator).await? {
                    let secret = tenants::show_secret(&gateway, &operator).await?;
                    let created = CreatedApp { id: app_id, secret };
                    output.print(&created, || {
                        format!("made app {}\nits secret, shown this once: {}\n", created.id, created.secret)
                    })
                } else {
                    Err(Failure::Failed(format!("there is an app {app_id} already")))
                }
            }
            AppCommand::Update {
                app_id,
                registration,
                push_sign,
                audiences,
                lifetime_ms,
                claims,
                client_config,
                rewards,
            } => {
                let operator = Tenant { app_id }.operator(&gateway).await?;
                if let Some(registration) = registration {
                    let is_open = matches!(registration, Registration::Open);
                    tenants::set_registration_open(&gateway, &operator, is_open).await?;
                }
                if let Some(push_sign) = push_sign {
                    let is_required = matches!(push_sign, PushSign::Required);
                    tenants::set_push_sign_required(&gateway, &operator, is_required).await?;
                }
                let rewards = RewardChanges::from(&rewards);
                if !rewards.is_empty() {
                    tenants::set_rewards(&gateway, &operator, rewards).await?;
                }
                if let Some(config) = client_config {
                    tenants::set_client_config(&gateway, &operator, ClientConfig::parse(&config)?).await?;
                }
                let claims = claims.map(parse_claims).transpose()?;
                let lifetime_secs = lifetime_ms.map(|ms| ms.div_euclid(1000));
                let audiences = audiences.map(without_empty);
                let changes = AccessTokenChanges { audiences, lifetime_secs, claims };
                if !changes.is_empty() {
                    tenants::set_access_tokens(&gateway, &operator, changes).await?;
                }
                Ok(())
            }
            AppCommand::RotateSecret { app_id } => {
                let operator = Tenant { app_id }.operator(&gateway).await?;
                let new = SecretData { secret: tenants::rotate_secret(&gateway, &operator).await? };
                output.line(&new, &new.secret)
            }
            AppCommand::List => {
                output.list(&tenants::list(&gateway).await?.into_iter().map(AppData::from).collect::<Vec<_>>())
            }
        }
    })
}

/// The text of a JSON object.
fn object(text: &str) -> Result<String, String> {
    let object: Map<String, Value> = serde_json::from_str(text).map_err(|_| "must be a JSON object".to_owned())?;
    Ok(Value::Object(object).to_string())
}

/// A list whose only item is empty is an empty list.
fn without_empty(list: Vec<String>) -> Vec<String> {
    if list.iter().all(String::is_empty) { Vec::new() } else { list }
}

fn parse_claims(list: Vec<String>) -> Result<BTreeMap<String, String>, Failure> {
    let pair = |text: String| match text.split_once('=') {
        Some((name, template)) => Ok((name.to_owned(), template.to_owned())),
        None => Err(Failure::Usage(format!("{text}: a claim is NAME=TEMPLATE"))),
    };
    without_empty(list).into_iter().map(pair).collect()
}

/// A new app.
#[derive(Serialize)]
struct CreatedApp {
    id: String,
    secret: String,
}

impl Row for AppData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |app| app.id.clone()),
        ("registration", |app| if app.registration_open { "open" } else { "closed" }.to_owned()),
        ("push sign", |app| if app.push_sign_required { "required" } else { "optional" }.to_owned()),
        ("created", |app| time_of_secs(app.created_at)),
    ];
}

impl Row for AdminTokenData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |token| token.id.to_string()),
        ("name", |token| token.name.clone()),
        ("state", |token| token.state.to_owned()),
        ("created", |token| time_of_secs(token.created_at)),
        ("expires", |token| token.expires_at.map(time_of_secs).unwrap_or_default()),
        ("revoked", |token| token.revoked_at.map(time_of_secs).unwrap_or_default()),
    ];
}

pub(super) fn run_admin_token(settings: &SettingFlags, output: Output, command: AdminTokenCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            AdminTokenCommand::Create { tenant, name, expires_in } => {
                let token =
                    tenants::create_admin_token(&gateway, &tenant.operator(&gateway).await?, &name, expires_in).await?;
                output.line(&CreatedToken { token: token.reveal().to_owned() }, token.reveal())
            }
            AdminTokenCommand::List { tenant } => {
                let now_ms = gateway.clock.now_ms();
                let tokens = tenants::list_admin_tokens(&gateway, &tenant.operator(&gateway).await?).await?;
                let data = |token| AdminTokenData::new(token, None, now_ms);
                output.list(&tokens.into_iter().map(data).collect::<Vec<_>>())
            }
            AdminTokenCommand::Revoke { tenant, name } => {
                if tenants::revoke_admin_token(&gateway, &tenant.operator(&gateway).await?, name.clone()).await? {
                    Ok(())
                } else {
                    Err(Failure::Failed(format!("app {} has no admin token named {name}", tenant.app_id)))
                }
            }
        }
    })
}

pub(super) fn duration_ms(text: &str) -> Result<i64, String> {
    let wrong = |_: jiff::Error| "a duration is a number with a unit: 90d, 12h, 30m".to_owned();
    let span: Span = text.parse().map_err(wrong)?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    match i64::try_from(duration.as_millis()) {
        Ok(ms) if ms > 0 => Ok(ms),
        _ => Err("must be positive".to_owned()),
    }
}
