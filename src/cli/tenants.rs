//! `diglot app` and `diglot admin-token`.

use clap::{Subcommand, ValueEnum};
use jiff::{Span, SpanRelativeTo};

use super::{Failure, Outcome, SettingFlags, Tenant, build_gateway, parse_app_id, print, time};
use crate::{
    domain::{Operator, tenants},
    model::{self, AdminToken},
    transport::block_on,
};

#[derive(Subcommand)]
pub(super) enum AppCommand {
    /// Create an app with open registration
    Create {
        /// The app's id: 1-64 characters of A-Z a-z 0-9 _ - .
        app_id: String,
    },
    /// List all apps: id, registration, creation time
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
    },
    /// Replace an app's secret; prints the new one once
    RotateSecret {
        /// The app's id
        app_id: String,
    },
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
    /// List an app's admin tokens: number, name, state, creation time
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

pub(super) fn run_app(settings: &SettingFlags, command: AppCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            AppCommand::Create { app_id } => {
                let operator = Operator::command_line(parse_app_id(&app_id)?);
                if tenants::create(&gateway, &operator).await? {
                    let secret = tenants::show_secret(&gateway, &operator).await?;
                    print(&format!("made app {app_id}\nits secret, shown this once: {secret}\n"))
                } else {
                    Err(Failure::Failed(format!("there is an app {app_id} already")))
                }
            }
            AppCommand::Update { app_id, registration, push_sign } => {
                let operator = Tenant { app_id }.operator(&gateway).await?;
                if let Some(registration) = registration {
                    let is_open = matches!(registration, Registration::Open);
                    tenants::set_registration_open(&gateway, &operator, is_open).await?;
                }
                if let Some(push_sign) = push_sign {
                    let is_required = matches!(push_sign, PushSign::Required);
                    tenants::set_push_sign_required(&gateway, &operator, is_required).await?;
                }
                Ok(())
            }
            AppCommand::RotateSecret { app_id } => {
                let operator = Tenant { app_id }.operator(&gateway).await?;
                print(&format!("{}\n", tenants::rotate_secret(&gateway, &operator).await?))
            }
            AppCommand::List => {
                let line = |row: model::Tenant| {
                    let registration = if row.is_registration_open { "open" } else { "closed" };
                    format!("{}\t{registration}\t{}\n", row.id, time(row.created_at_ms))
                };
                print(&tenants::list(&gateway).await?.into_iter().map(line).collect::<String>())
            }
        }
    })
}

pub(super) fn run_admin_token(settings: &SettingFlags, command: AdminTokenCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            AdminTokenCommand::Create { tenant, name, expires_in } => {
                let token =
                    tenants::create_admin_token(&gateway, &tenant.operator(&gateway).await?, &name, expires_in).await?;
                print(&format!("{}\n", token.reveal()))
            }
            AdminTokenCommand::List { tenant } => {
                let now_ms = gateway.clock.now_ms();
                let line = |token: AdminToken| {
                    let state = match (token.revoked_at_ms, token.expires_at_ms) {
                        (Some(at_ms), _) => format!("revoked {}", time(at_ms)),
                        (None, Some(at_ms)) if at_ms <= now_ms => {
                            format!("expired {}", time(at_ms))
                        }
                        (None, Some(at_ms)) => format!("valid until {}", time(at_ms)),
                        (None, None) => "valid".to_owned(),
                    };
                    format!("{}\t{}\t{state}\t{}\n", token.id.0, token.name, time(token.created_at_ms))
                };
                let tokens = tenants::list_admin_tokens(&gateway, &tenant.operator(&gateway).await?).await?;
                print(&tokens.into_iter().map(line).collect::<String>())
            }
            AdminTokenCommand::Revoke { tenant, name } => {
                if tenants::revoke_admin_token(&gateway, &tenant.operator(&gateway).await?, name.clone()).await? {
                    print(&format!("revoked {name}\n"))
                } else {
                    Err(Failure::Failed(format!("app {} has no admin token named {name}", tenant.app_id)))
                }
            }
        }
    })
}

fn duration_ms(text: &str) -> Result<i64, String> {
    let wrong = |_: jiff::Error| "a duration is a number with a unit: 90d, 12h, 30m".to_owned();
    let span: Span = text.parse().map_err(wrong)?;
    let duration = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(wrong)?;
    match i64::try_from(duration.as_millis()) {
        Ok(ms) if ms > 0 => Ok(ms),
        _ => Err("must be positive".to_owned()),
    }
}
