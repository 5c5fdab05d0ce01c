//! Providers that speak OAuth 2.0 (docs/behaviour/users.md#providers).

use super::metadata;
use crate::{OAuthSetup, ProblemCode, fields::Fields};

pub(super) fn read(
    fields: &mut Fields<'_>,
    config: &mut Fields<'_>,
    secrets: &mut Fields<'_>,
    is_google: bool,
) -> Option<OAuthSetup> {
    let client_id = config.filled_text("clientId");
    if client_id.is_none() {
        let message = "there is no `clientId`".to_owned();
        let remedy = "write the id that the provider gave the app";
        config.doubt(ProblemCode::ProviderSetting, "clientId", message, remedy);
    }
    let metadata_fields = metadata::read(fields);
    let domain_restrictions = owned(fields.texts("domain_restrictions"));
    let open_id = is_google && config.guard_flag("openId");
    let knows_email = open_id || metadata_fields.iter().any(|field| field.path == ["email"]);
    if !domain_restrictions.is_empty() && !knows_email {
        let message = "`domain_restrictions` wants `email` among the metadata fields".to_owned();
        fields.doubt(ProblemCode::ProviderSetting, "domain_restrictions", message, ADD_EMAIL);
    }
    Some(OAuthSetup {
        client_id: client_id?.to_owned(),
        client_secret: secrets.filled_text("clientSecret").map(str::to_owned),
        open_id,
        metadata_fields,
        redirect_uris: owned(fields.texts("redirect_uris")),
        domain_restrictions,
    })
}

const ADD_EMAIL: &str = "add `email` to `metadata_fields`: without it nobody's domain is known";

fn owned(texts: Vec<&str>) -> Vec<String> {
    texts.into_iter().map(str::to_owned).collect()
}
