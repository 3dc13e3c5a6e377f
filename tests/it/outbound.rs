//! The one way out, against servers on loopback: what the guard refuses, and which limits hold.

use std::time::{Duration, Instant};

use mind::outbound::{AllowList, Outbound, OutboundError, OutboundRequest, OutboundResponse};
use reqwest::{Method, header::HeaderValue};
use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::TcpListener,
};
use url::Url;
use wiremock::{
    Mock, MockServer, Request, ResponseTemplate,
    matchers::{any, method, path},
};

const LIMIT: Duration = Duration::from_secs(5);

fn outbound(listed: &[&MockServer]) -> Outbound {
    let list = AllowList::default();
    for server in listed {
        list.add(&server.address().ip().to_string(), server.address().port()).unwrap();
    }
    Outbound::new(list, Duration::from_secs(2)).unwrap()
}

fn get(url: &str) -> OutboundRequest {
    OutboundRequest::new(Method::GET, Url::parse(url).unwrap(), LIMIT)
}

fn post(url: &str) -> OutboundRequest {
    let mut request = OutboundRequest::new(Method::POST, Url::parse(url).unwrap(), LIMIT);
    request.body = Some("{\"q\":1}".into());
    request
}

async fn answering(template: ResponseTemplate) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(template).mount(&server).await;
    server
}

async fn received(server: &MockServer) -> Vec<Request> {
    server.received_requests().await.unwrap()
}

fn refused(result: &Result<OutboundResponse, OutboundError>) -> bool {
    matches!(result, Err(OutboundError::Refused { .. }))
}

/// A server that answers every connection with these bytes and then keeps it open.
async fn raw_server(answer: &'static [u8], repeat: &'static [u8]) -> (Outbound, String) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                // The end of a request without a body.
                let mut lines = BufReader::new(&mut socket).lines();
                while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
                socket.write_all(answer).await.ok();
                while !repeat.is_empty() && socket.write_all(repeat).await.is_ok() {}
                std::future::pending::<()>().await;
            });
        }
    });
    let list = AllowList::default();
    list.add("127.0.0.1", port).unwrap();
    (Outbound::new(list, Duration::from_secs(2)).unwrap(), format!("http://127.0.0.1:{port}/"))
}

#[tokio::test]
async fn private_addresses_are_refused_however_they_are_written() {
    let server = answering(ResponseTemplate::new(200)).await;
    let outbound = outbound(&[]);
    let port = server.address().port();
    for host in [
        "127.0.0.1",
        "localhost",
        "LOCALHOST",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0.0.0.0",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "169.254.169.254",
        "10.0.0.1",
    ] {
        let url = format!("http://{host}:{port}/");
        assert!(refused(&outbound.send(get(&url)).await), "{url}");
        let checked = outbound.check(&Url::parse(&url).unwrap()).await;
        assert!(matches!(checked, Err(OutboundError::Refused { .. })), "{url}");
    }
    assert_eq!(received(&server).await.len(), 0);
}

#[tokio::test]
async fn only_plain_web_addresses_are_called() {
    let outbound = outbound(&[]);
    for url in ["ftp://example.com/", "file:///etc/passwd", "https://user:s3cr3t@example.com/", "gopher://1.1.1.1/"] {
        let error = outbound.check(&Url::parse(url).unwrap()).await.unwrap_err();
        assert!(matches!(error, OutboundError::InvalidUrl { .. }), "{url}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"));
        assert_eq!(outbound.send(get(url)).await.unwrap_err(), error);
    }
    // A public literal needs no name server.
    assert_eq!(outbound.check(&Url::parse("https://1.1.1.1/").unwrap()).await, Ok(()));
}

#[tokio::test]
async fn the_allow_list_opens_one_port_and_no_other() {
    let listed = answering(ResponseTemplate::new(200).set_body_string("yes")).await;
    let other = answering(ResponseTemplate::new(200)).await;
    let outbound = outbound(&[&listed]);
    let response = outbound.send(get(&listed.uri())).await.unwrap();
    assert_eq!((response.status.as_u16(), &response.body[..]), (200, &b"yes"[..]));
    assert_eq!(outbound.check(&Url::parse(&listed.uri()).unwrap()).await, Ok(()));
    assert!(refused(&outbound.send(get(&other.uri())).await));
    // The pair is listed by its address; another name for the same address is not.
    assert!(refused(&outbound.send(get(&format!("http://localhost:{}/", listed.address().port()))).await));
    let agent = &received(&listed).await[0].headers["user-agent"];
    assert!(agent.to_str().unwrap().starts_with("mind/"));
}

