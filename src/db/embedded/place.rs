//! Where a cluster lives.
//!
//! ```text
//! <data folder>/pg/              the base; or /var/lib/mind/<hash>/pg when the server's user cannot enter the data folder
//!     start.lock in-use.lock     see `lock`
//!     15/                        the cluster, named by its major version
//!         data/                  the server's own files
//!         socket/                or a short folder for temporary files when this path is too long for a socket
//!         postgres.password      of the superuser
//!         mind.password          of the login role
//!         server.log
//!     15.new-1f2e3d4c/           one that is being made; renamed when whole, removed when found later
//! ```

use std::{
    fs::Permissions,
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, PermissionsExt},
    },
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use super::{EmbeddedError, owner, owner::Owner};

/// The part of a name that marks a cluster under construction.
const UNFINISHED: &str = ".new-";
/// Clusters of data folders that the server's user cannot enter.
const APART: &str = "/var/lib/mind";
/// The longest path a socket can have is 107 bytes on Linux and 103 on the BSDs.
const LONGEST_SOCKET_PATH: usize = 103;
/// The server names its socket after the port, although it opens no port.
pub(super) const SOCKET_NAME: &str = ".s.PGSQL.5432";

/// The folder that holds the locks and the cluster.
#[derive(Debug, Clone)]
pub(super) struct Base {
    /// The folder.
    pub(super) path: PathBuf,
    /// Who owns it and who runs the server.
    pub(super) owner: Owner,
}

impl Base {
    /// Finds the base of an existing cluster, or makes the one where it will be created.
    pub(super) async fn choose(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let data_dir = create_data_dir(data_dir)?;
        let beside = data_dir.join("pg");
        if newest_major(&beside)?.is_some() {
            return Self::existing(beside);
        }
        let apart = Path::new(APART).join(hash(&data_dir));
        if owner::is_root() && newest_major(&apart.join("pg"))?.is_some() {
            return Self::existing(apart.join("pg"));
        }
        let owner = Owner::of_new(&data_dir)?;
        let path = if owner.can_enter(&data_dir).await {
            beside
        } else {
            owner::create_dir(Path::new(APART), 0o755).map_err(EmbeddedError::file("creating", APART))?;
            owner.create_passage(&apart)?;
            apart.join("pg")
        };
        owner.create_passage(&path)?;
        if owner.can_enter(&path).await {
            Ok(Self { path, owner })
        } else {
            Err(EmbeddedError::CannotEnter { path, uid: owner.server_uid() })
        }
    }

    fn existing(path: PathBuf) -> Result<Self, EmbeddedError> {
        let major = newest_major(&path)?.unwrap_or_default();
        let owner = Owner::of_existing(&path, &path.join(major.to_string()).join("data"))?;
        Ok(Self { path, owner })
    }

    /// The cluster that is here, if any. Asked under `start.lock`.
    pub(super) fn cluster(&self) -> Result<Option<Folder>, EmbeddedError> {
        Ok(newest_major(&self.path)?.map(|major| self.folder(major)))
    }

    /// The place of the cluster of this major version.
    pub(super) fn folder(&self, major: u32) -> Folder {
        Folder { path: self.path.join(major.to_string()), major }
    }

    /// A place to make the cluster in, until it is whole.
    pub(super) fn unfinished(&self, major: u32) -> Folder {
        let name = format!("{major}{UNFINISHED}{}", hex::encode(rand::random::<[u8; 4]>()));
        Folder { path: self.path.join(name), major }
    }

    /// Removes what an interrupted creation left. Called under `start.lock`, so nobody is at work there.
    pub(super) async fn remove_unfinished(&self) {
        let Ok(entries) = std::fs::read_dir(&self.path) else {
            return;
        };
        for entry in entries.flatten() {
            if !entry.file_name().to_string_lossy().contains(UNFINISHED) {
                continue;
            }
            match tokio::fs::remove_dir_all(entry.path()).await {
                Ok(()) => tracing::info!(
                    folder = %entry.path().display(),
                    "postgres: removed a half-made database folder"
                ),
                // An initdb that outlived its mind may still write there; the next start tries again.
                Err(error) => tracing::warn!(
                    folder = %entry.path().display(), %error,
                    "postgres: could not remove a half-made database folder"
                ),
            }
        }
    }

    /// Held while a server is created, started or stopped.
    pub(super) fn start_lock(&self) -> PathBuf {
        self.path.join("start.lock")
    }

    /// Shared by all users of the server.
    pub(super) fn in_use_lock(&self) -> PathBuf {
        self.path.join("in-use.lock")
    }

