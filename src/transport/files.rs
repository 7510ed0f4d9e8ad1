//! Files that are imported or exported: accounts, and the audit log. The admin API and the console share them.

mod accounts;
mod audit;

pub use accounts::{AccountsFile, ImportReport, ImportRequest};
pub use audit::{AuditFile, AuditFormat};
