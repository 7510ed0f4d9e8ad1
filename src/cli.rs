//! The command line. Commands read the configuration, build the [`Gateway`] and call the domain. Results go to stdout,
//! everything else to stderr. Exit codes: 0 success, 1 failure, 2 invalid usage or configuration.

mod audit;
mod awards;
mod dev;
mod discovery;
mod doctor;
mod overview;
mod reload;
mod serve;
mod tenants;
mod users;

use std::{
    fmt::Display,
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand, ValueEnum};
use jiff::Timestamp;

use crate::{
    clock::SystemClock,
    config::{Config, Flags, ShownSetting, Values},
    domain::{Operator, access::authenticate, readiness},
    file_format::Format,
    gateway::Gateway,
    model::{Invalid, Page, TenantId, UserId},
    transport::{block_on, openapi_document},
};

/// An account gateway for chat products: protobuf for native apps, JSON for browsers and ops scripts.
#[derive(Parser)]
#[command(name = "diglot", version, max_term_width = 100)]
struct Cli {
    #[command(flatten)]
    settings: SettingFlags,
    #[command(subcommand)]
    command: Command,
}

#[derive(Args, Clone)]
struct SettingFlags {
    /// Read settings from this TOML file; flags and environment variables take precedence
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Database: sqlite:FILE or postgres://… (setting `DATABASE_URL`)
    #[arg(long, global = true, value_name = "URL")]
    database_url: Option<String>,
    /// Redis, shared by all nodes (setting `REDIS_URL`)
    #[arg(long, global = true, value_name = "URL")]
    redis_url: Option<String>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the gateway
    Serve(serve::ServeArgs),
    /// Apply pending database migrations
    Migrate,
    /// Create, list and change apps (tenants)
    #[command(subcommand)]
    App(tenants::AppCommand),
    /// Create, list and revoke admin tokens for ops scripts
    #[command(subcommand)]
    AdminToken(tenants::AdminTokenCommand),
    /// Import, export and manage accounts
    #[command(subcommand)]
    User(users::UserCommand),
    /// Read, export and prune the audit log
    #[command(subcommand)]
    Audit(audit::AuditCommand),
    /// Change coin balances, and list their changes
    #[command(subcommand)]
    Coins(awards::CoinsCommand),
    /// Grant VIP status to users
    #[command(subcommand)]
    Vip(awards::VipCommand),
    /// Define medals, and grant them to users
    #[command(subcommand)]
    Medal(awards::MedalCommand),
    /// Set and lift bans, which are visible to everyone
    #[command(subcommand)]
    Ban(awards::BanCommand),
    /// Manage the categories of the discovery page
    #[command(subcommand)]
    Category(discovery::CategoryCommand),
    /// Manage the groups of the discovery page
    #[command(subcommand)]
    Group(discovery::GroupCommand),
    /// Manage the bots of the discovery page
    #[command(subcommand)]
    Bot(discovery::BotCommand),
    /// Manage the advertisements of an app
    #[command(subcommand)]
    Ads(discovery::AdsCommand),
    /// Show the health of the gateway, and counts of what happened lately in an app
    Overview(overview::OverviewArgs),
    /// Show every setting with its value, source and meaning
    Config,
    /// Print the OpenAPI document of the API
    Openapi,
    /// Check the configuration and the services that the gateway needs
    Doctor,
}

/// Why a command failed.
enum Failure {
    /// Invalid usage or configuration.
    Usage(String),
    /// The operation failed.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The tenant that a command acts on.
#[derive(Args)]
struct Tenant {
    /// The app's id
    #[arg(long = "app", value_name = "APP_ID")]
    app_id: String,
}

impl Tenant {
    /// The operator at the command line, acting for that tenant.
    async fn operator(&self, gateway: &Gateway) -> Result<Operator, Failure> {
        Ok(authenticate::command_line_in(gateway, parse_app_id(&self.app_id)?).await?)
    }
}

/// The format of a file.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// Comma-separated, with a header line of field names
    Csv,
    /// One JSON object per line
    Jsonl,
}

impl From<FileFormat> for Format {
    fn from(format: FileFormat) -> Self {
        match format {
            FileFormat::Csv => Self::Csv,
            FileFormat::Jsonl => Self::Jsonl,
        }
    }
}

/// A page of a tenant's list.
#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// Page number
    #[arg(long, value_name = "N", default_value_t = 1)]
    page: i64,
    /// Items per page, up to 200
    #[arg(long, value_name = "N", default_value_t = 50)]
    size: i64,
}

impl ListArgs {
    fn page(&self) -> Result<Page, Invalid> {
        Page::parse(Some(self.page), Some(self.size))
    }
}

fn parse_app_id(text: &str) -> Result<TenantId, Failure> {
    TenantId::parse(text)
        .map_err(|_| Failure::Usage(format!("{text}: an app id is 1-64 characters of A-Z a-z 0-9 _ - .")))
}

/// Parses a user's number on the command line.
fn user_id(text: &str) -> Result<UserId, &'static str> {
    UserId::parse("user", text).map_err(|_| "a user's number has digits only")
}

type Outcome = Result<(), Failure>;

