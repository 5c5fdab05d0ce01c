//! Settings: the layers, the messages, and the documentation.

use std::{fs, path::Path};

use super::{Flag, SettingErrors, Settings, Sources, file, load::load, render};

const DEFAULT_FILE: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/hookstead.default.toml");

fn load_with(
    file: &str,
    variables: &[(&str, &str)],
    flags: Vec<Flag>,
) -> Result<(Settings, Vec<String>), SettingErrors> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("hookstead.toml"), file).unwrap();
    let variables =
        variables.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    load(Sources { app_dir: folder.path(), config: None, variables, flags })
        .map(|loaded| (loaded.settings, loaded.warnings))
}

fn message(file: &str) -> String {
    let text = load_with(file, &[], Vec::new()).unwrap_err().to_string();
    let cut = text.find("hookstead.toml").unwrap();
    text[cut..].to_owned()
}

#[test]
fn the_default_file_is_what_the_code_says() {
    let rendered = render::default_file();
    if std::env::var_os("HOOKSTEAD_BLESS").is_some() {
        fs::write(DEFAULT_FILE, &rendered).unwrap();
    }
    let written = fs::read_to_string(DEFAULT_FILE).unwrap();
    assert!(
        written == rendered,
        "docs/hookstead.default.toml and the settings differ; \
         run `HOOKSTEAD_BLESS=1 cargo test -p hookstead settings` and look at the difference"
    );
}

#[test]
fn the_default_file_holds_every_key_and_sets_every_default() {
    let written = fs::read_to_string(DEFAULT_FILE).unwrap();
    let in_file: Vec<(String, String)> = file::parse(&written, "the default file")
        .unwrap()
        .into_iter()
        .map(|entry| (entry.section, entry.key))
        .collect();
    for key in Settings::keys() {
        let name = (key.section.to_owned(), key.name.to_owned());
        assert!(in_file.contains(&name), "{name:?} is not in the file");
    }
    assert_eq!(in_file.len(), Settings::keys().len());
    let (settings, warnings) = load_with(&written, &[], Vec::new()).unwrap();
    assert_eq!(settings, Settings::default());
    assert!(warnings.is_empty());
}

#[test]
fn every_key_has_one_comment_that_ends_as_a_sentence() {
    for key in Settings::keys() {
        let text: String = key.doc.concat();
        assert!(text.trim_end().ends_with('.'), "{}: {text}", key.name);
    }
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let file = "[limits]\nrun_time_s = 1\nbody_mib = 2\n[server]\nlisten = \"127.0.0.1:1\"\n";
    let variables = [
        ("HOOKSTEAD_LIMITS_BODY_MIB", "3"),
        ("HOOKSTEAD_LISTEN", "127.0.0.1:2"),
        ("HOOKSTEAD_SERVER_TRUSTED_PROXIES", "10.0.0.0/8, ::1"),
        ("HOOKSTEAD_OUTBOUND_REDIRECT", "https://a.example=http://127.0.0.1:9000"),
        ("PATH", "/bin"),
    ];
    let flag =
        Flag { name: "--listen", section: "server", key: "listen", text: "127.0.0.1:3".to_owned() };
    let (settings, warnings) = load_with(file, &variables, vec![flag]).unwrap();
    assert_eq!(settings.limits.run_time_s, 1);
    assert_eq!(settings.limits.body_mib, 3);
    assert_eq!(settings.server.listen.first().port(), 3);
    assert_eq!(settings.server.trusted_proxies.get(), ["10.0.0.0/8", "::1"]);
    assert_eq!(settings.outbound.redirect.get()["https://a.example"], "http://127.0.0.1:9000");
    assert!(warnings.is_empty());
}