#[tokio::test]
async fn a_redirect_to_a_private_address_is_refused() {
    let inner = answering(ResponseTemplate::new(200).set_body_string("internal")).await;
    let outer = answering(ResponseTemplate::new(307).insert_header("location", inner.uri().as_str())).await;
    assert!(refused(&outbound(&[&outer]).send(get(&outer.uri())).await));
    assert_eq!(received(&inner).await.len(), 0);
}

#[tokio::test]
async fn a_redirect_to_another_origin_carries_no_credentials() {
    let target = answering(ResponseTemplate::new(200)).await;
    let source = answering(ResponseTemplate::new(308).insert_header("location", target.uri().as_str())).await;
    let mut request = post(&source.uri());
    let mut key = HeaderValue::from_static("s3cr3t");
    key.set_sensitive(true);
    request.headers.insert("x-api-key", key);
    request.headers.insert("authorization", HeaderValue::from_static("Bearer s3cr3t"));
    request.headers.insert("cookie", HeaderValue::from_static("session=s3cr3t"));
    request.headers.insert("x-plain", HeaderValue::from_static("kept"));
    request.headers.insert("content-length", HeaderValue::from_static("0"));
    outbound(&[&source, &target]).send(request).await.unwrap();
    let (first, second) = (&received(&source).await[0], &received(&target).await[0]);
    assert!(["x-api-key", "authorization", "cookie"].iter().all(|name| first.headers.contains_key(*name)));
    assert!(!["x-api-key", "authorization", "cookie"].iter().any(|name| second.headers.contains_key(*name)));
    assert_eq!(second.headers["x-plain"], "kept");
    assert_eq!((second.method.as_str(), &second.body[..]), ("POST", &b"{\"q\":1}"[..]));
}