/// Runs the command in the process' arguments.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { settings, command } = Cli::parse();
    let outcome = match command {
        Command::Serve(args) => serve::run(&settings, &args),
        Command::Migrate => migrate(&settings),
        Command::App(command) => tenants::run_app(&settings, command),
        Command::AdminToken(command) => tenants::run_admin_token(&settings, command),
        Command::User(command) => users::run(&settings, command),
        Command::Audit(command) => audit::run(&settings, command),
        Command::Coins(command) => awards::run_coins(&settings, command),
        Command::Vip(command) => awards::run_vip(&settings, command),
        Command::Medal(command) => awards::run_medal(&settings, command),
        Command::Ban(command) => awards::run_ban(&settings, command),
        Command::Category(command) => discovery::run_category(&settings, command),
        Command::Group(command) => discovery::run_group(&settings, command),
        Command::Bot(command) => discovery::run_bot(&settings, command),
        Command::Ads(command) => discovery::run_ads(&settings, command),
        Command::Overview(args) => overview::run(&settings, &args),
        Command::Config => show_config(&settings),
        Command::Openapi => print(&format!("{:#}\n", openapi_document())),
        Command::Doctor => doctor::run(&settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(problem)) => complain(&problem, 1),
        Err(Failure::Usage(problem)) => complain(&problem, 2),
    }
}

fn complain(problem: &str, code: u8) -> ExitCode {
    // If stderr is closed there is nowhere to report to.
    drop(writeln!(io::stderr(), "diglot: {problem}"));
    ExitCode::from(code)
}

/// Writes to stdout. A reader that closes the pipe early (`| head`) is not an error.
fn print(text: &str) -> Outcome {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// A time in UTC, to the second.
fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map(|time| time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()).unwrap_or_default()
}

/// Writes the cursor of the next page to stderr, if more items follow.
fn print_cursor(next: Option<impl Display>) {
    if let Some(cursor) = next {
        drop(writeln!(io::stderr(), "more follow: --cursor {cursor}"));
    }
}

impl SettingFlags {
    fn values(&self, more: Flags) -> Result<Values, Failure> {
        let mut flags = more;
        for (name, value) in [("DATABASE_URL", &self.database_url), ("REDIS_URL", &self.redis_url)] {
            if let Some(value) = value {
                flags.insert(name, value.clone());
            }
        }
        Config::values(&flags, self.config.as_deref()).map_err(|problems| wrong_settings(&problems))
    }

    fn config(&self) -> Result<Config, Failure> {
        Config::check(&self.values(Flags::new())?, false).map_err(|problems| wrong_settings(&problems))
    }
}

fn wrong_settings(problems: &[String]) -> Failure {
    let list: String = problems.iter().map(|problem| format!("\n  {problem}")).collect();
    Failure::Usage(format!("invalid settings:{list}"))
}

/// Builds the gateway and ensures that its schema is up to date. Pending migrations are applied to an embedded
/// database; on a server they are an error unless `may_migrate`.
fn build_gateway(config: Config, may_migrate: bool) -> Result<Arc<Gateway>, Failure> {
    let may_migrate = may_migrate || config.database_url.is_embedded();
    let gateway = Gateway::build(config, Arc::new(SystemClock))?;
    ensure_schema(&gateway, may_migrate)?;
    block_on(ensure_usable(&gateway))?;
    Ok(Arc::new(gateway))
}

fn ensure_schema(gateway: &Gateway, may_migrate: bool) -> Outcome {
    if may_migrate {
        for name in gateway.db.migrate()? {
            log::info!("applied migration {name}");
        }
        return Ok(());
    }
    let pending = gateway.db.pending_migrations()?;
    if pending.is_empty() {
        return Ok(());
    }
    Err(Failure::Failed(format!("the database has {} pending migrations; run `diglot migrate`", pending.len())))
}

/// Refuses an embedded database that takes no writes, and a secret that is not the database's. A database server may be
/// read-only for a while, which `/readyz` reports.
async fn ensure_usable(gateway: &Gateway) -> Outcome {
    if gateway.config.database_url.is_embedded() {
        readiness::check_database(gateway).await?;
    }
    match readiness::check_secret(gateway).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::Failed(WRONG_SECRET.to_owned())),
        Err(error) if gateway.config.database_url.is_embedded() => Err(error.into()),
        Err(error) => {
            log::warn!("the secret could not be checked against the database: {error}");
            Ok(())
        }
    }
}

/// The text for a secret that is not the database's.
const WRONG_SECRET: &str = "DIGLOT_SECRET (or the .secret file) is not the one that this database was made with; with it \
                            no stored password would be right";

fn migrate(settings: &SettingFlags) -> Outcome {
    let gateway = Gateway::build(settings.config()?, Arc::new(SystemClock))?;
    let applied = gateway.db.migrate()?;
    let lines: String = applied.iter().map(|name| format!("applied {name}\n")).collect();
    print(if lines.is_empty() { "the schema is up to date\n" } else { &lines })
}

fn show_config(settings: &SettingFlags) -> Outcome {
    let values = settings.values(Flags::new())?;
    let mut text = String::new();
    for ShownSetting { name, value, source, meaning } in values.shown() {
        text.push_str(&format!("{name} = {value}\n    {source}: {meaning}\n"));
    }
    for name in &values.unknown {
        text.push_str(&format!("{name}\n    environment: not a setting\n"));
    }
    print(&text)?;
    Config::check(&values, false).map(drop).map_err(|problems| wrong_settings(&problems))
}
