//! `$out` and `$merge`, from BSON.

use bson::{Bson, RawArray, RawBsonRef, RawDocument, RawDocumentBuf, rawdoc};

use crate::{
    MongoCode, Parameters, QueryError,
    aggregate::{
        arguments::{Arguments, stage_options},
        computed::Computed,
        context::{Context, Place},
        documents::{Collections, Documents},
        output::{Output, WhenMatched, WhenNotMatched},
        raw::malformed,
        stage::{Operation, Stage},
    },
    expression::{check_user_variable, type_name},
    named::Seen,
};

/// Parses `$out`.
pub(in crate::aggregate) fn parse_out(
    value: RawBsonRef<'_>,
    _context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let (database, collection) = match value {
        RawBsonRef::String(collection) => (None, collection.to_owned()),
        RawBsonRef::Document(document) => {
            let known = stage_options("$out", &["db", "coll", "timeseries"]);
            let arguments = Arguments::parse(document, &known)?;
            if arguments.get("timeseries").is_some() {
                return Err(QueryError::not_supported("$out to a time series collection"));
            }
            arguments.required("db")?;
            arguments.required("coll")?;
            let database = arguments.text("db")?.map(str::to_owned);
            (database, arguments.text("coll")?.unwrap_or_default().to_owned())
        }
        other => {
            let text = format!(
                "$out only supports a string or object argument, but found {}",
                type_name(Some(other))
            );
            return Err(QueryError::new(MongoCode::OUT_NOT_OBJECT, text));
        }
    };
    check_names(database.as_deref(), &collection)?;
    Ok(vec![Stage::Other(Box::new(Writes(Output::Replace { database, collection })))])
}

/// Parses `$merge`.
pub(in crate::aggregate) fn parse_merge(
    value: RawBsonRef<'_>,
    context: Context<'_>,
) -> Result<Vec<Stage>, QueryError> {
    let output = match value {
        RawBsonRef::String(collection) => Output::Merge {
            database: None,
            collection: collection.to_owned(),
            on: vec!["_id".to_owned()],
            variables: rawdoc! { "new": "$$ROOT" },
            when_matched: WhenMatched::Merge,
            when_not_matched: WhenNotMatched::Insert,
        },
        RawBsonRef::Document(document) => parse_options(document, context)?,
        other => {
            let found = type_name(Some(other));
            let text = format!("$merge requires a string or object argument, but found {found}");
            return Err(QueryError::new(MongoCode::MERGE_NOT_STRING_OR_OBJECT, text));
        }
    };
    if let Output::Merge { database, collection, .. } = &output {
        check_names(database.as_deref(), collection)?;
    }
    Ok(vec![Stage::Other(Box::new(Writes(output)))])
}

/// Takes the output off the end of a pipeline.
pub(in crate::aggregate) fn take(stages: &mut Vec<Stage>) -> Option<Output> {
    let output = match stages.last() {
        Some(Stage::Other(operation)) => operation.output()?.clone(),
        _ => return None,
    };
    stages.pop();
    Some(output)
}

/// Stands in a pipeline only while that is parsed.
struct Writes(Output);

impl Operation for Writes {
    fn run<'a>(&'a self, source: Documents<'a>, _: &'a dyn Collections) -> Documents<'a> {
        source
    }

    fn output(&self) -> Option<&Output> {
        Some(&self.0)
    }
}

fn parse_options(document: &RawDocument, context: Context<'_>) -> Result<Output, QueryError> {
    let names = ["into", "on", "let", "whenMatched", "whenNotMatched"];
    let arguments = Arguments::parse(document, &stage_options("$merge", &names))?;
    let (database, collection) = parse_into(arguments.required("into")?)?;
    let given = arguments.document("let")?;
    let variables = parse_let(given, context.parameters)?;
    let when_matched = match arguments.get("whenMatched") {
        None | Some(RawBsonRef::String("merge")) => WhenMatched::Merge,
        Some(RawBsonRef::String("replace")) => WhenMatched::Replace,
        Some(RawBsonRef::String("keepExisting")) => WhenMatched::KeepExisting,
        Some(RawBsonRef::String("fail")) => WhenMatched::Fail,
        Some(RawBsonRef::String(other)) => return Err(not_valid("whenMatched", other)),
        Some(RawBsonRef::Array(stages)) => {
            WhenMatched::Pipeline(parse_stages(stages, &variables, context)?)
        }
        Some(other) => {
            let found = type_name(Some(other));
            let text = format!("$merge 'whenMatched' must be string or array, but found {found}");
            return Err(QueryError::new(MongoCode::WHEN_MATCHED_NOT_STRING_OR_ARRAY, text));
        }
    };
    let when_not_matched = match arguments.text("whenNotMatched")? {
        None | Some("insert") => WhenNotMatched::Insert,
        Some("discard") => WhenNotMatched::Discard,
        Some("fail") => WhenNotMatched::Fail,
        Some(other) => return Err(not_valid("whenNotMatched", other)),
    };
    if given.is_some() && !matches!(when_matched, WhenMatched::Pipeline(_)) {
        let text = "Cannot use 'let' variables with 'whenMatched' mode other than a pipeline";
        return Err(QueryError::new(MongoCode::MERGE_LET_WITHOUT_PIPELINE, text));
    }
    let on = match arguments.get("on") {
        None => vec!["_id".to_owned()],
        Some(on) => parse_on(on)?,
    };
    Ok(Output::Merge { database, collection, on, variables, when_matched, when_not_matched })
}

