//! Accounts in bulk, from and for other systems: what the command line reads and writes files with.

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Error, Operator, accounts, audit::AuditContext, passwords};
use crate::{
    gateway::Gateway,
    model::{AccountRecord, Contact, ImportedPassword, Language, Nickname, TenantId, UserId},
    store::{
        Conn, imports,
        users::{self, ExportRow, UniqueName},
    },
};

/// A record of a file: an account whose password may still be to be hashed.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// All but the password.
    pub record: AccountRecord,
    /// The password, if there is one.
    pub password: Option<ImportedPassword>,
}

/// How many records of a file are done.
pub async fn records_done(gateway: &Gateway, operator: &Operator, content_hash: &str) -> Result<i64, Error> {
    let (tenant, content_hash) = (operator.tenant_id().clone(), content_hash.to_owned());
    Ok(gateway.db.read(move |conn| imports::find(conn, &tenant, &content_hash)).await?.unwrap_or(0))
}

/// Makes accounts of the next records of a file, and notes that `records_done` of it are done: both or neither. Says how
/// many it made. Before anything is kept `note` is told what became of each record, in the order of `list`, and nothing is
/// kept when it fails: what it writes down is never lost. It runs inside the transaction and must be quick.
///
/// # Errors
/// When the database can't be asked; [`Error::Busy`] when a name was taken meanwhile; what `note` fails with.
pub async fn import(
    gateway: &Gateway,
    operator: &Operator,
    content_hash: &str,
    list: Vec<NewRecord>,
    records_done: i64,
    note: impl FnOnce(&[Result<(), Error>]) -> Result<(), Error> + Send + 'static,
) -> Result<usize, Error> {
    let at_once = gateway.config.hashing_threads.get() * 2;
    let complete = |new: NewRecord| complete(gateway, new);
    let list: Vec<AccountRecord> = stream::iter(list).map(complete).buffered(at_once).try_collect().await?;
    let (tenant, content_hash) = (operator.tenant_id().clone(), content_hash.to_owned());
    let (audit, now_ms) = (AuditContext::of_operator(gateway, operator), gateway.clock.now_ms());
    gateway
        .db
        .write(move |conn| {
            let mut kept = users::insert_new(conn, &tenant, &list, now_ms)?;
            let imported = kept.len();
            let mut results = Vec::new();
            for record in &list {
                let is_kept = kept.remove(&users::names_of(record));
                results.push(if is_kept { Ok(()) } else { Err(taken(conn, &tenant, record)?) });
            }
            imports::save(conn, &tenant, &content_hash, records_done, now_ms).map_err(Error::Busy.if_taken())?;
            audit.done(conn, "account.import", &format!("{imported} accounts"))?;
            note(&results)?;
            Ok(imported)
        })
        .await
}

/// The account with its password's hash, and a display name where nothing gives it one.
async fn complete(gateway: &Gateway, new: NewRecord) -> Result<AccountRecord, Error> {
    let mut record = new.record;
    record.password_hash = match new.password {
        None => None,
        Some(ImportedPassword::Hash(hash)) => Some(hash.into_text()),
        Some(ImportedPassword::Plain(password)) => Some(passwords::hash_in_turn(gateway, &password).await?),
    };
    if record.username.is_none() && record.nickname.is_none() {
        record.nickname = Some(Nickname::parse(&accounts::first_nickname(gateway, Language::Zh)?)?);
    }
    Ok(record)
}

/// Which of a refused record's names is in use.
fn taken(conn: &mut Conn, tenant: &TenantId, record: &AccountRecord) -> Result<Error, Error> {
    for name in UniqueName::all_of(record) {
        if users::is_taken(conn, tenant, &name)? {
            return Ok(match name {
                UniqueName::Username(_) => Error::UsernameTaken,
                UniqueName::Contact(Contact::Mobile(_)) => Error::MobileTaken,
                UniqueName::Contact(Contact::Email(_)) => Error::EmailTaken,
            });
        }
    }
    Err(Error::Busy)
}

/// Up to `limit` accounts of the operator's app with numbers above `after`, in their order.
pub async fn export(
    gateway: &Gateway,
    operator: &Operator,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<ExportRow>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| users::list_for_export(conn, &tenant, after, limit)).await?)
}
