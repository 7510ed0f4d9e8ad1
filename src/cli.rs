//! The command line. Commands read the settings, build the [`Gateway`] and call the domain; what they print for programs
//! goes to stdout, all else to stderr. Exit codes: 0 done, 1 failed, 2 wrong usage or settings.

mod awards;
mod dev;
mod discovery;
mod doctor;
mod serve;
mod tenants;
mod users;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
    sync::Arc,
};

use clap::{Args, Parser, Subcommand};

use crate::{
    clock::SystemClock,
    config::{Config, Flags, Values},
    domain::{Operator, access::authenticate},
    gateway::Gateway,
    model::{Invalid, Page, TenantId, UserId},
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

#[derive(Args)]
struct SettingFlags {
    /// Read settings from this TOML file; flags and environment variables go before it
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
    /// Bring the database's schema up to date
    Migrate,
    /// Make and list apps (tenants)
    #[command(subcommand)]
    App(tenants::AppCommand),
    /// Make, list and revoke the tokens of ops scripts
    #[command(subcommand)]
    AdminToken(tenants::AdminTokenCommand),
    /// Import, export and manage accounts
    #[command(subcommand)]
    User(users::UserCommand),
    /// Change balances
    #[command(subcommand)]
    Coins(awards::CoinsCommand),
    /// Make users VIPs
    #[command(subcommand)]
    Vip(awards::VipCommand),
    /// Make medals and give them to users
    #[command(subcommand)]
    Medal(awards::MedalCommand),
    /// Ban users, for everyone to see
    #[command(subcommand)]
    Ban(awards::BanCommand),
    /// The categories of the discovery page
    #[command(subcommand)]
    Category(discovery::CategoryCommand),
    /// The groups of the discovery page
    #[command(subcommand)]
    Group(discovery::GroupCommand),
    /// The bots of the discovery page
    #[command(subcommand)]
    Bot(discovery::BotCommand),
    /// The advertisements of an app
    #[command(subcommand)]
    Ads(discovery::AdsCommand),
    /// Show every setting with its value, where that comes from, and what it means
    Config,
    /// Tell what is reachable and what is misconfigured
    Doctor,
}

/// Why a command did not do what it should.
enum Failure {
    /// It was called wrongly, or the settings are wrong.
    Usage(String),
    /// It could not be done.
    Failed(String),
}

impl<E: std::error::Error> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.to_string())
    }
}

/// The app that a command is about.
#[derive(Args)]
struct Tenant {
    /// The app
    #[arg(long = "app", value_name = "APP_ID")]
    app_id: String,
}

impl Tenant {
    /// The one at the keyboard, acting for that app.
    async fn operator(&self, gateway: &Gateway) -> Result<Operator, Failure> {
        Ok(authenticate::command_line_in(gateway, parse_app_id(&self.app_id)?).await?)
    }
}

/// A page of an app's list.
#[derive(Args)]
struct ListArgs {
    #[command(flatten)]
    tenant: Tenant,
    /// Which page
    #[arg(long, value_name = "N", default_value_t = 1)]
    page: i64,
    /// How many a page, up to 200
    #[arg(long, value_name = "N", default_value_t = 50)]
    size: i64,
}

impl ListArgs {
    fn page(&self) -> Result<Page, Invalid> {
        Page::parse(Some(self.page), Some(self.size))
    }
}

fn parse_app_id(text: &str) -> Result<TenantId, Failure> {
    TenantId::parse(text).map_err(|_| Failure::Usage(format!("{text}: an app id has 1-64 of A-Z a-z 0-9 _ - .")))
}

/// A user's number on the command line.
fn user_id(text: &str) -> Result<UserId, &'static str> {
    UserId::parse("user", text).map_err(|_| "a user's number has digits only")
}

type Outcome = Result<(), Failure>;

/// Runs the command that the process was called with.
#[must_use]
pub fn main() -> ExitCode {
    let Cli { settings, command } = Cli::parse();
    let outcome = match command {
        Command::Serve(args) => serve::run(&settings, &args),
        Command::Migrate => migrate(&settings),
        Command::App(command) => tenants::run_app(&settings, command),
        Command::AdminToken(command) => tenants::run_admin_token(&settings, command),
        Command::User(command) => users::run(&settings, command),
        Command::Coins(command) => awards::run_coins(&settings, command),
        Command::Vip(command) => awards::run_vip(&settings, command),
        Command::Medal(command) => awards::run_medal(&settings, command),
        Command::Ban(command) => awards::run_ban(&settings, command),
        Command::Category(command) => discovery::run_category(&settings, command),
        Command::Group(command) => discovery::run_group(&settings, command),
        Command::Bot(command) => discovery::run_bot(&settings, command),
        Command::Ads(command) => discovery::run_ads(&settings, command),
        Command::Config => show_config(&settings),
        Command::Doctor => doctor::run(&settings),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Failed(problem)) => complain(&problem, 1),
        Err(Failure::Usage(problem)) => complain(&problem, 2),
    }
}

fn complain(problem: &str, code: u8) -> ExitCode {
    // Nobody is left to tell when stderr is closed.
    drop(writeln!(io::stderr(), "diglot: {problem}"));
    ExitCode::from(code)
}

/// Writes to stdout; a reader that has seen enough (`| head`) is no error.
fn print(text: &str) -> Outcome {
    match io::stdout().write_all(text.as_bytes()).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
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
    Failure::Usage(format!("the settings are wrong:{list}"))
}

/// Builds the gateway and makes sure of its schema: an embedded database is brought up to date, a server's must be,
/// unless `may_migrate`.
fn build_gateway(config: Config, may_migrate: bool) -> Result<Arc<Gateway>, Failure> {
    let may_migrate = may_migrate || config.database_url.is_embedded();
    let gateway = Gateway::build(config, Arc::new(SystemClock))?;
    ensure_schema(&gateway, may_migrate)?;
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
    Err(Failure::Failed(format!("the database misses {} migrations; run `diglot migrate`", pending.len())))
}

fn migrate(settings: &SettingFlags) -> Outcome {
    let gateway = Gateway::build(settings.config()?, Arc::new(SystemClock))?;
    let applied = gateway.db.migrate()?;
    let lines: String = applied.iter().map(|name| format!("applied {name}\n")).collect();
    print(if lines.is_empty() { "the schema is up to date\n" } else { &lines })
}

fn show_config(settings: &SettingFlags) -> Outcome {
    let values = settings.values(Flags::new())?;
    let mut text = String::new();
    for value in values.all() {
        let (name, shown, source) = (value.setting.name, value.shown(), value.source);
        text.push_str(&format!("{name} = {shown}\n    {source}: {}\n", value.setting.meaning));
    }
    for name in &values.unknown {
        text.push_str(&format!("{name}\n    environment: not a setting\n"));
    }
    print(&text)?;
    Config::check(&values, false).map(drop).map_err(|problems| wrong_settings(&problems))
}
