//! URLs, parsed and changed as the WHATWG standard says.

use hookstead_isolate::{Thrown, Value};
use serde_json::json;
use url::{Url, quirks};

use super::arguments::{Outcome, text};

/// Longer URLs are refused. No server takes a tenth of it.
const URL_BYTES_MAX: usize = 1 << 20;

/// A text that is read as a URL, or becomes a part of one.
fn piece(arguments: &[Value], index: usize) -> Result<&str, Thrown> {
    let text = text(arguments, index)?;
    if text.len() > URL_BYTES_MAX {
        let message = format!("a URL must not have more than {URL_BYTES_MAX} bytes");
        return Err(Thrown::new("RangeError", message).with_code("ERR_OUT_OF_RANGE"));
    }
    Ok(text)
}

/// The parts of a URL as JSON, or `undefined` when it is none.
pub(super) fn parse(arguments: &[Value]) -> Outcome {
    let href = piece(arguments, 0)?;
    let url = match arguments.get(1).and_then(Value::as_text) {
        Some(_) => Url::parse(piece(arguments, 1)?).and_then(|base| base.join(href)),
        None => Url::parse(href),
    };
    Ok(url.map_or(Value::Undefined, |url| parts(&url)))
}

/// The parts of a URL after one of them was set; what the standard ignores changes nothing.
pub(super) fn set(arguments: &[Value]) -> Outcome {
    let Ok(mut url) = Url::parse(piece(arguments, 0)?) else {
        return Ok(Value::Undefined);
    };
    let value = piece(arguments, 2)?;
    // A setter that fails leaves the URL as it was, which is what the standard asks for.
    let _ = match text(arguments, 1)? {
        "href" => quirks::set_href(&mut url, value).map_err(|_| ()),
        "protocol" => quirks::set_protocol(&mut url, value),
        "username" => quirks::set_username(&mut url, value),
        "password" => quirks::set_password(&mut url, value),
        "host" => quirks::set_host(&mut url, value),
        "hostname" => quirks::set_hostname(&mut url, value),
        "port" => quirks::set_port(&mut url, value),
        "pathname" => {
            quirks::set_pathname(&mut url, value);
            Ok(())
        }
        "search" => {
            quirks::set_search(&mut url, value);
            Ok(())
        }
        "hash" => {
            quirks::set_hash(&mut url, value);
            Ok(())
        }
        _ => Err(()),
    };
    Ok(parts(&url))
}

fn parts(url: &Url) -> Value {
    json!({
        "href": quirks::href(url),
        "origin": quirks::origin(url),
        "protocol": quirks::protocol(url),
        "username": quirks::username(url),
        "password": quirks::password(url),
        "host": quirks::host(url),
        "hostname": quirks::hostname(url),
        "port": quirks::port(url),
        "pathname": quirks::pathname(url),
        "search": quirks::search(url),
        "hash": quirks::hash(url),
    })
    .to_string()
    .into()
}
