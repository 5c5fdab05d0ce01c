//! HTTPS endpoints (reference: app-layout.md §2.5).

use std::collections::{BTreeMap, btree_map::Entry};

use serde_json::Value as Json;

use crate::{
    Endpoint, Method, Protection, ReturnType,
    fields::Fields,
    functions::Functions,
    json_file::JsonFile,
    layout::Layout,
    protection::{self, is_guarded},
    reader::{Reader, Unusable},
    run_as,
};

const FOLDERS: [&str; 2] = ["http_endpoints", "https_endpoints"];

/// The folders that may hold endpoints, the one that belongs to the version first.
pub(crate) fn folders(layout: &Layout) -> [&'static str; 2] {
    let [http, https] = FOLDERS;
    if layout.prefers_https() { [https, http] } else { [http, https] }
}

/// Reads all endpoints. Many exports hold both folders, left by a change of versions: the one
/// that belongs to the version counts, and the other adds what only it has.
pub(crate) fn read(reader: &mut Reader, layout: &Layout, functions: &Functions) -> Vec<Endpoint> {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    for folder in folders(layout) {
        let file = match reader.json(&format!("{folder}/config.json")) {
            Ok(Some(file)) => file,
            Ok(None) => continue,
            Err(Unusable) => break,
        };
        let (found, whole) = read_file(reader, &file, functions);
        let known: BTreeMap<_, _> = endpoints.iter().map(|known| (key(known), known)).collect();
        let mut new = Vec::new();
        for endpoint in found {
            match known.get(&key(&endpoint)) {
                Some(counting) => compare(reader, &file, counting, &endpoint),
                None => new.push(endpoint),
            }
        }
        endpoints.extend(new);
        if !whole {
            break;
        }
    }
    endpoints
}

/// The endpoints of a file, and whether every entry could be read.
fn read_file(reader: &mut Reader, file: &JsonFile, functions: &Functions) -> (Vec<Endpoint>, bool) {
    let mut endpoints: Vec<Endpoint> = Vec::new();
    let mut places = BTreeMap::new();
    let mut whole = true;
    let Some(entries) = file.array(&mut reader.report) else { return (endpoints, false) };
    if is_foreign(entries) {
        reader.report.warn(
            "endpoints-foreign",
            file.spot(""),
            "the file describes the endpoints of another product; it is ignored".to_owned(),
            "remove the file if it does not belong here",
        );
        return (endpoints, whole);
    }
    for (index, entry) in entries.iter().enumerate() {
        let path = format!("[{index}]");
        let Some(endpoint) = read_entry(reader, file, &path, entry, functions) else {
            whole = false;
            continue;
        };
        match places.entry(key(&endpoint)) {
            Entry::Occupied(earlier) => {
                repeated(reader, file, &mut endpoints[*earlier.get()], &endpoint);
            }
            Entry::Vacant(place) => {
                place.insert(endpoints.len());
                endpoints.push(endpoint);
            }
        }
    }
    (endpoints, whole)
}

/// Whether these are the endpoints of a TiDB data app, which keeps them in files of these names.
fn is_foreign(entries: &[Json]) -> bool {
    let is_of_tidb =
        |entry: &Json| entry.get("sql_file").is_some() || entry.get("endpoint").is_some();
    entries.iter().all(|entry| entry.get("route").is_none()) && entries.iter().any(is_of_tidb)
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
        fields.oddity("endpoint-route", "route", message.to_owned());
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
    let guarded = is_guarded(&endpoint.protection);
    if let Some(reason) = fields.settle(&subject(&endpoint), guarded, &mut reader.report) {
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
        fields.doubt("endpoint-method", "http_method", message, remedy);
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
            fields.oddity("endpoint-return-type", "return_type", message);
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
        fields.doubt("endpoint-function-refused", "function_name", message, remedy);
    } else if functions.kept.get(name).is_none_or(|function| function.file.is_none()) {
        let what = match name.as_str() {
            "" => "names no function".to_owned(),
            name => format!("names the function `{name}`, which is not in the export"),
        };
        reader.report.error(
            "endpoint-function-missing",
            fields.spot("function_name"),
            format!("{} {what}", subject(endpoint)),
            "add the function, or remove the endpoint",
        );
    }
}

/// Two entries for one route and method: the first counts. Where the second one is protected and
/// the first is not, the protection may be what was meant.
fn repeated(reader: &mut Reader, file: &JsonFile, earlier: &mut Endpoint, later: &Endpoint) {
    let opens = !is_guarded(&earlier.protection) && is_guarded(&later.protection);
    let outcome = if opens { "both are refused" } else { "the first one counts" };
    reader.report.error(
        "endpoint-duplicate",
        file.spot(&later.declared_in.field),
        format!("{} is declared twice; {outcome}", subject(later)),
        "keep the one that is meant",
    );
    if opens {
        let reason = "it is declared twice, open and protected".to_owned();
        earlier.protection = Protection::Refused(reason);
    }
}

/// Says when the folder that does not count would have protected an endpoint that is now open.
fn compare(reader: &mut Reader, file: &JsonFile, counting: &Endpoint, twin: &Endpoint) {
    let opens = !is_guarded(&counting.protection) && is_guarded(&twin.protection);
    if opens {
        reader.report.warn(
            "endpoint-protection-differs",
            file.spot(&twin.declared_in.field),
            format!("{} is protected here and open in the folder that counts", subject(twin)),
            "remove the folder that is out of date",
        );
    }
}

fn ignored(reader: &mut Reader, file: &JsonFile, path: &str, message: &str) -> Option<Endpoint> {
    reader.report.error(
        "endpoint-unreadable",
        file.spot(path),
        format!("{message}; it is left out"),
        "correct the entry",
    );
    None
}

/// A method as an endpoint or a webhook spells it.
pub(crate) fn parse_method(text: &str) -> Option<Method> {
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

fn key(endpoint: &Endpoint) -> (String, Method) {
    (endpoint.route.clone(), endpoint.method)
}

fn subject(endpoint: &Endpoint) -> String {
    format!("endpoint `{} {}`", endpoint.method, endpoint.route)
}
