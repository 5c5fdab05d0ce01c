//! Writes the JavaScript half of the border.

use std::{collections::BTreeSet, env, fmt::Write as _, fs};

use hookstead_isolate::{NativeCall, OWN_NATIVES, Value};

use super::{CLASSES, HOOK_SIGNATURES, HOOKS, NUMBERS, OF_THE_ISOLATE, Signature, Type};
use crate::natives::{ALL, SIGNATURES};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../js/src");

const HEAD: &str = "\
// Made from crates/functions/src/border.rs and natives.rs, which a test holds it to:
//   HOOKSTEAD_BLESS=1 cargo test -p hookstead-functions border
";

/// All natives, by name.
fn natives() -> Vec<&'static Signature> {
    let mut natives: Vec<_> = SIGNATURES.iter().chain(OF_THE_ISOLATE).collect();
    natives.sort_by_key(|native| native.name);
    natives
}

/// The names of an object's fields in JavaScript, by those in Rust.
fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| name + &word[..1].to_uppercase() + &word[1..])
}

/// Constants, and what the tests of the JavaScript half want to know.
fn script() -> String {
    let mut text = HEAD.to_owned();
    for (about, kind, numbers) in NUMBERS {
        text.push('\n');
        about.iter().for_each(|line| text.push_str(&format!("//{line}\n")));
        for (name, number) in *numbers {
            let _ = writeln!(text, "export const {}_{name} = {number};", kind.to_uppercase());
        }
    }
    text.push_str("\n// The classes whose values cross as those of their fields, by number.\n");
    text.push_str("export const CLASSES = [\n");
    for (_, class, fields) in CLASSES {
        let _ = writeln!(text, "  {{ name: {class:?}, fields: {fields:?} }},");
    }
    text.push_str("];\n");
    text.push_str("\n// How many arguments each native takes; tests hold their own to it.\n");
    text.push_str("export const NATIVES = {\n");
    for Signature { name, arguments, .. } in natives() {
        let _ = writeln!(text, "  {name}: {},", arguments.len());
    }
    text + "};\n"
}

fn declared(kind: Type, is_result: bool) -> String {
    match kind {
        Type::Any => "any".to_owned(),
        Type::Bool => "boolean".to_owned(),
        Type::Bytes if is_result => "ArrayBuffer".to_owned(),
        Type::Bytes => "Bytes".to_owned(),
        Type::Number => "number".to_owned(),
        Type::Text => "string".to_owned(),
        Type::Undefined => "void".to_owned(),
        Type::Maybe(kind) => declared(*kind, is_result) + " | undefined",
        Type::Rest(kind) => declared(*kind, is_result) + "[]",
    }
}

fn declare(text: &mut String, Signature { name, arguments, result }: &Signature) {
    let arguments: Vec<_> = arguments
        .iter()
        .map(|(name, kind)| {
            let (before, behind) = match kind {
                Type::Rest(_) => ("...", ""),
                Type::Maybe(_) => ("", "?"),
                _ => ("", ""),
            };
            format!("{before}{}{behind}: {}", camel_case(name), declared(*kind, false))
        })
        .collect();
    let result = declared(*result, true);
    let line = format!("  {name}({}): {result};", arguments.join(", "));
    if line.len() <= 100 {
        let _ = writeln!(text, "{line}");
    } else {
        let _ = writeln!(text, "  {name}(\n    {},\n  ): {result};", arguments.join(",\n    "));
    }
}

/// The types of the script, of the natives and of the hooks.
fn declarations() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n/** Bytes, or a text that stands for its UTF-8. */\n");
    text.push_str("export type Bytes = Uint8Array | ArrayBuffer | string;\n");
    text.push_str("\n/** What `__host` holds while the runtime is evaluated. */\n");
    text.push_str("export interface Natives {\n");
    natives().into_iter().for_each(|native| declare(&mut text, native));
    text.push_str("}\n\n/** What the host calls. */\nexport interface Hooks {\n");
    HOOK_SIGNATURES.iter().for_each(|hook| declare(&mut text, hook));
    text.push_str("}\n\n");
    for (_, kind, numbers) in NUMBERS {
        for (name, number) in *numbers {
            let _ = writeln!(text, "export const {}_{name}: {number};", kind.to_uppercase());
        }
    }
    text.push_str("export const CLASSES: { name: string, fields: string[] }[];\n");
    text + "export const NATIVES: { [Name in keyof Natives]: number };\n"
}

