//! `hookstead licenses` names everything of others that the program contains.

use std::{
    collections::BTreeSet,
    process::{Command, Stdio},
};

use serde_json::Value as Json;

use crate::program::run;

/// What Cargo links the program with, as `NAME VERSION`.
fn linked() -> BTreeSet<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--offline", "--package", "hookstead", "--prefix", "none"])
        .args(["--edges", "normal,no-proc-macro", "--format", "{p}"])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let packages = text.lines().filter(|line| !line.starts_with("hookstead"));
    let named = packages.map(|line| line.split(' ').take(2).collect::<Vec<_>>().join(" "));
    named.map(|name| name.replace(" v", " ")).collect()
}

#[test]
fn every_linked_crate_has_a_line_with_its_licence() {
    let text = run(&["licenses"]).stdout;
    let packages = linked();
    assert!(packages.len() > 100, "{packages:?}");
    for name in packages {
        assert!(text.lines().any(|line| line.starts_with(&format!("{name}: "))), "{name}");
    }
}

#[test]
fn every_npm_package_that_functions_can_require_has_a_line_with_its_licence() {
    let text = run(&["licenses"]).stdout;
    let manifest = include_str!("../../../../js/package.json");
    let manifest: Json = serde_json::from_str(manifest).unwrap();
    for (name, version) in manifest["dependencies"].as_object().unwrap() {
        let begin = format!("{name} {}: ", version.as_str().unwrap());
        assert!(text.lines().any(|line| line.starts_with(&begin)), "{begin}");
    }
}

#[test]
fn the_texts_of_the_licences_are_there() {
    let text = run(&["licenses"]).stdout;
    for part in [
        "Permission is hereby granted, free of charge",
        "Apache License",
        "UNICODE LICENSE V3",
        "Fabrice Bellard",
        "\n---- pako 2.1.0\n",
    ] {
        assert!(text.contains(part), "{part}");
    }
}
