//! Where the bytes of files lie: a folder, or a bucket.
//!
//! Keys are made here and hold the tenant's id and a random name, never a name from outside. What a key stands for is
//! known to the database alone.

use std::{
    fs::DirBuilder,
    os::unix::fs::DirBuilderExt as _,
    path::{Path as FilePath, PathBuf},
    str::FromStr,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context as _, Result};
use futures::{StreamExt as _, stream::BoxStream};
use object_store::{ObjectStore, ObjectStoreExt as _, PutPayload, local::LocalFileSystem, path::Path};
use tokio::time::timeout;
use tokio_util::bytes::Bytes;
use url::Url;

use crate::{config::Config, domain::tenant::TenantId};

/// A store that does not answer must not hold a request until its own end.
const WRITE_LIMIT: Duration = Duration::from_secs(25);

/// The object store. Cheap to clone; opened with its first use, so that commands without files need none.
#[derive(Clone, Debug)]
pub struct Storage(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    place: Place,
    opened: OnceLock<Arc<dyn ObjectStore>>,
}

/// Where objects are to lie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// A folder of this machine, or one that all nodes mount.
    Folder(PathBuf),
    /// A bucket with a prefix, as a URL.
    #[cfg(feature = "s3")]
    Bucket(Url),
}

impl FromStr for Place {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let url = Url::parse(text).map_err(|_| "is not a URL such as file:///var/lib/mind/storage")?;
        match url.scheme() {
            "file" => {
                url.to_file_path().map(Self::Folder).map_err(|()| "is not a folder of this machine such as file:///var/lib/mind/storage")
            }
            "s3" if url.host_str().is_none_or(str::is_empty) => Err("names no bucket, as s3://bucket/prefix would"),
            #[cfg(feature = "s3")]
            "s3" => Ok(Self::Bucket(url)),
            #[cfg(not(feature = "s3"))]
            "s3" => Err("needs a program that was built with the feature s3"),
            _ => Err("is neither file:///folder nor s3://bucket/prefix"),
        }
    }
}

/// An object being read.
pub struct Object {
    /// Bytes.
    pub size: u64,
    /// Its content, piece by piece.
    pub content: BoxStream<'static, std::io::Result<Bytes>>,
}

impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Object").field("size", &self.size).finish_non_exhaustive()
    }
}

/// A key nobody has used or can guess.
pub fn fresh_key(tenant: TenantId, kind: &str) -> String {
    format!("tenant/{}/{kind}/{}", tenant.0, hex::encode(rand::random::<[u8; 16]>()))
}

impl Storage {
    /// The store that `MIND_STORAGE_URL` names. Touches nothing yet.
    pub fn from_config(config: &Config) -> Self {
        Self(Arc::new(Inner { place: config.storage.clone(), opened: OnceLock::new() }))
    }

    /// Opens the store: makes the folder, or reads the credentials of the bucket.
    pub fn open(&self) -> Result<()> {
        self.store().map(drop)
    }

    fn store(&self) -> Result<&dyn ObjectStore> {
        if let Some(store) = self.0.opened.get() {
            return Ok(store.as_ref());
        }
        let store = match &self.0.place {
            Place::Folder(folder) => open_folder(folder)?,
            #[cfg(feature = "s3")]
            Place::Bucket(url) => bucket::open(url)?,
        };
        Ok(self.0.opened.get_or_init(|| store).as_ref())
    }

    /// Keeps an object. When this returns it is whole and on the disk; before, nobody sees a part of it.
    pub async fn put(&self, key: &str, content: Bytes) -> Result<()> {
        let key = path(key)?;
        let put = self.store()?.put(&key, PutPayload::from_bytes(content));
        timeout(WRITE_LIMIT, put).await.context("the object store did not answer")?.context("writing to the object store")?;
        Ok(())
    }

    /// Keeps an object under a new key, for as long as nothing else is said.
    pub async fn put_fresh(&self, tenant: TenantId, kind: &str, content: Bytes) -> Result<FreshObject> {
        // Before the first byte is written: whoever is stopped in between leaves nothing either.
        let object = FreshObject { storage: self.clone(), key: fresh_key(tenant, kind), kept: AtomicBool::new(false) };
        self.put(&object.key, content).await?;
        Ok(object)
    }

    /// Reads an object; none where there is nothing under the key.
    pub async fn get(&self, key: &str) -> Result<Option<Object>> {
        match self.store()?.get(&path(key)?).await {
            Ok(found) => {
                let size = found.meta.size;
                let content = found.into_stream().map(|piece| piece.map_err(std::io::Error::other)).boxed();
                Ok(Some(Object { size, content }))
            }
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error).context("reading from the object store"),
        }
    }

    /// Removes an object, if it is there.
    pub async fn delete(&self, key: &str) -> Result<()> {
        let key = path(key)?;
        match timeout(WRITE_LIMIT, self.store()?.delete(&key)).await.context("the object store did not answer")? {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error).context("removing from the object store"),
        }
    }
}

/// An object that nothing refers to yet. Dropped, it is removed; unless it was kept.
#[derive(Debug)]
pub struct FreshObject {
    storage: Storage,
    key: String,
    kept: AtomicBool,
}

