//! Avatars that users upload: the uploads, the tokens that permit them without a session, and the deletion of images
//! that no account shows any more (ADR 26).

use super::{Caller, Error, Origin, limits, lookups, profile};
use crate::{
    gateway::Gateway,
    media::{Media, Slot, Ticket, image},
    model::{AccountStatus, Avatar, ClientKey, MediaName, TenantId, UploadId, UserId},
    store::{Conn, StoreError, media, media::NewUpload},
};

pub use crate::media::image::MAX_BYTES;

/// How long a token permits uploads.
pub const TOKEN_LIFETIME_SECS: i64 = 60 * 60;

/// How long an image is kept that no account shows: it may have been uploaded to be shown soon.
const KEEP_UNUSED_MS: i64 = 24 * 60 * 60 * 1000;

/// How many images are looked at at once.
const PRUNED_AT_ONCE: i64 = 500;

/// The path below which images are served.
pub const PATH: &str = "/media/";

/// A token that permits uploads.
pub struct UploadToken {
    /// Its text, to be sent to the client only.
    pub text: String,
    /// The id of the upload, if it is for one only.
    pub id: Option<UploadId>,
}

/// An image that was uploaded.
#[derive(Debug)]
pub struct Uploaded {
    /// Its name.
    pub name: MediaName,
    /// Its size in bytes.
    pub size: usize,
    /// Whether the token was for this upload only.
    pub is_single: bool,
}

/// Counts an upload from an address, before its body is read. The result is to be kept until it is.
///
/// # Errors
/// [`Error::UploadsOff`], [`Error::TooManyRequests`]; [`Error::Busy`] while too many files arrive.
pub async fn begin(gateway: &Gateway, origin: &Origin) -> Result<Slot, Error> {
    store(gateway)?;
    let slot = gateway.uploads.take(origin.source()).ok_or(Error::Busy)?;
    limits::count_upload_from(gateway, origin).await?;
    Ok(slot)
}

/// A token with which the caller's images can be uploaded for an hour; only one of them if `is_single_use`.
///
/// # Errors
/// [`Error::UploadsOff`].
pub fn token(gateway: &Gateway, caller: &Caller, is_single_use: bool) -> Result<UploadToken, Error> {
    store(gateway)?;
    let ticket = Ticket {
        tenant: caller.tenant_id().clone(),
        user: caller.user(),
        expires_at_secs: gateway.clock.now_ms().div_euclid(1000) + TOKEN_LIFETIME_SECS,
        only: if is_single_use { Some(new_id(gateway)?) } else { None },
    };
    let text = ticket.sign(&gateway.secret).map_err(Error::internal)?;
    Ok(UploadToken { text, id: ticket.only })
}

/// Uploads an image and makes it the caller's avatar. Returns its name and the avatar as it is shown.
///
/// # Errors
/// [`Error::UploadsOff`], [`Error::ImageUnusable`], [`Error::TooManyRequests`], [`Error::Busy`].
pub async fn set(
    gateway: &Gateway,
    caller: &Caller,
    file: Vec<u8>,
    base_url: &str,
) -> Result<(MediaName, String), Error> {
    let owner = Owner { tenant: caller.tenant_id().clone(), user: caller.user(), key: None };
    let (name, _) = keep(gateway, owner, new_id(gateway)?, file).await?;
    let avatar = avatar_of(gateway, &name, base_url)?;
    let base = gateway.config.avatar_base.as_ref();
    let shown = base.map_or_else(|| avatar.as_str().to_owned(), |base| base.url_of(avatar.as_str()));
    profile::set_avatar(gateway, caller, avatar).await?;
    Ok((name, shown))
}

