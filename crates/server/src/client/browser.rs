//! Logging in by a browser: to Google, Facebook or Apple and back
//! (docs/behaviour/users.md#log-in-by-a-browser).

use bytes::Bytes;
use hookstead_identity::{
    Admitted, Arrival, AuthError, Departure, Linked, LogIn, OAuthKind, Return, Users, Way,
};
use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};

use super::{
    CALLBACK,
    answered::Answered,
    failure::refuse,
    input,
    login::{linking_token, no_provider},
};
use crate::{
    admit::Asking,
    error_code::ErrorCode,
    parse::{first_values, is_form, pairs},
    refusal::Refusal,
};

/// Where the path of the callback begins, below the public URL.
const AUTH: &str = "/api/client/v2.0/auth/";
/// Where a library looks for the way to the provider, when it has asked for it by script.
const LOCATION: HeaderName = HeaderName::from_static("x-baas-location");

/// Sends a browser to a provider.
pub(super) async fn depart(
    asking: Asking<'_>,
    users: &Users,
    provider: &str,
) -> Result<Answered, Refusal> {
    let kind = OAuthKind::of_type(provider).ok_or_else(|| refuse(no_provider()))?;
    let query = asking.parts.uri.query().unwrap_or_default();
    let given = first_values(pairs(query.as_bytes()));
    let text = |name: &str| value_of(&given, name);
    let callback = callback(asking)?;
    let is_linking = input::is_set(asking.parts, "link")?;
    let linking = if is_linking { Some(linking_token(asking)?) } else { None };
    let departure = Departure {
        kind,
        redirect: text("redirect").ok_or_else(|| input::missing("redirect"))?,
        client_state: text("state").unwrap_or_default(),
        callback_url: &callback,
        linking,
    };
    let way = users.depart(departure).await.map_err(refuse)?;
    let Way { url, cookie_name, cookie_value, cookie_age_s, returns_by_form } = way;
    // A script on a page may be of another site than this server, and a form comes from one.
    let crosses_sites = returns_by_form || is_linking;
    let cookie = Cookie { name: &cookie_name, value: &cookie_value, age_s: cookie_age_s };
    let cookie = cookie.header(&callback, crosses_sites)?;
    let is_by_script = input::is_set(asking.parts, "providerRedirectHeader")?;
    let mut answered = if is_by_script {
        let mut answered = Answered::empty(StatusCode::OK);
        let headers = answered.response.headers_mut();
        headers.insert(LOCATION, header_value(&url)?);
        let exposed = HeaderValue::from_static("x-baas-location");
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
        answered
    } else {
        to(&url)?
    };
    protect(answered.response.headers_mut());
    answered.response.headers_mut().append(header::SET_COOKIE, cookie);
    answered.sets_cookie = true;
    Ok(answered)
}

/// Takes a browser that comes back from a provider, and sends it to the app with the result.
pub(super) async fn arrive(
    asking: Asking<'_>,
    users: &Users,
    body: &Bytes,
) -> Result<Answered, Refusal> {
    let given = given_back(asking, body)?;
    let text = |name: &str| value_of(&given, name);
    let headers = &asking.parts.headers;
    let callback = callback(asking)?;
    let back = Return {
        state: text("state").ok_or_else(|| input::missing("state"))?,
        code: text("code"),
        error: text("error"),
        callback_url: &callback,
        cookies: &|name| cookies(headers, name),
    };
    let arrival = users.arrive(back, asking.caller.address).await.map_err(refuse)?;
    let Arrival { redirect, client_state, cookie_name, outcome } = arrival;
    let (mut fragment, user_id, detail) = match outcome {
        Ok(admitted) => {
            let (fragment, user_id) = fragment_of(&admitted);
            (fragment, Some(user_id), None)
        }
        Err(AuthError { message, detail, .. }) => {
            let journal = detail.map_or_else(|| message.clone(), |why| format!("{message}; {why}"));
            (format!("_baas_error={}", encoded(&message)), None, Some(journal))
        }
    };
    for (name, value) in
        [("_baas_state", &*client_state), ("_baas_client_app_id", asking.site.client_app_id())]
    {
        if !value.is_empty() {
            fragment.push_str(&format!("&{name}={}", encoded(value)));
        }
    }
    let mut answered = to(&format!("{redirect}#{fragment}"))?.with_detail(detail);
    let cookie = Cookie { name: &cookie_name, value: "", age_s: 0 };
    let cookie = cookie.header(&callback, false)?;
    protect(answered.response.headers_mut());
    answered.response.headers_mut().append(header::SET_COOKIE, cookie);
    answered.user_id = user_id;
    Ok(answered)
}

/// What the client is told of who has logged in, and the id of the user. A user who has a further
/// identity keeps the refresh token.
fn fragment_of(admitted: &Admitted) -> (String, String) {
    match admitted {
        Admitted::LoggedIn(LogIn { user, access_token, refresh_token, device_id }) => {
            let id = user.id.clone();
            let result = format!("{access_token}${refresh_token}${id}${device_id}");
            (format!("_baas_ua={}", encoded(&result)), id)
        }
        Admitted::Linked(Linked { user, access_token, device_id }) => {
            let id = user.id.clone();
            let result = format!("{access_token}$${id}${device_id}");
            (format!("_baas_link=ok&_baas_ua={}", encoded(&result)), id)
        }
    }
}

