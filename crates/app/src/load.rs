//! Reads a whole export.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::Value as Json;

use crate::{
    App, ArchiveLimits, Identity, Lines, LoadError, Problem, ProblemCode, auth, dependencies,
    endpoints,
    folder::Folder,
    functions,
    json_scan::push_key,
    layout::{Layout, find_root},
    letter_case,
    nearest::nearest,
    parts,
    reader::Reader,
    report::Spot,
    services::{self, texts},
    values,
};

/// An origin that no browser sends. It stands for a list of origins that cannot be understood:
/// an empty list would let every one in.
const NO_ORIGIN: &str = "https://unreadable.invalid";

/// What the operator decides over the export.
#[derive(Debug, Default, Clone)]
pub struct LoadOptions {
    /// The environment, such as `production`; the export's own without.
    pub environment: Option<String>,
    /// The client app id, such as `myapp-abcde`; the export's own without.
    pub app_id: Option<String>,
    /// What an archive of packages may hold.
    pub archive: ArchiveLimits,
    /// Where secrets and documents are kept: no file of it can be required.
    pub data_dir: Option<PathBuf>,
}

/// An app, and everything found wrong with it.
pub struct Loaded {
    /// What can be used of the export.
    pub app: App,
    /// Problems in the order found, which does not change from one reading to the next.
    pub problems: Vec<Problem>,
}

/// Reads the app in a folder, or the one that the folder is a part of.
///
/// One broken file does not stop the rest: it becomes a problem, and what depended on it is left
/// out or refused.
///
/// # Errors
/// There is no app in the folder, or the folder cannot be read.
pub fn load(dir: &Path, options: &LoadOptions) -> Result<Loaded, LoadError> {
    let root = find_root(dir)?;
    let folder = Folder::open(&root)
        .map_err(|source| LoadError::Unreadable { dir: root.clone(), source })?;
    let mut reader = Reader::new(folder);
    let mut layout = Layout::read(&mut reader);
    reader.environment =
        values::read_environment(&mut reader, &layout, options.environment.as_deref());
    layout.expand(&mut reader);

    let functions = functions::read(&mut reader, &layout);
    let services = services::read(&mut reader, &layout);
    let name = layout.root_text("/name").unwrap_or_default();
    let client_app_id = client_app_id(&mut reader, &layout, options, (&root, &name));
    let mut app = App {
        // An app without a name is known by its id.
        name: if name.is_empty() { client_app_id.clone() } else { name },
        client_app_id,
        identity: identity(&layout),
        config_version: layout.version,
        deployment_model: layout.root_text("/deployment_model"),
        location: layout.root_text("/location"),
        provider_region: layout.root_text("/provider_region"),
        allowed_request_origins: allowed_request_origins(&mut reader, &layout),
        endpoints: endpoints::read(&mut reader, &layout, &functions),
        values: values::read(&mut reader),
        auth_providers: auth::read_providers(&mut reader, &layout, &functions),
        custom_user_data: auth::custom_user_data::read(
            &mut reader,
            &layout,
            &functions,
            &services.data_sources,
        ),
        functions: functions.kept,
        services: services.others,
        data_sources: services.data_sources,
        dependencies: dependencies::read(&mut reader),
        modules: Arc::new(dependencies::modules(&mut reader, options)),
        environment: reader.environment.clone(),
        parts: Vec::new(),
        lines: Lines::default(),
        root,
    };
    app.parts = parts::read(&reader, &layout, &app);
    app.lines = std::mem::take(&mut reader.lines);
    letter_case::check(&mut reader);
    note_import_only_secrets(&mut reader);
    Ok(Loaded { app, problems: reader.report.problems })
}

