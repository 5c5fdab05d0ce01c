//! A case: a folder of functions and `case.json`, which says how one of them is called and what
//! must come of it, once or in a list. Functions in `tests/shared` are there for every case.
//! Those whose names begin with `plain` have the rights of their callers; the others run as system.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use hookstead_functions::{
    AppInfo, Call, Completion, Definition, Failure, FailureKind, FunctionSource, FunctionValue,
    Functions, HttpCall, Integers, Invocation, Limits, Payload, RequestContext, ResultFormat,
    SecretText, Settings, User,
};
use hookstead_identity::{Identity, User as KnownUser, UserType};
use serde::Deserialize;
use serde_json::Value as Json;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// The function that is called, `source` unless it says otherwise.
    function: Option<String>,
    /// The text of the function that is called, where it is no file.
    source: Option<String>,
    /// Called with these instead of a request.
    arguments: Option<Vec<Json>>,
    #[serde(default)]
    not_system: bool,
    /// `context.user` where it is not the system user.
    user: Option<UserCase>,
    #[serde(default)]
    request: Request,
    #[serde(default)]
    values: BTreeMap<String, Json>,
    #[serde(default)]
    secrets: BTreeMap<String, Option<String>>,
    #[serde(default)]
    services: BTreeMap<String, String>,
    /// `endpoint` unless it says `webhook`.
    #[serde(default)]
    surface: String,
    /// `json` unless it says `ejson` or `none`.
    #[serde(default)]
    format: String,
    expect: Expected,
}

/// A user; what is not said is empty.
#[derive(Deserialize, Clone, Default)]
#[serde(deny_unknown_fields, default)]
struct UserCase {
    is_server: bool,
    data: Json,
    custom_data: Json,
    identities: Vec<(String, String, Json)>,
}

