//! `hookstead sign`: the signature of a body, or the whole curl command that sends it.

mod route_secret;

use std::{
    convert::Infallible,
    io::{self, Write as _},
    path::{Path, PathBuf},
    time::{SystemTime, UNIX_EPOCH},
};

use clap::ValueEnum;
use hookstead_app::Secret;
use hookstead_signature::{RequestParts, Scheme, Signed, presets};
use url::Url;

use crate::{
    exit::{Exit, REMEDY, UsageError},
    input,
    settings::nearest,
    shell::quote,
    workspace::{AppFlags, folder_of_app},
};

/// Print the signature header of a body, or the curl command that sends it
///
/// Without a secret, --curl takes the one of the route that its URL names, in the app of --app.
///
/// Examples:
///   hookstead sign --secret 12345 --data '{"message":"MESSAGE"}'
///   hookstead sign --scheme stripe --secret-name stripe_key --data '{"id":"evt_1"}'
///   hookstead sign --secret-file key.txt body.json --curl http://127.0.0.1:7080/app/a/endpoint/b
#[derive(clap::Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Args {
    #[command(flatten)]
    secret: SecretSource,

    #[command(flatten)]
    body: BodySource,

    /// Kind of header [default: by the URL of --curl, else hook]
    #[arg(long, value_enum, conflicts_with = "scheme")]
    header: Option<HeaderKind>,

    /// Provider whose signature to make, by the name of its validation method, such as stripe
    #[arg(long, value_name = "NAME", value_parser = scheme)]
    scheme: Option<&'static Scheme>,

    /// Public URL that the provider calls, for schemes that sign it [default: that of --curl]
    #[arg(long, value_name = "URL")]
    url: Option<String>,

    /// Time of signing, in seconds since 1970 [default: now]
    #[arg(long, value_name = "SECONDS")]
    time: Option<i64>,

    /// Print a curl command that sends the body to this URL
    #[arg(long, value_name = "URL")]
    curl: Option<String>,

    /// Method of the curl command
    #[arg(long, default_value = "POST")]
    method: String,

    /// Content type of the curl command
    #[arg(long, value_name = "TYPE", default_value = "application/json")]
    content_type: String,

    /// Folder of the app whose secrets and routes are meant
    #[arg(long, value_name = "DIR", env = "HOOKSTEAD_APP_DIR", default_value = ".",
          value_parser = folder_of_app())]
    app: PathBuf,

    #[command(flatten)]
    flags: AppFlags,
}

/// Where the body of a request is.
#[derive(clap::Args)]
pub(super) struct BodySource {
    /// File with the body, byte for byte [default: standard input]
    #[arg(value_name = "FILE", conflicts_with = "data")]
    file: Option<PathBuf>,

    /// The body itself
    #[arg(long, value_name = "TEXT")]
    data: Option<String>,
}

#[derive(clap::Args)]
#[group(multiple = false)]
pub(super) struct SecretSource {
    /// The secret; other users of this machine can see it while the command runs
    #[arg(long, value_name = "TEXT", value_parser = secret)]
    secret: Option<Secret>,

    /// File that holds the secret; one line break at its end does not count
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    /// Name of a secret of the app
    #[arg(long, value_name = "NAME")]
    secret_name: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum HeaderKind {
    /// X-Hook-Signature, of webhooks
    Hook,
    /// Endpoint-Signature, of HTTPS endpoints
    Endpoint,
    /// X-Hub-Signature-256, as GitHub signs
    Github,
}

impl HeaderKind {
    fn of_url(url: Option<&str>) -> Self {
        let is_endpoint = url.is_some_and(|url| url.contains("/endpoint"));
        if is_endpoint { Self::Endpoint } else { Self::Hook }
    }

    fn scheme(self) -> &'static Scheme {
        match self {
            Self::Hook => &presets::APP_SERVICES_WEBHOOK,
            Self::Endpoint => &presets::APP_SERVICES_ENDPOINT,
            Self::Github => &presets::GITHUB,
        }
    }
}

/// Prints the header or the command.
pub(crate) fn run(args: &Args) -> anyhow::Result<Exit> {
    let (scheme, secret) = args.proof()?;
    let body = args.body.read()?;
    let signed = args.sign(scheme, &secret, &body)?;
    let mut out = io::stdout().lock();
    match &args.curl {
        Some(url) => writeln!(out, "{}", args.command(url, &signed, &body)?)?,
        None => {
            for (name, value) in &signed.headers {
                writeln!(out, "{name}: {value}")?;
            }
            for (name, value) in &signed.query {
                writeln!(out, "?{name}={value}")?;
            }
            if let Some(body) = &signed.body {
                out.write_all(body)?;
                writeln!(out)?;
            }
        }
    }
    Ok(Exit::Success)
}

impl Args {
    /// How the request is signed, and with what.
    fn proof(&self) -> anyhow::Result<(&'static Scheme, Secret)> {
        let kind = self.header.unwrap_or_else(|| HeaderKind::of_url(self.curl.as_deref()));
        if let Some(secret) = self.secret.read(&self.flags, &self.app)? {
            return Ok((self.scheme.unwrap_or(kind.scheme()), secret));
        }
        let Some(url) = &self.curl else {
            let message = format!(
                "no secret is given{REMEDY}add --secret-file FILE or --secret-name NAME, or --curl \
                 URL to take the secret of that route"
            );
            return Err(UsageError(message).into());
        };
        let workspace = self.flags.open(&self.app, Vec::new())?;
        route_secret::find(&workspace, url, &self.method)
    }