#[tokio::test]
async fn redirects_end() {
    let server = MockServer::start().await;
    for (from, to) in [("/1", "/2"), ("/2", "/3"), ("/3", "/4"), ("/loop", "/loop")] {
        let redirect = ResponseTemplate::new(307).insert_header("location", to);
        Mock::given(path(from)).respond_with(redirect).mount(&server).await;
    }
    Mock::given(path("/4")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let outbound = outbound(&[&server]);
    assert_eq!(outbound.send(post(&format!("{}/1", server.uri()))).await.unwrap().status, 200);
    let error = outbound.send(get(&format!("{}/loop", server.uri()))).await.unwrap_err();
    assert!(matches!(error, OutboundError::Redirect { .. }));
    assert_eq!(received(&server).await.len(), 4 + 4);
}

#[tokio::test]
async fn a_post_is_never_turned_into_a_get() {
    let server = MockServer::start().await;
    let redirect = ResponseTemplate::new(303).insert_header("location", "/there");
    Mock::given(path("/")).respond_with(redirect).mount(&server).await;
    Mock::given(method("GET")).and(path("/there")).respond_with(ResponseTemplate::new(200)).mount(&server).await;
    let outbound = outbound(&[&server]);
    let error = outbound.send(post(&server.uri())).await.unwrap_err();
    assert!(matches!(error, OutboundError::Redirect { .. }));
    assert_eq!(outbound.send(get(&server.uri())).await.unwrap().status, 200);
}

#[tokio::test]
async fn the_limit_of_time_covers_the_body() {
    let (outbound, url) = raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf", b"").await;
    let mut request = get(&url);
    request.timeout = Duration::from_millis(200);
    let began = Instant::now();
    let error = outbound.send(request).await.unwrap_err();
    assert_eq!(error, OutboundError::Timeout { after: Duration::from_millis(200) });
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_cut() {
    let (outbound, url) = raw_server(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", &CHUNK).await;
    let mut request = get(&url);
    request.max_body = 100_000;
    assert_eq!(outbound.send(request).await.unwrap_err(), OutboundError::TooLarge { limit: 100_000 });
}

/// A chunk of 1024 bytes in its frame.
const CHUNK: [u8; 1031] = {
    let mut chunk = [b'.'; 1031];
    let frame = b"400\r\n";
    let mut i = 0;
    while i < frame.len() {
        chunk[i] = frame[i];
        i += 1;
    }
    chunk[1029] = b'\r';
    chunk[1030] = b'\n';
    chunk
};

/// 60,000 dots, compressed to 94 bytes.
const ARCHIVE: &str = "1f8b0800000000000203edc13101000000c2a046eb1fcf1a1e40010000000000000000000000000000000000000000000000\
    000000000000000000000000000000000000000000000000000000000000000000007c19de42924860ea0000";

#[tokio::test]
async fn the_limit_counts_what_is_unpacked() {
    let archive = ResponseTemplate::new(200).insert_header("content-encoding", "gzip").set_body_bytes(hex::decode(ARCHIVE).unwrap());
    let server = answering(archive).await;
    let outbound = outbound(&[&server]);
    let mut request = get(&server.uri());
    assert_eq!(outbound.send(request.clone()).await.unwrap().body.len(), 60_000);
    request.max_body = 50_000;
    assert_eq!(outbound.send(request).await.unwrap_err(), OutboundError::TooLarge { limit: 50_000 });
}

#[tokio::test]
async fn a_body_declared_beyond_the_limit_is_not_read() {
    let (outbound, url) = raw_server(b"HTTP/1.1 200 OK\r\ncontent-length: 5000000\r\n\r\n", b"").await;
    let limit = mind::outbound::DEFAULT_MAX_BODY;
    assert_eq!(outbound.send(get(&url)).await.unwrap_err(), OutboundError::TooLarge { limit });
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_passes() {
    let server = answering(ResponseTemplate::new(200).set_body_bytes(vec![b'.'; 1000])).await;
    let outbound = outbound(&[&server]);
    let mut request = get(&server.uri());
    request.max_body = 1000;
    assert_eq!(outbound.send(request.clone()).await.unwrap().body.len(), 1000);
    request.max_body = 999;
    assert_eq!(outbound.send(request).await.unwrap_err(), OutboundError::TooLarge { limit: 999 });
}

#[tokio::test]
async fn failures_of_the_connection_have_a_kind_and_no_details() {
    let free_port = {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        listener.local_addr().unwrap().port()
    };
    let list = AllowList::default();
    list.add("127.0.0.1", free_port).unwrap();
    let outbound_to_nobody = Outbound::new(list, Duration::from_secs(2)).unwrap();
    let error = outbound_to_nobody.send(get(&format!("http://127.0.0.1:{free_port}/?key=s3cr3t"))).await.unwrap_err();
    assert_eq!(error, OutboundError::Connect);

    let plain = answering(ResponseTemplate::new(200)).await;
    let url = format!("https://127.0.0.1:{}/?key=s3cr3t", plain.address().port());
    assert_eq!(outbound(&[&plain]).send(get(&url)).await.unwrap_err(), OutboundError::Tls);

    let (broken, url) = raw_server(b"nonsense\r\n\r\n", b"").await;
    assert_eq!(broken.send(get(&url)).await.unwrap_err(), OutboundError::Interrupted);
}

#[tokio::test]
async fn nothing_of_a_message_shows_in_debug() {
    let server = answering(ResponseTemplate::new(200).insert_header("set-cookie", "s3cr3t").set_body_string("s3cr3t")).await;
    let mut request = post(&format!("{}/s3cr3t?key=s3cr3t", server.uri()));
    request.headers.insert("x-api-key", HeaderValue::from_static("s3cr3t"));
    request.body = Some("s3cr3t".into());
    let outbound = outbound(&[&server]);
    let response = outbound.send(request.clone()).await.unwrap();
    let shown = format!("{request:?} {response:?} {outbound:?}");
    assert!(shown.contains("x-api-key") && !shown.contains("s3cr3t"), "{shown}");
}
