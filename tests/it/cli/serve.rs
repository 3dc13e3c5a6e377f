//! `mind serve` without any setting, and the sandbox: started, used, stopped, killed.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::Path};

use pretty_assertions::assert_eq;
use serde_json::{Value, json};
use tokio::process::Command;

use super::program::{Folder, Running, free_address, until};
use crate::support::{Client, guarded};

/// The last line of what the start prints.
const LAST: &str = "curl -s";

/// What a shell knows after `. .mind/env`.
async fn sourced(folder: &Folder) -> BTreeMap<String, String> {
    let script = "set -eu; . .mind/env; env";
    let output =
        Command::new("sh").args(["-c", script]).current_dir(folder.path()).env_clear().env("PATH", "/usr/bin:/bin").output().await.unwrap();
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_once('=')).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The printed line, typed into a shell.
async fn type_in(folder: &Folder, line: &str) -> Value {
    let output = Command::new("sh").args(["-c", line]).current_dir(folder.path()).output().await.unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

fn mode(path: &Path) -> u32 {
    path.metadata().unwrap().permissions().mode() & 0o777
}

async fn start(folder: &Folder, address: &str) -> (Running, String) {
    let mut server = folder.mind(&[]).set("MIND_LISTEN", address).start();
    let banner = server.output_until(LAST).await;
    (server, banner)
}

async fn stop(server: Running, folder: &Folder) {
    let (status, log) = server.interrupt().await;
    assert!(status.success(), "{status}: {log}");
    assert!(folder.servers().is_empty(), "a Postgres goes on: {log}");
}

#[tokio::test]
async fn without_any_setting_a_new_user_gets_as_far_as_the_demo_customer() {
    guarded(async {
        let folder = Folder::new();
        let address = free_address();
        let (server, banner) = start(&folder, &address).await;
        let url = format!("http://{address}");
        for wanted in
            [&format!("{url}/"), &format!("{url}/api/mind/docs/"), &format!("{url}/sign-in?token="), "admin@demo.example", ".mind/env"]
        {
            assert!(banner.contains(wanted), "{wanted} is not in {banner}");
        }
        assert_eq!(mode(&folder.file(".mind/env")), 0o600);
        assert_eq!(mode(&folder.file(".mind/secret_key")), 0o600);
        let known = sourced(&folder).await;
        assert_eq!(known["BASE"], format!("{url}/api/mind"));
        assert_eq!(known["ENNEO_INSTANCE"], url);
        assert_eq!(known["AUTH"], format!("Authorization: Bearer {}", known["ENNEO_TOKEN"]));
        let expires = chrono::DateTime::parse_from_rfc3339(&known["ENNEO_TOKEN_EXPIRES_AT"]).unwrap();
        assert!(expires.timestamp() > 0);
        let line = banner.lines().find(|line| line.contains(LAST)).unwrap().trim();
        let customer = type_in(&folder, line).await;
        let example: Value = serde_json::from_str(include_str!("../examples/customer-746839.json")).unwrap();
        assert_eq!(customer, example);
        let client = Client::new(address.parse().unwrap());
        let login = json!({"email": known["DEMO_EMAIL"], "password": known["DEMO_PASSWORD"]});
        client.post("/api/auth/v1/login", &login).await.ok();
        let sign_in = banner.split_whitespace().find(|word| word.contains("/sign-in?token=")).unwrap();
        assert_eq!(client.get(sign_in.strip_prefix(&url).unwrap()).await.status, 303);
        assert_eq!(client.get("/api/mind/health/ready").await.ok().body["checks"]["worker"], "ok");
        let caller = client.bearer(&known["ENNEO_TOKEN"]);
        caller.put("/api/mind/settings/erpCacheSeconds", &json!(123)).await.ok();
        stop(server, &folder).await;

        let (server, _) = start(&folder, &address).await;
        let again = sourced(&folder).await;
        for kept in ["ENNEO_TOKEN", "DEMO_PASSWORD", "ENNEO_TOKEN_EXPIRES_AT"] {
            assert_eq!(again[kept], known[kept], "{kept} changed: a shell that read the file before is lost");
        }
        assert_eq!(caller.get("/api/mind/settings/compact").await.ok().body["erpCacheSeconds"], 123);
        // The sandbox may be elsewhere now; the demo tenant follows it.
        assert_eq!(type_in(&folder, line).await, example);
        stop(server, &folder).await;
    })
    .await;
}

#[tokio::test]
async fn whatever_was_killed_the_next_start_goes_on() {
    guarded(async {
        let folder = Folder::new();
        let address = free_address();
        let (server, banner) = start(&folder, &address).await;
        let line = banner.lines().find(|line| line.contains(LAST)).unwrap().trim().to_owned();
        let token = sourced(&folder).await.remove("ENNEO_TOKEN").unwrap();
        server.kill().await;
        assert!(!folder.servers().is_empty(), "Postgres should have survived");
        let (server, _) = start(&folder, &address).await;
        assert_eq!(sourced(&folder).await["ENNEO_TOKEN"], token);
        server.kill().await;
        for pid in folder.servers() {
            nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGKILL).ok();
        }
        until(|| folder.servers().is_empty()).await;
        let (server, _) = start(&folder, &address).await;
        assert_eq!(sourced(&folder).await["ENNEO_TOKEN"], token);
        assert_eq!(type_in(&folder, &line).await["contracts"][0]["id"], 746_839);
        stop(server, &folder).await;
    })
    .await;
}

