//! Files that are imported or exported: accounts, and the audit log. The admin API and the console share them.

mod accounts;
mod audit;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CONTENT_DISPOSITION, CONTENT_TYPE},
    web::Bytes,
};
use futures_util::{Stream, TryStreamExt as _};

pub use accounts::{AccountsFile, ImportReport, ImportRequest};
pub use audit::{AuditFile, audit_header, audit_lines};

use super::{codec::Encoding, context::Context, openapi::Description, reply::ADMIN_SUCCESS};
use crate::{
    domain,
    file_format::Format,
    model::{Invalid, Problem},
};

/// The format of that name.
///
/// # Errors
/// For an unknown one.
pub fn parse_format(name: &str) -> Result<Format, Invalid> {
    Format::parse(name).ok_or(Invalid::new("format", Problem::Malformed))
}

/// A file as an answer, which is read while it is sent. An error ends the connection, so that the client doesn't take the
/// file for complete. The name must need no quotes.
fn download(
    req: &HttpRequest,
    format: Format,
    name: &str,
    parts: impl Stream<Item = Result<Bytes, domain::Error>> + 'static,
) -> HttpResponse {
    Context::note_outcome(req, ADMIN_SUCCESS, Encoding::Json);
    let name = format!("{name}.{}", format.name());
    let disposition = format!("attachment; filename=\"{name}\"");
    let parts = parts.inspect_err(move |error| log::error!("an export ended early: {name}: {error}"));
    HttpResponse::Ok()
        .insert_header((CONTENT_TYPE, format.media_type()))
        .insert_header((CONTENT_DISPOSITION, disposition))
        .streaming(Box::pin(parts))
}

fn describe_download(operation: &mut Description<'_>) {
    operation.answers_file(&["text/csv", "application/x-ndjson"]);
}
