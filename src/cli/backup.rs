//! `diglot backup` and `diglot restore`: copies of an embedded database.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{Failure, Outcome, SettingFlags, output::Output};
use crate::{config::Config, domain::readiness, store::backup};

#[derive(Args)]
pub(super) struct BackupArgs {
    /// The file to create
    file: PathBuf,
}

#[derive(Args)]
pub(super) struct RestoreArgs {
    /// The file that `diglot backup` made
    file: PathBuf,
    /// Replace the database if there is one; the old one is kept under another name
    #[arg(long)]
    replace: bool,
}

#[derive(Serialize)]
struct BackupData<'a> {
    file: &'a str,
    bytes: u64,
}

#[derive(Serialize)]
struct RestoreData {
    database: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    replaced: Option<String>,
}

pub(super) fn back_up(settings: &SettingFlags, output: Output, args: &BackupArgs) -> Outcome {
    let config = settings.config()?;
    let secret_mac = secret_mac(&config)?;
    let progress = output.progress(None);
    progress.set_message("copying the database");
    let copied = backup::back_up(&config.database_url, &args.file, &secret_mac);
    progress.finish_and_clear();
    let (file, bytes) = (args.file.display().to_string(), copied?);
    let line = format!("{file}: {bytes} bytes; to restore it, the secret is needed too ({})", config.secret);
    output.line(&BackupData { file: &file, bytes }, line)
}

pub(super) fn restore(settings: &SettingFlags, output: Output, args: &RestoreArgs) -> Outcome {
    let config = settings.config()?;
    let secret_mac = secret_mac(&config)?;
    let progress = output.progress(None);
    progress.set_message("checking the copy");
    let restored = backup::restore(&config.database_url, &args.file, &secret_mac, args.replace);
    progress.finish_and_clear();
    let replaced = restored?.map(|path| path.display().to_string());
    let database = config.database_url.to_string();
    let kept = replaced.as_ref().map(|path| format!("; the old database is {path}")).unwrap_or_default();
    let line = format!("restored {} to {database}{kept}", args.file.display());
    output.line(&RestoreData { database, replaced }, line)
}

/// What identifies the secret, which must exist: a new one would not be the database's.
fn secret_mac(config: &Config) -> Result<String, Failure> {
    let secret = config.secret.find()?;
    let missing = || Failure::Failed(format!("{}: is missing; the secret of the database is needed", config.secret));
    Ok(readiness::secret_mac(&secret.ok_or_else(missing)?))
}
