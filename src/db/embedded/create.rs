//! Makes a cluster under a temporary name and renames it when it is whole, so that a power cut leaves none or all.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::Stdio,
    time::Duration,
};

use super::{
    EmbeddedError,
    binaries::Binaries,
    owner::Owner,
    place::{Base, Folder},
    progress,
};

/// It takes a second; a very slow disk may need minutes.
const LIMIT: Duration = Duration::from_mins(10);

/// Makes the cluster. Called under `start.lock`.
pub(super) async fn cluster(base: &Base, binaries: &Binaries, durable: bool) -> Result<Folder, EmbeddedError> {
    progress::step("initdb", async {
        let unfinished = match attempt(base, binaries, durable, "C.UTF-8").await {
            // Systems without C.UTF-8 sort by bytes too, only lower() and the like know ASCII alone.
            Err(EmbeddedError::Initdb { output }) if output.contains("invalid locale name") => {
                attempt(base, binaries, durable, "C").await?
            }
            other => other?,
        };
        let whole = base.folder(binaries.major);
        std::fs::rename(&unfinished.path, &whole.path).map_err(EmbeddedError::file("naming", &whole.path))?;
        if durable {
            sync(&base.path)?;
        }
        Ok(whole)
    })
    .await
}

async fn attempt(base: &Base, binaries: &Binaries, durable: bool, locale: &str) -> Result<Folder, EmbeddedError> {
    let owner = &base.owner;
    let folder = base.unfinished(binaries.major);
    owner.create_passage(&folder.path)?;
    owner.create_for_server(&folder.data())?;
    let password = random_password();
    write_secret(&folder.superuser_password(), &password, owner)?;
    // initdb runs as the server's user, who may not read the file above.
    let handed_over = folder.path.join("initdb.password");
    write_secret(&handed_over, &password, owner)?;
    owner.give_to_server(&handed_over).map_err(EmbeddedError::file("changing the owner of", &handed_over))?;

    let program = binaries.folder.join("initdb");
    let mut command = owner.command(&program);
    command
        .args(["--username=postgres", "--auth=scram-sha-256", "--encoding=UTF8", "--no-instructions"])
        .arg(format!("--locale={locale}"))
        .arg("--pwfile")
        .arg(&handed_over)
        .arg("--pgdata")
        .arg(folder.data())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    if !durable {
        command.arg("--no-sync");
    }
    let result = tokio::time::timeout(LIMIT, command.output()).await;
    let cannot_run = |source: io::Error| EmbeddedError::Program { program, uid: owner.server_uid(), source };
    let output = match result {
        Ok(output) => output.map_err(cannot_run)?,
        Err(elapsed) => return Err(cannot_run(elapsed.into())),
    };
    std::fs::remove_file(&handed_over).map_err(EmbeddedError::file("removing", &handed_over))?;
    if !output.status.success() {
        return Err(EmbeddedError::Initdb { output: super::process::on_one_line(&String::from_utf8_lossy(&output.stderr)) });
    }
    if durable {
        sync(&folder.path)?;
    }
    Ok(folder)
}

/// Letters and digits only: it also stands inside SQL text.
pub(super) fn random_password() -> String {
    hex::encode(rand::random::<[u8; 32]>())
}

/// Writes a new file that only the keeper can read, and has it on the disk before going on.
pub(super) fn write_secret(path: &Path, secret: &str, owner: &Owner) -> Result<(), EmbeddedError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .custom_flags(nix::fcntl::OFlag::O_NOFOLLOW.bits())
            .open(path)?;
        file.write_all(secret.as_bytes())?;
        file.sync_all()?;
        owner.give_to_keeper(path)
    };
    write().map_err(EmbeddedError::file("writing", path))
}

/// Makes the names in a folder survive a power cut.
pub(super) fn sync(folder: &Path) -> Result<(), EmbeddedError> {
    File::open(folder).and_then(|opened| opened.sync_all()).map_err(EmbeddedError::file("syncing", folder))
}
