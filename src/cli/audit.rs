//! `diglot audit`: reads, exports and prunes the audit log.

use std::io::{self, Write as _};

use clap::{Args, Subcommand};

use super::{Failure, FileFormat, Outcome, SettingFlags, Tenant, build_gateway, print, print_cursor};
use crate::{
    domain::audit_log,
    file_format::Format,
    gateway::Gateway,
    model::{AuditEntry, AuditFilter, Days, Invalid, Page},
    transport::{audit_header, audit_lines, block_on},
};

#[derive(Subcommand)]
pub(super) enum AuditCommand {
    /// List rows, newest first: time, actor, user acted for, action, target, result, address
    List {
        #[command(flatten)]
        rows: Rows,
        /// Continue after a page, whose cursor was printed to stderr
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

pub(super) fn run(settings: &SettingFlags, command: AuditCommand) -> Outcome {
    let gateway = build_gateway(settings.config()?, false)?;
    block_on(async {
        match command {
            AuditCommand::List { rows, cursor, size } => {
                let page = match cursor {
                    Some(cursor) => Page::parse_after(&cursor, Some(size))?,
                    None => Page::parse(None, Some(size))?,
                };
                let operator = rows.tenant.operator(&gateway).await?;
                let listed = audit_log::list(&gateway, &operator, rows.filter()?, page).await?;
                print(&listed.items.iter().map(line).collect::<String>())?;
                print_cursor(listed.next);
                Ok(())
            }
            AuditCommand::Export { rows, format } => export(&gateway, &rows, format.into()).await,
            AuditCommand::Prune { tenant, days } => {
                let days = Days::parse("days", days)?;
                let deleted = audit_log::prune(&gateway, &tenant.operator(&gateway).await?, days).await?;
                print(&format!("{deleted}\n"))
            }
        }
    })
}

fn line(entry: &AuditEntry) -> String {
    let actor = match &entry.token_name {
        Some(name) => format!("{} ({name})", entry.actor),
        None => entry.actor.to_string(),
    };
    let for_user = entry.for_user.map(|user| user.to_string()).unwrap_or_default();
    let AuditEntry { action, target, result, address, .. } = entry;
    format!("{}\t{actor}\t{for_user}\t{action}\t{target}\t{result}\t{address}\n", super::time(entry.at_ms))
}

async fn export(gateway: &Gateway, rows: &Rows, format: Format) -> Outcome {
    let operator = rows.tenant.operator(gateway).await?;
    let mut export = audit_log::export(gateway, &operator, rows.filter()?).await?;
    if !write(audit_header(format))? {
        return Ok(());
    }
    while let Some(entries) = export.next(gateway).await? {
        if !write(&audit_lines(format, &entries)?)? {
            return Ok(());
        }
    }
    Ok(())
}

/// Writes to stdout; false if the reader has closed the pipe.
fn write(bytes: &[u8]) -> Result<bool, Failure> {
    match io::stdout().write_all(bytes).and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        written => Ok(written.map(|()| true)?),
    }
}
