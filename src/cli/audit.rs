//! `diglot audit`: reads, exports and prunes the audit log.

use clap::{Args, Subcommand};
use serde::Serialize;

use super::{
    FileFormat, Outcome, SettingFlags, Tenant, build_gateway,
    output::{Column, Output, Row, time, write},
};
use crate::{
    domain::audit_log,
    file_format::Format,
    gateway::Gateway,
    model::{AuditFilter, Days, Invalid, Listing, Page},
    transport::{audit_header, audit_lines, block_on, data::EntryData},
};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// List rows, newest first
    List {
        #[command(flatten)]
        rows: Rows,
        /// Continue after a page, which ended with this cursor
        #[arg(long)]
        cursor: Option<String>,
        /// Rows per page, up to 200
        #[arg(long, value_name = "N", default_value_t = 50)]
        size: i64,
    },
    /// Write all rows to stdout, newest first. The export is recorded in the log
    Export {
        #[command(flatten)]
        rows: Rows,
        /// File format; in CSV, what a spreadsheet would take for a formula starts with '
        #[arg(long, value_enum, default_value_t = FileFormat::Jsonl)]
        format: FileFormat,
    },
    /// Delete old rows for ever; prints their number. This is recorded in the log
    Prune {
        #[command(flatten)]
        tenant: Tenant,
        /// The age in days, from 1 to 36500, beyond which rows are deleted
        #[arg(long, value_name = "N")]
        days: i64,
    },
}

/// Which rows; all by default.
#[derive(Args)]
pub(super) struct Rows {
    #[command(flatten)]
    tenant: Tenant,
    /// Who acted: user:12, `admin_token:3`, `command_line` or anonymous
    #[arg(long)]
    actor: Option<String>,
    /// What was done: coins.adjust, or coins. for all that starts with it
    #[arg(long)]
    action: Option<String>,
    /// The number of the account that the row is about
    #[arg(long, value_name = "USER_ID")]
    user: Option<String>,
    /// The earliest time, in unix seconds
    #[arg(long, value_name = "SECONDS")]
    from: Option<String>,
    /// The time before which it was, in unix seconds
    #[arg(long, value_name = "SECONDS")]
    until: Option<String>,
}

impl Rows {
    fn filter(&self) -> Result<AuditFilter, Invalid> {
        let text = Option::as_deref;
        AuditFilter::parse(text(&self.actor), text(&self.action), text(&self.user), text(&self.from), text(&self.until))
    }
}

pub(super) fn run(settings: &SettingFlags, output: Output, command: AuditCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            AuditCommand::List { rows, cursor, size } => {
                let page = match cursor {
                    Some(cursor) => Page::parse_after(&cursor, Some(size))?,
                    None => Page::parse(None, Some(size))?,
                };
                let operator = rows.tenant.operator(&gateway).await?;
                let Listing { items, next } = audit_log::list(&gateway, &operator, rows.filter()?, page).await?;
                output.page(Listing { items: items.into_iter().map(EntryData::from).collect(), next })
            }
            AuditCommand::Export { rows, format } => export(&gateway, output, &rows, format.into()).await,
            AuditCommand::Prune { tenant, days } => {
                let (operator, days) = (tenant.operator(&gateway).await?, Days::parse("days", days)?);
                let progress = output.progress(None);
                progress.set_message("deleting");
                let deleted = audit_log::prune(&gateway, &operator, days).await;
                progress.finish_and_clear();
                let pruned = Pruned { deleted: deleted? };
                output.line(&pruned, pruned.deleted)
            }
        }
    })
}

/// What `diglot audit prune` has done.
#[derive(Serialize)]
struct Pruned {
    /// The number of rows.
    deleted: usize,
}

impl Row for EntryData {
    const COLUMNS: &'static [Column<Self>] = &[
        ("time", |entry| time(entry.at_ms)),
        ("actor", |entry| match &entry.token_name {
            Some(name) => format!("{} ({name})", entry.actor),
            None => entry.actor.clone(),
        }),
        ("for user", |entry| entry.for_user.map(|user| user.to_string()).unwrap_or_default()),
        ("action", |entry| entry.action.clone()),
        ("target", |entry| entry.target.clone()),
        ("result", |entry| entry.result.clone()),
        ("address", |entry| entry.address.clone()),
    ];
}

async fn export(gateway: &Gateway, output: Output, rows: &Rows, format: Format) -> Outcome {
    let operator = rows.tenant.operator(gateway).await?;
    let mut export = audit_log::export(gateway, &operator, rows.filter()?).await?;
    if !write(audit_header(format))? {
        return Ok(());
    }
    let (progress, mut written) = (output.progress_of_file(None), 0);
    while let Some(entries) = export.next(gateway).await? {
        if !write(&audit_lines(format, &entries)?)? {
            return Ok(());
        }
        written += entries.len();
        progress.set_message(format!("{written} rows written"));
    }
    progress.finish_and_clear();
    Ok(())
}
