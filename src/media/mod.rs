//! The store of images that users upload: a folder, or a bucket of an S3-compatible service. Names are hashes of the
//! content, so a stored image never changes (ADR 26).

mod folder;
pub mod image;
mod s3;
mod slots;
mod ticket;
mod url;

use std::sync::Arc;

use self::{folder::Folder, s3::S3};
pub use self::{
    slots::{Slot, Slots},
    ticket::Ticket,
    url::MediaUrl,
};
use crate::{
    logging,
    metrics::Counter,
    model::{MediaFormat, MediaName},
};

/// The store of images.
#[derive(Clone)]
pub struct Media {
    place: Place,
    errors: Counter,
}

#[derive(Clone)]
enum Place {
    /// A folder of this machine.
    Folder(Arc<Folder>),
    /// A bucket, which several nodes share.
    S3(Arc<S3>),
}

/// The store could not be used. The text holds nothing secret.
#[derive(Debug, thiserror::Error)]
#[error("the store of images: {0}")]
pub struct MediaError(String);

impl Media {
    /// The store at `url`, which counts its failures in `errors`. It is first used by a request.
    ///
    /// # Errors
    /// When the address of a bucket can't be used.
    pub fn open(url: &MediaUrl, errors: Counter) -> Result<Self, MediaError> {
        let place = match url {
            MediaUrl::Folder(path) => Place::Folder(Arc::new(Folder::new(path.clone()))),
            MediaUrl::S3(bucket) => Place::S3(Arc::new(S3::new(bucket)?)),
        };
        Ok(Self { place, errors })
    }

    /// Stores, reads and deletes something that is no image, under a name made of `hash`.
    ///
    /// # Errors
    /// [`MediaError`].
    pub async fn check(&self, hash: &str) -> Result<(), MediaError> {
        const CONTENT: &[u8] = b"a check of diglot";
        let name = MediaName::new(hash, MediaFormat::Png);
        self.put(&name, CONTENT.to_vec()).await?;
        let found = self.find(&name).await?;
        self.delete(&name).await?;
        match found {
            Some(bytes) if bytes == CONTENT => Ok(()),
            _ => Err(MediaError("it has not kept what was stored".to_owned())),
        }
    }

    /// Stores an image, replacing one of the same name, which has the same content.
    ///
    /// # Errors
    /// [`MediaError`].
    pub async fn put(&self, name: &MediaName, bytes: Vec<u8>) -> Result<(), MediaError> {
        let name = name.clone();
        self.blocking(move |place| match place {
            Place::Folder(folder) => folder.put(&name, &bytes).map_err(|error| MediaError(error.to_string())),
            Place::S3(bucket) => bucket.put(&name, &bytes),
        })
        .await
    }

    /// An image; `None` if there is none of that name.
    ///
    /// # Errors
    /// [`MediaError`].
    pub async fn find(&self, name: &MediaName) -> Result<Option<Vec<u8>>, MediaError> {
        let name = name.clone();
        self.blocking(move |place| match place {
            Place::Folder(folder) => folder.find(&name).map_err(|error| MediaError(error.to_string())),
            Place::S3(bucket) => bucket.find(&name),
        })
        .await
    }

    /// Deletes an image, if it is there.
    ///
    /// # Errors
    /// [`MediaError`].
    pub async fn delete(&self, name: &MediaName) -> Result<(), MediaError> {
        let name = name.clone();
        self.blocking(move |place| match place {
            Place::Folder(folder) => folder.delete(&name).map_err(|error| MediaError(error.to_string())),
            Place::S3(bucket) => bucket.delete(&name),
        })
        .await
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Place) -> Result<T, MediaError> + Send + 'static,
    ) -> Result<T, MediaError> {
        let place = self.place.clone();
        let work = logging::carry_over(move || work(&place));
        let outcome = tokio::task::spawn_blocking(work).await.map_err(|error| MediaError(error.to_string())).flatten();
        outcome.inspect_err(|_counted| self.errors.inc())
    }
}