/// Uploads an image with a token. Its client may refer to it by `key` for an hour.
///
/// # Errors
/// [`Error::UploadTokenRefused`], and those of [`set`].
pub async fn upload(gateway: &Gateway, token: &str, key: Option<&str>, file: Vec<u8>) -> Result<Uploaded, Error> {
    let now_secs = gateway.clock.now_ms().div_euclid(1000);
    let ticket = Ticket::verify(&gateway.secret, token, now_secs).ok_or(Error::UploadTokenRefused)?;
    let is_active = match lookups::user(gateway, &ticket.tenant, ticket.user).await {
        Ok(user) => user.status == AccountStatus::Active,
        Err(Error::UserNotFound) => false,
        Err(error) => return Err(error),
    };
    if !is_active {
        return Err(Error::UploadTokenRefused);
    }
    let is_single = ticket.only.is_some();
    let id = match ticket.only {
        Some(id) => id,
        None => new_id(gateway)?,
    };
    let owner = Owner { tenant: ticket.tenant, user: ticket.user, key: key.and_then(ClientKey::parse) };
    let (name, size) = keep(gateway, owner, id, file).await?;
    Ok(Uploaded { name, size, is_single })
}

/// Whose an upload is, and how its client refers to it.
struct Owner {
    tenant: TenantId,
    user: UserId,
    key: Option<ClientKey>,
}

/// Checks, encodes and stores an image. Returns its name and its size in bytes.
async fn keep(gateway: &Gateway, owner: Owner, id: UploadId, file: Vec<u8>) -> Result<(MediaName, usize), Error> {
    let store = store(gateway)?;
    limits::count_upload(gateway, &owner.tenant, owner.user).await?;
    let images = &gateway.metrics.images;
    let square = gateway.images.run(move || image::square(&file)).await?;
    let square = square.inspect_err(|_counted| images.refused.inc()).map_err(|_unusable| Error::ImageUnusable)?;
    let (name, size) = (square.name, square.bytes.len());
    let created_at_ms = gateway.clock.now_ms();
    let Owner { tenant, user, key: client_key } = owner;
    let new = NewUpload { id, name: name.clone(), tenant, user, created_at_ms, client_key };
    // Before the image: whoever deletes it at the same time finds this row, or has deleted it before it is stored.
    let insert = move |conn: &mut Conn| media::insert(conn, &new).map_err(Error::UploadTokenRefused.if_taken());
    gateway.db.write(insert).await?;
    store.put(&name, square.bytes).await?;
    images.stored.inc();
    Ok((name, size))
}

/// A stored image.
///
/// # Errors
/// [`Error::Unavailable`].
pub async fn find(gateway: &Gateway, name: &MediaName) -> Result<Option<Vec<u8>>, Error> {
    match &gateway.media {
        Some(store) => Ok(store.find(name).await?),
        None => Ok(None),
    }
}

/// The image of an upload.
pub async fn find_upload(gateway: &Gateway, id: UploadId) -> Result<Option<MediaName>, Error> {
    Ok(gateway.db.read(move |conn| media::find(conn, &id)).await?)
}

/// Parses the caller's new avatar: a URL or a name, as [`Avatar::parse`] does, or the name of an uploaded image. What
/// refers to an upload otherwise becomes the URL of its image: the URL that was known before it, and one that ends with
/// the key that the client chose within the last hour.
///
/// # Errors
/// [`Error::Invalid`].
pub async fn parse(
    gateway: &Gateway,
    caller: &Caller,
    what: &'static str,
    text: &str,
    base_url: &str,
) -> Result<Avatar, Error> {
    let text = text.trim();
    let uploaded = match &gateway.media {
        Some(_) => find_uploaded(gateway, caller.user(), text).await?,
        None => None,
    };
    match uploaded {
        Some(name) => avatar_of(gateway, &name, base_url),
        None => Ok(Avatar::parse(what, text, gateway.config.avatar_base.as_ref())?),
    }
}

