//! Which redirects are followed, and what is left behind on the way to another origin.

use reqwest::{
    Method, StatusCode,
    header::{AUTHORIZATION, COOKIE, HeaderMap, HeaderName, LOCATION, PROXY_AUTHORIZATION},
};
use url::Url;

use super::OutboundError;

/// Most redirects that one request follows.
pub(super) const MAX_REDIRECTS: usize = 3;

/// Where an answer sends the request on to; none when the answer is final.
pub(super) fn target(method: &Method, url: &Url, status: StatusCode, headers: &HeaderMap) -> Result<Option<Url>, OutboundError> {
    let refused = |reason| Err(OutboundError::Redirect { reason });
    match status {
        StatusCode::TEMPORARY_REDIRECT | StatusCode::PERMANENT_REDIRECT => {}
        StatusCode::MOVED_PERMANENTLY | StatusCode::FOUND | StatusCode::SEE_OTHER => {
            // Clients turn these into a GET without the body; the answer would then belong to another question.
            if *method != Method::GET && *method != Method::HEAD {
                return refused("301, 302 and 303 would drop the request's body");
            }
        }
        _ => return Ok(None),
    }
    let Some(location) = headers.get(LOCATION).and_then(|value| value.to_str().ok()) else {
        return refused("it names no target");
    };
    let Ok(next) = url.join(location) else {
        return refused("its target is not a URL");
    };
    if url.scheme() == "https" && next.scheme() != "https" {
        return refused("it leaves https");
    }
    Ok(Some(next))
}

/// Takes away what only the first origin may see.
pub(super) fn drop_credentials(headers: &mut HeaderMap) {
    let secret: Vec<HeaderName> = headers
        .iter()
        .filter(|(name, value)| value.is_sensitive() || [AUTHORIZATION, COOKIE, PROXY_AUTHORIZATION].contains(*name))
        .map(|(name, _)| name.clone())
        .collect();
    for name in secret {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    fn follow(method: &Method, from: &str, status: u16, location: Option<&str>) -> Result<Option<Url>, OutboundError> {
        let mut headers = HeaderMap::new();
        if let Some(location) = location {
            headers.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        }
        target(method, &Url::parse(from).unwrap(), StatusCode::from_u16(status).unwrap(), &headers)
    }

    #[test]
    fn a_post_keeps_its_body_or_stops() {
        let next = follow(&Method::POST, "https://a.example/x/y", 308, Some("../z?q=1")).unwrap().unwrap();
        assert_eq!(next.as_str(), "https://a.example/z?q=1");
        for status in [301, 302, 303] {
            assert!(matches!(follow(&Method::POST, "https://a.example/", status, Some("/z")), Err(OutboundError::Redirect { .. })));
            assert!(follow(&Method::GET, "https://a.example/", status, Some("/z")).unwrap().is_some());
        }
    }

    #[test]
    fn no_way_back_to_plain_http() {
        assert!(follow(&Method::GET, "https://a.example/", 307, Some("http://a.example/")).is_err());
        assert!(follow(&Method::GET, "http://a.example/", 307, Some("https://a.example/")).unwrap().is_some());
    }

    #[test]
    fn other_answers_are_final() {
        for status in [200, 300, 304, 404] {
            assert_eq!(follow(&Method::GET, "https://a.example/", status, Some("/z")), Ok(None));
        }
        assert!(follow(&Method::GET, "https://a.example/", 307, None).is_err());
    }

    #[test]
    fn credentials_stay_behind() {
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer x"));
        headers.insert(COOKIE, HeaderValue::from_static("a=b"));
        headers.insert("accept", HeaderValue::from_static("application/json"));
        let mut key = HeaderValue::from_static("k");
        key.set_sensitive(true);
        headers.insert("x-api-key", key);
        drop_credentials(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["accept"]);
    }
}
