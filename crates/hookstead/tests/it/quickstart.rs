//! The examples do what README.md says.

use crate::program::{Response, Served, example};

const SIGNATURE: &str = "sha256=828ee180512eaf8a6229eda7eea72323f68e9c0f0093b11a578b0544c5777862";
const BODY: &str = r#"{"message":"MESSAGE"}"#;
const SHOP: &str = "/api/client/v2.0/app/quickstart-abcde/service/shop/incoming_webhook";
const HTTPSERV: &str =
    "/api/client/v2.0/app/quickstart-2020-abcde/service/httpserv/incoming_webhook";
const APP: &str = "/app/quickstart-abcde/endpoint";

/// The request that the documentation of App Services shows.
fn documented_request(served: &Served, path: &str, body: &str) -> Response {
    let headers = [("Content-Type", "application/json"), ("X-Hook-Signature", SIGNATURE)];
    served.call("POST", path, &headers, body)
}

#[test]
fn the_documented_request_is_let_in_and_a_changed_one_is_not() {
    for (name, path) in [
        ("quickstart", format!("{SHOP}/signed")),
        ("quickstart-2020", format!("{HTTPSERV}/webhook0")),
    ] {
        let served = Served::start(&example(name), &[]);
        let response = documented_request(&served, &path, BODY);
        assert_eq!((response.status, response.text()), (200, r#"{"received":"MESSAGE"}"#));
        let forged = documented_request(&served, &path, r#"{"message":"MASSAGE"}"#);
        assert_eq!(forged.status, 401, "{}", forged.text());
    }
}

#[test]
fn a_secret_in_the_query_lets_in_and_is_not_shown_to_the_function() {
    let served = Served::start(&example("quickstart"), &[]);
    let response = served.call("GET", &format!("{SHOP}/secret?secret=12345&order=7"), &[], "");
    assert_eq!((response.status, response.text()), (200, r#"{"method":"GET","query":"order=7"}"#));
    for query in ["", "?secret=", "?secret=1234", "?Secret=12345"] {
        let response = served.call("GET", &format!("{SHOP}/secret{query}"), &[], "");
        assert_eq!(response.status, 401, "{query}: {}", response.text());
    }
}

#[test]
fn all_four_methods_of_the_response_object_work() {
    let served = Served::start(&example("quickstart"), &[]);
    let response = served.call("POST", &format!("{SHOP}/receipt"), &[], "tea");
    assert_eq!((response.status, response.text()), (201, "Thank you for tea.\n"));
    assert_eq!(response.header("content-type"), ["text/plain; charset=utf-8"]);
    assert_eq!(response.header("cache-control"), ["private", "max-age=60"]);
    let served = Served::start(&example("quickstart-2020"), &[]);
    let response = served.call("POST", &format!("{HTTPSERV}/thanks?name=Ada"), &[], "");
    let text = "Thank you, and until next time, Ada!\n";
    assert_eq!((response.status, response.text()), (202, text));
    assert_eq!(response.header("content-type"), ["text/plain; charset=utf-8"]);
    assert_eq!(response.header("cache-control"), ["no-cache", "no-store"]);
}

#[test]
fn endpoints_answer_what_their_functions_return() {
    let served = Served::start(&example("quickstart"), &["--environment", "production"]);
    let get = |route: &str| served.call("GET", &format!("{APP}{route}"), &[], "");
    let hello = get("/hello?name=Ada");
    assert_eq!(hello.text(), r#"{"greeting":"Hello, Ada!","environment":"production"}"#);
    let page = get("/greeting?name=%3Cb%3E");
    assert_eq!(page.header("content-type"), ["text/html; charset=utf-8"]);
    assert!(page.text().contains("<title>The Hook and Stead</title>"), "{}", page.text());
    assert!(page.text().contains("Welcome, &lt;b&gt;!"), "{}", page.text());
    let badge = get("/badge");
    assert_eq!(badge.header("content-type"), ["image/png"]);
    assert!(badge.body.starts_with(b"\x89PNG\r\n"));
    assert_eq!(get("/signature").text(), format!("\"X-Hook-Signature: {SIGNATURE}\""));
}

#[test]
fn an_order_is_summed() {
    let served = Served::start(&example("quickstart"), &[]);
    let order = r#"{"items":[{"name":"tea","price":350,"quantity":2}]}"#;
    let response = served.call("POST", &format!("{APP}/orders/total"), &[], order);
    assert_eq!((response.status, response.text()), (200, r#"{"items":1,"total":"7.00 €"}"#));
    let response = served.call("POST", &format!("{APP}/orders/total"), &[], "{}");
    assert_eq!(response.status, 400);
}
