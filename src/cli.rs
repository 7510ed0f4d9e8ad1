//! The command line. Commands read the configuration, build the [`Gateway`] and call the domain. Results go to stdout,
//! everything else to stderr.

mod audit;
mod awards;
mod backup;
mod dev;
mod discovery;
mod doctor;
mod documents;
mod output;
mod overview;
mod reload;
mod serve;
mod signing_keys;
mod tenants;
mod users;
mod webhooks;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::{Args, Parser, Subcommand, ValueEnum};
use serde::Serialize;

use self::output::{Output, print};
use crate::{
    clock::SystemClock,
    config::{Config, Flags, Values},
    domain::{Operator, access::authenticate, readiness},
    file_format::Format,
    gateway::Gateway,
    model::{Invalid, Page, TenantId, UserId},
    transport::{block_on, data::SettingData, openapi_document},
};

/// An account gateway for chat products: protobuf for native apps, JSON for browsers and ops scripts.
#[derive(Parser)]
#[command(name = "diglot", version, max_term_width = 100, after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    settings: SettingFlags,
    #[command(flatten)]
    output: Output,
    #[command(subcommand)]
    command: Command,
}

/// What the exit codes mean. `diglot --help` and the manual page end with it.
const EXIT_CODES: &str = "\
Exit codes:
  0  success
  1  failure: refused, not found, a service is unavailable, a check of doctor failed
  2  invalid usage or settings; nothing was done";

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
    /// Make, list and revoke the keys that sign access tokens
    #[command(subcommand)]
    SigningKey(signing_keys::SigningKeyCommand),
    /// Manage webhooks, which post what happens to the accounts of an app
    #[command(subcommand)]
    Webhook(webhooks::WebhookCommand),
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
    /// Copy an SQLite database to a file, also while the gateway runs
    Backup(backup::BackupArgs),
    /// Put a copy that `diglot backup` made in the place of the SQLite database
    Restore(backup::RestoreArgs),
    /// Show every setting with its value, source and meaning
    Config,
    /// Print the OpenAPI document of the API
    Openapi,
    /// Check the configuration and the services that the gateway needs
    Doctor,
    /// Print the completions of a shell
    Completions(documents::CompletionsArgs),
    /// Print the manual page, or write the pages of all commands to a folder
    Man(documents::ManArgs),
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

/// A page of a tenant's list, by its number.
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

/// A page of a tenant's list, by its number or by the page before.
#[derive(Args)]
struct CursorListArgs {
    #[command(flatten)]
    list: ListArgs,
    /// Continue after a page, which ended with this cursor
    #[arg(long, conflicts_with = "page")]
    cursor: Option<String>,
}

impl CursorListArgs {
    fn page(&self) -> Result<Page, Invalid> {
        match &self.cursor {
            Some(cursor) => Page::parse_after(cursor, Some(self.list.size)),
            None => self.list.page(),
        }
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
    let Cli { settings, output, command } = Cli::parse();
    let outcome = run(&settings, output, command);
    // Before anything else is written to standard error.
    log::logger().flush();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(problem)) => output.fail(&problem, 1),
        Err(Failure::Usage(problem)) => output.fail(&problem, 2),
    }
}

fn run(settings: &SettingFlags, output: Output, command: Command) -> Outcome {
    match command {
        Command::Serve(args) => serve::run(settings, output, &args),
        Command::Migrate => migrate(settings, output),
        Command::App(command) => tenants::run_app(settings, output, command),
        Command::AdminToken(command) => tenants::run_admin_token(settings, output, command),
        Command::SigningKey(command) => signing_keys::run(settings, output, command),
        Command::Webhook(command) => webhooks::run(settings, output, command),
        Command::User(command) => users::run(settings, output, command),
        Command::Audit(command) => audit::run(settings, output, command),
        Command::Coins(command) => awards::run_coins(settings, output, command),
        Command::Vip(command) => awards::run_vip(settings, command),
        Command::Medal(command) => awards::run_medal(settings, output, command),
        Command::Ban(command) => awards::run_ban(settings, command),
        Command::Category(command) => discovery::run_category(settings, output, command),
        Command::Group(command) => discovery::run_group(settings, output, command),
        Command::Bot(command) => discovery::run_bot(settings, output, command),
        Command::Ads(command) => discovery::run_ads(settings, output, command),
        Command::Overview(args) => overview::run(settings, output, &args),
        Command::Backup(args) => backup::back_up(settings, output, &args),
        Command::Restore(args) => backup::restore(settings, output, &args),
        Command::Config => show_config(settings, output),
        Command::Openapi => print(&format!("{:#}\n", openapi_document())),
        Command::Doctor => doctor::run(settings, output),
        Command::Completions(args) => documents::completions(&args),
        Command::Man(args) => documents::man(&args),
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
        check(&self.values(Flags::new())?, false)
    }
}

/// The configuration that the values make.
fn check(values: &Values, is_dev: bool) -> Result<Config, Failure> {
    Config::check(values, is_dev).map_err(|problems| wrong_settings(&problems))
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
        match gateway.db.migrate()?.as_slice() {
            [] => {}
            [name] => log::info!("applied migration {name}"),
            [first, .., last] => log::info!("applied all migrations from {first} to {last}"),
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

/// What `diglot migrate` has done.
#[derive(Serialize)]
struct Migrated {
    /// The names of the migrations that were applied, in their order.
    applied: Vec<String>,
}

fn migrate(settings: &SettingFlags, output: Output) -> Outcome {
    let gateway = Gateway::build(settings.config()?, Arc::new(SystemClock))?;
    let progress = output.progress(None);
    progress.set_message("migrating");
    let applied = gateway.db.migrate();
    progress.finish_and_clear();
    let migrated = Migrated { applied: applied? };
    output.print(&migrated, || {
        let lines: String = migrated.applied.iter().map(|name| format!("applied {name}\n")).collect();
        if lines.is_empty() { "the schema is up to date\n".to_owned() } else { lines }
    })
}

fn show_config(settings: &SettingFlags, output: Output) -> Outcome {
    let values = settings.values(Flags::new())?;
    let shown: Vec<SettingData> = values.shown().iter().map(SettingData::from).collect();
    let block = |setting: &SettingData| {
        let SettingData { name, value, source, meaning } = setting;
        format!("{name} = {value}\n    {source}: {meaning}\n")
    };
    let unknown = |name: &String| format!("{name}\n    environment: not a setting\n");
    output.list_as(&shown, || shown.iter().map(block).chain(values.unknown.iter().map(unknown)).collect())?;
    check(&values, false).map(drop)
}
