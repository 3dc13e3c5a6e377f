//! Whether the server says how it is.

use crate::support::TestApp;

#[tokio::test]
async fn a_healthy_server_says_so_to_everybody() {
    let app = TestApp::start().await;
    let health = app.anonymous().get("/api/mind/health").await.ok();
    assert_eq!(health.body["checks"]["db"], "ok");
    let ready = app.anonymous().get("/api/mind/health/ready").await.ok();
    assert_eq!(ready.body["checks"]["migrations"], "ok");
    // No worker runs in this process.
    assert_eq!(ready.body["checks"]["worker"], "elsewhere");
    let version = app.anonymous().get("/api/mind/version").await.ok();
    assert_eq!(version.body["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(version.body["buildDate"].as_str().unwrap().len(), "2026-01-13T17:28:51Z".len());
}
