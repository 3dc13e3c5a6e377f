//! As which user the server runs, and who owns the files around it.
//!
//! PostgreSQL refuses to run as root. Started by root, mind runs it as the user who already owns the cluster, else as
//! the (ordinary) owner of the data folder, else as `postgres`, else as `nobody`. Started by anybody else, it runs as
//! that user.

use std::{
    ffi::OsStr,
    fs::{DirBuilder, Permissions},
    io,
    os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt, lchown},
    path::Path,
    process::Stdio,
};

use nix::unistd::{Gid, Uid, User};
use tokio::process::Command;

use super::EmbeddedError;

/// The server may need these to find its libraries; everything else, secrets included, is kept from it.
const PASSED_ON: [&str; 3] = ["PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

/// A user and group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Ids {
    uid: u32,
    gid: u32,
}

impl Ids {
    const ROOT: Self = Self { uid: 0, gid: 0 };

    fn current() -> Self {
        Self { uid: Uid::effective().as_raw(), gid: Gid::effective().as_raw() }
    }

    fn of(path: &Path) -> io::Result<Self> {
        let metadata = path.symlink_metadata()?;
        Ok(Self { uid: metadata.uid(), gid: metadata.gid() })
    }
}

/// The users involved.
#[derive(Debug, Clone, Copy)]
pub(super) struct Owner {
    /// Runs the server and owns its data.
    server: Ids,
    /// Owns the folders, locks, passwords and the log around the data.
    keeper: Ids,
    /// Whether this process can become another user.
    root: bool,
}

impl Owner {
    /// For a cluster that is still to be created.
    pub(super) fn of_new(data_dir: &Path) -> Result<Self, EmbeddedError> {
        let current = Ids::current();
        if current.uid != 0 {
            return Ok(Self { server: current, keeper: current, root: false });
        }
        let folder = Ids::of(data_dir).map_err(EmbeddedError::file("reading", data_dir))?;
        let (server, keeper) = if folder.uid == 0 { (unprivileged()?, Ids::ROOT) } else { (folder, folder) };
        Ok(Self { server, keeper, root: true })
    }

    /// For a cluster that exists: `data` belongs to the server's user, `base` to the keeper.
    pub(super) fn of_existing(base: &Path, data: &Path) -> Result<Self, EmbeddedError> {
        let read = |path: &Path| Ids::of(path).map_err(EmbeddedError::file("reading", path));
        let (current, server, keeper) = (Ids::current(), read(data)?, read(base)?);
        let root = current.uid == 0;
        if (!root && (server.uid != current.uid || keeper.uid != current.uid)) || server.uid == 0 {
            return Err(EmbeddedError::ForeignOwner { path: data.to_owned(), uid: server.uid });
        }
        Ok(Self { server, keeper, root })
    }

    /// The server's user id.
    pub(super) fn server_uid(&self) -> u32 {
        self.server.uid
    }

    /// Whether the server runs as another user than the one who owns the folders around its data.
    fn is_split(&self) -> bool {
        self.server.uid != self.keeper.uid
    }

    /// A program run as the server's user: outside our process group (Ctrl-C must reach mind alone, which stops the
    /// server when its own work is done), in `/`, without our environment. The groups of root are dropped with the id.
    pub(super) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(PASSED_ON.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
            .env("LC_ALL", "C")
            .env("TZ", "UTC")
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::null());
        if self.root {
            command.uid(self.server.uid).gid(self.server.gid);
        }
        command
    }

    /// Whether the server's user can enter the folder; asked of the system, because access lists count too.
    pub(super) async fn can_enter(&self, folder: &Path) -> bool {
        if !self.root {
            return true;
        }
        let mut shell = self.command("/bin/sh");
        shell.args(["-c", "cd -- \"$1\"", "sh"]).arg(folder).stdout(Stdio::null()).stderr(Stdio::null());
        shell.status().await.is_ok_and(|status| status.success())
    }

    /// Makes a folder of the keeper that the server's user can pass through but not list.
    pub(super) fn create_passage(&self, folder: &Path) -> Result<(), EmbeddedError> {
        let mode = if self.is_split() { 0o711 } else { 0o700 };
        if create_dir(folder, mode).map_err(EmbeddedError::file("creating", folder))? {
            self.give_to_keeper(folder).map_err(EmbeddedError::file("changing the owner of", folder))?;
        }
        Ok(())
    }

    /// Makes a folder that only the server's user can enter; false when it was there.
    pub(super) fn create_for_server(&self, folder: &Path) -> Result<bool, EmbeddedError> {
        let created = create_dir(folder, 0o700).map_err(EmbeddedError::file("creating", folder))?;
        if created {
            self.give_to_server(folder).map_err(EmbeddedError::file("changing the owner of", folder))?;
        }
        Ok(created)
    }

    /// Gives a path made by us to the keeper.
    pub(super) fn give_to_keeper(&self, path: &Path) -> io::Result<()> {
        self.give(path, self.keeper)
    }

    /// Gives a path made by us to the server's user.
    pub(super) fn give_to_server(&self, path: &Path) -> io::Result<()> {
        self.give(path, self.server)
    }

    fn give(&self, path: &Path, ids: Ids) -> io::Result<()> {
        if !self.root || Ids::of(path)? == ids {
            return Ok(());
        }
        lchown(path, Some(ids.uid), Some(ids.gid))
    }
}

/// Makes one folder with exactly this mode; false when it was there.
pub(super) fn create_dir(folder: &Path, mode: u32) -> io::Result<bool> {
    match DirBuilder::new().mode(mode).create(folder) {
        // The umask may have taken bits away that the server's user needs.
        Ok(()) => std::fs::set_permissions(folder, Permissions::from_mode(mode)).map(|()| true),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && folder.is_dir() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Whether this process may become another user.
pub(super) fn is_root() -> bool {
    Uid::effective().is_root()
}

fn unprivileged() -> Result<Ids, EmbeddedError> {
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| User::from_name(name).ok().flatten())
        .filter(|user| !user.uid.is_root())
        .map(|user| Ids { uid: user.uid.as_raw(), gid: user.gid.as_raw() })
        .ok_or(EmbeddedError::NoUser)
}
