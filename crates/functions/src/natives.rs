//! The functions that the JavaScript half calls, by the names it knows them under.

use hookstead_isolate::{Answer, LongWork, Native, NativeCall, Pure, Thrown, Value};

use crate::host::RunHost;

mod app;
mod ciphers;
mod cost;
mod data;
mod derive;
mod digests;
mod encoding;
mod http;
mod jwt;
mod long;
mod outcome;
mod pending;
mod random;
mod request;
mod rsa;
mod url;

type Outcome = Result<Value, Thrown>;

/// A native whose time does not depend on its arguments.
const fn short(name: &'static str, call: fn(&mut RunHost, &[Value]) -> Outcome) -> Native<RunHost> {
    Native { name, call: NativeCall::Short(call) }
}

/// A native that takes its arguments, or leaves work to another thread.
const fn split(
    name: &'static str,
    call: fn(&mut RunHost, &mut [Value]) -> Answer,
) -> Native<RunHost> {
    Native { name, call: NativeCall::Split(call) }
}

/// A native without a host that may take long: in pieces, if `is_long` says so.
const fn pure(
    name: &'static str,
    is_long: fn(&[Value]) -> bool,
    short: fn(&[Value]) -> Outcome,
    long: fn(Vec<Value>) -> LongWork,
) -> Native<RunHost> {
    Native { name, call: NativeCall::Pure(Pure { is_long, short, long }) }
}

/// A native without a host that may take long, but no longer than a thread can do without.
macro_rules! whole {
    ($name:literal, $is_long:path, $call:path) => {
        pure($name, $is_long, $call, |arguments| Box::pin(async move { $call(&arguments) }))
    };
}

/// Every native.
pub(crate) const ALL: &[Native<RunHost>] = &[
    whole!("aes_gcm_decrypt", cost::bytes, ciphers::aes_gcm_decrypt),
    whole!("aes_gcm_encrypt", cost::bytes, ciphers::aes_gcm_encrypt),
    split("arguments", request::arguments),
    pure("base64_decode", cost::bytes, encoding::base64_decode, long::base64_decode),
    pure("base64_encode", cost::bytes, encoding::base64_encode, long::base64_encode),
    whole!("cipher_decrypt", cost::bytes, ciphers::decrypt),
    whole!("cipher_encrypt", cost::bytes, ciphers::encrypt),
    short("data_in_transaction", data::in_transaction),
    short("data_session", data::open_session),
    short("data_session_end", data::end_session),
    split("data_start", data::start),
    short("data_start_large", data::start_large),
    short("data_transaction_start", data::start_transaction),
    split("error_told", app::error_told),
    short("fail", outcome::fail),
    short("function_find", app::function_find),
    pure("hash", cost::bytes, digests::hash, long::hash),
    short("header_is_valid", outcome::header_is_valid),
    pure("hex_decode", cost::bytes, encoding::hex_decode, long::hex_decode),
    pure("hex_encode", cost::bytes, encoding::hex_encode, long::hex_encode),
    pure("hmac", cost::bytes, digests::hmac, long::hmac),
    split("http_start", http::start),
    whole!("json_text", cost::bytes, data::json_text),
    whole!("jwt_sign", cost::signing, jwt::sign),
    whole!("jwt_verify", cost::signing, jwt::verify),
    short("log", outcome::log),
    short("monotonic_ms", pending::monotonic_ms),
    pure("pbkdf2", cost::rounds, digests::pbkdf2, long::pbkdf2),
    short("random", random::random),
    whole!("random_bytes", cost::count, random::bytes),
    short("random_uuid", random::uuid),
    split("reply", outcome::reply),
    split("request_body", request::body),
    split("request_body_text", request::body_text),
    short("request_headers", request::headers),
    short("request_info", request::info),
    split("request_query", request::query),
    whole!("rsa_sign", cost::signing, rsa::sign),
    whole!("rsa_verify", cost::signing, rsa::verify),
    short("service_allows", app::service_allows),
    short("service_kind", app::service_kind),
    short("settled", outcome::settled),
    short("timer_cancel", pending::timer_cancel),
    short("timer_start", pending::timer_start),
    whole!("url_parse", cost::url, url::parse),
    whole!("url_set", cost::url, url::set),
    pure("utf8_decode", cost::bytes, encoding::utf8_decode, long::utf8_decode),
    whole!("utf8_encode", cost::bytes, encoding::utf8_encode),
    short("value_get", app::value_get),
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

/// A name is looked up, compared and shown. No name of an app's is as long as this.
const NAME_BYTES_MAX: usize = 64 << 10;

fn name(arguments: &[Value], index: usize) -> Result<&str, Thrown> {
    let name = text(arguments, index)?;
    if name.len() > NAME_BYTES_MAX {
        let message = format!("a name must not have more than {NAME_BYTES_MAX} bytes");
        return Err(Thrown::new("RangeError", message));
    }
    Ok(name)
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
