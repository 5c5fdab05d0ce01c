//! The functions that the JavaScript half calls, by the names it knows them under.

use hookstead_isolate::{Answer, LongWork, Native, NativeCall, Pure, Value};

#[cfg(test)]
use crate::border::{
    Signature,
    Type::{Any, Bool, Bytes, Maybe, Number, Rest, Text, Undefined},
};
use crate::host::RunHost;

mod app;
mod arguments;
mod ciphers;
mod conditions;
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
mod user;

use arguments::Outcome;

/// A native whose time does not depend on its arguments.
const fn short(call: fn(&mut RunHost, &[Value]) -> Outcome) -> NativeCall<RunHost> {
    NativeCall::Short(call)
}

/// A native that takes its arguments, or leaves work to another thread.
const fn split(call: fn(&mut RunHost, &mut [Value]) -> Answer) -> NativeCall<RunHost> {
    NativeCall::Split(call)
}

/// A native without a host that may take long: in pieces, if `is_long` says so.
const fn pure(
    is_long: fn(&[Value]) -> bool,
    short: fn(&[Value]) -> Outcome,
    long: fn(Vec<Value>) -> LongWork,
) -> NativeCall<RunHost> {
    NativeCall::Pure(Pure { is_long, short, long })
}

/// A native without a host that may take long, but no longer than a thread can do without.
macro_rules! whole {
    ($is_long:path, $call:path) => {
        pure($is_long, $call, |arguments| Box::pin(async move { $call(&arguments) }))
    };
}

macro_rules! natives {
    ($($name:ident($($argument:ident: $kind:expr),*) -> $result:expr => $call:expr;)*) => {
        /// Every native.
        pub(crate) const ALL: &[Native<RunHost>] =
            &[$(Native { name: stringify!($name), call: $call }),*];

        /// What each of them takes and returns.
        #[cfg(test)]
        pub(crate) const SIGNATURES: &[Signature] = &[$(Signature {
            name: stringify!($name),
            arguments: &[$((stringify!($argument), $kind)),*],
            result: $result,
        }),*];
    };
}

natives! {
    aes_gcm_decrypt(key: Bytes, sealed: Bytes) -> Bytes
        => whole!(cost::bytes, ciphers::aes_gcm_decrypt);
    aes_gcm_encrypt(key: Bytes, data: Bytes) -> Bytes
        => whole!(cost::bytes, ciphers::aes_gcm_encrypt);
    arguments() -> Text => split(request::arguments);
    base64_decode(text: Text) -> Bytes
        => pure(cost::bytes, encoding::base64_decode, long::base64_decode);
    base64_encode(data: Bytes) -> Text
        => pure(cost::bytes, encoding::base64_encode, long::base64_encode);
    cipher_decrypt(
        cipher: Text, key: Bytes, iv: Bytes, sealed: Bytes, additional: Bytes, pads: Bool
    ) -> Bytes => whole!(cost::bytes, ciphers::decrypt);
    cipher_encrypt(
        cipher: Text, key: Bytes, iv: Bytes, data: Bytes, additional: Bytes, pads: Bool
    ) -> Bytes => whole!(cost::bytes, ciphers::encrypt);
    data_in_transaction(session: Number) -> Bool => short(data::in_transaction);
    data_session(source: Text, as_system: Bool) -> Number => short(data::open_session);
    data_session_end(session: Number) -> Undefined => short(data::end_session);
    data_start(source: Text, as_system: Bool, command: Any) -> Maybe(&Number)
        => split(data::start);
    data_start_large(source: Text, as_system: Bool) -> Number => short(data::start_large);
    data_transaction_start(session: Number) -> Undefined => short(data::start_transaction);
    error_told(message: Text, stack: Text, wants_stack: Bool) -> Maybe(&Text)
        => split(app::error_told);
    fail(message: Text, stack: Maybe(&Text)) -> Undefined => short(outcome::fail);
    function_allow(name: Text, as_system: Bool) -> Number => short(conditions::function_allow);
    function_find(name: Text) -> Number => short(app::function_find);
    hash(algorithm: Text, data: Bytes) -> Bytes => pure(cost::bytes, digests::hash, long::hash);
    header_is_valid(name: Text, value: Text) -> Bool => short(outcome::header_is_valid);
    hex_decode(text: Text) -> Bytes => pure(cost::bytes, encoding::hex_decode, long::hex_decode);
    hex_encode(data: Bytes) -> Text => pure(cost::bytes, encoding::hex_encode, long::hex_encode);
    hmac(algorithm: Text, key: Bytes, data: Bytes) -> Bytes
        => pure(cost::bytes, digests::hmac, long::hmac);
    http_start(head: Text, body: Maybe(&Bytes)) -> Number => split(http::start);
    json_text(value: Any) -> Maybe(&Text) => whole!(cost::bytes, data::json_text);
    jwt_sign(algorithm: Text, key: Text, data: Bytes) -> Bytes
        => whole!(cost::signing, jwt::sign);
    jwt_verify(algorithm: Text, key: Text, data: Bytes, signature: Bytes) -> Bool
        => whole!(cost::signing, jwt::verify);
    log(level: Text, text: Text) -> Bool => short(outcome::log);
    monotonic_ms() -> Number => short(pending::monotonic_ms);
    pbkdf2(
        algorithm: Text, password: Bytes, salt: Bytes, iterations: Number, key_bytes: Number
    ) -> Bytes => pure(cost::rounds, digests::pbkdf2, long::pbkdf2);
    random() -> Number => short(random::random);
    random_bytes(count: Number) -> Bytes => whole!(cost::count, random::bytes);
    random_uuid() -> Text => short(random::uuid);
    reply(
        response_touched: Bool, status: Maybe(&Number), body: Maybe(&Bytes), result: Maybe(&Text),
        headers: Rest(&Text)
    ) -> Undefined => split(outcome::reply);
    request_body() -> Bytes => split(request::body);
    request_body_text() -> Text => split(request::body_text);
    request_headers() -> Text => short(request::headers);
    request_info() -> Maybe(&Text) => short(request::info);
    request_query() -> Text => split(request::query);
    rsa_sign(scheme: Text, key: Text, data: Bytes) -> Bytes => whole!(cost::signing, rsa::sign);
    rsa_verify(scheme: Text, key: Text, data: Bytes, signature: Bytes) -> Bool
        => whole!(cost::signing, rsa::verify);
    service_allow(
        service: Text, action: Text, as_system: Bool, head: Text, body: Maybe(&Bytes)
    ) -> Number => split(conditions::service_allow);
    service_allows(service: Text, action: Text) -> Bool => short(conditions::service_allows);
    service_kind(service: Text) -> Maybe(&Text) => short(app::service_kind);
    settled() -> Undefined => short(outcome::settled);
    timer_cancel(timer: Number) -> Undefined => short(pending::timer_cancel);
    timer_start(delay_ms: Number, repeats: Bool) -> Number => short(pending::timer_start);
    url_parse(url: Text, base: Maybe(&Text)) -> Maybe(&Text) => whole!(cost::url, url::parse);
    url_set(url: Text, part: Text, value: Text) -> Maybe(&Text) => whole!(cost::url, url::set);
    user() -> Any => split(user::user);
    utf8_decode(data: Bytes, is_fatal: Bool) -> Text
        => pure(cost::bytes, encoding::utf8_decode, long::utf8_decode);
    utf8_encode(text: Text) -> Bytes => whole!(cost::bytes, encoding::utf8_encode);
    value_get(name: Text) -> Maybe(&Text) => short(app::value_get);
}