fn parse_into(into: RawBsonRef<'_>) -> Result<(Option<String>, String), QueryError> {
    match into {
        RawBsonRef::String(collection) => Ok((None, collection.to_owned())),
        RawBsonRef::Document(document) => {
            let known = stage_options("into", &["db", "coll"]);
            let arguments = Arguments::parse(document, &known)?;
            arguments.required("coll")?;
            let collection = arguments.text("coll")?.unwrap_or_default().to_owned();
            Ok((arguments.text("db")?.map(str::to_owned), collection))
        }
        other => {
            let found = type_name(Some(other));
            let text = format!(
                "$merge 'into' field  must be either a string or an object, but found {found}"
            );
            Err(QueryError::new(MongoCode::MERGE_INTO_NOT_STRING_OR_OBJECT, text))
        }
    }
}

fn parse_on(on: RawBsonRef<'_>) -> Result<Vec<String>, QueryError> {
    let fields: Vec<String> = match on {
        RawBsonRef::String(field) => vec![field.to_owned()],
        RawBsonRef::Array(array) => array
            .into_iter()
            .map(|item| match item.map_err(|_| malformed())? {
                RawBsonRef::String(field) => Ok(field.to_owned()),
                other => {
                    let found = type_name(Some(other));
                    let text =
                        format!("$merge 'on' array elements must be strings, but found {found}");
                    Err(QueryError::new(MongoCode::MERGE_ON_ELEMENT_NOT_STRING, text))
                }
            })
            .collect::<Result<_, _>>()?,
        other => {
            let found = type_name(Some(other));
            let text = format!(
                "$merge: 'on' must be a string or an array of strings, and has the type {found}"
            );
            return Err(QueryError::new(MongoCode::MERGE_ON_NOT_STRING_OR_ARRAY, text));
        }
    };
    if fields.is_empty() {
        let text = "$merge: 'on' must name a field";
        return Err(QueryError::new(MongoCode::MERGE_ON_EMPTY, text));
    }
    let mut seen = Seen::default();
    for field in &fields {
        crate::aggregate::path::Path::parse(field)?;
        if !seen.insert(field) {
            let text = format!("$merge: 'on' names the field '{field}' twice");
            return Err(QueryError::new(MongoCode::MERGE_ON_TWICE, text));
        }
    }
    Ok(fields)
}

/// The variables, among which `new` always is the new document.
fn parse_let(
    given: Option<&RawDocument>,
    parameters: &Parameters,
) -> Result<RawDocumentBuf, QueryError> {
    let mut variables = rawdoc! { "new": "$$ROOT" };
    for field in given.into_iter().flatten() {
        let (name, value) = field.map_err(|_| malformed())?;
        if name.as_str() != "new" {
            check_user_variable(name.as_str())?;
            Computed::parse(value, parameters)?;
            variables.append(name, value);
        } else if value != RawBsonRef::String("$$ROOT") {
            let text = "'let' may not define a value for the reserved 'new' variable other than \
                        '$$ROOT'";
            return Err(QueryError::new(MongoCode::MERGE_LET_DEFINES_NEW, text));
        }
    }
    Ok(variables)
}

/// Checks the stages, with variables whose values are not known yet.
fn parse_stages(
    stages: &RawArray,
    variables: &RawDocument,
    context: Context<'_>,
) -> Result<Vec<RawDocumentBuf>, QueryError> {
    let stage = |stage| match stage {
        Ok(RawBsonRef::Document(stage)) => Ok(stage.to_owned()),
        _ => {
            let text = "Each element of the 'pipeline' array must be an object";
            Err(QueryError::new(MongoCode::TYPE_MISMATCH, text))
        }
    };
    let stages: Vec<RawDocumentBuf> = stages.into_iter().map(stage).collect::<Result<_, _>>()?;
    let mut parameters = context.parameters.clone();
    for (name, _) in variables.iter().flatten() {
        parameters.variables.set(name.as_str(), Bson::Undefined)?;
    }
    let update = Context {
        parameters: &parameters,
        place: Place::Update,
        depth: 0,
        stages_around: 0,
        index: 0,
        ..context
    };
    update.parse_pipeline(&stages.iter().map(|stage| &**stage).collect::<Vec<_>>())?;
    Ok(stages)
}

fn not_valid(name: &str, value: &str) -> QueryError {
    let text =
        format!("Enumeration value '{value}' for field '$merge.{name}' is not a valid value.");
    QueryError::bad_value(text)
}

fn check_names(database: Option<&str>, collection: &str) -> Result<(), QueryError> {
    let refused = |text: String| Err(QueryError::new(MongoCode::INVALID_NAMESPACE, text));
    if let Some(database) = database
        && (database.is_empty() || database.contains(['/', '\\', '.', ' ', '"', '$', '\0']))
    {
        return refused(format!("Invalid namespace specified '{database}.{collection}'"));
    }
    if collection.is_empty() || collection.starts_with('.') || collection.contains(['$', '\0']) {
        return refused(format!("Invalid collection name: {collection}"));
    }
    if collection.starts_with("system.") {
        return refused(format!(
            "$merge and $out cannot write to the system collection {collection}"
        ));
    }
    Ok(())
}