#[test]
fn the_javascript_half_of_the_border_is_what_the_tables_say() {
    let files = [("border.js", script()), ("border.d.ts", declarations())];
    for (name, rendered) in files {
        let path = format!("{FOLDER}/{name}");
        if env::var_os("HOOKSTEAD_BLESS").is_some() {
            fs::write(&path, &rendered).expect("the file is written");
        }
        assert!(
            fs::read_to_string(&path).is_ok_and(|written| written == rendered),
            "js/src/{name} and the tables differ; \
             run `HOOKSTEAD_BLESS=1 cargo test -p hookstead-functions border` and build again"
        );
    }
}

#[test]
fn the_tables_of_the_border_name_what_there_is() {
    let of_the_isolate: BTreeSet<_> = OF_THE_ISOLATE.iter().map(|native| native.name).collect();
    assert_eq!(of_the_isolate, OWN_NATIVES.into_iter().collect());
    let hooks = HOOK_SIGNATURES.iter().map(|hook| hook.name);
    assert!(hooks.eq(HOOKS.iter().copied()));
    for ((number, name, _), index) in CLASSES.iter().zip(0..) {
        assert_eq!(*number, index, "{name}: the isolate knows classes by their place");
    }
}

/// A value that an argument can have.
fn example(native: &str, argument: &str, kind: Type) -> Value {
    match (argument, kind) {
        ("algorithm", _) if native.starts_with("jwt") => "HS256".into(),
        ("algorithm", _) => "sha256".into(),
        ("scheme", _) => "pss".into(),
        ("url", _) => "https://example.com".into(),
        (_, Type::Any | Type::Undefined | Type::Maybe(_) | Type::Rest(_)) => Value::Undefined,
        (_, Type::Bool) => Value::Bool(true),
        (_, Type::Bytes) => Value::Bytes(b"0123456789abcdef".to_vec()),
        (_, Type::Number) => Value::Number(1.0),
        (_, Type::Text) => "-----BEGIN X-----AAAA-----END X-----".into(),
    }
}

/// Whether a result is of a type.
fn is_of(kind: Type, value: &Value) -> bool {
    match (kind, value) {
        (Type::Any, _)
        | (Type::Undefined | Type::Maybe(_), Value::Undefined)
        | (Type::Bool, Value::Bool(_))
        | (Type::Bytes, Value::Bytes(_))
        | (Type::Number, Value::Number(_))
        | (Type::Text, Value::Text(_)) => true,
        (Type::Maybe(kind), value) => is_of(*kind, value),
        _ => false,
    }
}

#[test]
fn natives_keep_to_their_rows() {
    let natives = ALL.iter().zip(SIGNATURES);
    let pure = natives.filter_map(|(native, signature)| match &native.call {
        NativeCall::Pure(pure) => Some((pure.short, signature)),
        NativeCall::Short(_) | NativeCall::Split(_) => None,
    });
    for (call, Signature { name, arguments, result }) in pure {
        let right: Vec<_> =
            arguments.iter().map(|(argument, kind)| example(name, argument, *kind)).collect();
        match call(&right) {
            Ok(value) => assert!(is_of(*result, &value), "{name}: {value:?}"),
            Err(thrown) => assert!(!thrown.message.starts_with("argument "), "{name}: {thrown}"),
        }
        for (index, (argument, kind)) in arguments.iter().enumerate() {
            let mut wrong = right.clone();
            wrong[index] = Value::Null;
            let refused = format!("argument {} must be ", index + 1);
            let is_refused = call(&wrong).is_err_and(|thrown| thrown.message.starts_with(&refused));
            let is_checked = matches!(kind, Type::Bytes | Type::Number | Type::Text);
            assert_eq!(is_refused, is_checked, "{name}: {argument}");
        }
    }
}
