//! What pipelines of functions must not hold (docs/behaviour/databases.md#pipelines).

use bson::{RawBsonRef, RawDocument, RawDocumentBuf};
use hookstead_isolate::Thrown;

use super::spec::refusal;

/// Stages that tell what others do on the server.
const FORBIDDEN: [&str; 2] = ["$currentOp", "$indexStats"];

/// Refuses stages that no function may use, also in the pipelines within stages.
///
/// # Errors
/// There is such a stage.
pub(super) fn check(pipeline: &[RawDocumentBuf]) -> Result<(), Thrown> {
    pipeline.iter().try_for_each(|stage| check_stage(stage))
}

fn check_stage(stage: &RawDocument) -> Result<(), Thrown> {
    for (name, value) in stage.iter().map_while(Result::ok) {
        if FORBIDDEN.contains(&name.as_str()) {
            return Err(refusal(format!("{name} is not available in functions")));
        }
        let RawBsonRef::Document(specification) = value else { continue };
        for (field, value) in specification.iter().map_while(Result::ok) {
            if let RawBsonRef::Array(stages) = value
                && (field == "pipeline" || name == "$facet")
            {
                check_list(stages)?;
            }
        }
    }
    Ok(())
}

fn check_list(stages: &bson::RawArray) -> Result<(), Thrown> {
    stages
        .into_iter()
        .map_while(Result::ok)
        .filter_map(RawBsonRef::as_document)
        .try_for_each(check_stage)
}
