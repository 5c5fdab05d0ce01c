//! Services, rules and data sources.

use hookstead_app::ServiceKind;

use crate::{META, STITCH, loaded, sound, told};

#[test]
fn services_of_every_type_are_read() {
    for (kind, expected) in [
        ("http", ServiceKind::Http),
        ("github", ServiceKind::Github),
        ("twilio", ServiceKind::Twilio),
        ("aws", ServiceKind::Aws),
        ("gcm", ServiceKind::Gcm),
        ("aws-ses", ServiceKind::Other("aws-ses".to_owned())),
    ] {
        let config = format!(
            r#"{{"name":"svc","type":"{kind}","config":{{"sid":"x"}},
                "secret_config":{{"auth_token":"twilio_token"}}}}"#
        );
        let app = sound(&[META, ("services/svc/config.json", &config)]);
        let service = &app.services["svc"];
        assert_eq!((&service.kind, &service.config["sid"]), (&expected, &"x".into()));
        assert_eq!(service.secret_config["auth_token"], "twilio_token");
    }
}

#[test]
fn rules_are_read_with_conditions_in_either_form() {
    let app = sound(&[
        STITCH,
        ("services/svc/config.json", r#"{"name":"svc","type":"aws"}"#),
        ("services/svc/rules/a.json", r#"{"name":"a","actions":["ses:*"]}"#),
        (
            "services/svc/rules/b.json",
            r#"{"id":"5","name":"b","actions":["get"],"when":{"%%args.url.host":"a.b"}}"#,
        ),
        (
            "services/svc/rules/c.json",
            r#"{"name":"c","actions":["get"],"when":"{\"%%true\":true}"}"#,
        ),
        ("services/svc/rules/d.json", r#"{"name":"d","when":{}}"#),
        ("services/svc/rules/e.json", r#"{"name":"e","when":""}"#),
    ]);
    let rules = &app.services["svc"].rules;
    let names: Vec<_> = rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(names, ["a", "b", "c", "d", "e"]);
    let conditions: Vec<_> = rules.iter().map(|rule| rule.when.is_some()).collect();
    assert_eq!(conditions, [false, true, true, false, false]);
    assert_eq!(rules[0].actions, ["ses:*"]);
    assert!(rules[3].actions.is_empty());
}

#[test]
fn a_rule_that_cannot_be_understood_allows_nothing() {
    for rule in [
        r#"{"name":"a","actions":"get"}"#,
        r#"{"name":"a","actions":["get",1]}"#,
        r#"{"name":"a","actions":["get"],"when":"not json"}"#,
        r#"{"name":"a","actions":["get"],"when":[]}"#,
        r#"{"name":"a","actions":["get"],"when":{},"when":{"a":1}}"#,
        "{",
        "[]",
    ] {
        let loaded = loaded(&[
            META,
            ("services/svc/config.json", r#"{"name":"svc","type":"aws"}"#),
            ("services/svc/rules/a.json", rule),
        ]);
        assert!(loaded.app.services["svc"].rules.is_empty(), "{rule}");
        assert!(!loaded.problems.is_empty(), "{rule}");
    }
}

#[test]
fn data_sources_are_read_from_both_places() {
    for (folder, kind) in [
        ("data_sources", "mongodb-atlas"),
        ("services", "mongodb-atlas"),
        ("services", "mongodb"),
        ("data_sources", "datalake"),
        ("data_sources", "mongodb-datafederation"),
    ] {
        let config =
            format!(r#"{{"name":"Cluster0","type":"{kind}","config":{{"clusterName":"c"}}}}"#);
        let app = sound(&[
            META,
            (&format!("{folder}/main/config.json"), &config),
            (&format!("{folder}/main/rules/shop.orders.json"), "{}"),
        ]);
        let source = &app.data_sources["Cluster0"];
        assert_eq!((source.kind.as_str(), &source.config["clusterName"]), (kind, &"c".into()));
        assert!(app.services.is_empty());
    }
}

#[test]
fn a_service_without_a_type_is_left_out() {
    let loaded = loaded(&[META, ("services/svc/config.json", r#"{"name":"svc"}"#)]);
    assert!(loaded.app.services.is_empty());
    assert_eq!(told(&loaded), ["error service-unreadable services/svc/config.json type"]);
}
