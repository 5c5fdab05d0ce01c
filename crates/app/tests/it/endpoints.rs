//! Endpoints and the two folders they may be in.

use hookstead_app::{Method, ReturnType, RunAs};

use crate::{HELLO, META, REALM, loaded, sound, told, word};

fn entry(route: &str, method: &str, more: &str) -> String {
    format!(r#"{{"route":"{route}","http_method":"{method}","function_name":"hello"{more}}}"#)
}

fn list(entries: &[String]) -> String {
    format!("[{}]", entries.join(","))
}

const SIGNED: &str = r#","validation_method":"VERIFY_PAYLOAD","secret_name":"key""#;

#[test]
fn every_field_is_read() {
    let file = r#"[{"http_method":"*","route":"/a/b","function_name":"hello",
        "function_id":"65d0","_id":"65e0","validation_method":"NO_VALIDATION",
        "respond_result":true,"fetch_custom_user_data":true,"create_user_on_auth":true,
        "disabled":true,"return_type":"EJSON","run_as_system":true,
        "can_evaluate":{"%%user.id":"u"}}]"#;
    let app = sound(&[META, HELLO, ("https_endpoints/config.json", file)]);
    let endpoint = &app.endpoints[0];
    assert_eq!((endpoint.route.as_str(), endpoint.method), ("/a/b", Method::Any));
    assert!(endpoint.respond_result && endpoint.fetch_custom_user_data);
    assert!(endpoint.create_user_on_auth && endpoint.disabled);
    assert_eq!(endpoint.return_type, Some(ReturnType::Ejson));
    assert_eq!(endpoint.run_as, Some(RunAs::System));
    assert!(endpoint.can_evaluate.is_some());
    assert_eq!(endpoint.declared_in.field, "[0]");
}

#[test]
fn what_is_not_said_has_the_closed_meaning() {
    let file = list(&[entry("/a", "GET", "")]);
    let app = sound(&[META, HELLO, ("https_endpoints/config.json", &file)]);
    let endpoint = &app.endpoints[0];
    assert!(!endpoint.respond_result && !endpoint.disabled && !endpoint.create_user_on_auth);
    assert_eq!((endpoint.return_type, &endpoint.run_as), (None, &None));
}

#[test]
fn methods_are_read_as_both_surfaces_spell_them() {
    for (text, method) in [
        ("GET", Method::Get),
        ("post", Method::Post),
        ("PUT", Method::Put),
        ("PATCH", Method::Patch),
        ("DELETE", Method::Delete),
        ("*", Method::Any),
        ("ANY", Method::Any),
    ] {
        let file = list(&[entry("/a", text, "")]);
        let app = sound(&[META, HELLO, ("https_endpoints/config.json", &file)]);
        assert_eq!(app.endpoints[0].method, method);
    }
}

