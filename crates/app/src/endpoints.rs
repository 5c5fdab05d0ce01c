//! HTTPS endpoints (docs/behaviour/export.md#endpoints).

use serde_json::Value as Json;

use crate::{
    Endpoint, Method, ProblemCode, Protection, ReturnType,
    fields::Fields,
    functions::Functions,
    json_file::JsonFile,
    layout::Layout,
    protection,
    reader::{Reader, Unusable},
    run_as,
};

mod twins;

use self::twins::Declared;

const FOLDERS: [&str; 2] = ["http_endpoints", "https_endpoints"];
const CONFIG: &str = "config.json";

/// Fields of endpoints that the files of another product do not have.
const OF_APP_ALONE: [&str; 4] = ["route", "http_method", "function_name", "validation_method"];

/// The folders that may hold endpoints, the one that belongs to the version first.
pub(crate) fn folders(layout: &Layout) -> [&'static str; 2] {
    let [http, https] = FOLDERS;
    if layout.prefers_https() { [https, http] } else { [http, https] }
}

/// Reads all endpoints. Many exports hold both folders, left by a change of versions: each adds
/// what only it has, and of what both have the stricter counts, else the one of the version.
pub(crate) fn read(reader: &mut Reader, layout: &Layout, functions: &Functions) -> Vec<Endpoint> {
    let [first, second] = folders(layout).map(|folder| read_folder(reader, folder, functions));
    let (mut declared, mut others) = (first.declared, second.declared);
    if second.lost {
        twins::refuse_open(&mut declared, &format!("{}/{CONFIG}", folders(layout)[1]));
    }
    if first.lost {
        // What is lost of the folder that counts may protect what the other one holds.
        twins::keep_stricter(&mut others, &declared, functions);
    }
    declared.extend(others);
    twins::settle(&mut reader.report, declared, functions)
}

/// The endpoints of a folder.
#[derive(Default)]
struct Found {
    declared: Vec<Declared>,
    /// Whether there may be more, in a file or an entry that cannot be read.
    lost: bool,
}

fn read_folder(reader: &mut Reader, folder: &str, functions: &Functions) -> Found {
    let lost = Found { lost: true, ..Found::default() };
    if reader.is_lost(folder) {
        return lost;
    }
    let file = match reader.json(&format!("{folder}/{CONFIG}")) {
        Ok(Some(file)) => file,
        Ok(None) => return Found::default(),
        Err(Unusable) => return lost,
    };
    let Some(entries) = file.array(&mut reader.report) else { return lost };
    let mut found = Found::default();
    if is_foreign(entries) {
        reader.report.warn(
            ProblemCode::EndpointsForeign,
            file.spot(""),
            "the file describes the endpoints of another product; it is ignored".to_owned(),
            "put the `config.json` of this app in its place, if there is one",
        );
        return found;
    }
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("[{index}]");
        match read_entry(reader, &file, &path, entry, functions) {
            Some(endpoint) => found.declared.push(Declared { endpoint, spot: file.spot(&path) }),
            None => found.lost = true,
        }
    }
    found
}

/// Whether these are the endpoints of a TiDB data app, which keeps them in files of these names.
fn is_foreign(entries: &[Json]) -> bool {
    let is_of_tidb =
        |entry: &Json| entry.get("sql_file").is_some() || entry.get("endpoint").is_some();
    let is_of_app = |entry: &Json| OF_APP_ALONE.iter().any(|key| entry.get(key).is_some());
    !entries.is_empty() && entries.iter().all(|entry| is_of_tidb(entry) && !is_of_app(entry))
}

