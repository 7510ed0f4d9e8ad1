//! `diglot user`: manages accounts individually, and imports and exports them.

mod create;
mod import;

use std::io;

use clap::{Args, Subcommand};

use self::{create::CreateArgs, import::ImportArgs};
use super::{
    Failure, FileFormat, ListArgs, Outcome, SettingFlags, Tenant, build_gateway,
    output::{self, Column, Output, Row, time, time_or_never},
    user_id,
};
use crate::{
    account_file::{Writer, WriterOptions},
    domain::{Caller, access::authenticate, accounts, imports, presence, sessions},
    file_format::Format,
    gateway::Gateway,
    model::{AccountStatus, Cents, FoundUser, Listing, UserId, UserSearch},
    transport::{
        block_on,
        data::{AccountData, DeviceDetailsData, FoundData, ListedUser},
    },
};

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create an account; prints its number
    Create(CreateArgs),
    /// Create accounts from a file and list refused records. An interrupted import resumes when it is run again
    Import(ImportArgs),
    /// Write all accounts of an app to stdout, in a format that import accepts
    Export(ExportArgs),
    /// List accounts
    List(ListArgs),
    /// Find accounts
    Search(SearchArgs),
    /// Show an account, with its devices
    Show(Target),
    /// Disable an account and end its sessions
    Disable(Target),
    /// Enable a disabled account
    Enable(Target),
    /// End all sessions of an account
    Kick(Target),
    /// Delete an account and erase its personal data
    Delete(Target),
}

/// A user of a tenant.
#[derive(Args)]
pub(super) struct Target {
    #[command(flatten)]
    tenant: Tenant,
    /// The user's number
    #[arg(value_name = "USER_ID", value_parser = user_id)]
    user: UserId,
}

impl Target {
    /// The user that the command line acts as.
    async fn acting_as(&self, gateway: &Gateway) -> Result<Caller, Failure> {
        let operator = self.tenant.operator(gateway).await?;
        Ok(authenticate::acting_as(gateway, &operator, self.user).await?)
    }
}

#[derive(Args)]
pub(super) struct ExportArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// File format
    #[arg(long, value_enum, default_value_t = FileFormat::Jsonl)]
    format: FileFormat,
    /// Include password hashes: they are useless without the server's secret, and should be protected like it
    #[arg(long)]
    with_password_hashes: bool,
    /// Write a quote before CSV cells that spreadsheets take for formulas; an import would keep the quotes
    #[arg(long)]
    for_spreadsheets: bool,
}

#[derive(Args)]
pub(super) struct SearchArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// A number, or the beginning of a username, mobile number, e-mail address or display name; all accounts by default
    #[arg(value_name = "TEXT", default_value = "")]
    text: String,
    /// Continue after a page, which ended with this cursor
    #[arg(long)]
    cursor: Option<String>,
    /// Items per page, up to 200
    #[arg(long, value_name = "N", default_value_t = 50)]
    size: i64,
}

pub(super) fn run(settings: &SettingFlags, output: Output, command: UserCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            UserCommand::Create(args) => create::run(&gateway, output, &args).await,
            UserCommand::Import(args) => import::run(&gateway, output, &args).await,
            UserCommand::Export(args) => export(&gateway, output, &args).await,
            UserCommand::List(list) => {
                let listed = accounts::list(&gateway, &list.tenant.operator(&gateway).await?, list.page()?).await?;
                output.list(&listed.into_iter().map(ListedUser::from).collect::<Vec<_>>())
            }
            UserCommand::Search(args) => search(&gateway, output, &args).await,
            UserCommand::Show(target) => {
                let operator = target.tenant.operator(&gateway).await?;
                let account = AccountData::from(accounts::get_details(&gateway, &operator, target.user).await?);
                output.print(&account, || describe(&account))
            }
            UserCommand::Disable(target) => {
                let operator = target.tenant.operator(&gateway).await?;
                Ok(accounts::disable(&gateway, &operator, vec![target.user]).await?)
            }
            UserCommand::Enable(target) => {
                let operator = target.tenant.operator(&gateway).await?;
                Ok(accounts::enable(&gateway, &operator, vec![target.user]).await?)
            }
            UserCommand::Kick(target) => Ok(sessions::kick(&gateway, &target.acting_as(&gateway).await?, None).await?),
            UserCommand::Delete(target) => {
                Ok(accounts::delete(&gateway, &target.acting_as(&gateway).await?, None).await?)
            }
        }
    })
}

