//! What is printed at the start: every URL, and a command that calls it.

use std::{
    borrow::Cow,
    env,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use hookstead_app::Method;
use hookstead_server::ProtectionKind;

use super::Args;
use crate::{
    prepare::Prepared,
    routes::{self, Route},
    settings::Settings,
    shell::quote,
    terminal::{BOLD, DIM, RED, YELLOW, clean, paint},
};

/// A body for trying things out.
const BODY: &str = r#"{"message":"MESSAGE"}"#;

/// How routes are shown.
pub(super) struct Table {
    /// The start of every URL.
    base: String,
    /// The command that signs, with the flags that lead to this app.
    sign: String,
}

impl Table {
    pub(super) fn new(args: &Args, settings: &Settings, address: SocketAddr) -> Self {
        let base = settings.server.public_base_url.get().map(str::to_owned);
        let base = base.unwrap_or_else(|| format!("http://{}", reachable(address)));
        Self { base, sign: sign_command(args) }
    }

    /// Writes one paragraph for each route.
    pub(super) fn write(&self, prepared: &Prepared, out: &mut impl Write) -> io::Result<()> {
        let routes = routes::of_app(&prepared.app, prepared.site.endpoints());
        writeln!(out)?;
        if routes.is_empty() {
            writeln!(out, "{}", paint(YELLOW, "this app has no endpoints and no webhooks"))?;
        }
        for route in &routes {
            self.write_route(route, out)?;
        }
        for (name, place) in &prepared.documents {
            let line = format!("documents of {} are in {}", clean(name), clean(place));
            writeln!(out, "{}", paint(DIM, &line))?;
        }
        writeln!(out)
    }

    fn write_route(&self, route: &Route<'_>, out: &mut impl Write) -> io::Result<()> {
        let listing = route.listing;
        let url = format!("{}{}", self.base, listing.path);
        let method = listing.method.as_str();
        let protection = match listing.protection {
            ProtectionKind::None => String::new(),
            other => format!("  {}", paint(YELLOW, &format!("[{other}]"))),
        };
        writeln!(out, "{method:<6} {}{protection}", paint(BOLD, &clean(&url)))?;
        let line = match &listing.refused {
            Some(reason) => paint(RED, &format!("refused: {}", clean(reason))),
            None => paint(DIM, &clean(&self.command(route, &url))),
        };
        writeln!(out, "       {line}")
    }

    /// A command that calls a route. No secret is in it: terminals are read over shoulders.
    fn command(&self, route: &Route<'_>, url: &str) -> String {
        let method = route.method;
        match route.listing.protection {
            ProtectionKind::None | ProtectionKind::Refused => {
                format!("curl{} {}", options(method), quote(url))
            }
            // The shell puts the secret in, and reads nothing else within double quotes.
            ProtectionKind::Secret => {
                let url = match quote(url) {
                    Cow::Borrowed(url) => format!("\"{url}?secret=$SECRET\""),
                    Cow::Owned(quoted) => format!("{quoted}\"?secret=$SECRET\""),
                };
                format!("curl{} {url}", options(method))
            }
            ProtectionKind::Signature | ProtectionKind::GithubSignature => {
                let method = match method {
                    Method::Post | Method::Any => String::new(),
                    other => format!(" --method {other}"),
                };
                let (data, url) = (quote(BODY), quote(url));
                format!("{}{method} --data {data} --curl {url} | sh", self.sign)
            }
        }
    }
}

/// The flags of curl for a method.
fn options(method: Method) -> String {
    match method {
        Method::Get | Method::Any => String::new(),
        Method::Head => " -I".to_owned(),
        Method::Delete => " -X DELETE".to_owned(),
        Method::Post | Method::Put | Method::Patch => {
            format!(" -X {method} -H 'Content-Type: application/json' -d {}", quote(BODY))
        }
    }
}

/// An address that a client on this machine can call.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// `hookstead sign` as this program was called, so that the command works from the same folder.
fn sign_command(args: &Args) -> String {
    let program = env::args().next().unwrap_or_else(|| "hookstead".to_owned());
    let mut words = vec![program, "sign".to_owned()];
    let app_dir = args.app_dir.display().to_string();
    let place = &args.app.place;
    let flags = [
        ("--app", (app_dir != ".").then_some(app_dir)),
        ("--config", place.config.as_ref().map(|path| path.display().to_string())),
        ("--data-dir", place.data_dir.clone()),
        ("--environment", args.app.environment.clone()),
        ("--app-id", args.app.app_id.clone()),
    ];
    for (flag, value) in flags {
        words.extend(value.into_iter().flat_map(|value| [flag.to_owned(), value]));
    }
    let words: Vec<_> = words.iter().map(|word| quote(word)).collect();
    words.join(" ")
}