/// The image of an upload that `text` refers to otherwise than by the image's URL.
async fn find_uploaded(gateway: &Gateway, user: UserId, text: &str) -> Result<Option<MediaName>, Error> {
    if let Some(id) = text.rsplit_once(PATH).and_then(|(_, end)| UploadId::parse(end))
        && let Some(name) = find_upload(gateway, id).await?
    {
        return Ok(Some(name));
    }
    let Some(key) = ClientKey::parse(text) else { return Ok(None) };
    if let Some(name) = MediaName::parse(key.as_str()) {
        // A URL with it is complete, and so is the name itself below a configured URL.
        let is_bare = key.as_str() == text && gateway.config.avatar_base.is_none();
        let known = name.clone();
        let is_known = is_bare && gateway.db.read(move |conn| media::is_known(conn, &known)).await?;
        return Ok(is_known.then_some(name));
    }
    let since_ms = gateway.clock.now_ms().saturating_sub(TOKEN_LIFETIME_SECS * 1000);
    Ok(gateway.db.read(move |conn| media::find_by_client_key(conn, user, &key, since_ms)).await?)
}

/// An image as an avatar: its name with `DIGLOT_AVATAR_BASE_URL`, else its URL on this gateway.
fn avatar_of(gateway: &Gateway, name: &MediaName, base_url: &str) -> Result<Avatar, Error> {
    let base = gateway.config.avatar_base.as_ref();
    let text = if base.is_some() { name.as_str().to_owned() } else { format!("{base_url}{PATH}{}", name.as_str()) };
    Ok(Avatar::parse("avatar", &text, base)?)
}

fn store(gateway: &Gateway) -> Result<&Media, Error> {
    gateway.media.as_ref().ok_or(Error::UploadsOff)
}

fn new_id(gateway: &Gateway) -> Result<UploadId, Error> {
    let text = gateway.random.base62(UploadId::CHARS)?;
    UploadId::parse(&text).ok_or_else(|| Error::internal("the id of an upload is malformed"))
}

/// Deletes images that no account shows any more, a day after their last upload.
pub(super) async fn prune(gateway: &Gateway) {
    let Some(store) = &gateway.media else { return };
    match prune_in(gateway, store).await {
        Ok(0) => {}
        Ok(deleted) => log::info!("deleted {deleted} images that no account shows"),
        Err(error) => log::warn!("images that no account shows are deleted in an hour: {error}"),
    }
}

async fn prune_in(gateway: &Gateway, store: &Media) -> Result<usize, Error> {
    let before_ms = gateway.clock.now_ms().saturating_sub(KEEP_UNUSED_MS);
    let (mut after, mut deleted) = (None, 0);
    loop {
        let list = move |conn: &mut Conn| -> Result<_, StoreError> {
            let old = media::list_old(conn, after.as_ref(), before_ms, PRUNED_AT_ONCE)?;
            Ok((old.last().cloned(), media::list_unused(conn, old)?))
        };
        let (seen, unused) = gateway.db.read(list).await?;
        for name in unused {
            deleted += usize::from(delete(gateway, store, name, before_ms).await?);
        }
        if seen.is_none() {
            return Ok(deleted);
        }
        after = seen;
    }
}

/// Deletes an image, and puts it back if it has been uploaded or shown again meanwhile. An image whose row is left,
/// because the node stopped in between, is deleted by the next run.
async fn delete(gateway: &Gateway, store: &Media, name: MediaName, before_ms: i64) -> Result<bool, Error> {
    // It may have become an avatar since the list was made.
    let listed = vec![name.clone()];
    if gateway.db.read(move |conn| media::list_unused(conn, listed)).await?.is_empty() {
        return Ok(false);
    }
    let bytes = store.find(&name).await?;
    // Without it, another node is deleting the image, and may be about to put it back.
    if bytes.is_some() {
        store.delete(&name).await?;
    }
    let unused = name.clone();
    let is_gone = gateway.db.write(move |conn| media::delete_unused(conn, &unused, before_ms)).await?;
    if let (false, Some(bytes)) = (is_gone, bytes) {
        store.put(&name, bytes).await?;
    }
    Ok(is_gone)
}