#[test]
fn unknown_keys_name_the_nearest() {
    assert_eq!(
        message("[limits]\n\nrun_time = 3\n"),
        "hookstead.toml:3: [limits] has no key \"run_time\"\n  → did you mean run_time_s?"
    );
    assert_eq!(
        message("[limit]\nrun_time_s = 3\n"),
        "hookstead.toml:2: there is no section [limit]\n  → did you mean [limits]?"
    );
    assert_eq!(
        message("listen = \"127.0.0.1:1\"\n"),
        "hookstead.toml:1: \"listen\" is no section\n  → put it below [server]"
    );
    assert_eq!(
        message("[server]\nbody_mib = 1\n"),
        "hookstead.toml:2: [server] has no key \"body_mib\"\n  → it belongs below [limits]"
    );
}

#[test]
fn bad_values_name_file_key_and_remedy() {
    let cases = [
        ("[limits]\nrun_time_s = 0\n", "it must lie between 1 and 86400"),
        ("[limits]\nrun_time_s = \"5\"\n", "it must be a whole number, without quotes"),
        ("[limits]\nrun_time_s = -1\n", "it must not be negative"),
        ("[server]\nlisten = 7080\n", "it must be an address and a port"),
        ("[server]\npublic_base_url = \"example.com\"\n", "it must be a URL such as"),
        ("[server]\ntrusted_proxies = [\"10.0.0.0/99\"]\n", "and \"10.0.0.0/99\" is neither"),
        ("[auth]\napplication_authentication = \"no\"\n", "one of \"required\", \"system\""),
        ("[auth]\nrefresh_token_time_s = 60\n", "it must lie between 1800 and 157680000"),
        ("[auth]\nsigning_key_secret = \"a key\"\n", "the name of a secret"),
        ("[auth]\ndatabase = \"admin\"\n", "the name of a database"),
        ("[auth]\ndatabase = \"\"\n", "the name of a database"),
        ("[outbound]\nallow = [\"http://a\"]\n", "without a scheme"),
        ("[outbound]\nredirect = { \"https://a\" = \"b\" }\n", "and \"b\" is no origin"),
        ("[app]\nenvironment = \"prod\"\n", "\"qa\", \"production\""),
        ("[log]\nformat = \"xml\"\n", "one of \"human\", \"json\""),
    ];
    for (file, wanted) in cases {
        let message = message(file);
        assert!(message.starts_with("hookstead.toml:2: ["), "{message}");
        assert!(message.contains("cannot be used\n  → it must"), "{message}");
        assert!(message.contains(wanted), "{message}");
    }
}

#[test]
fn every_mistake_is_told_at_once() {
    let errors = load_with(
        "[limits]\nrun_time_s = 0\nbodymib = 3\n",
        &[("HOOKSTEAD_LIMITS_BODY_MIB", "much")],
        Vec::new(),
    )
    .unwrap_err();
    assert_eq!(errors.0.len(), 3, "{errors}");
    assert!(errors.to_string().contains("HOOKSTEAD_LIMITS_BODY_MIB: [limits] body_mib"));
}

#[test]
fn a_file_that_is_no_toml_or_is_absent_is_an_error() {
    let told = message("\naws_secret_access_key = wJalrXUtnFEMI\n");
    assert!(told.starts_with("hookstead.toml:2: is not TOML: "), "{told}");
    assert!(!told.contains("wJalr") && !told.contains("aws"), "{told}");
    let sources = Sources {
        app_dir: Path::new("."),
        config: Some(Path::new("/nowhere/hookstead.toml")),
        variables: Vec::new(),
        flags: Vec::new(),
    };
    assert!(load(sources).unwrap_err().to_string().contains("cannot be read"));
}

#[test]
fn what_is_no_toml_is_told_with_the_setting() {
    for (file, expected) in [
        (
            "[app]\nid=foo\n",
            "hookstead.toml:2: the value of id is not TOML\n  → put a text into double quotes: id \
             = \"foo\"",
        ),
        (
            "[app]\nid = \"a\"\nid = \"b\"\n",
            "hookstead.toml:3: id is there twice in [app]\n  → remove one of them",
        ),
        (
            "[app]\n[app]\n",
            "hookstead.toml:2: a key or a section is there twice\n  → remove one of them",
        ),
    ] {
        assert_eq!(message(file), expected);
    }
}

