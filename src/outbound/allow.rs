//! The hosts that may be called although their address is not public.

use std::{
    collections::HashSet,
    str::FromStr,
    sync::{Arc, PoisonError, RwLock},
};

use url::{Host, Url};

/// Pairs of host and port that are exempt from the address check. Only the exact pair counts: another port on the
/// same host is checked like any other target.
///
/// Clones share their entries, so that a host added while the process runs is known everywhere.
#[derive(Clone, Debug, Default)]
pub struct AllowList {
    entries: Arc<RwLock<HashSet<(String, u16)>>>,
}

/// An entry of the allow-list that is not `host:port`.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq)]
#[error("`{entry}` is not host:port (a name, an IPv4 address or an IPv6 address in brackets, then the port)")]
pub struct AllowListError {
    /// The entry as it was given.
    pub entry: String,
}

impl AllowList {
    /// Exempts one more host. `host` is a name, an IPv4 address or an IPv6 address with or without brackets.
    pub fn add(&self, host: &str, port: u16) -> Result<(), AllowListError> {
        let invalid = || AllowListError { entry: format!("{host}:{port}") };
        let bracketed = if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
        let parsed = Host::parse(&bracketed).map_err(|_| invalid())?;
        if port == 0 {
            return Err(invalid());
        }
        self.entries.write().unwrap_or_else(PoisonError::into_inner).insert((canonical(&parsed), port));
        Ok(())
    }

    /// Whether the URL's host and port are exempt.
    pub fn contains(&self, url: &Url) -> bool {
        let (Some(host), Some(port)) = (url.host(), url.port_or_known_default()) else { return false };
        self.entries.read().unwrap_or_else(PoisonError::into_inner).contains(&(canonical(&host), port))
    }
}

/// One spelling per host: lower case and punycode come from the URL parser, the root's dot goes here.
fn canonical<S: AsRef<str>>(host: &Host<S>) -> String {
    match host {
        Host::Domain(name) => name.as_ref().trim_end_matches('.').to_owned(),
        Host::Ipv4(address) => address.to_string(),
        Host::Ipv6(address) => address.to_string(),
    }
}

impl FromStr for AllowList {
    type Err = AllowListError;

    /// Reads `host:port` entries separated by commas; empty entries are skipped.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let list = Self::default();
        for entry in text.split(',').map(str::trim).filter(|entry| !entry.is_empty()) {
            let invalid = || AllowListError { entry: entry.to_owned() };
            let (host, port) = entry.rsplit_once(':').ok_or_else(invalid)?;
            // `::1:80` is ambiguous: the port could be part of the address.
            if host.contains(':') && !host.starts_with('[') {
                return Err(invalid());
            }
            list.add(host, port.parse().map_err(|_| invalid())?).map_err(|_| invalid())?;
        }
        Ok(list)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn only_the_exact_pair_is_exempt() {
        let list: AllowList = "ERP.internal:8080, 127.0.0.1:9000,[::1]:9001,".parse().unwrap();
        assert!(list.contains(&url("http://erp.internal:8080/x")));
        assert!(list.contains(&url("https://erp.internal.:8080/x")));
        assert!(list.contains(&url("http://0x7f.1:9000/")));
        assert!(list.contains(&url("http://[0:0::1]:9001/")));
        assert!(!list.contains(&url("http://erp.internal/")));
        assert!(!list.contains(&url("http://127.0.0.1:9001/")));
        assert!(!list.contains(&url("http://sub.erp.internal:8080/")));
    }

    #[test]
    fn the_known_port_of_the_scheme_counts() {
        let list: AllowList = "erp.internal:443".parse().unwrap();
        assert!(list.contains(&url("https://erp.internal/")));
        assert!(!list.contains(&url("http://erp.internal/")));
    }

    #[test]
    fn an_error_names_the_entry() {
        for bad in ["erp.internal", "erp.internal:", "erp.internal:70000", "erp.internal:0", "::1:80", "a b:80", ":80"] {
            let error = format!("good:80,{bad}").parse::<AllowList>().unwrap_err();
            assert_eq!(error.entry, bad);
        }
    }

    #[test]
    fn clones_share_what_is_added() {
        let list = AllowList::default();
        let clone = list.clone();
        list.add("::1", 80).unwrap();
        assert!(clone.contains(&url("http://[::1]/")));
    }
}
