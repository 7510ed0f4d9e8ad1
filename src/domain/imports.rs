//! Accounts in bulk, from and for other systems: what the command line reads and writes files with.

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
    let content_hash = content_hash.to_owned();
    as_operator(gateway, operator, Action::new("account.import"), String::new(), move |tx| {
        let mut kept = users::insert_new(tx.conn, tx.tenant, &list, tx.now_ms)?;
        let imported = kept.len();
        let is_kept: Vec<bool> = list.iter().map(|record| kept.remove(&users::names_of(record))).collect();
        let refused = list.iter().zip(&is_kept).filter(|(_, is_kept)| !**is_kept);
        let names: Vec<UniqueName> = refused.flat_map(|(record, _)| UniqueName::all_of(record)).collect();
        let taken = users::list_taken(tx.conn, tx.tenant, &names)?;
        let result = |(record, is_kept)| if is_kept { Ok(()) } else { Err(refusal(record, &taken)) };
        let results: Vec<_> = list.iter().zip(is_kept).map(result).collect();
        imports::save(tx.conn, tx.tenant, &content_hash, records_done, tx.now_ms)?;
        tx.set_target(format!("{imported} accounts"));
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
        record.nickname = Some(Nickname::parse(&registration::first_nickname(gateway, Language::Zh)?)?);
    }
    Ok(record)
}

/// What an import would do, part by part.
#[derive(Debug, Default)]
pub struct Preview {
    /// The names of the accounts that earlier records would make.
    seen: BTreeSet<UniqueName>,
}

impl Preview {
    /// What would become of these records. Nothing is kept.
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

/// Which of a refused record's names is in use.
fn refusal(record: &AccountRecord, taken: &BTreeSet<UniqueName>) -> Error {
    match UniqueName::all_of(record).into_iter().find(|name| taken.contains(name)) {
        Some(UniqueName::Username(_)) => Error::UsernameTaken,
        Some(UniqueName::Contact(Contact::Mobile(_))) => Error::MobileTaken,
        Some(UniqueName::Contact(Contact::Email(_))) => Error::EmailTaken,
        None => Error::Busy,
    }
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
