//! The secret that protects a route, found by the URL of the route.

use anyhow::Context as _;
use hookstead_app::{Protection, Secret, SecretSource};
use hookstead_signature::{Scheme, presets};
use hookstead_site::Listing;

use super::parse_url;
use crate::{
    exit::{REMEDY, UsageError},
    settings::nearest,
    shell::quote,
    workspace::Workspace,
};

/// How the route at a URL is proven, and with what.
pub(super) fn find(
    workspace: &Workspace,
    url: &str,
    method: &str,
) -> anyhow::Result<(&'static Scheme, Secret)> {
    let path = parse_url(url)?.path().to_owned();
    let prepared = workspace.prepare()?;
    let at_path = || prepared.site.endpoints().iter().filter(|one| one.path == path);
    let takes = |one: &&Listing| one.method == "*" || one.method.eq_ignore_ascii_case(method);
    let route = at_path().find(takes).ok_or_else(|| match at_path().next() {
        Some(Listing { method: other, .. }) => {
            anyhow::anyhow!("{path} takes {other}, not {method}{REMEDY}add --method {other}")
        }
        None => anyhow::anyhow!(
            "the app has no route {path}{REMEDY}correct the URL, or give a secret with \
             --secret-file FILE or --secret-name NAME"
        ),
    })?;
    let (scheme, source) = match &route.declaration.protection {
        // The first one is the newest, where secrets are being exchanged.
        Protection::Signed { scheme, secrets, .. } => {
            (presets::by_name(scheme), secrets.first().context("it has no secret")?)
        }
        Protection::None | Protection::Refused(_) => {
            return Err(UsageError(format!("no secret protects {path}; call it as it is")).into());
        }
    };
    let scheme = scheme.with_context(|| format!("nobody knows how {path} is signed"))?;
    let secret = match source {
        SecretSource::Literal(secret) => secret.clone(),
        SecretSource::Named(name) => named(workspace, name)?,
    };
    Ok((scheme, secret))
}

/// A secret of the app, by its name.
pub(super) fn named(workspace: &Workspace, name: &str) -> anyhow::Result<Secret> {
    let store = workspace.secrets()?;
    if let Some(secret) = store.get(name)? {
        return Ok(secret);
    }
    let names = store.names()?;
    let near = nearest(name, names.iter().map(|(name, _)| name.as_str()));
    let remedy = near.map_or_else(
        || format!("set it with `hookstead secrets set {}`", quote(name)),
        |near| format!("did you mean {near}?"),
    );
    Err(UsageError(format!("there is no secret {name:?}{REMEDY}{remedy}")).into())
}