#[test]
fn an_unknown_method_refuses_the_route() {
    for method in [r#""FETCH""#, "5", "null"] {
        let broken = format!(r#"{{"route":"/a","http_method":{method},"function_name":"hello"}}"#);
        let file = list(&[broken, entry("/a", "*", "")]);
        let loaded = loaded(&[META, HELLO, ("https_endpoints/config.json", &file)]);
        assert_eq!(loaded.app.endpoints.len(), 1);
        assert_eq!(word(&loaded.app.endpoints[0].protection), "refused");
    }
}

#[test]
fn both_folders_are_merged_and_the_one_of_the_version_counts() {
    let new = list(&[entry("/both", "GET", r#","respond_result":true"#), entry("/new", "GET", "")]);
    let old =
        list(&[entry("/both", "GET", ""), entry("/old", "GET", ""), entry("/new", "PUT", "")]);
    for (root, first) in [(META, "https_endpoints"), (REALM, "http_endpoints")] {
        let other = if first == "https_endpoints" { "http_endpoints" } else { "https_endpoints" };
        let app = sound(&[
            root,
            HELLO,
            (&format!("{first}/config.json"), &new),
            (&format!("{other}/config.json"), &old),
        ]);
        let routes: Vec<_> =
            app.endpoints.iter().map(|e| format!("{} {}", e.method, e.route)).collect();
        assert_eq!(routes, ["GET /both", "GET /new", "GET /old", "PUT /new"]);
        assert!(app.endpoints[0].respond_result);
    }
}

#[test]
fn only_one_folder_counts_whatever_its_name() {
    for (root, folder) in [(META, "http_endpoints"), (REALM, "https_endpoints")] {
        let file = list(&[entry("/a", "GET", "")]);
        let app = sound(&[root, HELLO, (&format!("{folder}/config.json"), &file)]);
        assert_eq!(app.endpoints.len(), 1);
    }
}

#[test]
fn an_outdated_folder_does_not_open_what_the_broken_one_protects() {
    let old = list(&[entry("/a", "GET", "")]);
    for broken in ["[{", "{}", r#"[{"http_method":"GET","validation_method":"VERIFY_PAYLOAD"}]"#] {
        let loaded = loaded(&[
            META,
            HELLO,
            ("https_endpoints/config.json", broken),
            ("http_endpoints/config.json", &old),
        ]);
        assert!(loaded.app.endpoints.is_empty(), "{broken}");
        assert!(!loaded.problems.is_empty(), "{broken}");
    }
}

#[test]
fn a_folder_that_is_not_of_the_version_but_protects_counts_and_is_told() {
    let new = list(&[entry("/a", "GET", "")]);
    let old = list(&[entry("/a", "GET", SIGNED)]);
    let loaded = loaded(&[
        META,
        HELLO,
        ("https_endpoints/config.json", &new),
        ("http_endpoints/config.json", &old),
    ]);
    assert_eq!(word(&loaded.app.endpoints[0].protection), "payload, named key");
    assert_eq!(
        told(&loaded),
        ["warning endpoint-protection-differs http_endpoints/config.json:1 [0]"]
    );
}

#[test]
fn the_first_of_two_equal_entries_counts() {
    let file = list(&[entry("/a", "GET", r#","respond_result":true"#), entry("/a", "GET", "")]);
    let loaded = loaded(&[META, HELLO, ("https_endpoints/config.json", &file)]);
    assert_eq!(told(&loaded), ["error endpoint-duplicate https_endpoints/config.json:1 [1]"]);
    assert_eq!(loaded.app.endpoints.len(), 1);
    assert!(loaded.app.endpoints[0].respond_result);
}

#[test]
fn of_two_equal_entries_the_protected_one_counts() {
    for (first, second, expected) in
        [("", SIGNED, "payload, named key"), (SIGNED, "", "payload, named key"), ("", "", "open")]
    {
        let file = list(&[entry("/a", "GET", first), entry("/a", "GET", second)]);
        let loaded = loaded(&[META, HELLO, ("https_endpoints/config.json", &file)]);
        assert_eq!(word(&loaded.app.endpoints[0].protection), expected);
    }
}

#[test]
fn an_absent_function_is_told_with_the_name_of_the_endpoint() {
    let file = r#"[{"route":"/a","http_method":"GET","function_name":"gone"},
        {"route":"/b","http_method":"GET"},
        {"route":"/c","http_method":"GET","function_name":"listed"}]"#;
    let manifest = r#"[{"name":"listed"}]"#;
    let loaded =
        loaded(&[META, ("https_endpoints/config.json", file), ("functions/config.json", manifest)]);
    let of_endpoints: Vec<_> =
        loaded.problems.iter().filter(|p| p.code == "endpoint-function-missing").collect();
    assert_eq!(of_endpoints.len(), 3);
    assert!(of_endpoints[0].message.contains("`GET /a`"));
    assert!(of_endpoints[0].message.contains("`gone`"));
    assert_eq!(loaded.app.endpoints.len(), 3);
}

#[test]
fn the_files_of_another_product_are_skipped() {
    let tidb = r#"[{"name":"users","method":"GET","endpoint":"/users",
        "data_source":{"cluster_id":1},"sql_file":"sql/users.sql"}]"#;
    let loaded = loaded(&[REALM, ("http_endpoints/config.json", tidb)]);
    assert!(loaded.app.endpoints.is_empty());
    assert_eq!(told(&loaded), ["warning endpoints-foreign http_endpoints/config.json:1"]);
}

#[test]
fn odd_routes_and_entries_are_told_and_stop_nothing() {
    let file = r#"[3, {"http_method":"GET"},
        {"route":"","http_method":"GET","function_name":"hello"},
        {"route":"/ok","http_method":"GET","function_name":"hello","return_type":"XML"}]"#;
    let loaded = loaded(&[META, HELLO, ("https_endpoints/config.json", file)]);
    let routes: Vec<_> = loaded.app.endpoints.iter().map(|e| e.route.as_str()).collect();
    assert_eq!(routes, ["", "/ok"]);
    assert_eq!(
        told(&loaded),
        [
            "error endpoint-unreadable https_endpoints/config.json:1 [0]",
            "error endpoint-unreadable https_endpoints/config.json:1 [1]",
            "warning endpoint-route https_endpoints/config.json:2 [2].route",
            "warning endpoint-return-type https_endpoints/config.json:3 [3].return_type",
        ]
    );
}

#[test]
fn an_endpoint_whose_function_is_refused_is_refused() {
    let file = list(&[entry("/a", "GET", "")]);
    let manifest = r#"[{"name":"hello","run_as_system":"yes"}]"#;
    let loaded = loaded(&[
        META,
        HELLO,
        ("functions/config.json", manifest),
        ("https_endpoints/config.json", &file),
    ]);
    assert_eq!(word(&loaded.app.endpoints[0].protection), "refused");
    assert!(!loaded.app.functions.contains_key("hello"));
}