/// `MIND_LISTEN=127.0.0.1:0` is the way to start several; what is printed and written must be the port that it got.
#[tokio::test]
async fn a_free_port_is_the_one_that_is_printed() {
    guarded(async {
        let folder = Folder::new();
        let (server, banner) = start(&folder, "127.0.0.1:0").await;
        assert!(!banner.contains("127.0.0.1:0/"), "{banner}");
        let known = sourced(&folder).await;
        let line = banner.lines().find(|line| line.contains(LAST)).unwrap().trim();
        assert_eq!(type_in(&folder, line).await["contracts"][0]["id"], 746_839, "{known:?}");
        stop(server, &folder).await;
    })
    .await;
}

/// The operator's commands work beside a running server, on the same embedded database.
#[tokio::test]
async fn a_command_beside_a_server_uses_its_database_and_leaves_it_running() {
    guarded(async {
        let folder = Folder::new();
        let address = free_address();
        let (server, _) = start(&folder, &address).await;
        let list = folder.mind(&["tenant", "list"]).run().await.ok();
        assert!(list.out.contains("\tdemo\t"), "{list:?}");
        let token = folder.mind(&["token", "create", "--tenant", "demo"]).run().await.ok();
        let client = Client::new(address.parse().unwrap()).bearer(token.out.trim_end());
        assert_eq!(client.get("/api/mind/profile").await.ok().body["email"], "admin@demo.example");
        assert_eq!(folder.servers().len(), 1);
        stop(server, &folder).await;
        // And without one: the command starts the database and stops it.
        let list = folder.mind(&["tenant", "list"]).run().await.ok();
        assert!(list.out.contains("\tdemo\t"), "{list:?}");
        assert!(folder.servers().is_empty());
    })
    .await;
}

#[tokio::test]
async fn the_sandbox_runs_alone() {
    guarded(async {
        let folder = Folder::new();
        let mut sandbox = folder.mind(&["erp-sandbox", "--listen", "127.0.0.1:0", "--api-key", "let me in"]).start();
        let banner = sandbox.output_until("ERP sandbox at").await;
        let address = banner.split("http://").nth(1).unwrap().split('/').next().unwrap();
        let client = Client::new(address.parse().unwrap());
        let body = json!({"contractId": 746_839});
        assert_eq!(client.post("/custom/contractById", &body).await.status, 401);
        client.post("/_sandbox/reset", &json!({})).await;
        client.clone().header("x-api-key", "let me in").post("/custom/contractById", &body).await.ok();
        assert_eq!(client.get("/_sandbox/calls").await.ok().body["byOperation"]["contractById"], 1);
        let (status, log) = sandbox.interrupt().await;
        assert!(status.success(), "{status}: {log}");
        assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none(), "the sandbox left files");
    })
    .await;
}