    /// Signs the body, and what the scheme signs besides: what the request lacks is made up.
    fn sign(&self, scheme: &Scheme, secret: &Secret, body: &[u8]) -> anyhow::Result<Signed> {
        if !scheme.can_sign() {
            return Err(UsageError(format!(
                "{} signs with a key that only the provider has{REMEDY}send a test request from \
                 its dashboard",
                scheme.name
            ))
            .into());
        }
        let url = self.url.as_deref().or(self.curl.as_deref());
        if scheme.covers_url() && url.is_none() {
            let message = format!("{} signs the public URL{REMEDY}add --url URL", scheme.name);
            return Err(UsageError(message).into());
        }
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let now_unix = self.time.unwrap_or(i64::try_from(now.as_secs()).unwrap_or_default());
        let id = format!("msg_{:x}", now.as_nanos());
        let mut headers: Vec<_> = scheme.signed_ids().map(|name| (name, id.clone())).collect();
        let mut given: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_bytes())).collect();
        given.push(("Content-Type", self.content_type.as_bytes()));
        let request = RequestParts {
            method: &self.method,
            url: url.unwrap_or_default(),
            headers: &given,
            query: &[],
            body,
            certificate: None,
        };
        let key = scheme.key(secret.expose())?;
        let signed = hookstead_signature::sign(scheme, &key, &request, now_unix)?;
        headers.extend(signed.headers);
        Ok(Signed { headers, ..signed })
    }

    /// The file of the body; a dash is standard input, as elsewhere.
    fn body_file(&self) -> Option<&Path> {
        self.body.file.as_deref().filter(|path| *path != Path::new("-"))
    }

    fn command(&self, url: &str, signed: &Signed, body: &[u8]) -> anyhow::Result<String> {
        let mut words = vec!["curl".to_owned(), "-X".to_owned(), quote(&self.method).into_owned()];
        let mut headers = vec![format!("Content-Type: {}", self.content_type)];
        headers.extend(signed.headers.iter().map(|(name, value)| format!("{name}: {value}")));
        for header in &headers {
            words.extend(["-H".to_owned(), quote(header).into_owned()]);
        }
        words.extend(self.data_words(body, signed)?);
        words.push(quote(&with_query(url, signed)?).into_owned());
        Ok(words.join(" "))
    }

    /// Curl's own reading of a file keeps every byte; a text goes onto the command line.
    fn data_words(&self, body: &[u8], signed: &Signed) -> anyhow::Result<[String; 2]> {
        let body = signed.body.as_deref().unwrap_or(body);
        if let Some(path) = self.body_file().filter(|_| signed.body.is_none()) {
            let file = format!("@{}", path.display());
            return Ok(["--data-binary".to_owned(), quote(&file).into_owned()]);
        }
        let text = std::str::from_utf8(body).ok().filter(|text| !text.contains('\0'));
        let text = text.ok_or_else(|| {
            UsageError(format!(
                "the body holds bytes that a command line cannot carry{REMEDY}save it as a file \
                 and name that file"
            ))
        })?;
        Ok(["--data-raw".to_owned(), quote(text).into_owned()])
    }
}

impl BodySource {
    /// The body, byte for byte.
    pub(super) fn read(&self) -> anyhow::Result<Vec<u8>> {
        match &self.data {
            Some(data) => Ok(data.clone().into_bytes()),
            None => input::read_body(self.file.as_deref().unwrap_or(Path::new("-"))),
        }
    }
}

impl SecretSource {
    /// The secret that is given; `None` where none is.
    pub(super) fn read(&self, flags: &AppFlags, app: &Path) -> anyhow::Result<Option<Secret>> {
        if let Some(name) = &self.secret_name {
            let workspace = flags.open(app, Vec::new())?;
            return route_secret::named(&workspace, name).map(Some);
        }
        if let Some(path) = &self.secret_file {
            return input::read_secret_file(path).map(Some);
        }
        Ok(self.secret.clone())
    }
}

fn secret(text: &str) -> Result<Secret, Infallible> {
    Ok(Secret::new(text.to_owned()))
}

/// The scheme of this name, which may be spelt as its validation method.
pub(super) fn scheme(name: &str) -> Result<&'static Scheme, String> {
    let wanted = name.to_ascii_lowercase().replace('_', "-");
    presets::by_name(&wanted).ok_or_else(|| {
        let names = presets::ALL.iter().map(|scheme| scheme.name);
        match nearest(&wanted, names) {
            Some(near) => format!("there is no such scheme; did you mean {near}?"),
            None => "there is no such scheme; docs/validation.md lists them".to_owned(),
        }
    })
}

/// Reads a URL of the command line.
fn parse_url(text: &str) -> anyhow::Result<Url> {
    Url::parse(text).map_err(|_| {
        anyhow::anyhow!(
            "{text:?} is no URL{REMEDY}write it with http:// or https://, such as \
             http://127.0.0.1:7080/app/a/endpoint/b"
        )
    })
}

/// The URL with what the signature adds to its query.
fn with_query(url: &str, signed: &Signed) -> anyhow::Result<String> {
    if signed.query.is_empty() {
        return Ok(url.to_owned());
    }
    let mut url = parse_url(url)?;
    url.query_pairs_mut().extend_pairs(&signed.query);
    Ok(url.into())
}
