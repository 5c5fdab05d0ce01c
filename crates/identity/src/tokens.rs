//! Access tokens and refresh tokens (docs/behaviour/users.md#tokens).

use std::time::Duration;

use bson::{Bson, DateTime, Document, oid::ObjectId};
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use crate::{AuthError, SigningKeys, UserType, digest, jwt, random};

/// No device is tracked.
pub(crate) const NO_DEVICE: &str = "000000000000000000000000";
/// The refresh token of an anonymous user is valid for 50 years of 365 days.
pub(crate) const ANONYMOUS_REFRESH_TIME: Duration = Duration::from_hours(50 * 365 * 24);

const ACCESS: &str = "access";
const REFRESH: &str = "refresh";

/// What an access token says.
pub(crate) struct Access {
    pub(crate) session: ObjectId,
    pub(crate) user: ObjectId,
    /// In seconds since 1970.
    pub(crate) expires_s: i64,
    pub(crate) custom_data: Option<Document>,
}

/// What a refresh token says.
pub(crate) struct Refresh {
    pub(crate) session: ObjectId,
    pub(crate) user: ObjectId,
}

/// For how long a token is valid.
#[derive(Clone, Copy)]
pub(crate) struct Lifetime {
    issued_s: i64,
    expires_s: i64,
}

/// The order of the claims is that of the hosted service.
#[derive(Serialize)]
struct AccessClaims<'a> {
    baas_device_id: &'a str,
    baas_domain_id: &'a str,
    exp: i64,
    iat: i64,
    iss: String,
    #[serde(rename = "stitch_devId")]
    stitch_device_id: &'a str,
    #[serde(rename = "stitch_domainId")]
    stitch_domain_id: &'a str,
    sub: String,
    typ: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<Json>,
}

#[derive(Serialize)]
struct RefreshClaims<'a> {
    baas_data: (),
    baas_device_id: &'a str,
    baas_domain_id: &'a str,
    baas_id: String,
    baas_identity: IdentityClaim<'a>,
    exp: i64,
    iat: i64,
    stitch_data: (),
    #[serde(rename = "stitch_devId")]
    stitch_device_id: &'a str,
    #[serde(rename = "stitch_domainId")]
    stitch_domain_id: &'a str,
    stitch_id: String,
    #[serde(rename = "stitch_ident")]
    stitch_identity: IdentityClaim<'a>,
    sub: String,
    typ: &'a str,
}

#[derive(Serialize, Clone)]
struct IdentityClaim<'a> {
    id: &'a str,
    provider_type: &'a str,
    provider_id: String,
}

/// The claims of both kinds, as far as they are read.
#[derive(Deserialize)]
struct ReadClaims {
    baas_domain_id: String,
    exp: i64,
    #[serde(default)]
    iss: Option<String>,
    #[serde(default)]
    baas_id: Option<String>,
    sub: String,
    typ: String,
    #[serde(default)]
    user_data: Option<Json>,
}

impl Lifetime {
    pub(crate) fn new(now: DateTime, time: Duration) -> Self {
        let issued_s = seconds(now);
        let time_s = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        Self { issued_s, expires_s: issued_s.saturating_add(time_s) }
    }
}

pub(crate) fn seconds(time: DateTime) -> i64 {
    time.timestamp_millis().div_euclid(1000)
}

/// The id of a new session. Its last bit says whether it began with an API key, so that an access
/// token says it as well, without a claim that the hosted service does not have.
pub(crate) fn session_id(user_type: UserType) -> Result<ObjectId, AuthError> {
    let mut id = random::bytes::<12>()?;
    id[11] = id[11] & !1 | u8::from(user_type == UserType::Server);
    Ok(ObjectId::from_bytes(id))
}

/// Whether a session began with an API key.
pub(crate) fn user_type(session: ObjectId) -> UserType {
    match session.bytes()[11] & 1 {
        0 => UserType::Normal,
        _ => UserType::Server,
    }
}