#[test]
fn variables_that_set_nothing_are_told() {
    let variables = [
        ("HOOKSTEAD_FOO", "x"),
        ("HOOKSTEAD_LIMITS_RUNTIME_S", "3"),
        ("HOOKSTEAD_SECRET_token", "x"),
        ("HOOKSTEAD_SERVICE_HOST", "10.0.0.1"),
        ("HOOKSTEAD_PORT", "tcp://10.0.0.1:7080"),
    ];
    let (_, warnings) = load_with("", &variables, Vec::new()).unwrap();
    assert_eq!(
        warnings,
        [
            "the variable HOOKSTEAD_FOO sets nothing: there is no setting of this name\n  → remove \
             it, or take a name from docs/configuration.md",
            "the variable HOOKSTEAD_LIMITS_RUNTIME_S sets nothing; \
             did you mean HOOKSTEAD_LIMITS_RUN_TIME_S?"
        ]
    );
}

#[test]
fn added_protection_is_read_or_told_with_what_is_wrong() {
    let entry = |lines: &str| format!("[[endpoints]]\n{lines}\n");
    let right = entry(
        "route = \"/a\"\nmethod = \"post\"\nvalidation_method = \"STRIPE\"\n\
         secret_names = [\"new\", \"old\"]\ntolerance_s = 60",
    );
    let more = entry("webhook = \"s/w\"\nvalidation_method = \"GITHUB\"\nsecret_name = \"k\"");
    let (settings, _) = load_with(&format!("{right}{more}"), &[], Vec::new()).unwrap();
    assert_eq!(settings.endpoints.all().len(), 2);
    let names: Vec<_> = settings.endpoints.secret_names().collect();
    assert_eq!(names, ["new", "old", "k"]);
    let stripe = "validation_method = \"STRIPE\"\n";
    let of = |rest: &str| format!("route = \"/a\"\n{rest}");
    for (lines, expected) in [
        (String::new(), "needs either a route"),
        (of(""), "needs a validation_method"),
        (of(stripe), "needs one of secret_name and secret_names"),
        (of(&format!("{stripe}secret_names = []")), "must name 1 to 8 secrets"),
        (of(&format!("{stripe}secret_name = \"sk live\"")), "must name 1 to 8 secrets"),
        (of(&format!("{stripe}secret_name = \"k\"\nsecret_names = [\"k\"]")), "needs one of"),
        (of("validation_method = \"STRIPEE\"\nsecret_name = \"k\""), "did you mean STRIPE?"),
        (of("validation_method = \"NO_VALIDATION\"\nsecret_name = \"k\""), "adds no protection"),
        (
            of("validation_method = \"GITHUB\"\nsecret_name = \"k\"\ntolerance_s = 5"),
            "signs no time",
        ),
        (of(&format!("{stripe}secret_name = \"k\"\ntolerance_s = 0")), "from 1 to 86400"),
        (of(&format!("{stripe}secret_nam = \"k\"")), "did you mean secret_name?"),
        (format!("webhook = \"w\"\n{stripe}secret_name = \"k\""), "must be \"service/name\""),
        (of("webhook = \"s/w\""), "needs either a route"),
        (of("method = \"FETCH\""), "method must be GET"),
    ] {
        let told = message(&entry(&lines));
        assert!(told.contains(expected) && told.contains("number 1"), "{lines}: {told}");
        assert!(!told.contains("sk live"), "{told}");
    }
    assert!(message("[endpoints]\nroute = \"/a\"\n").contains("must be sections [[endpoints]]"));
    assert!(message("endpoints = 1\n").contains("must be sections [[endpoints]]"));
}
