//! The functions that the JavaScript half calls, by the names it knows them under.

use hookstead_isolate::{Native, Thrown, Value};

use crate::host::RunHost;

mod app;
mod ciphers;
mod data;
mod digests;
mod encoding;
mod jwt;
mod outcome;
mod pending;
mod random;
mod request;
mod rsa;
mod url;

type Outcome = Result<Value, Thrown>;

const fn native(
    name: &'static str,
    call: fn(&mut RunHost, &[Value]) -> Outcome,
) -> Native<RunHost> {
    Native { name, call }
}

/// Every native.
pub(crate) const ALL: &[Native<RunHost>] = &[
    native("aes_gcm_decrypt", ciphers::aes_gcm_decrypt),
    native("aes_gcm_encrypt", ciphers::aes_gcm_encrypt),
    native("arguments", request::arguments),
    native("base64_decode", encoding::base64_decode),
    native("base64_encode", encoding::base64_encode),
    native("cipher_decrypt", ciphers::decrypt),
    native("cipher_encrypt", ciphers::encrypt),
    native("data_in_transaction", data::in_transaction),
    native("data_session", data::open_session),
    native("data_start", data::start),
    native("data_transaction_start", data::start_transaction),
    native("fail", outcome::fail),
    native("function_find", app::function_find),
    native("hash", digests::hash),
    native("hex_decode", encoding::hex_decode),
    native("hex_encode", encoding::hex_encode),
    native("hmac", digests::hmac),
    native("http_start", pending::http_start),
    native("json_text", data::json_text),
    native("jwt_sign", jwt::sign),
    native("jwt_verify", jwt::verify),
    native("log", outcome::log),
    native("monotonic_ms", pending::monotonic_ms),
    native("pbkdf2", digests::pbkdf2),
    native("random", random::random),
    native("random_bytes", random::bytes),
    native("random_uuid", random::uuid),
    native("reply", outcome::reply),
    native("request_body", request::body),
    native("request_body_text", request::body_text),
    native("request_headers", request::headers),
    native("request_info", request::info),
    native("request_query", request::query),
    native("rsa_sign", rsa::sign),
    native("rsa_verify", rsa::verify),
    native("service_allows", app::service_allows),
    native("service_kind", app::service_kind),
    native("settled", outcome::settled),
    native("timer_cancel", pending::timer_cancel),
    native("timer_start", pending::timer_start),
    native("url_parse", url::parse),
    native("url_set", url::set),
    native("utf8_decode", encoding::utf8_decode),
    native("utf8_encode", encoding::utf8_encode),
    native("value_get", app::value_get),
];

/// An exception as the hook `complete` takes it: name, message, code.
pub(crate) fn thrown_parts(thrown: &Thrown) -> Value {
    // Those of MongoDB are numbers.
    let code = thrown.code.as_deref().map_or(Value::Undefined, |code| match code.parse::<i32>() {
        Ok(number) => Value::Number(f64::from(number)),
        Err(_) => Value::from(code),
    });
    Value::List(vec![thrown.name.as_ref().into(), thrown.message.as_str().into(), code])
}

fn text(arguments: &[Value], index: usize) -> Result<&str, Thrown> {
    arguments.get(index).and_then(Value::as_text).ok_or_else(|| wrong(index, "a string"))
}

fn bytes(arguments: &[Value], index: usize) -> Result<&[u8], Thrown> {
    arguments.get(index).and_then(Value::as_bytes).ok_or_else(|| wrong(index, "bytes"))
}

fn number(arguments: &[Value], index: usize) -> Result<f64, Thrown> {
    arguments.get(index).and_then(Value::as_number).ok_or_else(|| wrong(index, "a number"))
}

fn truth(arguments: &[Value], index: usize) -> bool {
    matches!(arguments.get(index), Some(Value::Bool(true)))
}

fn wrong(index: usize, expected: &str) -> Thrown {
    Thrown::new("TypeError", format!("argument {} must be {expected}", index + 1))
}

fn function_error(message: impl Into<String>) -> Thrown {
    Thrown::new("FunctionError", message)
}
