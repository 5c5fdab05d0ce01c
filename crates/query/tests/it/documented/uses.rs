//! Which operators the cases use, and where: those of cases that do not fail.

use serde_json::{Map, Value};

use super::{Place, Uses};
use crate::cases::{Case, files};

pub(super) fn uses() -> Uses {
    let mut uses = Uses::new();
    for case in files().into_values().flatten().map(Result::unwrap) {
        if !case.is_refused() {
            of_case(&case, &mut uses);
        }
    }
    uses
}

fn of_case(case: &Case, uses: &mut Uses) {
    if let Some(find) = &case.find {
        of_filter(&find.filter, uses);
        find.projection.iter().for_each(|projection| of_projection(projection, uses));
    }
    if let Some(update) = &case.update {
        of_filter(&update.filter, uses);
        update.array_filters.iter().for_each(|filter| of_filter(filter, uses));
        match &update.update {
            Some(Value::Array(stages)) => of_stages(stages, uses),
            Some(Value::Object(operators)) => of_update(operators, uses),
            _ => {}
        }
    }
    case.aggregate.iter().for_each(|stages| of_stages(stages, uses));
    case.count.iter().for_each(|count| of_filter(&count.filter, uses));
    case.distinct.iter().for_each(|distinct| of_filter(&distinct.filter, uses));
}

/// All names within, wherever they stand.
fn of_all(place: Place, value: &Value, uses: &mut Uses) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| of_all(place, item, uses)),
        Value::Object(fields) => {
            for (name, value) in fields {
                if name.starts_with('$') {
                    uses.insert((place, name.clone()));
                }
                of_all(place, value, uses);
            }
        }
        _ => {}
    }
}

fn of_expression(value: &Value, uses: &mut Uses) {
    of_all(Place::Expression, value, uses);
    of_variables(value, uses);
}

fn of_variables(value: &Value, uses: &mut Uses) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| of_variables(item, uses)),
        Value::Object(fields) => fields.values().for_each(|value| of_variables(value, uses)),
        Value::String(text) if text.starts_with("$$") => {
            let name = text.split('.').next().unwrap_or_default();
            uses.insert((Place::Variable, name.to_owned()));
        }
        _ => {}
    }
}

fn of_filter(filter: &Value, uses: &mut Uses) {
    of_all(Place::Query, filter, uses);
    if let Some(expression) = filter.get("$expr") {
        of_expression(expression, uses);
    }
}

fn of_projection(projection: &Value, uses: &mut Uses) {
    for (path, value) in projection.as_object().into_iter().flatten() {
        if path.ends_with(".$") {
            uses.insert((Place::Projection, "$".to_owned()));
        }
        let operator = value.as_object().and_then(|value| value.keys().next());
        match operator.map(String::as_str) {
            Some(name @ ("$slice" | "$elemMatch")) => {
                uses.insert((Place::Projection, name.to_owned()));
            }
            _ => of_expression(value, uses),
        }
    }
}

fn of_update(operators: &Map<String, Value>, uses: &mut Uses) {
    for (operator, fields) in operators {
        uses.insert((Place::Update, operator.clone()));
        for (path, argument) in fields.as_object().into_iter().flatten() {
            if matches!(operator.as_str(), "$push" | "$addToSet") {
                of_all(Place::Modifier, argument, uses);
            }
            for part in path.split('.').filter(|part| part.starts_with('$')) {
                let position = match part {
                    "$" | "$[]" => part,
                    _ => "$[<identifier>]",
                };
                uses.insert((Place::Position, position.to_owned()));
            }
        }
    }
}

fn of_stages(stages: &[Value], uses: &mut Uses) {
    for (name, value) in stages.iter().filter_map(Value::as_object).flatten() {
        uses.insert((Place::Stage, name.clone()));
        match name.as_str() {
            "$match" => of_filter(value, uses),
            "$facet" => {
                let pipelines = value.as_object().into_iter().flat_map(Map::values);
                pipelines.filter_map(Value::as_array).for_each(|stages| of_stages(stages, uses));
            }
            "$group" => of_fields(Place::Accumulator, value, uses),
            "$bucket" | "$bucketAuto" => {
                value.get("groupBy").iter().for_each(|by| of_expression(by, uses));
                value.get("output").iter().for_each(|o| of_fields(Place::Accumulator, o, uses));
            }
            "$setWindowFields" => {
                value.get("partitionBy").iter().for_each(|by| of_expression(by, uses));
                value.get("output").iter().for_each(|o| of_fields(Place::Window, o, uses));
            }
            "$lookup" | "$unionWith" => {
                let stages = value.get("pipeline").and_then(Value::as_array);
                stages.iter().for_each(|stages| of_stages(stages, uses));
            }
            _ => of_expression(value, uses),
        }
    }
}

/// Fields, each with one operator that has a place of its own and takes an expression.
fn of_fields(place: Place, fields: &Value, uses: &mut Uses) {
    for (field, value) in fields.as_object().into_iter().flatten() {
        match value.as_object() {
            Some(operators) if field != "_id" => {
                for (name, value) in operators {
                    uses.insert((place, name.clone()));
                    of_expression(value, uses);
                }
            }
            _ => of_expression(value, uses),
        }
    }
}
