//! `hookstead verify`: what is wrong with a signed request.

mod near_misses;

use std::{
    io::{self, Write as _},
    path::PathBuf,
    time::{SystemTime, UNIX_EPOCH},
};

use hookstead_signature::{Clock, Refusal, RequestParts, Scheme, signed_at, verify};
use url::form_urlencoded;

use self::near_misses::near_miss;
use super::sign::{BodySource, SecretSource, scheme};
use crate::{
    exit::{Exit, REMEDY, UsageError},
    terminal::clean,
    workspace::{AppFlags, folder_of_app},
};

/// Tell what is wrong with a signed request
///
/// Nothing is sent, and nobody can ask a running server for the same: what it tells a caller of a
/// wrong signature is that it is wrong.
///
/// Examples:
///   hookstead verify --scheme shopify --secret-name shop -H 'X-Shopify-Hmac-Sha256: a=' body.json
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    /// Provider that has signed, by the name of its validation method, such as stripe
    #[arg(long, value_name = "NAME", value_parser = scheme)]
    scheme: &'static Scheme,

    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    body: BodySource,

    /// Header of the request; may be given several times
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,

    /// Public URL that was called, for schemes that look at it
    #[arg(long, value_name = "URL", default_value = "")]
    url: String,

    /// Method of the request
    #[arg(long, default_value = "POST")]
    method: String,

    /// When the request arrived, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    time: Option<i64>,

    /// Folder of the app whose secrets are meant
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    #[command(flatten)]
    flags: AppFlags,
}

/// Tells what is wrong; succeeds where nothing is.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let scheme = args.scheme;
    if scheme.needs_certificate() {
        let message = format!(
            "{} is checked with a certificate that has to be fetched{REMEDY}send the request to \
             a running server and read its log",
            scheme.name
        );
        return Err(UsageError(message).into());
    }
    let secret = args.secret.read(&args.flags, &args.app)?.ok_or_else(|| {
        UsageError(format!(
            "no secret is given{REMEDY}add --secret-file FILE or --secret-name NAME"
        ))
    })?;
    let body = args.body.read()?;
    let headers = args.headers()?;
    let query = args.url.split_once('?').map_or("", |(_, query)| query);
    let query: Vec<_> = form_urlencoded::parse(query.as_bytes()).collect();
    let headers: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_bytes())).collect();
    let request = RequestParts {
        method: &args.method,
        url: &args.url,
        headers: &headers,
        query: &query,
        body: &body,
        certificate: None,
    };
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    let now_unix = args.time.unwrap_or(i64::try_from(since_1970).unwrap_or_default());
    let key = scheme.key(secret.expose())?;
    let outcome = verify(scheme, &[key], &request, now_unix);
    let mut out = io::stdout().lock();
    for line in seen(scheme, &request, now_unix) {
        writeln!(out, "{line}")?;
    }
    let Err(refusal) = outcome else {
        writeln!(out, "accepted: the signature is that of the secret")?;
        return Ok(Exit::Success);
    };
    writeln!(out, "refused: {refusal} ({})", refusal.code())?;
    if refusal == Refusal::Mismatch {
        let near =
            near_miss(scheme, &secret, &request, Clock { now_unix, tolerance_s: Some(u64::MAX) });
        let unknown = "no other spelling of the body, the URL or the secret is right either: the \
                       secret is another one, or something on the way has changed the request";
        writeln!(out, "{}", near.as_deref().unwrap_or(unknown))?;
    }
    Ok(Exit::Failure)
}

impl Args {
    fn headers(&self) -> anyhow::Result<Vec<(String, String)>> {
        let header = |text: &String| {
            let (name, value) = text.split_once(':').ok_or_else(|| {
                UsageError(format!("{text:?} is no header{REMEDY}write it as NAME: VALUE"))
            })?;
            Ok((name.trim().to_owned(), value.trim().to_owned()))
        };
        self.headers.iter().map(header).collect()
    }
}

/// What of the request the scheme looks at.
fn seen(scheme: &Scheme, request: &RequestParts<'_>, now_unix: i64) -> Vec<String> {
    let mut lines = Vec::new();
    let has = |name: &str| request.headers.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let mut names: Vec<_> = scheme.proof_headers().chain(scheme.other_headers()).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let count = request.headers.iter().filter(|(n, _)| n.eq_ignore_ascii_case(name)).count();
        lines.push(match (has(name), count) {
            (false, _) => format!("{name}: absent"),
            (true, 1) => format!("{name}: there"),
            (true, count) => format!("{name}: there {count} times"),
        });
    }
    if scheme.covers_url() {
        lines.push(format!("URL: {}", clean(request.url)));
    }
    lines.push(format!("body: {} bytes", request.body.len()));
    if let (Some(at), Some(window_s)) = (signed_at(scheme, request), scheme.tolerance_s()) {
        let age_s = now_unix.saturating_sub(at);
        lines.push(format!("age: {age_s} s, of at most {window_s} s in either direction"));
    }
    lines
}