fn read_entry(
    reader: &mut Reader,
    file: &JsonFile,
    path: &str,
    entry: &Json,
    functions: &Functions,
) -> Option<Endpoint> {
    let Some(object) = entry.as_object() else {
        return ignored(reader, file, path, "the entry is not an object");
    };
    let mut fields = Fields::new(file, path, object);
    let Some(route) = fields.text("route") else {
        return ignored(reader, file, path, "the entry has no `route`");
    };
    let method = method(&mut fields);
    if !route.starts_with('/') {
        let message = "the route does not begin with `/`, so that no request may reach it";
        fields.oddity(ProblemCode::EndpointRoute, "route", message.to_owned());
    }
    let protection = protection::of_endpoint(&mut fields);
    let mut endpoint = Endpoint {
        declared_in: file.place(path),
        route: route.to_owned(),
        method,
        function_name: fields.text("function_name").unwrap_or_default().to_owned(),
        protection,
        respond_result: fields.flag("respond_result", false),
        return_type: return_type(&mut fields),
        disabled: fields.guard_flag("disabled"),
        fetch_custom_user_data: fields.flag("fetch_custom_user_data", false),
        create_user_on_auth: fields.flag("create_user_on_auth", false),
        can_evaluate: fields.expression("can_evaluate"),
        run_as: run_as::read(&mut fields),
    };
    fields.raw("function_id");
    check_function(&mut fields, &endpoint, functions, reader);
    if let Some(reason) = fields.settle(&subject(&endpoint), &mut reader.report) {
        endpoint.protection = Protection::Refused(reason);
    }
    Some(endpoint)
}

/// The method. One that cannot be understood refuses every method, for another entry of the same
/// route, for any method, could be more open.
fn method(fields: &mut Fields<'_>) -> Method {
    let text = fields.text("http_method").unwrap_or_default();
    parse_method(text).unwrap_or_else(|| {
        let message = "`http_method` is absent or not known".to_owned();
        let remedy = "write GET, POST, PUT, PATCH, DELETE or *";
        fields.doubt(ProblemCode::EndpointMethod, "http_method", message, remedy);
        Method::Any
    })
}

fn return_type(fields: &mut Fields<'_>) -> Option<ReturnType> {
    match fields.raw("return_type")?.as_str() {
        Some("JSON") => Some(ReturnType::Json),
        Some("EJSON") => Some(ReturnType::Ejson),
        Some("") => None,
        _ => {
            let message = "`return_type` is neither JSON nor EJSON".to_owned();
            fields.oddity(ProblemCode::EndpointReturnType, "return_type", message);
            None
        }
    }
}

/// Checks that the function is there. One that was left out for its rights refuses the endpoint.
fn check_function(
    fields: &mut Fields<'_>,
    endpoint: &Endpoint,
    functions: &Functions,
    reader: &mut Reader,
) {
    let name = &endpoint.function_name;
    if functions.refused.contains(name) {
        let message = format!("its function `{name}` is refused");
        let remedy = "see what is wrong with the function";
        fields.doubt(ProblemCode::EndpointFunctionRefused, "function_name", message, remedy);
    } else if functions.kept.get(name).is_none_or(|function| function.file.is_none()) {
        let what = match name.as_str() {
            "" => "names no function".to_owned(),
            name => format!("names the function `{name}`, which is not in the export"),
        };
        let remedy = remedy_of_missing(reader, name, functions);
        let message = format!("{} {what}", subject(endpoint));
        let spot = fields.spot("function_name");
        reader.report.error(ProblemCode::EndpointFunctionMissing, spot, message, &remedy);
    }
}

/// What to do about a function that is not there, or that has no file.
pub(crate) fn remedy_of_missing(reader: &mut Reader, name: &str, functions: &Functions) -> String {
    let otherwise = "add the function";
    if functions.kept.contains_key(name) {
        return reader.remedy_of_missing(&format!("functions/{name}.js"), otherwise);
    }
    let wanted = name.to_lowercase();
    let mut names = functions.kept.keys();
    let may_look = reader.may_look();
    match names.find(|other| may_look && other.to_lowercase() == wanted) {
        Some(near) => format!("write `{near}`, as the function is called"),
        None => otherwise.to_owned(),
    }
}

fn ignored(reader: &mut Reader, file: &JsonFile, path: &str, message: &str) -> Option<Endpoint> {
    reader.report.error(
        ProblemCode::EndpointUnreadable,
        file.spot(path),
        format!("{message}; it is left out"),
        "correct the entry",
    );
    None
}

/// A method as an endpoint or a webhook spells it.
pub fn parse_method(text: &str) -> Option<Method> {
    Some(match text.to_ascii_uppercase().as_str() {
        "GET" => Method::Get,
        "POST" => Method::Post,
        "PUT" => Method::Put,
        "PATCH" => Method::Patch,
        "DELETE" => Method::Delete,
        "HEAD" => Method::Head,
        "*" | "ANY" => Method::Any,
        _ => return None,
    })
}

fn subject(endpoint: &Endpoint) -> String {
    format!("endpoint `{} {}`", endpoint.method, endpoint.route)
}
