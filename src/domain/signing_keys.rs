//! The keys that sign access tokens. They are the gateway's: all apps share them.

use super::{Error, Operator, audit::Action, unit_of_work::as_operator};
use crate::{gateway::Gateway, model::SigningKeys, signing, store::signing_keys};

/// Makes a new key and returns its id. It is published at once, and signs after `delay_ms`; the first one signs at once.
pub async fn rotate(gateway: &Gateway, operator: &Operator, delay_ms: i64) -> Result<String, Error> {
    let now_ms = gateway.clock.now_ms();
    let is_first = list(gateway).await?.signer(now_ms).is_none();
    let signs_from_ms = if is_first { now_ms } else { now_ms.saturating_add(delay_ms) };
    let key = signing::generate(&gateway.secret, now_ms, signs_from_ms)?;
    let id = key.id.clone();
    as_operator(gateway, operator, Action::new("signing_key.rotate"), id.clone(), move |tx| {
        Ok(signing_keys::insert(tx.conn, &key)?)
    })
    .await?;
    Ok(id)
}

/// All keys.
pub async fn list(gateway: &Gateway) -> Result<SigningKeys, Error> {
    Ok(SigningKeys::new(gateway.db.read(signing_keys::list).await?))
}

/// Revokes a key: it is no longer published, and the key before it signs again, if that is still published. False if
/// there is no such key, or it is revoked already.
pub async fn revoke(gateway: &Gateway, operator: &Operator, id: String) -> Result<bool, Error> {
    as_operator(gateway, operator, Action::new("signing_key.revoke"), id.clone(), move |tx| {
        let was_valid = signing_keys::revoke(tx.conn, &id, tx.now_ms)?;
        if !was_valid {
            tx.set_unchanged();
        }
        Ok(was_valid)
    })
    .await
}
