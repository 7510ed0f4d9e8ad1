//! Images that users have uploaded, a row an upload.

use std::collections::BTreeSet;

use diesel::{
    OptionalExtension as _,
    dsl::{exists, max, sql},
    prelude::*,
    sql_types::{Bool, Text},
};

use super::{
    Conn, StoreError,
    schema::{media, users},
};
use crate::model::{ClientKey, MediaName, TenantId, UploadId, UserId};

/// The end of an avatar's URL, which is as long as every name: [`MediaName::CHARS`]. As in the index `users_media`.
const NAME_IN_AVATAR: &str = "substr(avatar_url, length(avatar_url) - 43)";
const HAS_NAME: &str = "length(avatar_url) >= 44";

/// An upload.
#[derive(Clone, Debug)]
pub struct NewUpload {
    /// Its id.
    pub id: UploadId,
    /// The name of its image.
    pub name: MediaName,
    /// The account's tenant.
    pub tenant: TenantId,
    /// The account that uploaded it.
    pub user: UserId,
    /// When.
    pub created_at_ms: i64,
    /// How its client refers to it.
    pub client_key: Option<ClientKey>,
}

/// Inserts an upload.
///
/// # Errors
/// [`StoreError::Taken`] if there is one of that id.
pub fn insert(conn: &mut Conn, new: &NewUpload) -> Result<(), StoreError> {
    diesel::insert_into(media::table)
        .values((
            media::id.eq(new.id.as_str()),
            media::name.eq(new.name.as_str()),
            media::app_id.eq(new.tenant.as_str()),
            media::user_id.eq(new.user.get()),
            media::created_at_ms.eq(new.created_at_ms),
            media::client_key.eq(new.client_key.as_ref().map(ClientKey::as_str)),
        ))
        .execute(conn)?;
    Ok(())
}

/// The image of an upload.
pub fn find(conn: &mut Conn, id: &UploadId) -> Result<Option<MediaName>, StoreError> {
    let name = media::table.find(id.as_str()).select(media::name).get_result(conn).optional()?;
    Ok(name.map(MediaName::stored))
}

/// The image that an account has uploaded last, since `since_ms`, under a key of its client.
pub fn find_by_client_key(
    conn: &mut Conn,
    user: UserId,
    key: &ClientKey,
    since_ms: i64,
) -> Result<Option<MediaName>, StoreError> {
    let name = media::table
        .filter(media::user_id.eq(user.get()))
        .filter(media::client_key.eq(key.as_str()))
        .filter(media::created_at_ms.ge(since_ms))
        .order(media::created_at_ms.desc())
        .select(media::name)
        .first(conn)
        .optional()?;
    Ok(name.map(MediaName::stored))
}

/// The first `limit` images that a user has uploaded, newest first, and when.
pub fn list_of(conn: &mut Conn, user: UserId, limit: i64) -> Result<Vec<(MediaName, i64)>, StoreError> {
    let rows: Vec<(String, i64)> = media::table
        .filter(media::user_id.eq(user.get()))
        .order((media::created_at_ms.desc(), media::id))
        .select((media::name, media::created_at_ms))
        .limit(limit)
        .load(conn)?;
    Ok(rows.into_iter().map(|(name, at_ms)| (MediaName::stored(name), at_ms)).collect())
}

/// Whether there is an upload of that image.
pub fn is_known(conn: &mut Conn, name: &MediaName) -> Result<bool, StoreError> {
    let uploads = media::table.filter(media::name.eq(name.as_str()));
    Ok(diesel::select(exists(uploads)).get_result(conn)?)
}

/// The first `limit` images after `after`, in order, that were uploaded before `before_ms` for the last time.
pub fn list_old(
    conn: &mut Conn,
    after: Option<&MediaName>,
    before_ms: i64,
    limit: i64,
) -> Result<Vec<MediaName>, StoreError> {
    let names: Vec<String> = media::table
        .filter(media::name.gt(after.map_or("", MediaName::as_str)))
        .group_by(media::name)
        .having(max(media::created_at_ms).lt(before_ms))
        .select(media::name)
        .order(media::name)
        .limit(limit)
        .load(conn)?;
    Ok(names.into_iter().map(MediaName::stored).collect())
}

/// Those of the images that are the avatar of no account.
pub fn list_unused(conn: &mut Conn, names: Vec<MediaName>) -> Result<Vec<MediaName>, StoreError> {
    let used: BTreeSet<String> = users::table
        .filter(sql::<Bool>(HAS_NAME))
        .filter(sql::<Text>(NAME_IN_AVATAR).eq_any(names.iter().map(MediaName::as_str)))
        .select(sql::<Text>(NAME_IN_AVATAR))
        .load(conn)?
        .into_iter()
        .collect();
    Ok(names.into_iter().filter(|name| !used.contains(name.as_str())).collect())
}

/// Forgets an image that is the avatar of no account and was last uploaded before `before_ms`. False if it is not so.
pub fn delete_unused(conn: &mut Conn, name: &MediaName, before_ms: i64) -> Result<bool, StoreError> {
    if list_unused(conn, vec![name.clone()])?.is_empty() {
        return Ok(false);
    }
    let old = media::name.eq(name.as_str()).and(media::created_at_ms.lt(before_ms));
    diesel::delete(media::table.filter(old)).execute(conn)?;
    Ok(!is_known(conn, name)?)
}
