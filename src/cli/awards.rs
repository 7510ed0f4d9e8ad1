//! `diglot coins`, `diglot vip`, `diglot medal` and `diglot ban`: awards and bans of `/admin/v1` on the command line.

use clap::{Args, Subcommand};

use super::{
    CursorListArgs, Failure, ListArgs, Outcome, SettingFlags, Tenant, build_gateway,
    output::{Column, Output, Row, time},
    user_id,
};
use crate::{
    domain::{awards, bans, coins},
    model::{BanEnd, BanReason, Cents, CoinChange, Days, Listing, MedalDefinition, MedalId, UserId},
    transport::{
        block_on,
        data::{CreatedData, LedgerRecordData, MedalData, RecordData},
    },
};

/// A user of a tenant.
#[derive(Args)]
pub(super) struct Target {
    #[command(flatten)]
    tenant: Tenant,
    /// The user's number
    #[arg(long, value_name = "USER_ID", value_parser = user_id)]
    user: UserId,
}

#[derive(Subcommand)]
pub(super) enum CoinsCommand {
    /// Change a user's balance; prints the new balance
    Adjust {
        #[command(flatten)]
        target: Target,
        /// Coins with at most two decimals, negative to spend
        #[arg(long, allow_negative_numbers = true)]
        amount: String,
        /// 2 reward, 3 post or comment, 4 first avatar or nickname change, 6 redeem, 7 ad watched, 8 raffle,
        /// 9 invitation
        #[arg(long)]
        typ: i64,
        /// Reason, visible to the user
        #[arg(long)]
        reason: String,
        /// Additional remark
        #[arg(long, default_value = "")]
        remark: String,
        /// Identifies the change: repeating it with the same key does not change the balance again
        #[arg(long, value_name = "KEY")]
        idempotency_key: String,
    },
    /// List the changes of a user's balance, newest first
    List {
        #[command(flatten)]
        list: ListArgs,
        /// The user's number
        #[arg(long, value_name = "USER_ID", value_parser = user_id)]
        user: UserId,
    },
}

#[derive(Subcommand)]
pub(super) enum VipCommand {
    /// Extend a user's VIP status by a number of days
    Grant {
        #[command(flatten)]
        target: Target,
        /// Number of days, 1 to 36500
        #[arg(long, value_parser = vip_days)]
        days: Days,
    },
}

#[derive(Subcommand)]
pub(super) enum MedalCommand {
    /// Define a medal; prints its number
    Define {
        #[command(flatten)]
        tenant: Tenant,
        /// Name
        #[arg(long)]
        name: String,
        /// Description
        #[arg(long, default_value = "")]
        desc: String,
        /// Image
        #[arg(long, default_value = "", value_name = "URL")]
        image_url: String,
        /// Position in lists, ascending
        #[arg(long, default_value_t = 0)]
        sort: i64,
    },
    /// List medals
    List(CursorListArgs),
    /// Grant a medal to a user
    Grant(MedalTarget),
    /// Revoke a medal from a user
    Revoke(MedalTarget),
}

#[derive(Args)]
pub(super) struct MedalTarget {
    #[command(flatten)]
    target: Target,
    /// The medal's number
    #[arg(long, value_name = "MEDAL_ID")]
    medal: i64,
}

#[derive(Subcommand)]
pub(super) enum BanCommand {
    /// Ban a user; visible to everyone
    Set {
        #[command(flatten)]
        target: Target,
        /// Reason, visible to everyone
        #[arg(long)]
        reason: String,
        /// End of the ban
        #[arg(long, value_name = "UNIX_SECONDS", value_parser = ban_end)]
        until: BanEnd,
    },
    /// End a user's ban
    Lift {
        #[command(flatten)]
        target: Target,
    },
}

pub(super) fn run_coins(settings: &SettingFlags, output: Output, command: CoinsCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            CoinsCommand::Adjust { target, amount, typ, reason, remark, idempotency_key } => {
                let amount = Cents::parse_change("amount", &amount)?;
                let change = CoinChange::parse(amount, typ, &reason, &remark, &idempotency_key)?;
                let operator = target.tenant.operator(&gateway).await?;
                let record = coins::adjust(&gateway, &operator, target.user, change).await?;
                output.line(&RecordData::from(record.clone()), record.after)
            }
            CoinsCommand::List { list, user } => {
                let (operator, page) = (list.tenant.operator(&gateway).await?, list.page()?);
                let (records, _) = coins::list_of(&gateway, &operator, user, page).await?;
                output.list(&records.into_iter().map(LedgerRecordData::from).collect::<Vec<_>>())
            }
        }
    })
}

impl Row for LedgerRecordData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("time", |record| time(record.created_at_ms)),
        ("typ", |record| record.typ.to_string()),
        ("change", |record| Cents(record.change_cents).to_string()),
        ("balance", |record| Cents(record.after_cents).to_string()),
        ("reason", |record| record.reason.clone()),
    ];
}

pub(super) fn run_vip(settings: &SettingFlags, command: VipCommand) -> Outcome {
    let VipCommand::Grant { target, days } = command;
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        awards::grant_vip(&gateway, &target.tenant.operator(&gateway).await?, target.user, days)
            .await
            .map_err(Failure::from)
    })
}

pub(super) fn run_medal(settings: &SettingFlags, output: Output, command: MedalCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            MedalCommand::Define { tenant, name, desc, image_url, sort } => {
                let new = MedalDefinition::parse(&name, ("desc", &desc), &image_url, sort)?;
                let id = awards::define_medal(&gateway, &tenant.operator(&gateway).await?, new).await?;
                output.line(&CreatedData { id: id.0 }, id.0)
            }
            MedalCommand::List(list) => {
                let (operator, page) = (list.list.tenant.operator(&gateway).await?, list.page()?);
                let Listing { items, next } = awards::list_medals(&gateway, &operator, page).await?;
                output.page(Listing { items: items.into_iter().map(MedalData::from).collect(), next })
            }
            MedalCommand::Grant(MedalTarget { target, medal }) => {
                let operator = target.tenant.operator(&gateway).await?;
                Ok(awards::grant_medal(&gateway, &operator, target.user, MedalId(medal)).await?)
            }
            MedalCommand::Revoke(MedalTarget { target, medal }) => {
                let operator = target.tenant.operator(&gateway).await?;
                Ok(awards::revoke_medal(&gateway, &operator, target.user, MedalId(medal)).await?)
            }
        }
    })
}

impl Row for MedalData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("id", |medal| medal.id.to_string()),
        ("sort", |medal| medal.sort.to_string()),
        ("name", |medal| medal.name.clone()),
    ];
}

pub(super) fn run_ban(settings: &SettingFlags, command: BanCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            BanCommand::Set { target, reason, until } => {
                let reason = BanReason::parse(&reason)?;
                let operator = target.tenant.operator(&gateway).await?;
                Ok(bans::set(&gateway, &operator, target.user, reason, until).await?)
            }
            BanCommand::Lift { target } => {
                Ok(bans::lift(&gateway, &target.tenant.operator(&gateway).await?, target.user).await?)
            }
        }
    })
}

fn vip_days(text: &str) -> Result<Days, String> {
    let days = text.parse().map_err(|_| "a number of days has digits only".to_owned())?;
    Days::parse("days", days).map_err(|invalid| invalid.to_string())
}

fn ban_end(text: &str) -> Result<BanEnd, String> {
    let unix_secs = text.parse().map_err(|_| "a time in Unix seconds has digits only".to_owned())?;
    BanEnd::parse("until", unix_secs).map_err(|invalid| invalid.to_string())
}
