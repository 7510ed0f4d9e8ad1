//! Bulk import and export of accounts, for the files that the command line exchanges with other systems.

use std::collections::BTreeSet;

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{Error, Operator, audit::Action, passwords, registration, unit_of_work::as_operator};
use crate::{
    gateway::Gateway,
    model::{AccountRecord, Contact, ImportedPassword, Language, Nickname, UserId},
    store::{
        imports,
        users::{self, ExportRow, UniqueName},
    },
};

/// A record of an import file; its password may not be hashed yet.
#[derive(Clone, Debug)]
pub struct NewRecord {
    /// The account without its password.
    pub record: AccountRecord,
    /// The password, if there is one.
    pub password: Option<ImportedPassword>,
}

const IMPORT: Action = Action::new("account.import");
const EXPORT: Action = Action::new("account.export");

/// How far the import of a file is, so that it can be resumed.
#[derive(Clone, Debug)]
pub struct Progress {
    /// Identifies the file.
    pub content_hash: String,
    /// How many of its records are done.
    pub records_done: i64,
}

/// The number of records of a file that have been processed.
pub async fn records_done(gateway: &Gateway, operator: &Operator, content_hash: &str) -> Result<i64, Error> {
    let (tenant, content_hash) = (operator.tenant_id().clone(), content_hash.to_owned());
    Ok(gateway.db.read(move |conn| imports::find(conn, &tenant, &content_hash)).await?.unwrap_or(0))
}

/// Imports records and, in the same transaction, stores the `progress` that the import of their file then has. Returns
/// the result of each record, in the order of `list`.
///
/// Before the commit `note` is called with the result of each record, in the order of `list`. If it fails, the
/// transaction is rolled back, so that no record is imported without a noted result. `note` runs inside the transaction
/// and must be quick. It is called again if the transaction is tried again.
///
/// # Errors
/// [`Error::Busy`] if a name was taken at the same time; the error of `note`.
pub async fn import(
    gateway: &Gateway,
    operator: &Operator,
    list: Vec<NewRecord>,
    progress: Option<Progress>,
    note: impl FnOnce(&[Result<(), Error>]) -> Result<(), Error> + Clone + Send + Sync + 'static,
) -> Result<Vec<Result<(), Error>>, Error> {
    let at_once = gateway.config.hashing_threads.get() * 2;
    let complete = |new: NewRecord| complete(gateway, new);
    let list: Vec<AccountRecord> = stream::iter(list).map(complete).buffered(at_once).try_collect().await?;
    as_operator(gateway, operator, IMPORT, String::new(), move |tx| {
        let mut kept = users::insert_new(tx.conn, tx.tenant, &list, tx.now_ms)?;
        let imported = kept.len();
        let is_kept: Vec<bool> = list.iter().map(|record| kept.remove(&users::names_of(record))).collect();
        let refused = list.iter().zip(&is_kept).filter(|(_, is_kept)| !**is_kept);
        let names: Vec<UniqueName> = refused.flat_map(|(record, _)| UniqueName::all_of(record)).collect();
        let taken = users::list_taken(tx.conn, tx.tenant, &names)?;
        let result = |(record, is_kept)| if is_kept { Ok(()) } else { Err(refusal(record, &taken)) };
        let results: Vec<_> = list.iter().zip(is_kept).map(result).collect();
        if let Some(Progress { content_hash, records_done }) = &progress {
            imports::save(tx.conn, tx.tenant, content_hash, *records_done, tx.now_ms)?;
        }
        tx.set_target(format!("{imported} accounts"));
        note(&results)?;
        Ok(results)
    })
    .await
}

/// Hashes the password of a record, and generates a display name if the record has no name at all.
async fn complete(gateway: &Gateway, new: NewRecord) -> Result<AccountRecord, Error> {
    let mut record = new.record;
    record.password_hash = match new.password {
        None => None,
        Some(ImportedPassword::Hash(hash)) => Some(hash.into_text()),
        Some(ImportedPassword::Plain(password)) => Some(passwords::hash_in_turn(gateway, &password).await?),
    };
    if record.username.is_none() && record.nickname.is_none() {
        record.nickname = Some(Nickname::parse("nickname", &registration::first_nickname(gateway, Language::Zh)?)?);
    }
    Ok(record)
}

/// A dry run of an import, one batch of records at a time.
#[derive(Debug, Default)]
pub struct Preview {
    /// The names of the accounts that earlier records would create.
    seen: BTreeSet<UniqueName>,
}

impl Preview {
    /// The results that an import of these records would have. Changes nothing.
    pub async fn check(
        &mut self,
        gateway: &Gateway,
        operator: &Operator,
        list: Vec<NewRecord>,
    ) -> Result<Vec<Result<(), Error>>, Error> {
        let names: Vec<UniqueName> = list.iter().flat_map(|new| UniqueName::all_of(&new.record)).collect();
        let tenant = operator.tenant_id().clone();
        let mut taken = gateway.db.read(move |conn| users::list_taken(conn, &tenant, &names)).await?;
        taken.append(&mut self.seen);
        let mut results = Vec::new();
        for NewRecord { record, .. } in &list {
            let own = UniqueName::all_of(record);
            if own.iter().any(|name| taken.contains(name)) {
                results.push(Err(refusal(record, &taken)));
            } else {
                taken.extend(own);
                results.push(Ok(()));
            }
        }
        self.seen = taken;
        Ok(results)
    }
}

/// The error for a record with a name that is in use.
fn refusal(record: &AccountRecord, taken: &BTreeSet<UniqueName>) -> Error {
    match UniqueName::all_of(record).into_iter().find(|name| taken.contains(name)) {
        Some(UniqueName::Username(_)) => Error::UsernameTaken,
        Some(UniqueName::Contact(Contact::Mobile(_))) => Error::MobileTaken,
        Some(UniqueName::Contact(Contact::Email(_))) => Error::EmailTaken,
        None => Error::Busy,
    }
}

/// Begins an export, which is audited.
pub async fn begin_export(gateway: &Gateway, operator: &Operator, what: &str) -> Result<(), Error> {
    as_operator(gateway, operator, EXPORT, what.to_owned(), |_| Ok(())).await
}

/// A part of an export: up to `limit` accounts of the operator's tenant with ids above `after`, by id.
pub async fn export(
    gateway: &Gateway,
    operator: &Operator,
    after: Option<UserId>,
    limit: i64,
) -> Result<Vec<ExportRow>, Error> {
    let tenant = operator.tenant_id().clone();
    Ok(gateway.db.read(move |conn| users::list_for_export(conn, &tenant, after, limit)).await?)
}
