//! Cookies: those that a response sets, and which of them a later request sends.
//!
//! A jar lives as long as one call, for its `authUrl` and its redirects. No two runs share one.

use std::time::SystemTime;

use http::{HeaderMap, header};
use url::{Host, Url};

/// The cookies of one call (RFC 6265).
#[derive(Default)]
pub(crate) struct Jar {
    cookies: Vec<Stored>,
}

#[derive(PartialEq, Eq)]
struct Stored {
    name: String,
    value: String,
    scope: Scope,
    is_secure: bool,
}

/// Where a cookie is sent.
#[derive(PartialEq, Eq)]
struct Scope {
    domain: String,
    with_subdomains: bool,
    path: String,
}

/// One `Set-Cookie`.
#[derive(Default)]
pub(crate) struct SetCookie<'a> {
    pub(crate) name: &'a str,
    pub(crate) value: &'a str,
    domain: Option<&'a str>,
    path: Option<&'a str>,
    is_secure: bool,
    is_expired: bool,
}

impl Jar {
    /// Keeps what a response to a request for this URL sets.
    pub(crate) fn store(&mut self, url: &Url, headers: &HeaderMap) {
        for cookie in set_cookies(headers) {
            let Some(scope) = Scope::of(&cookie, url) else {
                continue;
            };
            let SetCookie { name, value, is_secure, is_expired, .. } = cookie;
            self.cookies.retain(|stored| stored.name != name || stored.scope != scope);
            if !is_expired {
                let (name, value) = (name.to_owned(), value.to_owned());
                self.cookies.push(Stored { name, value, scope, is_secure });
            }
        }
    }

    /// The `Cookie` header of a request: the jar's cookies, and those that the function gave
    /// unless a server has set them since.
    pub(crate) fn header(&self, url: &Url, given: &[String]) -> Option<String> {
        let stored: Vec<_> = self.cookies.iter().filter(|stored| stored.is_for(url)).collect();
        let is_given = |pair: &&String| {
            let name = pair.split_once('=').map_or(pair.as_str(), |(name, _)| name.trim());
            stored.iter().all(|stored| stored.name != name)
        };
        let given = given.iter().filter(is_given).cloned();
        let stored = stored.iter().map(|stored| format!("{}={}", stored.name, stored.value));
        let pairs: Vec<_> = given.chain(stored).collect();
        (!pairs.is_empty()).then(|| pairs.join("; "))
    }
}

impl Stored {
    fn is_for(&self, url: &Url) -> bool {
        self.scope.covers(url) && (!self.is_secure || url.scheme() == "https")
    }
}

impl Scope {
    /// `None` if the server has no say over the domain that it names.
    fn of(cookie: &SetCookie<'_>, url: &Url) -> Option<Self> {
        let host = url.host_str()?;
        let path = cookie.path.filter(|path| path.starts_with('/'));
        let path = path.unwrap_or_else(|| default_path(url)).to_owned();
        let named = cookie.domain.map(|domain| domain.trim_start_matches('.').to_ascii_lowercase());
        match named.filter(|domain| !domain.is_empty() && domain != host) {
            Some(domain) => {
                // Without the list of public suffixes, at least no top-level domain is shared.
                let is_own = is_subdomain(url, &domain) && domain.contains('.');
                is_own.then_some(Self { domain, with_subdomains: true, path })
            }
            None => {
                let with_subdomains = cookie.domain.is_some_and(|domain| !domain.is_empty());
                Some(Self { domain: host.to_owned(), with_subdomains, path })
            }
        }
    }

    fn covers(&self, url: &Url) -> bool {
        let is_host = url.host_str() == Some(self.domain.as_str())
            || self.with_subdomains && is_subdomain(url, &self.domain);
        let below = url.path().strip_prefix(self.path.as_str());
        let is_path = below.is_some_and(|below| {
            below.is_empty() || below.starts_with('/') || self.path.ends_with('/')
        });
        is_host && is_path
    }
}

fn is_subdomain(url: &Url, domain: &str) -> bool {
    let Some(Host::Domain(host)) = url.host() else {
        return false;
    };
    host.strip_suffix(domain).is_some_and(|prefix| prefix.ends_with('.'))
}

/// The folder of the URL's path.
fn default_path(url: &Url) -> &str {
    match url.path().rsplit_once('/') {
        Some((folder, _)) if !folder.is_empty() => folder,
        _ => "/",
    }
}

