//! What is printed at the start: every URL, and a command that calls it.

use std::{
    borrow::Cow,
    env,
    io::{self, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use hookstead_app::{Method, Part};
use hookstead_signature::presets;
use hookstead_site::{Listing, ProtectionKind};

use super::Args;
use crate::{
    commands::overview::{Counts, short_list},
    prepare::Prepared,
    settings::Settings,
    shell::quote,
    terminal::{BOLD, DIM, RED, YELLOW, clean, columns, paint},
    wrap::{wrap, wrap_command},
};

/// A body for trying things out.
const BODY: &str = r#"{"message":"MESSAGE"}"#;

/// Where the second line of a route begins.
const INDENT: usize = 7;

/// How routes are shown.
pub(super) struct Table {
    /// The start of every URL.
    base: String,
    /// The command that signs, with the flags that lead to this app.
    sign: Vec<String>,
    /// How many columns a line has.
    columns: usize,
}

impl Table {
    pub(super) fn new(args: &Args, settings: &Settings, address: SocketAddr) -> Self {
        let base = settings.server.public_base_url.get().map(str::to_owned);
        let base = base.unwrap_or_else(|| format!("http://{}", reachable(address)));
        Self { base, sign: sign_command(args), columns: columns() }
    }

    /// Writes how much there is, what is not served, and one paragraph for each route.
    pub(super) fn write(
        &self,
        prepared: &Prepared,
        parts: &[Part],
        out: &mut impl Write,
    ) -> io::Result<()> {
        let line = Counts::of_app(prepared).line(parts);
        writeln!(out, "{}", wrap(&line, self.columns, 2))?;
        let lost = short_list(parts, self.columns - 2);
        if !lost.is_empty() {
            writeln!(out, "not served (`hookstead check` says more):")?;
        }
        for line in lost {
            writeln!(out, "  {}", paint(YELLOW, &line))?;
        }
        let listings = prepared.site.endpoints();
        writeln!(out)?;
        if listings.is_empty() {
            writeln!(out, "{}", paint(YELLOW, "this app has no endpoints and no webhooks"))?;
        }
        for listing in listings {
            self.write_listing(listing, out)?;
        }
        for (name, place) in &prepared.documents {
            let line = format!("documents of {} are in {}", clean(name), clean(place));
            writeln!(out, "{}", wrap(&paint(DIM, &line), self.columns, 2))?;
        }
        writeln!(out)
    }

    fn write_listing(&self, listing: &Listing, out: &mut impl Write) -> io::Result<()> {
        let url = format!("{}{}", self.base, listing.path);
        let method = listing.method.as_str();
        let protection = match listing.protection {
            ProtectionKind::None => String::new(),
            other => format!("  {}", paint(YELLOW, &format!("[{other}]"))),
        };
        let line = format!("{method:<6} {}{protection}", paint(BOLD, &clean(&url)));
        writeln!(out, "{}", wrap(&line, self.columns, INDENT))?;
        let line = match &listing.refused {
            Some(reason) => {
                let text = format!("{:INDENT$}refused: {}", "", clean(reason));
                paint(RED, &wrap(&text, self.columns, INDENT))
            }
            None => {
                let words = self.command(listing, &url);
                let words: Vec<String> =
                    words.iter().map(|word| clean(word).into_owned()).collect();
                let command = wrap_command(&words, self.columns - INDENT, 0);
                let command = command.replace('\n', &format!("\n{:INDENT$}", ""));
                paint(DIM, &format!("{:INDENT$}{command}", ""))
            }
        };
        writeln!(out, "{line}")
    }

    /// A command that calls a route, word by word. No secret is in it: terminals are read over
    /// shoulders.
    fn command(&self, listing: &Listing, url: &str) -> Vec<String> {
        let method = listing.declaration.method;
        let curl = |url: String| {
            let mut words = vec!["curl".to_owned()];
            words.extend(options(method));
            words.push(url);
            words
        };
        match listing.protection {
            ProtectionKind::None | ProtectionKind::Refused => curl(quote(url).into_owned()),
            // The shell puts the secret in, and reads nothing else within double quotes.
            ProtectionKind::Secret => curl(match quote(url) {
                Cow::Borrowed(url) => format!("\"{url}?secret=$SECRET\""),
                Cow::Owned(quoted) => format!("{quoted}\"?secret=$SECRET\""),
            }),
            ProtectionKind::Provider(scheme)
                if presets::by_name(scheme).is_none_or(|scheme| !scheme.can_sign()) =>
            {
                curl(quote(url).into_owned())
            }
            ProtectionKind::Signature
            | ProtectionKind::GithubSignature
            | ProtectionKind::Provider(_) => {
                let mut words = self.sign.clone();
                if !matches!(method, Method::Post | Method::Any) {
                    words.push(format!("--method {method}"));
                }
                words.push(format!("--data {}", quote(BODY)));
                words.extend(["--curl".to_owned(), quote(url).into_owned(), "| sh".to_owned()]);
                words
            }
        }
    }
}

/// The flags of curl for a method, each with its value.
fn options(method: Method) -> Vec<String> {
    let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
    match method {
        Method::Get | Method::Any => Vec::new(),
        Method::Head => own(&["-I"]),
        Method::Delete => own(&["-X DELETE"]),
        Method::Post | Method::Put | Method::Patch => own(&[
            &format!("-X {method}"),
            "-H 'Content-Type: application/json'",
            &format!("-d {}", quote(BODY)),
        ]),
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
fn sign_command(args: &Args) -> Vec<String> {
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
    words.iter().map(|word| quote(word).into_owned()).collect()
}
