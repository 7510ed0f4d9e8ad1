//! `diglot user`: manages accounts individually, and imports and exports them.

mod import;

use std::io::{self, Write};

use clap::{Args, Subcommand, ValueEnum};
use serde::Serialize;

use self::import::ImportArgs;
use super::{Failure, ListArgs, Outcome, SettingFlags, Tenant, build_gateway, print, print_cursor, user_id};
use crate::{
    domain::{Caller, access::authenticate, accounts, imports, profile, sessions},
    gateway::Gateway,
    model::{AccountStatus, FoundUser, User, UserId, UserSearch, UserSummary},
    store::users::ExportRow,
    transport::block_on,
};

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// Create accounts from a file and list refused records. An interrupted import resumes when it is run again
    Import(ImportArgs),
    /// Write all accounts of an app to stdout, in a format that import accepts
    Export(ExportArgs),
    /// List accounts: number, state, username
    List(ListArgs),
    /// Find accounts: number, state, username, display name, mobile number, e-mail address
    Search(SearchArgs),
    /// Show an account
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
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    format: Format,
    /// Include password hashes: they are useless without the server's secret, and should be protected like it
    #[arg(long)]
    with_password_hashes: bool,
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

/// The format of a file of accounts.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// Comma-separated, with a header line of field names
    Csv,
    /// One JSON object per line
    Jsonl,
}

pub(super) fn run(settings: &SettingFlags, command: UserCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            UserCommand::Import(args) => import::run(&gateway, &args).await,
            UserCommand::Export(args) => export(&gateway, &args).await,
            UserCommand::List(list) => {
                let listed = accounts::list(&gateway, &list.tenant.operator(&gateway).await?, list.page()?).await?;
                print(&listed.into_iter().map(summary).collect::<String>())
            }
            UserCommand::Search(args) => search(&gateway, &args).await,
            UserCommand::Show(target) => {
                let operator = target.tenant.operator(&gateway).await?;
                print(&describe(&*profile::get_of(&gateway, &operator, target.user).await?))
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

fn describe(user: &User) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    [
        ("user_id", user.id.to_string()),
        ("state", state(user.status).to_owned()),
        ("username", text(&user.username)),
        ("nickname", user.nickname.clone()),
        ("mobile", text(&user.mobile)),
        ("email", text(&user.email)),
        ("avatar", user.avatar_url.clone()),
    ]
    .map(|(name, value)| format!("{name}\t{value}\n"))
    .concat()
}

/// An account in an exported file: the fields that import reads, and the account's number for information.
#[derive(Serialize)]
struct ExportRecord<'a> {
    user_id: i64,
    status: i16,
    username: Option<&'a str>,
    nickname: &'a str,
    mobile: Option<&'a str>,
    mobile_confirmed: i16,
    email: Option<&'a str>,
    avatar: &'a str,
    description: Option<&'a str>,
    private_info: Option<&'a str>,
    public_info: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    password_hash: Option<&'a str>,
}

async fn export(gateway: &Gateway, args: &ExportArgs) -> Outcome {
    const CHUNK: i64 = 1000;
    let operator = args.tenant.operator(gateway).await?;
    let mut out = Output::new(args.format);
    let mut after = None;
    loop {
        let rows = imports::export(gateway, &operator, after, CHUNK).await?;
        let Some(last) = rows.last() else { return out.finish() };
        after = Some(UserId::stored(last.id));
        for row in &rows {
            if !out.write(row, args.with_password_hashes)? {
                return Ok(());
            }
        }
    }
}

/// Stdout in one of the formats.
enum Output {
    Csv(Box<csv::Writer<io::Stdout>>),
    Jsonl(io::BufWriter<io::Stdout>),
}

impl Output {
    fn new(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv(Box::new(csv::Writer::from_writer(io::stdout()))),
            Format::Jsonl => Self::Jsonl(io::BufWriter::new(io::stdout())),
        }
    }

    /// Writes an account; false if the reader has closed the pipe.
    fn write(&mut self, row: &ExportRow, with_hash: bool) -> Result<bool, Failure> {
        // A CSV column must be present in every row or in none.
        let hash = row.password_hash.as_deref().or_else(|| matches!(self, Self::Csv(_)).then_some(""));
        let record = ExportRecord {
            user_id: row.id,
            status: row.status,
            username: row.username.as_deref(),
            nickname: &row.nickname,
            mobile: row.mobile.as_deref(),
            mobile_confirmed: i16::from(row.mobile_confirmed),
            email: row.email.as_deref(),
            avatar: &row.avatar_url,
            description: row.description.as_deref(),
            private_info: row.private_info.as_deref(),
            public_info: row.public_info.as_deref(),
            password_hash: hash.filter(|_| with_hash),
        };
        let written = match self {
            Self::Csv(writer) => writer.serialize(record).map_err(io::Error::other),
            Self::Jsonl(writer) => serde_json::to_writer(&mut *writer, &record)
                .map_err(io::Error::from)
                .and_then(|()| writer.write_all(b"\n")),
        };
        match written {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
            written => Ok(written.map(|()| true)?),
        }
    }

    fn finish(self) -> Outcome {
        match self {
            Self::Csv(mut writer) => Ok(writer.flush()?),
            Self::Jsonl(mut writer) => Ok(writer.flush()?),
        }
    }
}
