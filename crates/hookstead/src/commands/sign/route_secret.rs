//! The secret that protects a route, found by the URL of the route.

use anyhow::Context as _;
use hookstead_app::{Protection, Secret, SecretSource};
use hookstead_signature::{Scheme, presets};
use hookstead_site::Listing;
use url::Url;

use crate::{exit::UsageError, workspace::Workspace};

/// How the route at a URL is proven, and with what.
pub(super) fn find(
    workspace: &Workspace,
    url: &str,
    method: &str,
) -> anyhow::Result<(&'static Scheme, Secret)> {
    let path = Url::parse(url).with_context(|| format!("{url:?} is no URL"))?.path().to_owned();
    let prepared = workspace.prepare()?;
    let mut at_path = prepared.site.endpoints().iter().filter(|one| one.path == path);
    let takes = |one: &&Listing| one.method == "*" || one.method.eq_ignore_ascii_case(method);
    let route = at_path.find(takes).with_context(|| {
        format!("the app has no route for {method} {path}; give a secret, or mend the URL")
    })?;
    let (scheme, source) = match &route.declaration.protection {
        Protection::Signed { scheme, secret } => (presets::by_name(scheme), secret),
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
    workspace.secrets()?.get(name)?.ok_or_else(|| {
        let message = format!("there is no secret {name:?}; `hookstead secrets set` sets one");
        UsageError(message).into()
    })
}
