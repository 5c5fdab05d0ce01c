//! Inputs of any size for the tests of limits and of cost.

use bson::{
    DateTime, RawArrayBuf, RawBson, RawDocument, RawDocumentBuf,
    raw::{BindRawBsonRef, CString},
    rawdoc,
};
use hookstead_query::{
    Filter, NoCollections, Parameters, Pipeline, Projection, QueryError, Sort, Update,
};

pub(crate) const DOCUMENT: u8 = 3;
pub(crate) const ARRAY: u8 = 4;

pub(crate) fn parameters() -> Parameters {
    Parameters::new(DateTime::from_millis(0), 1)
}

/// `a.a.a`, with so many names.
pub(crate) fn path(names: usize) -> String {
    vec!["a"; names].join(".")
}

/// One field.
pub(crate) fn one(name: &str, value: impl BindRawBsonRef) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    document.append(CString::try_from(name.to_owned()).unwrap(), value);
    document
}

/// So many fields, by their numbers.
pub(crate) fn fields<B: BindRawBsonRef>(
    count: usize,
    field: impl Fn(usize) -> (String, B),
) -> RawDocumentBuf {
    let mut document = RawDocumentBuf::new();
    for number in 0..count {
        let (name, value) = field(number);
        document.append(CString::try_from(name).unwrap(), value);
    }
    document
}

pub(crate) fn list<B: BindRawBsonRef>(count: usize, item: impl Fn(usize) -> B) -> RawArrayBuf {
    (0..count).map(item).collect()
}

/// So many rounds of documents and arrays in one another, around a document. No recursion makes
/// it, so that it may be nested as deep as memory allows.
pub(crate) fn nested(
    rounds: usize,
    round: &[(&str, u8)],
    innermost: &RawDocument,
) -> RawDocumentBuf {
    let wrappers: Vec<(&str, u8)> =
        round.iter().copied().cycle().take(rounds * round.len()).collect();
    let around = |name: &str| 4 + 1 + name.len() + 1 + 1;
    let mut len =
        innermost.as_bytes().len() + wrappers.iter().map(|(name, _)| around(name)).sum::<usize>();
    let mut bytes = Vec::with_capacity(len);
    for (name, kind) in &wrappers {
        bytes.extend(i32::try_from(len).unwrap().to_le_bytes());
        bytes.push(*kind);
        bytes.extend(name.as_bytes());
        bytes.push(0);
        len -= around(name);
    }
    bytes.extend(innermost.as_bytes());
    bytes.resize(bytes.len() + wrappers.len(), 0);
    RawDocumentBuf::from_bytes(bytes).unwrap()
}

/// Reads a filter and puts it to a document.
pub(crate) fn filter(query: &RawDocument, document: &RawDocument) -> Result<(), QueryError> {
    Filter::parse(query, &parameters())?.matches(document).map(drop)
}

/// Reads an expression and computes it for a document.
pub(crate) fn expression(
    value: impl BindRawBsonRef,
    document: &RawDocument,
) -> Result<(), QueryError> {
    filter(&one("$expr", value), document)
}

pub(crate) fn projection(specification: &RawDocument) -> Result<(), QueryError> {
    let filter = Filter::parse(&rawdoc! {"a": 1}, &parameters())?;
    let projection = Projection::parse(specification, &parameters())?;
    projection.apply(&rawdoc! {"a": [1], "k": {"k": 2}}, Some(&filter)).map(drop)
}

pub(crate) fn sort(specification: &RawDocument) -> Result<(), QueryError> {
    Sort::parse(specification)?.append_key(&rawdoc! {"a": 1}, &mut Vec::new())
}

pub(crate) fn update(operators: &RawDocument, document: &RawDocument) -> Result<(), QueryError> {
    Update::operators(operators, &[], &parameters())?.apply(document, None).map(drop)
}

/// Runs a pipeline over some documents.
pub(crate) fn pipeline(
    stages: &[RawDocumentBuf],
    documents: &[RawDocumentBuf],
) -> Result<(), QueryError> {
    let pipeline = Pipeline::parse(stages, &parameters())?;
    let source = Box::new(documents.iter().cloned().map(Ok));
    pipeline.run(source, &NoCollections).try_for_each(|document| document.map(drop))
}

/// Runs a pipeline of one stage over a small document.
pub(crate) fn stage(name: &str, value: impl BindRawBsonRef) -> Result<(), QueryError> {
    pipeline(&[one(name, value)], &[rawdoc! {"a": {"b": 1}, "k": 2}])
}

/// Runs a test on a thread with as much stack as threads of servers have.
pub(crate) fn on_a_thread(test: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(2 << 20).spawn(test).unwrap();
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

pub(crate) fn text(text: impl Into<String>) -> RawBson {
    RawBson::String(text.into())
}
