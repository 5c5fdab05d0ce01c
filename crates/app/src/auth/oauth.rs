//! Providers that speak OAuth 2.0 (docs/behaviour/users.md#google-facebook-and-apple).

use super::metadata;
use crate::{MetadataField, OAuthSetup, ProblemCode, fields::Fields};

/// The metadata fields that Google and Facebook have, and those that only one of them has.
const OF_BOTH: [&str; 5] = ["name", "first_name", "last_name", "email", "picture"];
const OF_GOOGLE: [&str; 6] = ["given_name", "family_name", "email_verified", "hd", "locale", "sub"];
const OF_FACEBOOK: [&str; 4] = ["gender", "birthday", "min_age", "max_age"];

/// Which of them a provider is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Google,
    Facebook,
    Apple,
}

pub(super) fn read(
    fields: &mut Fields<'_>,
    config: &mut Fields<'_>,
    secrets: &mut Fields<'_>,
    kind: Kind,
) -> Option<OAuthSetup> {
    let client_id = config.filled_text("clientId");
    if client_id.is_none() {
        let message = "there is no `clientId`".to_owned();
        let remedy = "write the id that the provider gave the app";
        config.doubt(ProblemCode::ProviderSetting, "clientId", message, remedy);
    }
    let open_id = kind == Kind::Google && config.guard_flag("openId");
    let client_secret = secrets.filled_text("clientSecret");
    let needs_secret = kind == Kind::Facebook || (kind == Kind::Google && !open_id);
    if needs_secret && client_secret.is_none() {
        let message = "there is no `clientSecret`, without which nobody can log in".to_owned();
        let remedy = "write the name of the secret that the provider gave the app";
        secrets.doubt(ProblemCode::ProviderSetting, "clientSecret", message, remedy);
    }
    let metadata_fields = match kind {
        // Apple has none, and what stands there is not used.
        Kind::Apple => Vec::new(),
        Kind::Google | Kind::Facebook => metadata::read(fields),
    };
    check_metadata(fields, &metadata_fields, kind);
    let tells_email = open_id
        || kind == Kind::Apple
        || metadata_fields.iter().any(|field| field.path == ["email"]);
    Some(OAuthSetup {
        client_id: client_id?.to_owned(),
        client_secret: client_secret.map(str::to_owned),
        open_id,
        metadata_fields,
        redirect_uris: redirect_uris(fields),
        domain_restrictions: domain_restrictions(fields, kind, tells_email),
    })
}

/// Names that the provider does not have: nobody ever gets such a field.
fn check_metadata(fields: &mut Fields<'_>, metadata: &[MetadataField], kind: Kind) {
    let own = if kind == Kind::Google { &OF_GOOGLE[..] } else { &OF_FACEBOOK };
    let is_known = |name: &str| OF_BOTH.contains(&name) || own.contains(&name);
    for (index, field) in metadata.iter().enumerate() {
        if !matches!(&field.path[..], [name] if is_known(name)) {
            let key = format!("metadata_fields[{index}].name");
            let name = field.path.join(".");
            let message = format!("the provider has no field `{name}`: it stays empty");
            let remedy = "remove the entry, or write a name that docs/users.md lists";
            fields.oddity_with(ProblemCode::ProviderSetting, &key, message, remedy);
        }
    }
}

/// Where a browser may be sent with the result. It is sent to nothing else, so that what is no URL
/// is a mistake that somebody should know of.
fn redirect_uris(fields: &mut Fields<'_>) -> Vec<String> {
    let texts = fields.texts("redirect_uris");
    if let Some(wrong) = texts.iter().find(|text| !is_redirect(text)) {
        let message = format!("`redirect_uris` holds `{wrong}`, which no browser can be sent to");
        let remedy = "write absolute URLs without `#`, such as https://app.example.com/in";
        fields.doubt(ProblemCode::ProviderSetting, "redirect_uris", message, remedy);
    } else if texts.iter().any(|text| is_open(text)) {
        let message = "`redirect_uris` holds an http URL: tokens can be read on their way";
        let remedy = "write https URLs";
        let code = ProblemCode::ProviderSetting;
        fields.oddity_with(code, "redirect_uris", message.to_owned(), remedy);
    }
    owned(texts)
}

/// Whether a text is an absolute URL to which a fragment can be added. Apps on devices have
/// schemes of their own.
fn is_redirect(text: &str) -> bool {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let is_scheme = scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    let runs_code = ["javascript", "data", "vbscript", "file", "blob"];
    is_plain && is_scheme && !rest.is_empty() && !runs_code.contains(&&*scheme.to_lowercase())
}

/// Whether a URL is http and not one of this machine.
fn is_open(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("http://") else { return false };
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let host = host.strip_prefix("[::1]").map_or(host.split(':').next(), |_| Some("localhost"));
    !matches!(host, Some("localhost" | "127.0.0.1"))
}

fn domain_restrictions(fields: &mut Fields<'_>, kind: Kind, tells_email: bool) -> Vec<String> {
    let texts = fields.texts("domain_restrictions");
    let lack = if texts.is_empty() {
        None
    } else if kind == Kind::Facebook {
        Some(("Facebook tells of no email address that it is verified", OTHER_PROVIDER))
    } else if !tells_email {
        Some(("`domain_restrictions` wants `email` among the metadata fields", ADD_EMAIL))
    } else if !texts.iter().all(|text| is_domain(text)) {
        Some(("`domain_restrictions` holds a text that is no domain", WRITE_DOMAIN))
    } else {
        None
    };
    if let Some((message, remedy)) = lack {
        let code = ProblemCode::ProviderSetting;
        fields.doubt(code, "domain_restrictions", message.to_owned(), remedy);
    }
    owned(texts)
}

const ADD_EMAIL: &str = "add `email` to `metadata_fields`: without it nobody's domain is known";
const OTHER_PROVIDER: &str = "switch the provider off, and let users log in with another one";
const WRITE_DOMAIN: &str = "write what stands behind the `@`, such as example.com";

fn is_domain(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || !byte.is_ascii();
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(is_plain);
    text.split('.').all(is_label)
}

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}