/// The slug in every URL: the operator's, the export's, or the name.
fn client_app_id(
    reader: &mut Reader,
    layout: &Layout,
    options: &LoadOptions,
    (root, name): (&Path, &str),
) -> String {
    let meta = layout.meta.as_ref().and_then(|file| file.value.get("client_app_id")?.as_str());
    let found = options.app_id.clone();
    let found = found.or_else(|| meta.map(str::to_owned).filter(|id| !id.is_empty()));
    found.or_else(|| layout.root_text("/app_id")).unwrap_or_else(|| {
        let folder = root.file_name().map(|name| name.to_string_lossy().into_owned());
        let name = if name.is_empty() { folder.as_deref().unwrap_or("app") } else { name };
        let name = name.to_owned();
        let field = Some("client_app_id".to_owned());
        reader.report.warn(
            ProblemCode::AppIdMissing,
            Spot { file: ".mdb/meta.json".to_owned(), line: None, field },
            format!("the export has no client app id; URLs use the name `{name}`"),
            "give the id that callers use with `--app-id`, or `id` in `[app]` of hookstead.toml",
        );
        name
    })
}

fn identity(layout: &Layout) -> Identity {
    let text = |key: &str| {
        let files = [&layout.meta, &layout.app_meta].into_iter().flatten();
        files.filter_map(|file| file.value.get(key)?.as_str()).find(|text| !text.is_empty())
    };
    Identity {
        app_id: text("app_id").map(str::to_owned),
        project_id: text("group_id").map(str::to_owned),
    }
}

/// The origins that may call, from the first place that has them. What cannot be understood lets
/// nobody in, where an empty list would let everybody in.
fn allowed_request_origins(reader: &mut Reader, layout: &Layout) -> Vec<String> {
    if let Some(path) = layout.lost_root {
        reader.report.error(
            ProblemCode::OriginsUnreadable,
            Spot::file(path),
            "whatever origins the file allows are not known; no origin is let in".to_owned(),
            "mend the file; what is wrong with it is told with its name",
        );
        return vec![NO_ORIGIN.to_owned()];
    }
    let places = ["/allowed_request_origins", "/security/allowed_request_origins"];
    let Some((place, (file, origins))) =
        places.iter().find_map(|place| Some((place, layout.root_field(place)?)))
    else {
        return misspelt_origins(reader, layout);
    };
    let field = place[1..].replace('/', ".");
    let is_clear = file.duplicates_in("").all(|duplicate| !field.starts_with(duplicate))
        && file.unresolved_in(&field).next().is_none();
    texts(origins).filter(|_| is_clear).unwrap_or_else(|| {
        reader.report.error(
            ProblemCode::OriginsUnreadable,
            file.spot(&field),
            "the allowed origins are no clear list of strings; no origin is let in".to_owned(),
            "write the origins as a list of strings",
        );
        vec![NO_ORIGIN.to_owned()]
    })
}

/// The origins of an app whose root files have no field of that name: all of them, or none where
/// a field looks like a misspelt one.
fn misspelt_origins(reader: &mut Reader, layout: &Layout) -> Vec<String> {
    const NAME: &str = "allowed_request_origins";
    for file in &layout.roots {
        for object in ["", "/security"] {
            let keys = file.value.pointer(object).and_then(Json::as_object).into_iter().flatten();
            let Some((key, _)) = keys.into_iter().find(|(key, _)| nearest(key, [NAME]).is_some())
            else {
                continue;
            };
            let mut field = object.trim_start_matches('/').to_owned();
            push_key(&mut field, key);
            reader.report.error(
                ProblemCode::OriginsUnreadable,
                file.spot(&field),
                "the field is not known, and may mean the allowed origins; no origin is let in"
                    .to_owned(),
                "write `allowed_request_origins`",
            );
            return vec![NO_ORIGIN.to_owned()];
        }
    }
    Vec::new()
}

/// Old apps could be imported together with their secrets.
fn note_import_only_secrets(reader: &mut Reader) {
    if reader.folder.has("secrets.json") {
        reader.report.warn(
            ProblemCode::SecretsFile,
            Spot::file("secrets.json"),
            "this file served imports into the hosted service; it is not read".to_owned(),
            "set each secret with `hookstead secrets set __<service>_<field>`, then remove the \
             file",
        );
    }
}
