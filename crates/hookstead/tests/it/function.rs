//! `hookstead function run`.

use crate::program::{Outcome, app_of, example, program, run};

fn call(arguments: &[&str]) -> Outcome {
    let app = example("quickstart");
    run(&[&["function", "run", "--app", app.to_str().unwrap()], arguments].concat())
}

#[test]
fn a_number_and_an_object_sign_as_documented() {
    let outcome = call(&["signPayload", "12345", r#"{"message":"MESSAGE"}"#]);
    let hash = "828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862";
    assert_eq!((outcome.status, outcome.stdout.trim()), (0, format!("\"{hash}\"").as_str()));
}

#[test]
fn functions_in_folders_have_their_path_as_name() {
    let outcome = call(&["money/format", "1250"]);
    assert_eq!((outcome.status, outcome.stdout.trim()), (0, "\"12.50 €\""), "{outcome:?}");
}

#[test]
fn log_lines_go_to_standard_error_and_errors_fail() {
    let outcome = call(&["hello", r#"{"query":{"name":"Ada"}}"#]);
    assert_eq!((outcome.status, outcome.stderr.trim()), (0, "log said hello to Ada"));
    let outcome = call(&["hello"]);
    assert_eq!((outcome.status, outcome.stdout.as_str()), (1, ""), "{outcome:?}");
    assert!(outcome.stderr.starts_with("error: "), "{outcome:?}");
    let outcome = call(&["helo"]);
    assert_eq!(outcome.status, 1);
    assert!(outcome.stderr.contains("did you mean hello?"), "{outcome:?}");
}

#[test]
fn endpoints_and_webhooks_are_called_with_a_request() {
    let cases = [
        (
            &["hello", "--request", "GET /hello?name=Ada"][..],
            r#"{"greeting":"Hello, Ada!","environment":"development"}"#,
            "200 OK",
        ),
        (&["hello", "--request", "/hello"], r#""greeting":"Hello, stranger!""#, "said hello to"),
        (
            &["shop/signed", "--request", "POST /", "--data", r#"{"message":"MESSAGE"}"#],
            r#"{"received":"MESSAGE"}"#,
            "200 OK",
        ),
        (
            &[
                "shop/receipt",
                "--request",
                "/",
                "--data",
                "tea",
                "--header",
                "Content-Type: text/plain",
            ],
            "",
            "201 Created",
        ),
        (
            &[
                "orderTotal",
                "--request",
                "/orders/total",
                "--data",
                r#"{"items":[{"name":"tea","price":350,"quantity":2}]}"#,
            ],
            r#"{"items":1,"total":"7.00 €"}"#,
            "content-type: application/json",
        ),
    ];
    for (arguments, stdout, stderr) in cases {
        let outcome = call(arguments);
        assert_eq!(outcome.status, 0, "{arguments:?}: {outcome:?}");
        assert!(outcome.stdout.contains(stdout), "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(stderr), "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn requests_that_are_none_and_functions_that_fail_are_told() {
    let cases = [
        (&["hello", "--request", "GET hello"][..], 2, "it begins with /"),
        (&["hello", "--request", "/hello#top"], 2, "no #, which are written %20 and %23"),
        (
            &["hello", "--request", "/", "--data-file", "/dev/zero"],
            1,
            "/dev/zero exceeds the limit",
        ),
        (&["hello", "--request", "/", "--header", "x"], 2, "--header \"x\" is no header"),
        (&["hello", "--data", "{}"], 2, "--request"),
        (&["hello", "1", "--request", "/"], 2, "cannot be used with"),
        (&["hello", "--request", "/elsewhere"], 0, "no endpoint is at GET /elsewhere"),
        (&["hello", "--request", "/", "--data-file", "/nowhere"], 1, "/nowhere"),
        (&["orderTotal", "--request", "/orders/total", "--data", "{"], 1, "callers get 400 with"),
        // Without arguments it has no request to read.
        (&["hello"], 1, "--request 'GET /' calls it with a request"),
    ];
    for (arguments, status, told) in cases {
        let outcome = call(arguments);
        assert_eq!(outcome.status, status, "{arguments:?}: {outcome:?}");
        assert!(outcome.stderr.contains(told), "{arguments:?}: {outcome:?}");
    }
}

#[test]
fn an_argument_may_begin_with_a_byte_order_mark() {
    let app = app_of(&[("functions/got.js", "exports = (given) => [typeof given, given]")]);
    let folder = app.path().to_str().unwrap();
    let outcome = run(&["function", "run", "got", "--app", folder, "\u{feff}{\"a\":true}"]);
    assert_eq!(outcome.stdout.trim(), r#"["object",{"a":true}]"#, "{outcome:?}");
}

#[test]
fn functions_live_in_utc_whatever_the_process_is_told() {
    let source = "exports = () => { const d = new Date(0); return [d.getHours(), \
                  d.getTimezoneOffset(), new Date(2020, 6, 1).toISOString(), d.toString(), \
                  d.toLocaleString(), (1234.5).toLocaleString(), \
                  Date.parse('2020-07-01T00:00')] }";
    let app = app_of(&[("functions/now.js", source)]);
    let expected = [
        r#"{"$numberLong":"0"}"#,
        r#"{"$numberLong":"0"}"#,
        r#""2020-07-01T00:00:00.000Z""#,
        r#""Thu Jan 01 1970 00:00:00 GMT+0000""#,
        r#""01/01/1970, 12:00:00 AM""#,
        r#""1234.5""#,
        r#"{"$numberLong":"1593561600000"}"#,
    ];
    let expected = format!("[{}]", expected.join(","));
    for zone in ["America/New_York", "CET-1CEST", ":/etc/localtime", ""] {
        let mut command = program(&["function", "run", "now", "--app"]);
        command.arg(app.path()).env("TZ", zone).env("LANG", "de_DE.UTF-8").env("LC_ALL", "de_DE");
        let outcome = Outcome::of(command.output().unwrap());
        assert_eq!(outcome.stdout.trim(), expected, "{zone}: {outcome:?}");
    }
}
