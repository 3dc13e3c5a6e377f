//! Finds the server programs on this machine, or fetches them.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

#[cfg(feature = "download")]
use super::download;
use super::{
    EmbeddedError,
    owner::Owner,
    place::{Base, Folder},
};

/// Older servers lack what the migrations use (`security_invoker` views, `nulls not distinct`).
const OLDEST_MAJOR: u32 = 15;

/// Folders of distributions and packagers: what precedes and what follows the part that varies.
const KNOWN_FOLDERS: [(&str, &str, &str); 9] = [
    ("/usr/lib/postgresql", "", "bin"),
    ("/usr", "pgsql-", "bin"),
    ("/usr/libexec", "postgresql", ""),
    ("/usr/lib", "postgresql", "bin"),
    ("/opt/homebrew/opt", "postgresql", "bin"),
    ("/usr/local/opt", "postgresql", "bin"),
    ("/home/linuxbrew/.linuxbrew/opt", "postgresql", "bin"),
    ("/usr/local", "pgsql", "bin"),
    ("/Applications/Postgres.app/Contents/Versions", "", "bin"),
];

/// A folder with `postgres` and `initdb`.
#[derive(Debug, Clone)]
pub(super) struct Binaries {
    /// The folder.
    pub(super) folder: PathBuf,
    /// The major version of its server.
    pub(super) major: u32,
}

/// Finds the programs for the cluster that exists, or the newest ones for a new cluster.
pub(super) async fn find(named: Option<&Path>, base: &Base, cluster: Option<&Folder>) -> Result<Binaries, EmbeddedError> {
    let wanted = cluster.map(|folder| folder.major);
    if let Some(folder) = named {
        return named_by_operator(folder, base, cluster).await;
    }
    if let Some(found) = on_this_machine(base, wanted).await {
        return Ok(found);
    }
    #[cfg(feature = "download")]
    let note = if wanted.is_none_or(|major| major == download::MAJOR) {
        match download::fetch(&base.downloads()).await {
            Ok(()) => match on_this_machine(base, wanted).await {
                Some(found) => return Ok(found),
                None => " (the downloaded one does not run here)".to_owned(),
            },
            Err(reason) => format!(" (and downloading it failed: {reason})"),
        }
    } else {
        String::new()
    };
    #[cfg(not(feature = "download"))]
    let note = String::new();
    Err(match cluster {
        Some(folder) => gone(folder),
        None => EmbeddedError::NoBinaries { note },
    })
}

async fn named_by_operator(folder: &Path, base: &Base, cluster: Option<&Folder>) -> Result<Binaries, EmbeddedError> {
    let bad = |reason: String| EmbeddedError::BadBinaries { path: folder.to_owned(), reason };
    let folder = std::path::absolute(folder).map_err(|error| bad(error.to_string()))?;
    let major = major_of(&folder, &base.owner).await.map_err(bad)?;
    match cluster {
        Some(existing) if existing.major != major => Err(gone(existing)),
        None if major < OLDEST_MAJOR => Err(bad(format!("it is PostgreSQL {major}, and {OLDEST_MAJOR} is the oldest that serves"))),
        _ => Ok(Binaries { folder, major }),
    }
}

async fn on_this_machine(base: &Base, wanted: Option<u32>) -> Option<Binaries> {
    let mut best: Option<Binaries> = None;
    for folder in candidates(&base.downloads()) {
        let major = match major_of(&folder, &base.owner).await {
            Ok(major) => major,
            Err(reason) => {
                tracing::debug!(folder = %folder.display(), reason, "postgres: programs passed over");
                continue;
            }
        };
        if wanted == Some(major) {
            return Some(Binaries { folder, major });
        }
        let better = best.as_ref().is_none_or(|best| best.major < major);
        if wanted.is_none() && major >= OLDEST_MAJOR && better {
            best = Some(Binaries { folder, major });
        }
    }
    best
}

fn gone(cluster: &Folder) -> EmbeddedError {
    EmbeddedError::BinariesGone { location: cluster.path.clone(), major: cluster.major }
}

fn candidates(downloads: &Path) -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    for (parent, prefix, below) in KNOWN_FOLDERS {
        folders.extend(varying(Path::new(parent), prefix, below));
    }
    folders.extend(varying(downloads, "", "bin"));
    let mut seen = std::collections::HashSet::new();
    folders.retain(|folder| has_programs(folder) && folder.canonicalize().is_ok_and(|real| seen.insert(real)));
    folders
}

fn varying(parent: &Path, prefix: &str, below: &str) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(parent) else {
        return Vec::new();
    };
    let mut folders: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().to_string_lossy().starts_with(prefix))
        .map(|entry| entry.path().join(below))
        .collect();
    // The system lists them in no order, and two starts should choose alike.
    folders.sort();
    folders
}

fn has_programs(folder: &Path) -> bool {
    folder.is_absolute() && folder.join("postgres").is_file() && folder.join("initdb").is_file()
}

/// Asked as the server's user, so programs that it cannot reach do not count.
async fn major_of(folder: &Path, owner: &Owner) -> Result<u32, String> {
    if !has_programs(folder) {
        return Err("`postgres` or `initdb` is missing there".into());
    }
    let mut command = owner.command(folder.join("postgres"));
    command.arg("--version").stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(Duration::from_secs(10), command.output())
        .await
        .map_err(|_| "`postgres --version` does not end".to_owned())?
        .map_err(|error| format!("`postgres` cannot be run as user id {}: {error}", owner.server_uid()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    parse_major(&text).ok_or_else(|| format!("`postgres --version` answers {:?}", text.trim()))
}

/// Reads `postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)`, also `17beta1`.
fn parse_major(text: &str) -> Option<u32> {
    let (_, version) = text.split_once("(PostgreSQL) ")?;
    let digits = version.find(|c: char| !c.is_ascii_digit()).unwrap_or(version.len());
    version[..digits].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::parse_major;

    #[test]
    fn the_major_version_is_read_from_every_form() {
        let debian = "postgres (PostgreSQL) 15.19 (Debian 15.19-0+deb12u1)\n";
        assert_eq!(parse_major(debian), Some(15));
        assert_eq!(parse_major("postgres (PostgreSQL) 18beta1"), Some(18));
        assert_eq!(parse_major("postgres (PostgreSQL) 17"), Some(17));
        assert_eq!(parse_major("postgres: not found"), None);
    }
}
