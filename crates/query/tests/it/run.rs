//! Runs what a case asks for, over documents in memory.

use std::collections::BTreeMap;

use bson::{DateTime, RawBson, RawDocument, RawDocumentBuf};
use hookstead_query::{Direction, Distinct, Filter, Parameters, Projection, QueryError, Sort};

use crate::{
    aggregate,
    cases::{Case, Find},
    same::{decode_document, decode_documents, show},
    update,
};

/// 2024-01-02 03:04:05.678, the time in all cases.
const NOW_MS: i64 = 1_704_164_645_678;

/// The documents of a case.
#[derive(Debug)]
pub(crate) struct World {
    /// The contents of the collection.
    pub(crate) documents: Vec<RawDocumentBuf>,
    /// The contents of other collections by their names.
    pub(crate) others: BTreeMap<String, Vec<RawDocumentBuf>>,
    pub(crate) parameters: Parameters,
}

/// What came of it.
#[derive(Debug)]
pub(crate) enum Outcome {
    /// Documents of a find or a pipeline, or values of a distinct.
    List(Vec<RawBson>),
    Count(i32),
    /// `{"matched": 1, "modified": 1, "upserted": false}`, and the documents afterwards.
    Updated {
        result: RawDocumentBuf,
        contents: Vec<RawDocumentBuf>,
    },
}

/// The outcome or the refusal of a query.
pub(crate) type Answer = Result<Outcome, QueryError>;

impl Outcome {
    pub(crate) fn show(&self) -> String {
        match self {
            Self::List(values) => {
                let values: Vec<String> = values.iter().map(show).collect();
                format!("[{}]", values.join(", "))
            }
            Self::Count(count) => count.to_string(),
            Self::Updated { result, .. } => show(&RawBson::Document(result.clone())),
        }
    }
}

/// Runs a case; an error says what is wrong with the case itself.
pub(crate) fn run(case: &Case) -> Result<Answer, String> {
    let world = World {
        documents: decode_documents(&case.documents)?,
        others: case
            .others
            .iter()
            .map(|(name, documents)| Ok((name.clone(), decode_documents(documents)?)))
            .collect::<Result<_, String>>()?,
        parameters: Parameters::new(DateTime::from_millis(NOW_MS), 1),
    };
    let asked = [
        case.find.is_some(),
        case.aggregate.is_some(),
        case.update.is_some(),
        case.count.is_some(),
        case.distinct.is_some(),
    ];
    if asked.into_iter().filter(|is_asked| *is_asked).count() != 1 {
        return Err("it has to ask for one thing".to_owned());
    }
    if let Some(find) = &case.find {
        run_find(&world, find)
    } else if let Some(stages) = &case.aggregate {
        aggregate::run(&world, stages)
    } else if let Some(one) = &case.update {
        update::run(&world, one)
    } else if let Some(count) = &case.count {
        Ok(run_count(&world, &decode_document(&count.filter)?))
    } else if let Some(distinct) = &case.distinct {
        Ok(run_distinct(&world, &distinct.field, &decode_document(&distinct.filter)?))
    } else {
        Err("it asks for nothing".to_owned())
    }
}

fn run_find(world: &World, find: &Find) -> Result<Answer, String> {
    let filter = decode_document(&find.filter)?;
    let sort = find.sort.as_ref().map(decode_document).transpose()?.unwrap_or_default();
    let projection = find.projection.as_ref().map(decode_document).transpose()?;
    Ok(find_documents(world, find, &filter, &sort, projection.as_deref()))
}

fn find_documents(
    world: &World,
    find: &Find,
    filter: &RawDocument,
    sort: &RawDocument,
    projection: Option<&RawDocument>,
) -> Answer {
    let filter = Filter::parse(filter, &world.parameters)?;
    let sort = Sort::parse(sort)?;
    let projection = projection.map(|one| Projection::parse(one, &world.parameters)).transpose()?;
    let mut found = matching(world, &filter)?
        .into_iter()
        .map(|document| {
            let mut key = Vec::new();
            sort.append_key(document, &mut key).map(|()| (key, document))
        })
        .collect::<Result<Vec<_>, _>>()?;
    found.sort_by(|(key, _), (other, _)| key.cmp(other));
    if sort.natural() == Some(Direction::Descending) {
        found.reverse();
    }
    let limit = if find.limit == 0 { usize::MAX } else { find.limit };
    let page = found.into_iter().skip(find.skip).take(limit);
    page.map(|(_, document)| match &projection {
        Some(projection) => projection.apply(document, Some(&filter)).map(RawBson::Document),
        None => Ok(RawBson::Document(document.to_owned())),
    })
    .collect::<Result<_, _>>()
    .map(Outcome::List)
}

fn run_count(world: &World, filter: &RawDocument) -> Answer {
    let filter = Filter::parse(filter, &world.parameters)?;
    let count = matching(world, &filter)?.len();
    Ok(Outcome::Count(i32::try_from(count).unwrap()))
}

fn run_distinct(world: &World, field: &str, filter: &RawDocument) -> Answer {
    let filter = Filter::parse(filter, &world.parameters)?;
    let mut distinct = Distinct::new(field)?;
    for document in matching(world, &filter)? {
        distinct.add(document)?;
    }
    Ok(Outcome::List(distinct.into_values().0))
}

fn matching<'w>(world: &'w World, filter: &Filter) -> Result<Vec<&'w RawDocument>, QueryError> {
    let mut found = Vec::new();
    for document in &world.documents {
        if filter.matches(document)? {
            found.push(&**document);
        }
    }
    Ok(found)
}