    /// Where downloaded server programs go: beside the base, because the server's user must be able to enter.
    pub(super) fn downloads(&self) -> PathBuf {
        self.path.with_file_name("postgresql-binaries")
    }
}

/// The files of one cluster.
#[derive(Debug, Clone)]
pub(super) struct Folder {
    /// The folder.
    pub(super) path: PathBuf,
    /// The major version of the server that made it.
    pub(super) major: u32,
}

impl Folder {
    /// The server's own files.
    pub(super) fn data(&self) -> PathBuf {
        self.path.join("data")
    }

    /// The password of the superuser `postgres`.
    pub(super) fn superuser_password(&self) -> PathBuf {
        self.path.join("postgres.password")
    }

    /// The password of the login role `mind`.
    pub(super) fn login_password(&self) -> PathBuf {
        self.path.join("mind.password")
    }

    /// What the server writes.
    pub(super) fn log(&self) -> PathBuf {
        self.path.join("server.log")
    }

    /// Makes sure of a private folder for the socket whose path is short enough.
    pub(super) async fn socket_folder(&self, owner: &Owner) -> Result<PathBuf, EmbeddedError> {
        let inside = self.path.join("socket");
        if fits(&inside) {
            owner.create_for_server(&inside)?;
            return Ok(inside);
        }
        let name = format!("mind-pg-{}", hash(&self.path));
        for parent in [std::env::temp_dir(), PathBuf::from("/tmp")] {
            let folder = parent.join(&name);
            if fits(&folder) && owner.can_enter(&parent).await {
                claim(&folder, owner)?;
                return Ok(folder);
            }
        }
        Err(EmbeddedError::SocketFolder { path: inside, reason: "is too long a path, and so is every folder for temporary files".into() })
    }
}

/// The data folder, absolute and without links, because its path names the cluster. It lets others pass when root made
/// it (the secrets in it are 0600 files), since the server's user has to reach the cluster.
fn create_data_dir(data_dir: &Path) -> Result<PathBuf, EmbeddedError> {
    let failed = || EmbeddedError::file("creating", data_dir);
    let missing = !data_dir.exists();
    if missing {
        let mode = if owner::is_root() { 0o711 } else { 0o700 };
        if let Some(parent) = data_dir.parent() {
            std::fs::create_dir_all(parent).map_err(failed())?;
        }
        owner::create_dir(data_dir, mode).map_err(failed())?;
    }
    data_dir.canonicalize().map_err(EmbeddedError::file("resolving", data_dir))
}

/// The newest cluster in the base: a folder named by a number is whole, because it was renamed when it was.
fn newest_major(base: &Path) -> Result<Option<u32>, EmbeddedError> {
    let entries = match std::fs::read_dir(base) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            return Err(EmbeddedError::ForeignOwner { path: base.to_owned(), uid: base.metadata().map_or(0, |metadata| metadata.uid()) });
        }
        Err(error) => return Err(EmbeddedError::file("reading", base)(error)),
    };
    Ok(entries
        .flatten()
        .filter(|entry| entry.path().join("data").is_dir())
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .max())
}

fn fits(folder: &Path) -> bool {
    // The setting is text, so a folder that is not cannot be named in it.
    folder.to_str().is_some() && folder.as_os_str().len() + 1 + SOCKET_NAME.len() <= LONGEST_SOCKET_PATH
}

/// Takes a folder in a place where everybody may create one: it must be ours and closed to others.
fn claim(folder: &Path, owner: &Owner) -> Result<(), EmbeddedError> {
    let refuse = |reason: String| EmbeddedError::SocketFolder { path: folder.to_owned(), reason };
    match std::fs::DirBuilder::new().mode(0o700).create(folder) {
        Ok(()) => std::fs::set_permissions(folder, Permissions::from_mode(0o700)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
    .map_err(|error| refuse(format!("cannot be created: {error}")))?;
    let found = folder.symlink_metadata().map_err(|error| refuse(format!("cannot be read: {error}")))?;
    // Root's own is one that an interrupted start has not handed over yet.
    let ours = found.uid() == owner.server_uid() || (owner::is_root() && found.uid() == 0);
    if !found.is_dir() || !ours {
        return Err(refuse(format!("belongs to user id {}", found.uid())));
    }
    if found.mode() & 0o077 != 0 {
        return Err(refuse("is open to other users".into()));
    }
    owner.give_to_server(folder).map_err(|error| refuse(format!("cannot be given to the server's user: {error}")))
}

fn hash(path: &Path) -> String {
    let digest = Sha256::digest(path.as_os_str().as_bytes());
    hex::encode(&digest[..8])
}