/// The cookies that a response sets, in order.
pub(crate) fn set_cookies(headers: &HeaderMap) -> impl Iterator<Item = SetCookie<'_>> {
    let values = headers.get_all(header::SET_COOKIE).into_iter();
    values.filter_map(|value| SetCookie::parse(std::str::from_utf8(value.as_bytes()).ok()?))
}

impl<'a> SetCookie<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next()?.split_once('=')?;
        let mut cookie = Self { name: name.trim(), value: value.trim(), ..Self::default() };
        if cookie.name.is_empty() {
            return None;
        }
        let mut max_age = None;
        let mut expires = None;
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = value.trim();
            match name.trim().to_ascii_lowercase().as_str() {
                "domain" => cookie.domain = Some(value),
                "path" => cookie.path = Some(value),
                "secure" => cookie.is_secure = true,
                "max-age" => max_age = value.parse::<i64>().ok(),
                "expires" => expires = httpdate::parse_http_date(value).ok(),
                _ => {}
            }
        }
        cookie.is_expired = match max_age {
            Some(seconds) => seconds <= 0,
            None => expires.is_some_and(|time| time <= SystemTime::now()),
        };
        Some(cookie)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn jar(from: &str, lines: &[&str]) -> Jar {
        let mut jar = Jar::default();
        store(&mut jar, from, lines);
        jar
    }

    fn store(jar: &mut Jar, from: &str, lines: &[&str]) {
        let lines = lines.iter().map(|line| (header::SET_COOKIE, line.parse().unwrap()));
        jar.store(&url(from), &lines.collect());
    }

    fn sent(jar: &Jar, to: &str) -> String {
        jar.header(&url(to), &[]).unwrap_or_default()
    }

    #[test]
    fn a_cookie_goes_back_to_its_host_and_path() {
        let jar = jar("http://a.example/x/login", &["s=1; HttpOnly", "r=2; Path=/"]);
        assert_eq!(sent(&jar, "http://a.example/x/y"), "s=1; r=2");
        assert_eq!(sent(&jar, "https://a.example:8443/x"), "s=1; r=2");
        assert_eq!(sent(&jar, "http://a.example/xy"), "r=2");
        assert_eq!(sent(&jar, "http://b.a.example/x/y"), "");
        assert_eq!(sent(&jar, "http://example/x/y"), "");
    }

    #[test]
    fn a_domain_is_shared_by_those_below_it() {
        let from = "http://auth.app.example/";
        let jar =
            jar(from, &["a=1; Domain=.App.example", "b=2; Domain=example", "c=3; Domain=x.y"]);
        assert_eq!(sent(&jar, "http://api.app.example/"), "a=1");
        assert_eq!(sent(&jar, "http://app.example/"), "a=1");
        assert_eq!(sent(&jar, "http://notapp.example/"), "");
    }

    #[test]
    fn addresses_have_no_domains() {
        let jar = jar("http://127.0.0.1/", &["a=1; Domain=0.0.1", "b=2; Domain=127.0.0.1"]);
        assert_eq!(sent(&jar, "http://127.0.0.1/"), "b=2");
        assert_eq!(sent(&jar, "http://126.0.0.1/"), "");
    }

    #[test]
    fn a_secure_cookie_stays_on_tls() {
        let jar = jar("https://a.example/", &["a=1; Secure"]);
        assert_eq!(sent(&jar, "https://a.example/"), "a=1");
        assert_eq!(sent(&jar, "http://a.example/"), "");
    }

    #[test]
    fn a_cookie_is_replaced_and_removed() {
        let from = "http://a.example/";
        let mut jar = jar(from, &["a=1", "b=1", "c=1"]);
        let epoch = "Thu, 01 Jan 1970 00:00:00 GMT";
        let expired = format!("c=; Expires={epoch}");
        let kept = format!("d=4; Expires={epoch}; Max-Age=60");
        store(&mut jar, from, &["a=2", "b=x; Max-Age=0", &expired, &kept]);
        assert_eq!(sent(&jar, from), "a=2; d=4");
    }

    #[test]
    fn given_cookies_yield_to_newer_ones() {
        let jar = jar("http://a.example/", &["a=new"]);
        let given = ["a=old".to_owned(), "b=2".to_owned()];
        let header = jar.header(&url("http://a.example/"), &given);
        assert_eq!(header.as_deref(), Some("b=2; a=new"));
        assert_eq!(jar.header(&url("http://b.example/"), &[]), None);
    }

    #[test]
    fn what_is_no_cookie_is_none() {
        let jar = jar("http://a.example/", &["", "novalue", "=x", "; Path=/"]);
        assert_eq!(sent(&jar, "http://a.example/"), "");
    }
}