impl UserCase {
    fn user(&self) -> User {
        let document = |json: &Json| match bson::Bson::try_from(json.clone()) {
            Ok(bson::Bson::Document(document)) => document,
            _ => bson::Document::new(),
        };
        let identity = |(id, provider, data): &(String, String, Json)| Identity {
            id: id.clone(),
            provider_type: provider.clone(),
            data: document(data),
        };
        User::Known(Arc::new(KnownUser {
            id: "5cbf68583025b12840664682".into(),
            user_type: if self.is_server { UserType::Server } else { UserType::Normal },
            data: document(&self.data),
            custom_data: document(&self.custom_data),
            identities: self.identities.iter().map(identity).collect(),
        }))
    }
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct Request {
    query: BTreeMap<String, String>,
    headers: BTreeMap<String, Vec<String>>,
    body: Option<String>,
    payload: String,
    service: Option<String>,
    action: Option<String>,
}

#[derive(Deserialize, Default, PartialEq)]
#[serde(deny_unknown_fields, default)]
struct Expected {
    result: Option<String>,
    /// The result is JSON text equal to this, whatever the order of its keys.
    result_json: Option<Json>,
    no_result: bool,
    touched: Option<bool>,
    status: Option<u16>,
    headers: Option<Vec<(String, String)>>,
    body: Option<String>,
    body_base64: Option<String>,
    no_body: bool,
    log: Option<Vec<String>>,
    /// A part of each line.
    log_contains: Option<Vec<String>>,
    /// The console methods that wrote the lines.
    levels: Option<Vec<String>>,
    error: Option<String>,
    error_contains: Option<String>,
    /// `FunctionExecutionError` unless it says otherwise.
    error_kind: Option<String>,
    stack_contains: Option<String>,
}

impl Expected {
    fn wants_error(&self) -> bool {
        self.error.is_some()
            || self.error_contains.is_some()
            || self.error_kind.is_some()
            || self.stack_contains.is_some()
    }
}

/// Runs the cases of a folder; what differs, where something does.
pub(crate) fn check(folder: &Path) -> Vec<String> {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let cases = match read(folder) {
        Ok(cases) => cases,
        Err(error) => return vec![format!("{name}: {error}")],
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut loaded = BTreeMap::new();
    let mut failures = Vec::new();
    for (index, case) in cases.iter().enumerate() {
        // Calls of the same definition share it, as requests do.
        let functions = loaded.entry(case.environment()).or_insert_with(|| {
            let definition = define(folder, case, &cases);
            Functions::load(definition, Settings::default()).expect("functions load")
        });
        let completion = runtime.block_on(functions.invoke(case.invocation(index)));
        if let Err(error) = compare(&case.expect, &completion) {
            failures.push(format!("{name}[{index}]: {error}"));
        }
    }
    failures
}

fn read(folder: &Path) -> Result<Vec<Case>, String> {
    let text = fs::read_to_string(folder.join("case.json")).map_err(|error| error.to_string())?;
    let cases: Vec<Case> = if text.trim_start().starts_with('[') {
        serde_json::from_str(&text)
    } else {
        serde_json::from_str(&text).map(|case| vec![case])
    }
    .map_err(|error| error.to_string())?;
    match cases.iter().position(|case| case.expect == Expected::default()) {
        _ if cases.is_empty() => Err("nothing is called".to_owned()),
        Some(index) => Err(format!("[{index}] expects nothing")),
        None => Ok(cases),
    }
}

impl Case {
    /// What a definition takes from a case, beside the functions.
    fn environment(&self) -> String {
        format!("{:?}", (&self.values, &self.secrets, &self.services))
    }

    fn invocation(&self, index: usize) -> Invocation {
        let mut invocation = invocation(to_call(self));
        if let Some(function) = &self.function {
            invocation.entry.clone_from(function);
        } else if self.source.is_some() {
            invocation.entry = inline_name(index);
        }
        invocation.running_as_system = !self.not_system;
        invocation.user = self.user.as_ref().map_or(User::System, UserCase::user);
        let request = RequestContext {
            headers: self.request.headers.clone().into_iter().collect(),
            service: self.request.service.clone(),
            action: self.request.action.clone(),
            ..request()
        };
        invocation.request = Some(Box::new(move || request.clone()));
        invocation
    }
}

fn inline_name(index: usize) -> String {
    format!("case {index}")
}

/// Calls the function `source` of a definition.
pub(crate) fn call(definition: Definition, limits: Limits, call: Call) -> Completion {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let settings = Settings { limits, ..Settings::default() };
    let functions = Functions::load(definition, settings).expect("functions load");
    runtime.block_on(functions.invoke(invocation(call)))
}

/// A call of the function `source` by the system user.
pub(crate) fn invocation(call: Call) -> Invocation {
    Invocation {
        entry: "source".into(),
        call,
        user: User::System,
        running_as_system: true,
        request: Some(Box::new(request)),
    }
}

fn request() -> RequestContext {
    RequestContext {
        remote_ip_address: "203.0.113.7".into(),
        http_method: "POST".into(),
        webhook_url: "/case".into(),
        raw_query_string: "a=1".into(),
        ..RequestContext::default()
    }
}

/// A definition with one function, named `source`.
pub(crate) fn definition(source: &str) -> Definition {
    let mut definition = Definition::default();
    definition.functions.insert("source".into(), function("source.js", source));
    definition
}

pub(crate) fn function(file: &str, source: &str) -> FunctionSource {
    FunctionSource {
        file: file.into(),
        source: source.into(),
        run_as_system: !is_plain(file),
        refusal: None,
        execute_refusal: None,
    }
}

/// Whether a file holds a function that has the rights of its caller.
fn is_plain(file: &str) -> bool {
    file.rsplit('/').next().is_some_and(|name| name.starts_with("plain"))
}

fn define(folder: &Path, case: &Case, all: &[Case]) -> Definition {
    let mut definition = Definition {
        app: AppInfo {
            id: "5f0000000000000000000001".into(),
            client_app_id: "case-abcde".into(),
            name: "case".into(),
            ..AppInfo::default()
        },
        environment_tag: "testing".into(),
        environment_values: BTreeMap::from([("region".into(), Json::from("EU"))]),
        services: case.services.clone(),
        ..Definition::default()
    };
    add_functions(folder, "", &mut definition);
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/shared");
    add_functions(&shared, "shared/", &mut definition);
    for (index, other) in all.iter().enumerate() {
        if let Some(source) = &other.source {
            // Each has a file of its own, as in an export: errors are told by its name.
            let file = format!("{index}/source.js");
            definition.entries.insert(inline_name(index), function(&file, source));
        }
    }
    for (name, value) in &case.values {
        definition.values.insert(name.clone(), FunctionValue::Plain(value.clone()));
    }
    for (name, value) in &case.secrets {
        let value = match value {
            Some(text) => FunctionValue::Secret(SecretText::new(text.clone())),
            None => FunctionValue::MissingSecret(name.clone()),
        };
        definition.values.insert(name.clone(), value);
    }
    definition
}

fn add_functions(folder: &Path, prefix: &str, definition: &mut Definition) {
    for entry in fs::read_dir(folder).expect("the case's folder") {
        let path = entry.expect("a file").path();
        let stem = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            add_functions(&path, &format!("{prefix}{stem}/"), definition);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            let source = fs::read_to_string(&path).expect("a source");
            let name = format!("{prefix}{stem}");
            let file = format!("functions/{name}.js");
            definition.functions.insert(name, function(&file, &source));
        }
    }
}

fn to_call(case: &Case) -> Call {
    if let Some(arguments) = &case.arguments {
        return Call::Arguments(Json::from(arguments.clone()).to_string());
    }
    let webhook = case.surface == "webhook";
    Call::Http(HttpCall {
        payload: match case.request.payload.as_str() {
            "json" => Payload::Json,
            "form" => Payload::Form,
            _ => Payload::Request,
        },
        query: case.request.query.clone().into_iter().collect(),
        body: case.request.body.clone().unwrap_or_default().into(),
        result: match case.format.as_str() {
            "none" => None,
            "ejson" => Some(ResultFormat::Ejson),
            _ => Some(ResultFormat::Json),
        },
        response_drops_result: webhook,
        integers: if webhook { Integers::Narrow } else { Integers::Wide },
    })
}

fn compare(expected: &Expected, completion: &Completion) -> Result<(), String> {
    if let Some(log) = &expected.log {
        let lines: Vec<_> = completion.log.iter().map(|line| line.text.clone()).collect();
        same("log", &lines, log)?;
    }
    if let Some(parts) = &expected.log_contains {
        same("number of log lines", &completion.log.len(), &parts.len())?;
        for (line, part) in completion.log.iter().zip(parts) {
            contains("log", &line.text, Some(part))?;
        }
    }
    if let Some(levels) = &expected.levels {
        let actual: Vec<_> =
            completion.log.iter().map(|line| format!("{:?}", line.level).to_lowercase()).collect();
        same("levels", &actual, levels)?;
    }
    match &completion.outcome {
        Ok(reply) if expected.wants_error() => Err(format!("no error, but {reply:?}")),
        Err(failure) if !expected.wants_error() => Err(format!("failed: {failure:?}")),
        Ok(reply) => compare_reply(expected, reply),
        Err(failure) => compare_failure(expected, failure),
    }
}

fn compare_failure(expected: &Expected, failure: &Failure) -> Result<(), String> {
    if let Some(message) = &expected.error {
        same("error", &failure.message, message)?;
    }
    contains("error", &failure.message, expected.error_contains.as_deref())?;
    let stack = failure.stack.as_deref().unwrap_or_default();
    contains("stack", stack, expected.stack_contains.as_deref())?;
    let kind = expected.error_kind.as_deref().unwrap_or("FunctionExecutionError");
    same("kind", &kind_name(failure.kind), &kind.to_owned())
}

pub(crate) fn contains(what: &str, text: &str, part: Option<&str>) -> Result<(), String> {
    match part {
        Some(part) if !text.contains(part) => Err(format!("{what}: {text:?} lacks {part:?}")),
        _ => Ok(()),
    }
}

fn kind_name(kind: FailureKind) -> String {
    format!("{kind:?}")
}

fn compare_reply(expected: &Expected, reply: &hookstead_functions::Reply) -> Result<(), String> {
    use base64::Engine as _;
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    if expected.no_result {
        same("result", &reply.result, &None)?;
    }
    if expected.result.is_some() {
        same("result", &reply.result, &expected.result)?;
    }
    if let Some(result) = &expected.result_json {
        let text = reply.result.clone().unwrap_or_default();
        let actual: Json = serde_json::from_str(&text).map_err(|e| format!("{text:?}: {e}"))?;
        same("result", &actual, result)?;
    }
    if let Some(touched) = expected.touched {
        same("touched", &reply.response_touched, &touched)?;
    }
    if expected.status.is_some() {
        same("status", &reply.status, &expected.status)?;
    }
    if let Some(headers) = &expected.headers {
        same("headers", &reply.headers, headers)?;
    }
    let body = reply.body.as_deref();
    if expected.no_body {
        same("body", &body.map(encode), &None)?;
    }
    if expected.body.is_some() {
        let text = body.map(|body| String::from_utf8_lossy(body).into_owned());
        same("body", &text, &expected.body)?;
    }
    match &expected.body_base64 {
        Some(_) => same("body", &body.map(encode), &expected.body_base64),
        None => Ok(()),
    }
}

pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    actual: &T,
    expected: &T,
) -> Result<(), String> {
    if actual == expected {
        Ok(())
    } else {
        Err(format!("{what}:\n    {actual:?}\n  instead of\n    {expected:?}"))
    }
}
