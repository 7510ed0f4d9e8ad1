//! `diglot user`: manages accounts individually, and imports and exports them.

mod create;
mod import;

use std::io;

use clap::{Args, Subcommand};

use self::{create::CreateArgs, import::ImportArgs};
use super::{
    Failure, FileFormat, ListArgs, Outcome, SettingFlags, Tenant, build_gateway, print, print_cursor, user_id,
};
use crate::{
    account_file::{Writer, WriterOptions},
    domain::{
        Caller,
        access::authenticate,
        accounts::{self, AccountDetails},
        imports, sessions,
    },
    file_format::Format,
    gateway::Gateway,
    model::{AccountStatus, Cents, DeviceDetails, FoundUser, UserId, UserSearch, UserSummary},
    transport::block_on,
};

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create an account; prints its number
    Create(CreateArgs),
    /// Create accounts from a file and list refused records. An interrupted import resumes when it is run again
    Import(ImportArgs),
    /// Write all accounts of an app to stdout, in a format that import accepts
    Export(ExportArgs),
    /// List accounts: number, state, username
    List(ListArgs),
    /// Find accounts: number, state, username, display name, mobile number, e-mail address
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
    /// Continue after a page, whose cursor was printed to stderr
    #[arg(long)]
    cursor: Option<String>,
    /// Items per page, up to 200
    #[arg(long, value_name = "N", default_value_t = 50)]
    size: i64,
}

pub(super) fn run(settings: &SettingFlags, command: UserCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            UserCommand::Create(args) => create::run(&gateway, &args).await,
            UserCommand::Import(args) => import::run(&gateway, &args).await,
            UserCommand::Export(args) => export(&gateway, &args).await,
            UserCommand::List(list) => {
                let listed = accounts::list(&gateway, &list.tenant.operator(&gateway).await?, list.page()?).await?;
                print(&listed.into_iter().map(summary).collect::<String>())
            }
            UserCommand::Search(args) => search(&gateway, &args).await,
            UserCommand::Show(target) => {
                let operator = target.tenant.operator(&gateway).await?;
                print(&describe(&accounts::get_details(&gateway, &operator, target.user).await?))
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

async fn search(gateway: &Gateway, args: &SearchArgs) -> Outcome {
    let search = UserSearch::parse(&args.text, args.cursor.as_deref(), Some(args.size))?;
    let found = accounts::search(gateway, &args.tenant.operator(gateway).await?, search).await?;
    let line = |user: FoundUser| {
        let texts = [user.username, Some(user.nickname), user.mobile, user.email].map(Option::unwrap_or_default);
        format!("{}\t{}\t{}\n", user.id, state(user.status), texts.join("\t"))
    };
    print(&found.items.into_iter().map(line).collect::<String>())?;
    print_cursor(found.next);
    Ok(())
}

fn summary(user: UserSummary) -> String {
    format!("{}\t{}\t{}\n", user.id, state(user.status), user.username.unwrap_or_default())
}

const fn state(status: AccountStatus) -> &'static str {
    match status {
        AccountStatus::Active => "active",
        AccountStatus::Disabled | AccountStatus::Deleted => "disabled",
    }
}

fn describe(details: &AccountDetails) -> String {
    let user = &details.user;
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let rows = [
        ("user_id", user.id.to_string()),
        ("state", state(user.status).to_owned()),
        ("username", text(&user.username)),
        ("nickname", user.nickname.clone()),
        ("mobile", text(&user.mobile)),
        ("email", text(&user.email)),
        ("avatar", user.avatar_url.clone()),
        ("mobile_confirmed", details.is_mobile_confirmed.to_string()),
        ("has_password", details.has_password.to_string()),
        ("registered_at_ms", user.registered_at_ms.to_string()),
        ("last_active_at_ms", user.activity.last_active_at_ms.to_string()),
        ("coins", Cents(user.coin_cents).to_string()),
        ("vip_expires_at_ms", user.vip_expires_at_ms.to_string()),
        ("medals", details.medals.iter().map(|medal| medal.name.as_str()).collect::<Vec<_>>().join(", ")),
        ("ban", details.ban.as_ref().map(|ban| ban.reason.clone()).unwrap_or_default()),
        ("push_alias", text(&details.push.alias)),
        ("push_tags", details.push.tags.join(", ")),
    ];
    let lines = rows.map(|(name, value)| format!("{name}\t{value}\n")).concat();
    lines + &details.devices.iter().map(device_line).collect::<String>()
}

fn device_line(device: &DeviceDetails) -> String {
    let session = device.session.map_or_else(String::new, |session| format!("used at {}", session.last_used_at_ms));
    let (key, platform) = (device.key.as_deref().unwrap_or_default(), &device.platform_name);
    format!("device\t{}\t{key}\t{platform}\t{session}\n", device.sn.0)
}

async fn export(gateway: &Gateway, args: &ExportArgs) -> Outcome {
    const CHUNK: i64 = 1000;
    let operator = args.tenant.operator(gateway).await?;
    let format = Format::from(args.format);
    imports::begin_export(gateway, &operator, format.name()).await?;
    let (with_password_hashes, for_spreadsheets) = (args.with_password_hashes, args.for_spreadsheets);
    let options = WriterOptions { with_password_hashes, for_spreadsheets, is_continued: false };
    let mut out = Writer::new(io::BufWriter::new(io::stdout()), format, options);
    let mut after = None;
    loop {
        let rows = imports::export(gateway, &operator, after, CHUNK).await?;
        let Some(last) = rows.last() else { return Ok(out.flush()?) };
        after = Some(UserId::stored(last.id));
        match rows.iter().try_for_each(|row| out.write(row)) {
            // The reader has closed the pipe.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(()),
            written => written?,
        }
    }
}
