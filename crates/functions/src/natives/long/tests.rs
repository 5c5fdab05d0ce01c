use std::task::{Context, Poll, Waker};

use hookstead_isolate::NativeCall;

use super::*;
use crate::natives::{ALL, arguments::Outcome};

/// Runs long work to its end, here.
fn finish(mut work: LongWork) -> Outcome {
    let mut context = Context::from_waker(Waker::noop());
    match work.as_mut().poll(&mut context) {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => panic!("a pause outside of the background threads is none"),
    }
}

/// What a short call and a long one come to.
fn call(name: &str, arguments: &[Value]) -> (Outcome, Outcome) {
    let native = ALL.iter().find(|native| native.name == name).expect("a native");
    let NativeCall::Pure(pure) = &native.call else { panic!("{name} needs a host") };
    ((pure.short)(arguments), finish((pure.long)(arguments.to_vec())))
}

/// Lengths around the borders of pieces.
fn lengths() -> Vec<usize> {
    let borders = [0, PIECE_BYTES, 2 * PIECE_BYTES];
    let near = |border: usize| border.saturating_sub(5)..border + 6;
    borders.into_iter().flat_map(near).collect()
}

fn data(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 % 251) as u8).collect()
}

#[test]
fn long_calls_have_the_results_of_short_ones() {
    for length in lengths() {
        let bytes = Value::Bytes(data(length));
        for hash in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "none"] {
            let (short, long) = call("hash", &[hash.into(), bytes.clone()]);
            assert_eq!(short, long, "{hash} of {length}");
            for key in ["", "key", &"k".repeat(200)] {
                let (short, long) = call("hmac", &[hash.into(), key.into(), bytes.clone()]);
                assert_eq!(short, long, "HMAC with {hash} of {length}");
            }
        }
        for (encode, decode) in [("base64_encode", "base64_decode"), ("hex_encode", "hex_decode")] {
            let (short, long) = call(encode, std::slice::from_ref(&bytes));
            assert_eq!(short, long, "{encode} of {length}");
            let (short, long) = call(decode, &[short.expect("a text")]);
            assert_eq!((short.as_ref(), long.as_ref()), (Ok(&bytes), Ok(&bytes)), "{length}");
        }
    }
}

/// Texts whose faults lie anywhere: before, at and behind the border of two pieces.
#[test]
fn long_calls_have_the_errors_of_short_ones() {
    for place in lengths() {
        for fault in ["=", "==", "!", " ", "\n", "-_", "ü", "A"] {
            for rest in [0, 1, 2, 3, 4, 100] {
                let text = Value::from("A".repeat(place) + fault + &"A".repeat(rest));
                for decode in ["base64_decode", "hex_decode"] {
                    let (short, long) = call(decode, std::slice::from_ref(&text));
                    assert_eq!(short, long, "{decode}: {fault:?} at {place} before {rest}");
                }
            }
        }
    }
}

#[test]
fn text_is_decoded_alike_in_pieces() {
    let parts: [&[u8]; 8] = [
        b"a",
        "ü".as_bytes(),
        "€".as_bytes(),
        "😀".as_bytes(),
        b"\x80",
        b"\x80\x80\x80\x80\x80",
        b"\xf0\x9f",
        b"\xff",
    ];
    for filler in PIECE_BYTES - 6..PIECE_BYTES + 2 {
        for (part, next) in parts.iter().flat_map(|part| parts.map(|next| (*part, next))) {
            let data = [&vec![b'x'; filler], part, next, b"end"].concat();
            for is_fatal in [true, false] {
                let arguments = [Value::Bytes(data.clone()), is_fatal.into()];
                let (short, long) = call("utf8_decode", &arguments);
                assert_eq!(short, long, "{part:?} and {next:?} after {filler}");
            }
        }
    }
}

fn derived(hash: &str, password: &str, salt: &str, count: f64, length: f64) -> (Outcome, Outcome) {
    call("pbkdf2", &[hash.into(), password.into(), salt.into(), count.into(), length.into()])
}

/// The vectors of RFC 6070.
#[test]
fn keys_are_those_of_the_standard() {
    let (long_password, long_salt) = ("passwordPASSWORDpassword", "saltSALT".repeat(4) + "salt");
    let cases = [
        ("password", "salt", 1.0, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        ("password", "salt", 2.0, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        ("password", "salt", 4096.0, "4b007901b765489abead49d926f721d065a429c1"),
        (long_password, &long_salt, 4096.0, "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038"),
        ("pass\0word", "sa\0lt", 4096.0, "56fa6aa75548099dcc37d7f03425e0c3"),
    ];
    for (password, salt, count, key) in cases {
        let wanted = Ok(Value::Bytes(hex::decode(key).expect("hexadecimal")));
        let (short, long) = derived("sha1", password, salt, count, (key.len() / 2) as f64);
        assert_eq!((&short, &long), (&wanted, &wanted), "{password} {count}");
    }
}

#[test]
fn keys_are_derived_alike_in_pieces() {
    for hash in ["sha1", "sha256", "sha384", "sha512", "none"] {
        for length in [0.0, 1.0, 19.0, 20.0, 21.0, 63.0, 64.0, 65.0, 200.0] {
            for (password, count) in [("", 1.0), ("p", 2.0), (&*"p".repeat(300), 600.0)] {
                let (short, long) = derived(hash, password, "salt", count, length);
                assert_eq!(short, long, "{hash} {length} {count}");
            }
        }
    }
    for count in [0.0, -1.0, 1.5, 1e10, f64::NAN] {
        let (short, long) = derived("sha1", "p", "s", count, 20.0);
        assert!(short.is_err() && short == long, "{count}");
    }
}

/// What takes bytes, text or numbers is either without a host, or its time does not depend on them.
#[test]
fn every_native_that_may_take_long_can_run_elsewhere() {
    /// Their arguments are names of bounded length, numbers, or cut.
    const SHORT: &[&str] = &[
        "data_in_transaction",
        "data_session",
        "data_session_end",
        "data_start_large",
        "data_transaction_start",
        "fail",
        "function_allow",
        "function_find",
        "header_is_valid",
        "log",
        "monotonic_ms",
        "random",
        "random_uuid",
        "request_headers",
        "request_info",
        "service_allows",
        "service_kind",
        "settled",
        "timer_cancel",
        "timer_start",
        "value_get",
    ];
    let large = vec![Value::Bytes(vec![0; 1 << 20]); 6];
    let many = vec![Value::Number(1e6); 6];
    for native in ALL {
        match &native.call {
            NativeCall::Short(_) => assert!(SHORT.contains(&native.name), "{}", native.name),
            NativeCall::Split(_) => {}
            NativeCall::Pure(pure) => {
                assert!((pure.is_long)(&large) || (pure.is_long)(&many), "{}", native.name);
                assert!(!(pure.is_long)(&["sha256".into()]), "{}", native.name);
            }
        }
    }
}
