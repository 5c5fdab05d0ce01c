//! The table of docs/validation.md is made from the rows.

use hookstead_signature::{KeyDecoding, Place, Proof, Scheme, method_name, presets};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/validation.md");
const BEGIN: &str =
    "<!-- schemes: `HOOKSTEAD_BLESS=1 cargo test -p hookstead-signature page` makes them -->\n";
const END: &str = "<!-- end of schemes -->";

#[test]
fn the_page_lists_every_scheme() {
    let page = std::fs::read_to_string(PAGE).unwrap();
    let (before, rest) = page.split_once(BEGIN).unwrap();
    let (written, after) = rest.split_once(END).unwrap();
    let table = table();
    if std::env::var_os("HOOKSTEAD_BLESS").is_some() {
        std::fs::write(PAGE, format!("{before}{BEGIN}{table}{END}{after}")).unwrap();
        return;
    }
    assert_eq!(written, table, "docs/validation.md (left) and the rows (right)");
}

fn table() -> String {
    let head = "| Method | Proof | Covers | Window | Secret | `hookstead sign` |\n\
                |---|---|---|---|---|---|\n";
    let mut schemes: Vec<_> = presets::ALL.to_vec();
    schemes.sort_unstable_by_key(|scheme| scheme.name);
    let rows: String = schemes.into_iter().map(row).collect();
    format!("\n{head}{rows}\n")
}

fn row(scheme: &Scheme) -> String {
    let window = scheme.tolerance_s().map_or("none".to_owned(), |seconds| format!("{seconds} s"));
    let signs = if scheme.can_sign() { "yes" } else { "no" };
    let (method, places) = (method_name(scheme), places(scheme));
    let (covers, secret) = (covers(scheme), secret(scheme));
    format!("| `{method}` | {places} | {covers} | {window} | {secret} | {signs} |\n")
}

fn places(scheme: &Scheme) -> String {
    let mut places = Vec::new();
    for way in scheme.ways {
        let place = match way.place {
            Place::Header { name, .. } | Place::ListPart { name, .. } => format!("`{name}`"),
            Place::Query { name } => format!("parameter `{name}`"),
            Place::Field { path } => format!("field `{}`", path.join(".")),
        };
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places.join(" or ")
}

fn covers(scheme: &Scheme) -> String {
    let is_secret =
        scheme.ways.iter().all(|way| matches!(way.proof, Proof::Secret | Proof::EncodedSecret));
    let parts = [
        (is_secret, "nothing: it is the secret"),
        (scheme.covers_url(), "URL"),
        (scheme.covers_body(), "body"),
        (scheme.tolerance_s().is_some(), "time"),
        (!is_secret && !scheme.covers_body(), "fields of the body"),
        (scheme.signed_ids().next().is_some(), "id"),
    ];
    let parts: Vec<_> = parts.into_iter().filter(|(holds, _)| *holds).map(|(_, p)| p).collect();
    parts.join(", ")
}

fn secret(scheme: &Scheme) -> &'static str {
    match (scheme.name, scheme.key) {
        ("aws-sns", _) => "ARN of the topic",
        ("paypal", _) => "id of the webhook",
        ("basic", _) => "`user:password`",
        (_, KeyDecoding::Utf8) => "as it is",
        (_, KeyDecoding::StandardWebhooks) => "base64, with or without `whsec_`",
        (_, KeyDecoding::Hex) => "hexadecimal digits",
        (_, KeyDecoding::Ed25519Hex) => "public key in hexadecimal digits",
        (_, KeyDecoding::Ed25519StandardWebhooks) => "public key, `whpk_` and base64",
        (_, KeyDecoding::P256Base64) => "public key in base64",
    }
}