async fn search(gateway: &Gateway, output: Output, args: &SearchArgs) -> Outcome {
    let search = UserSearch::parse(&args.text, args.cursor.as_deref(), Some(args.size))?;
    let operator = args.tenant.operator(gateway).await?;
    let Listing { items, next } = accounts::search(gateway, &operator, search).await?;
    let online = presence::online(gateway, &operator, items.iter().map(|user| user.id).collect()).await?;
    let data = |user: FoundUser| {
        let is_online = online.contains(&user.id);
        FoundData::new(user, is_online)
    };
    output.page(Listing { items: items.into_iter().map(data).collect(), next })
}

impl Row for ListedUser {
    const COLUMNS: &'static [Column<Self>] = &[
        ("user_id", |user| user.user_id.to_string()),
        ("state", |user| state(user.status)),
        ("username", |user| text(user.username.as_ref())),
    ];
}

impl Row for FoundData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("user_id", |user| user.user_id.to_string()),
        ("state", |user| state(user.status)),
        ("username", |user| text(user.username.as_ref())),
        ("nickname", |user| user.nickname.clone()),
        ("mobile", |user| text(user.mobile.as_ref())),
        ("email", |user| text(user.email.as_ref())),
    ];
}

impl Row for AccountData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("user_id", |account| account.user_id.to_string()),
        ("state", |account| state(account.status)),
        ("username", |account| text(account.username.as_ref())),
        ("nickname", |account| account.nick_name.clone()),
        ("mobile", |account| text(account.mobile.as_ref())),
        ("email", |account| text(account.email.as_ref())),
        ("avatar", |account| account.avatar.clone()),
        ("mobile_confirmed", |account| account.mobile_confirmed.to_string()),
        ("has_password", |account| account.has_password.to_string()),
        ("registered", |account| time(account.registered_at_ms)),
        ("last_active", |account| time_or_never(account.last_active_at_ms)),
        ("coins", |account| Cents(account.coin_cents).to_string()),
        ("vip_expires", |account| time_or_never(account.vip_expires_at_ms)),
        ("medals", |account| account.medals.iter().map(|medal| medal.name.as_str()).collect::<Vec<_>>().join(", ")),
        ("ban", |account| account.ban.as_ref().map(|ban| ban.reason.clone()).unwrap_or_default()),
        ("push_alias", |account| text(account.push.alias.as_ref())),
        ("push_tags", |account| account.push.tags.join(", ")),
    ];
}

impl Row for DeviceDetailsData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("device_sn", |device| device.device_sn.to_string()),
        ("device_id", |device| text(device.device_id.as_ref())),
        ("platform", |device| device.platform_name.clone()),
        ("session used", |device| {
            device.session.as_ref().map(|session| time(session.last_used_at_ms)).unwrap_or_default()
        }),
    ];
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn state(status: i16) -> String {
    if status == AccountStatus::Active.code() { "active" } else { "disabled" }.to_owned()
}

/// An account, and its devices if it has any.
fn describe(account: &AccountData) -> String {
    let devices = if account.devices.is_empty() { String::new() } else { output::table(&account.devices) };
    format!("{}{}{devices}", output::details(account), if devices.is_empty() { "" } else { "\n" })
}

async fn export(gateway: &Gateway, output: Output, args: &ExportArgs) -> Outcome {
    const CHUNK: i64 = 1000;
    let operator = args.tenant.operator(gateway).await?;
    let format = Format::from(args.format);
    imports::begin_export(gateway, &operator, format.name()).await?;
    let (with_password_hashes, for_spreadsheets) = (args.with_password_hashes, args.for_spreadsheets);
    let options = WriterOptions { with_password_hashes, for_spreadsheets, is_continued: false };
    let mut out = Writer::new(io::BufWriter::new(io::stdout()), format, options);
    let (progress, mut written) = (output.progress_of_file(None), 0);
    let mut after = None;
    loop {
        let rows = imports::export(gateway, &operator, after, CHUNK).await?;
        let Some(last) = rows.last() else { break };
        after = Some(UserId::stored(last.id));
        match rows.iter().try_for_each(|row| out.write(row)) {
            // The reader has closed the pipe.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
        written += rows.len();
        progress.set_message(format!("{written} accounts written"));
    }
    progress.finish_and_clear();
    Ok(out.flush()?)
}
