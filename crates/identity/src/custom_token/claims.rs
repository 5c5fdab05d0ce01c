//! What a custom token says, and what an app demands of it.

use bson::{Bson, Document};
use serde_json::{Map, Value as Json};

/// How long a value may be that is copied to a user (docs/behaviour/users.md#custom-tokens).
const METADATA_CHARS_MAX: usize = 4096;
/// How far the clock of the signer may be ahead.
const CLOCK_SKEW_S: f64 = 60.0;

/// A field of a custom token that is copied to the data of its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MetadataField {
    /// Where it stands in the claims: names with dots between them. A dot that belongs to a name
    /// is written `\.`.
    pub name: String,
    /// What it is called in the data of the user; the last name where nothing is given.
    pub field_name: Option<String>,
    /// Whether a token without it is refused.
    pub required: bool,
}

/// What an app demands of a custom token.
pub(crate) struct Rules<'a> {
    pub(crate) client_app_id: &'a str,
    pub(crate) audience: &'a [String],
    pub(crate) require_any_audience: bool,
    pub(crate) metadata: &'a [MetadataField],
}

/// What a token says that meets the rules.
pub(crate) struct Claims {
    /// What the signer calls the user.
    pub(crate) subject: String,
    /// For the user's data.
    pub(crate) data: Document,
    /// In seconds since 1970.
    pub(crate) expires_s: f64,
}

impl Claims {
    /// Reads the claims of a token whose signature is right.
    pub(crate) fn read(claims: &[u8], rules: &Rules<'_>, now_s: f64) -> Result<Self, String> {
        let claims: Map<String, Json> =
            serde_json::from_slice(claims).map_err(|_| "the claims are no JSON object")?;
        let expires_s = check_times(&claims, now_s)?;
        check_audience(claims.get("aud"), rules)?;
        let subject = match claims.get("sub") {
            Some(Json::String(subject)) if !subject.is_empty() => subject.clone(),
            _ => return Err("the claim sub is missing or not a text".to_owned()),
        };
        Ok(Self { subject, data: metadata(&claims, rules.metadata)?, expires_s })
    }
}

/// When a token expires, in seconds since 1970, where it is valid now.
pub(crate) fn check_times(claims: &Map<String, Json>, now_s: f64) -> Result<f64, String> {
    let time = |name: &str| match claims.get(name) {
        None => Ok(None),
        Some(time) => match time.as_f64() {
            Some(time) => Ok(Some(time)),
            None => Err(format!("the claim {name} is not a number")),
        },
    };
    let expires_s = time("exp")?.ok_or("the token never expires")?;
    if expires_s <= now_s {
        return Err("the token has expired".to_owned());
    }
    if time("nbf")?.is_some_and(|from| from > now_s + CLOCK_SKEW_S) {
        return Err("the token is not valid yet".to_owned());
    }
    Ok(expires_s)
}

fn check_audience(claim: Option<&Json>, rules: &Rules<'_>) -> Result<(), String> {
    let named: Vec<&str> = match claim {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(several)) => several.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    // An empty text is a setting that was left empty.
    let mut wanted: Vec<&str> =
        rules.audience.iter().map(String::as_str).filter(|audience| !audience.is_empty()).collect();
    if wanted.is_empty() {
        wanted.push(rules.client_app_id);
    }
    let mut found = wanted.iter().map(|audience| named.contains(audience));
    let is_met = if rules.require_any_audience {
        found.any(|is_found| is_found)
    } else {
        found.all(|is_found| is_found)
    };
    if is_met { Ok(()) } else { Err("the token is for another audience".to_owned()) }
}

/// What of the claims becomes data of the user.
pub(crate) fn metadata(
    claims: &Map<String, Json>,
    fields: &[MetadataField],
) -> Result<Document, String> {
    let mut data = Document::new();
    for field in fields {
        let path = path(&field.name);
        let target = field.field_name.as_deref().filter(|name| !name.is_empty());
        let Some(target) = target.or(path.last().map(String::as_str)) else { continue };
        match value(claims, &path) {
            Some(value) if length(value) > METADATA_CHARS_MAX => {
                return Err(format!("the claim {} is too long", field.name));
            }
            Some(value) if target.contains('\0') || has_nul_key(value) => {
                return Err(format!("the claim {} has a key with a NUL", field.name));
            }
            Some(value) => drop(data.insert(target, plain(value))),
            None if field.required => {
                return Err(format!("the claim {} is missing", field.name));
            }
            None => {}
        }
    }
    Ok(data)
}

/// The names of a path: `a\.b.c` has the names `a.b` and `c`.
fn path(text: &str) -> Vec<String> {
    let mut names = vec![String::new()];
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        let is_escape = character == '\\' && characters.peek() == Some(&'.');
        let character = if is_escape { characters.next() } else { Some(character) };
        match character {
            Some('.') if !is_escape => names.push(String::new()),
            Some(character) => {
                if let Some(name) = names.last_mut() {
                    name.push(character);
                }
            }
            None => {}
        }
    }
    names
}

fn value<'a>(claims: &'a Map<String, Json>, path: &[String]) -> Option<&'a Json> {
    let (first, rest) = path.split_first()?;
    rest.iter().try_fold(claims.get(first)?, |value, name| value.get(name))
}

fn length(value: &Json) -> usize {
    match value {
        Json::String(text) => text.chars().count(),
        value => value.to_string().chars().count(),
    }
}

/// Whether a key has a character in it that no document can keep in a key.
fn has_nul_key(value: &Json) -> bool {
    match value {
        Json::Array(values) => values.iter().any(has_nul_key),
        Json::Object(fields) => {
            fields.iter().any(|(name, value)| name.contains('\0') || has_nul_key(value))
        }
        _ => false,
    }
}

