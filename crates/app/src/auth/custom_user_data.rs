//! Custom user data, and the function for new users (docs/behaviour/users.md#custom-user-data).

use std::collections::BTreeMap;

use super::called;
use crate::{
    CustomUserData, CustomUserDataSource, DataSource, ProblemCode, fields::Fields,
    functions::Functions, json_file::JsonFile, layout::Layout, model::Place, nearest::nearest,
    reader::Reader,
};

const FILE: &str = "auth/custom_user_data.json";
const FIELD: &str = "custom_user_data_config";
const SUBJECT: &str = "custom user data";

/// Reads `auth/custom_user_data.json`, which older layouts keep in the root file.
pub(crate) fn read(
    reader: &mut Reader,
    layout: &Layout,
    functions: &Functions,
    data_sources: &BTreeMap<String, DataSource>,
) -> CustomUserData {
    if reader.folder.has(FILE) {
        let file = reader.json_if_usable(FILE);
        let file = file.filter(|file| file.object(&mut reader.report).is_some());
        return match file {
            Some(file) => read_object(reader, (&file, ""), functions, data_sources),
            // What is wrong with the file has been told.
            None => refused(FILE, "the configuration of custom user data cannot be read"),
        };
    }
    let Some((file, value)) = layout.root_field(&format!("/{FIELD}")) else {
        return CustomUserData::default();
    };
    if !value.is_object() {
        let message = format!("{SUBJECT} is refused: `{FIELD}` is not an object");
        let spot = file.spot(FIELD);
        reader.report.error(ProblemCode::FieldType, spot, message.clone(), "write an object");
        return refused(&file.path, &message);
    }
    read_object(reader, (file, FIELD), functions, data_sources)
}

fn refused(file: &str, reason: &str) -> CustomUserData {
    CustomUserData {
        source: CustomUserDataSource::Refused(reason.to_owned()),
        on_user_creation_function: None,
        declared_in: Some(Place { file: file.to_owned(), field: String::new() }),
    }
}

fn read_object(
    reader: &mut Reader,
    (file, path): (&JsonFile, &str),
    functions: &Functions,
    data_sources: &BTreeMap<String, DataSource>,
) -> CustomUserData {
    let value = if path.is_empty() { Some(&file.value) } else { file.value.get(path) };
    let Some(object) = value.and_then(|value| value.as_object()) else {
        return refused(&file.path, "the configuration of custom user data is not an object");
    };
    let mut fields = Fields::new(file, path, object);
    fields.raw("mongo_service_id");
    let is_enabled = fields.guard_flag("enabled");
    let data_source = fields.filled_text("mongo_service_name");
    let [database, collection, user_id_field] =
        ["database_name", "collection_name", "user_id_field"].map(|key| fields.filled_text(key));
    let on_creation = fields.filled_text("on_user_creation_function_name");
    let creation_spot = fields.spot("on_user_creation_function_name");
    if is_enabled {
        check_source(&mut fields, data_source, data_sources);
        for (key, text) in [
            ("database_name", database),
            ("collection_name", collection),
            ("user_id_field", user_id_field),
        ] {
            if text.is_none() {
                let message = format!("there is no `{key}`");
                fields.doubt(ProblemCode::CustomUserDataSetting, key, message, WHERE_IT_IS);
            }
        }
    }
    let names = (data_source, database, collection, user_id_field);
    let source = match (fields.settle(SUBJECT, &mut reader.report), names) {
        (Some(reason), _) => CustomUserDataSource::Refused(reason),
        (None, (Some(data_source), Some(database), Some(collection), Some(field)))
            if is_enabled =>
        {
            CustomUserDataSource::Collection {
                data_source: data_source.to_owned(),
                database: database.to_owned(),
                collection: collection.to_owned(),
                user_id_field: field.to_owned(),
            }
        }
        (None, _) => CustomUserDataSource::Off,
    };
    if let Some(name) = on_creation {
        let consequence = "there are no new users";
        called::report_lack(reader, functions, (creation_spot, name), consequence);
    }
    CustomUserData {
        source,
        on_user_creation_function: on_creation.map(str::to_owned),
        declared_in: Some(file.place(path)),
    }
}

const WHERE_IT_IS: &str = "write where the documents of users are, or `enabled` as false";

fn check_source(
    fields: &mut Fields<'_>,
    name: Option<&str>,
    data_sources: &BTreeMap<String, DataSource>,
) {
    const KEY: &str = "mongo_service_name";
    let code = ProblemCode::CustomUserDataSetting;
    match name {
        None => {
            fields.doubt(code, KEY, format!("there is no `{KEY}`"), WHERE_IT_IS);
        }
        Some(name) if !data_sources.contains_key(name) => {
            let near = nearest(name, data_sources.keys().map(String::as_str));
            let remedy = near.map_or_else(
                || "add the data source, or write the name of one".to_owned(),
                |near| format!("write `{near}`"),
            );
            let message = format!("the data source `{name}` is not in the export");
            fields.doubt(code, KEY, message, remedy);
        }
        Some(_) => {}
    }
}