impl FreshObject {
    /// Its key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// From now on something refers to it, or may.
    pub fn keep(&self) {
        self.kept.store(true, Ordering::Relaxed);
    }
}

impl Drop for FreshObject {
    fn drop(&mut self) {
        let (false, Ok(runtime)) = (*self.kept.get_mut(), tokio::runtime::Handle::try_current()) else { return };
        let (storage, key) = (self.storage.clone(), std::mem::take(&mut self.key));
        runtime.spawn(async move {
            if let Err(error) = storage.delete(&key).await {
                tracing::warn!(error = format!("{error:#}"), key, "an object without a row stays in the object store");
            }
        });
    }
}

fn path(key: &str) -> Result<Path> {
    Path::parse(key).context("a key of the object store is malformed")
}

fn open_folder(folder: &FilePath) -> Result<Arc<dyn ObjectStore>> {
    // What customers send is nobody else's business on this machine.
    DirBuilder::new().recursive(true).mode(0o700).create(folder).with_context(|| format!("making the folder {}", folder.display()))?;
    let store = LocalFileSystem::new_with_prefix(folder).with_context(|| format!("opening the folder {}", folder.display()))?;
    Ok(Arc::new(store.with_fsync(true)))
}

#[cfg(feature = "s3")]
mod bucket {
    //! S3 and what speaks like it.

    use std::{sync::Arc, time::Duration};

    use anyhow::{Context as _, Result};
    use object_store::{ClientOptions, ObjectStore, RetryConfig, aws::AmazonS3Builder, path::Path, prefix::PrefixStore};
    use url::Url;

    /// Credentials, region and endpoint come from the variables `AWS_*`.
    pub(super) fn open(url: &Url) -> Result<Arc<dyn ObjectStore>> {
        let retry = RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(15), ..RetryConfig::default() };
        // A large file may take its time, as long as it comes.
        let client = ClientOptions::new()
            .with_timeout_disabled()
            .with_read_timeout(Duration::from_secs(10))
            .with_connect_timeout(Duration::from_secs(3));
        let store = AmazonS3Builder::from_env()
            .with_client_options(client)
            .with_bucket_name(url.host_str().unwrap_or_default())
            .with_retry(retry)
            .build()
            .context("opening the bucket")?;
        let prefix = Path::from_url_path(url.path()).context("reading the prefix of the bucket")?;
        Ok(Arc::new(PrefixStore::new(store, prefix)))
    }
}

#[cfg(test)]
mod tests {
    use futures::TryStreamExt as _;

    use super::*;

    fn storage(url: Option<&str>, folder: &FilePath) -> Storage {
        let mut variables = std::collections::BTreeMap::from([("MIND_DATA_DIR".to_owned(), folder.to_str().unwrap().to_owned())]);
        variables.extend(url.map(|url| ("MIND_STORAGE_URL".to_owned(), url.to_owned())));
        Storage::from_config(&Config::from_map(variables).unwrap())
    }

    async fn read(storage: &Storage, key: &str) -> Option<Vec<u8>> {
        let object = storage.get(key).await.unwrap()?;
        let pieces: Vec<Bytes> = object.content.try_collect().await.unwrap();
        let bytes = pieces.concat();
        assert_eq!(object.size, bytes.len() as u64);
        Some(bytes)
    }

    #[tokio::test]
    async fn what_was_put_is_there_until_it_is_deleted() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(None, folder.path());
        assert!(!folder.path().join("storage").exists(), "made without being used");
        let key = fresh_key(TenantId(7), "attachment");
        assert!(key.starts_with("tenant/7/attachment/"), "{key}");
        assert_eq!(read(&storage, &key).await, None);
        storage.put(&key, Bytes::from_static(b"abc")).await.unwrap();
        assert_eq!(read(&storage, &key).await.unwrap(), b"abc");
        assert!(folder.path().join("storage").join(&key).is_file());
        storage.delete(&key).await.unwrap();
        storage.delete(&key).await.unwrap();
        assert_eq!(read(&storage, &key).await, None);
    }

    #[tokio::test]
    async fn the_url_names_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let url = Url::from_directory_path(folder.path().join("ä b")).unwrap();
        let storage = storage(Some(url.as_str()), FilePath::new("unused"));
        storage.put("tenant/1/attachment/x", Bytes::from_static(b"1")).await.unwrap();
        assert!(folder.path().join("ä b/tenant/1/attachment/x").is_file());
    }

    /// Keys are ours; should one ever hold something from outside, it still does not leave the folder.
    #[tokio::test]
    async fn a_key_does_not_lead_out_of_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let storage = storage(None, folder.path());
        for key in ["../x", "tenant/../../x", "/tenant//x", "tenant/./x"] {
            assert!(storage.put(key, Bytes::new()).await.is_err(), "{key}");
        }
    }

    #[test]
    fn other_urls_are_refused() {
        for url in ["http://x.example/", "file://server/share", "ftp://x", "s3:///prefix", "/var/lib/mind"] {
            assert!(url.parse::<Place>().is_err(), "{url}");
        }
        assert_eq!("s3://bucket/prefix".parse::<Place>().is_ok(), cfg!(feature = "s3"));
    }
}