/// A value of JSON as it is: `{ "$oid": … }` is a document here.
fn plain(value: &Json) -> Bson {
    match value {
        Json::Null => Bson::Null,
        Json::Bool(flag) => Bson::Boolean(*flag),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => i32::try_from(whole).map_or(Bson::Int64(whole), Bson::Int32),
            None => Bson::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Bson::String(text.clone()),
        Json::Array(values) => Bson::Array(values.iter().map(plain).collect()),
        Json::Object(fields) => {
            let fields = fields.iter().map(|(name, value)| (name.clone(), plain(value)));
            Bson::Document(fields.collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use bson::doc;
    use serde_json::json;

    use super::*;

    fn field(name: &str, field_name: Option<&str>, required: bool) -> MetadataField {
        let field_name = field_name.map(str::to_owned);
        MetadataField { name: name.to_owned(), field_name, required }
    }

    fn read(
        claims: &Json,
        audience: &[&str],
        any: bool,
        metadata: &[MetadataField],
    ) -> Result<Claims, String> {
        let audience: Vec<_> = audience.iter().map(ToString::to_string).collect();
        let rules = Rules {
            client_app_id: "myapp-abcde",
            audience: &audience,
            require_any_audience: any,
            metadata,
        };
        Claims::read(claims.to_string().as_bytes(), &rules, 1_500_000_000.0)
    }

    #[test]
    fn audiences_are_met_as_documented() {
        for (aud, audience, any, is_met) in [
            (json!("myapp-abcde"), &[][..], false, true),
            (json!("myapp-abcde"), &[""], false, true),
            (json!(["x", "myapp-abcde"]), &[], false, true),
            (json!("other"), &[], false, false),
            (json!(null), &[], false, false),
            (json!({ "myapp-abcde": 1 }), &[], false, false),
            (json!("myapp-abcde"), &["a"], false, false),
            (json!("a"), &["a", "b"], false, false),
            (json!(["b", "a", "c"]), &["a", "b"], false, true),
            (json!("a"), &["a", "b"], true, true),
            (json!("c"), &["a", "b"], true, false),
            (json!("A"), &["a"], true, false),
            (json!([]), &["a"], true, false),
        ] {
            let claims = json!({ "aud": aud, "sub": "24601", "exp": 1_516_239_022 });
            assert_eq!(read(&claims, audience, any, &[]).is_ok(), is_met, "{aud} {audience:?}");
        }
    }

    #[test]
    fn times_and_subjects_are_demanded() {
        let valid = json!({ "aud": "myapp-abcde", "sub": "24601", "exp": 1_516_239_022 });
        assert!(read(&valid, &[], false, &[]).is_ok());
        for (name, value, error) in [
            ("exp", json!(null), "the claim exp is not a number"),
            ("exp", json!("1516239022"), "the claim exp is not a number"),
            ("exp", json!(1_500_000_000), "the token has expired"),
            ("exp", json!(1_500_000_000.5), ""),
            ("exp", json!(-1), "the token has expired"),
            ("nbf", json!(1_500_000_030), ""),
            ("nbf", json!(1_500_000_061), "the token is not valid yet"),
            ("nbf", json!([]), "the claim nbf is not a number"),
            ("sub", json!(""), "the claim sub is missing or not a text"),
            ("sub", json!(5), "the claim sub is missing or not a text"),
            ("sub", json!({ "$ne": "" }), "the claim sub is missing or not a text"),
        ] {
            let mut claims = valid.clone();
            claims[name] = value;
            let said = read(&claims, &[], false, &[]).err().unwrap_or_default();
            assert_eq!(said, error, "{claims}");
        }
        assert_eq!(
            read(&json!([]), &[], false, &[]).err().unwrap(),
            "the claims are no JSON object"
        );
    }

    #[test]
    fn metadata_is_copied_as_documented() {
        let claims = json!({
            "aud": "myapp-abcde", "sub": "24601", "exp": 1_516_239_022,
            "user_data": { "name": "Jean Valjean", "aliases": ["M. Madeleine"], "born": 1769 },
            "http://example.com/id": "x",
            "location": { "primary": { "city": "Paris" } },
            "id": { "$oid": "0123456789abcdef01234567" },
            "long": "x".repeat(5000),
            "nul": [{ "a": { "b\0c": "d" } }],
            "nul_text": "b\0c",
        });
        for (fields, expected) in [
            (
                vec![
                    field("user_data.name", Some("name"), true),
                    field("user_data.aliases", Some("aliases"), false),
                ],
                Ok(doc! { "name": "Jean Valjean", "aliases": ["M. Madeleine"] }),
            ),
            (vec![field("location.primary.city", None, true)], Ok(doc! { "city": "Paris" })),
            (vec![field("user_data.born", Some(""), true)], Ok(doc! { "born": 1769 })),
            (vec![field("http://example\\.com/id", Some("id"), true)], Ok(doc! { "id": "x" })),
            (
                vec![field("id", None, true)],
                Ok(doc! { "id": { "$oid": "0123456789abcdef01234567" } }),
            ),
            (vec![field("nothing.here", None, false)], Ok(doc! {})),
            (vec![field("nothing", None, true)], Err("the claim nothing is missing".to_owned())),
            (vec![field("nul", None, false)], Err("the claim nul has a key with a NUL".to_owned())),
            (
                vec![field("nul_text", Some("a\0b"), false)],
                Err("the claim nul_text has a key with a NUL".to_owned()),
            ),
            (vec![field("nul_text", Some("text"), false)], Ok(doc! { "text": "b\0c" })),
            (vec![field("long", None, false)], Err("the claim long is too long".to_owned())),
        ] {
            let read = read(&claims, &[], false, &fields).map(|claims| claims.data);
            assert_eq!(read, expected, "{fields:?}");
        }
    }
}