pub(crate) fn access_token(
    keys: &SigningKeys,
    domain: &str,
    (session, user): (ObjectId, ObjectId),
    lifetime: Lifetime,
    custom_data: Option<Document>,
) -> Result<String, AuthError> {
    let claims = AccessClaims {
        baas_device_id: NO_DEVICE,
        baas_domain_id: domain,
        exp: lifetime.expires_s,
        iat: lifetime.issued_s,
        iss: session.to_hex(),
        stitch_device_id: NO_DEVICE,
        stitch_domain_id: domain,
        sub: user.to_hex(),
        typ: ACCESS,
        user_data: custom_data.map(|data| Bson::Document(data).into_canonical_extjson()),
    };
    jwt::sign(keys, &claims)
}

pub(crate) fn refresh_token(
    keys: &SigningKeys,
    domain: &str,
    (session, user): (ObjectId, ObjectId),
    lifetime: Lifetime,
    (provider_type, identity): (&str, &str),
) -> Result<String, AuthError> {
    let provider_id = digest::provider_id(domain, provider_type);
    let identity = IdentityClaim { id: identity, provider_type, provider_id };
    let claims = RefreshClaims {
        baas_data: (),
        baas_device_id: NO_DEVICE,
        baas_domain_id: domain,
        baas_id: session.to_hex(),
        baas_identity: identity.clone(),
        exp: lifetime.expires_s,
        iat: lifetime.issued_s,
        stitch_data: (),
        stitch_device_id: NO_DEVICE,
        stitch_domain_id: domain,
        stitch_id: session.to_hex(),
        stitch_identity: identity,
        sub: user.to_hex(),
        typ: REFRESH,
    };
    jwt::sign(keys, &claims)
}

/// What an access token of this app says that is valid now.
pub(crate) fn read_access(
    keys: &SigningKeys,
    domain: &str,
    now: DateTime,
    token: &str,
) -> Result<Access, AuthError> {
    let claims = read(keys, domain, ACCESS, now, token)?;
    let custom_data = match claims.user_data.map(Bson::try_from) {
        None => None,
        Some(Ok(Bson::Document(data))) => Some(data),
        Some(_) => return Err(AuthError::invalid_session("the custom user data is no document")),
    };
    Ok(Access {
        session: id(claims.iss.as_deref())?,
        user: id(Some(&claims.sub))?,
        expires_s: claims.exp,
        custom_data,
    })
}

/// What a refresh token of this app says that is valid now.
pub(crate) fn read_refresh(
    keys: &SigningKeys,
    domain: &str,
    now: DateTime,
    token: &str,
) -> Result<Refresh, AuthError> {
    let claims = read(keys, domain, REFRESH, now, token)?;
    Ok(Refresh { session: id(claims.baas_id.as_deref())?, user: id(Some(&claims.sub))? })
}

fn read(
    keys: &SigningKeys,
    domain: &str,
    kind: &str,
    now: DateTime,
    token: &str,
) -> Result<ReadClaims, AuthError> {
    let invalid = |why: &str| AuthError::invalid_session(why);
    let claims = jwt::verified_claims(keys, token)
        .ok_or_else(|| invalid("no key of this app has signed the token"))?;
    let claims: ReadClaims = serde_json::from_slice(&claims)
        .map_err(|_| invalid("the claims of the token are incomplete"))?;
    if claims.baas_domain_id != domain {
        return Err(invalid("the token is of another app"));
    }
    if claims.typ != kind {
        return Err(invalid("the token is of the other type"));
    }
    if claims.exp <= seconds(now) {
        return Err(invalid("the token has expired"));
    }
    Ok(claims)
}

fn id(text: Option<&str>) -> Result<ObjectId, AuthError> {
    let id = text.and_then(|text| ObjectId::parse_str(text).ok());
    id.ok_or_else(|| AuthError::invalid_session("the token has no valid id"))
}
