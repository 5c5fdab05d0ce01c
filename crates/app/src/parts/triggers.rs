//! Triggers, which the hosted service ran by itself.

use serde_json::Value as Json;

use super::{
    Part, PartKind,
    file::{Parts, flag, name_of, text, texts},
};

/// Where the name of the function of a trigger has stood.
const FUNCTION: [&str; 3] =
    ["/event_processors/FUNCTION/config/function_name", "/function_name", "/config/function_name"];

pub(super) fn read(parts: &mut Parts<'_>) {
    for file in parts.json_files("triggers") {
        for trigger in parts.items(&file) {
            parts.add(part(&file, &name_of(&file), &trigger));
        }
    }
}

fn part(file: &str, by_file: &str, trigger: &Json) -> Part {
    let name = Some(text(trigger, "/name")).filter(|name| !name.is_empty()).unwrap_or(by_file);
    let mut part = Part::new(PartKind::Trigger, name, file).active(!flag(trigger, "/disabled"));
    part = match text(trigger, "/type").to_ascii_uppercase().as_str() {
        "SCHEDULED" => part
            .with_fact("type", "scheduled")
            .with_fact("schedule", text(trigger, "/config/schedule")),
        "DATABASE" => of_database(part, trigger),
        "AUTHENTICATION" => of_authentication(part, trigger),
        "" if trigger.is_null() => part.with_fact("", "the file cannot be read"),
        other => part.with_fact("type", &other.to_ascii_lowercase()),
    };
    for pointer in FUNCTION {
        part = part.with_function(text(trigger, pointer));
    }
    part = part.with_function(text(trigger, "/error_handler/config/function_name"));
    if trigger.pointer("/event_processors/AWS_EVENTBRIDGE").is_some() {
        let region = text(trigger, "/event_processors/AWS_EVENTBRIDGE/config/region");
        part = part.with_fact("", "events to AWS EventBridge").with_fact("region", region);
    }
    part
}

fn of_database(part: Part, trigger: &Json) -> Part {
    let config = |key: &str| text(trigger, &format!("/config/{key}"));
    let namespace = [config("database"), config("collection")];
    let namespace: Vec<&str> = namespace.into_iter().filter(|name| !name.is_empty()).collect();
    let operations = texts(trigger, "/config/operation_types");
    part.with_fact("type", "database")
        .with_fact("collection", &namespace.join("."))
        .with_fact("data source", config("service_name"))
        .with_fact("operations", &operations)
}

fn of_authentication(part: Part, trigger: &Json) -> Part {
    let operation = texts(trigger, "/config/operation_type");
    let old = texts(trigger, "/config/action_type");
    let providers = texts(trigger, "/config/providers");
    part.with_fact("type", "authentication")
        .with_fact("operation", if operation.is_empty() { &old } else { &operation })
        .with_fact("providers", &providers)
}