/// What comes back: in the query, or in a form that a page of the provider sends.
fn given_back(asking: Asking<'_>, body: &[u8]) -> Result<Vec<(String, String)>, Refusal> {
    if asking.parts.method == Method::GET {
        let query = asking.parts.uri.query().unwrap_or_default();
        return Ok(first_values(pairs(query.as_bytes())));
    }
    let content_type = asking.parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
    if !is_form(content_type) {
        let message = "the request body must be a form";
        return Err(Refusal::bad_request(ErrorCode::BadRequest, message));
    }
    Ok(first_values(pairs(body)))
}

fn value_of<'a>(given: &'a [(String, String)], name: &str) -> Option<&'a str> {
    given.iter().find(|(own, _)| own == name).map(|(_, value)| &**value)
}

/// Where providers send browsers. `Host` is the caller's word and says nothing about it.
fn callback(asking: Asking<'_>) -> Result<String, Refusal> {
    match asking.site.base_url() {
        "" => {
            let message = "the app is not set up for log-in by a browser";
            let refusal = Refusal::bad_request(ErrorCode::BadRequest, message);
            Err(refusal.with_hint("set [server] public_base_url"))
        }
        base_url => Ok(format!("{base_url}{AUTH}{CALLBACK}")),
    }
}

/// Sends a browser to a URL.
fn to(url: &str) -> Result<Answered, Refusal> {
    let mut answered = Answered::empty(StatusCode::FOUND);
    answered.response.headers_mut().insert(header::LOCATION, header_value(&in_ascii(url))?);
    Ok(answered)
}

/// A URL as a header can hold it: an export may have written one with letters that are not ASCII.
fn in_ascii(url: &str) -> String {
    let mut ascii = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'!'..=b'~' => ascii.push(char::from(byte)),
            _ => ascii.push_str(&format!("%{byte:02X}")),
        }
    }
    ascii
}

/// What is in the answer is kept nowhere and told to no other server.
fn protect(headers: &mut HeaderMap) {
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn header_value(text: &str) -> Result<HeaderValue, Refusal> {
    HeaderValue::from_str(text).map_err(|error| Refusal::internal(error.to_string()))
}

/// The cookie of a log-in.
struct Cookie<'a> {
    name: &'a str,
    value: &'a str,
    age_s: u64,
}

impl Cookie<'_> {
    /// The header that sets it. Only the callback gets it; a request from another site brings it
    /// where it has to, which browsers allow over HTTPS alone.
    fn header(&self, callback: &str, crosses_sites: bool) -> Result<HeaderValue, Refusal> {
        let Self { name, value, age_s } = self;
        let (scheme, rest) = callback.split_once("://").unwrap_or(("", callback));
        let path = rest.find('/').map_or("/", |at| &rest[at..]);
        let is_secure = scheme.eq_ignore_ascii_case("https");
        let same_site = match (is_secure, crosses_sites) {
            (true, true) => "None; Secure",
            (true, false) => "Lax; Secure",
            (false, _) => "Lax",
        };
        header_value(&format!(
            "{name}={value}; Path={path}; Max-Age={age_s}; HttpOnly; SameSite={same_site}"
        ))
    }
}

/// The values of the cookies of a name.
fn cookies(headers: &HeaderMap, name: &str) -> Vec<String> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let all = lines.flat_map(|line| line.split(';')).filter_map(|one| one.trim().split_once('='));
    all.filter(|(own, _)| *own == name).map(|(_, value)| value.to_owned()).collect()
}

/// A text as a value in a fragment: everything is escaped but letters, digits and a few marks.
fn encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'$' => {
                encoded.push(char::from(byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_for_the_callback_alone() {
        let cookie = Cookie { name: "n", value: "v", age_s: 600 };
        for (callback, crosses, expected) in [
            (
                "https://a.example/x/callback",
                false,
                "n=v; Path=/x/callback; Max-Age=600; HttpOnly; SameSite=Lax; Secure",
            ),
            (
                "https://a.example/callback",
                true,
                "n=v; Path=/callback; Max-Age=600; HttpOnly; SameSite=None; Secure",
            ),
            (
                "http://localhost:9/callback",
                true,
                "n=v; Path=/callback; Max-Age=600; HttpOnly; SameSite=Lax",
            ),
        ] {
            assert_eq!(cookie.header(callback, crosses).unwrap(), expected);
        }
    }

    #[test]
    fn every_url_that_an_export_lists_fits_into_a_header() {
        for (url, expected) in [
            ("https://a.example/#/x?y=1%20", "https://a.example/#/x?y=1%20"),
            ("https://bücher.example/", "https://b%C3%BCcher.example/"),
            (
                "https://a.example/ x\r\nSet-Cookie: y",
                "https://a.example/%20x%0D%0ASet-Cookie:%20y",
            ),
        ] {
            let answered = to(url).ok().unwrap();
            assert_eq!(answered.response.headers()[header::LOCATION], expected);
        }
    }

    #[test]
    fn cookies_are_found_by_their_whole_name() {
        let mut headers = HeaderMap::new();
        headers.append(header::COOKIE, HeaderValue::from_static("a=1; ab=2;b=3;a=4"));
        headers.append(header::COOKIE, HeaderValue::from_static("a=5"));
        assert_eq!(cookies(&headers, "a"), ["1", "4", "5"]);
        assert_eq!(cookies(&headers, "c"), Vec::<String>::new());
    }

    #[test]
    fn a_value_cannot_leave_its_place_in_the_fragment() {
        assert_eq!(encoded("a$b.c-1"), "a$b.c-1");
        assert_eq!(encoded("a&_baas_ua=x#\r\n é"), "a%26_baas_ua%3Dx%23%0D%0A%20%C3%A9");
    }
}
