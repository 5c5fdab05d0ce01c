//! What filters say beside yes and no.

use bson::{Bson, DateTime, Document, RawDocumentBuf, bson, doc};
use hookstead_query::{
    Bound, DEPTH_MAX, Filter, MongoCode, Parameters, QueryError, Side, validate,
};

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

fn try_parse(query: &Document) -> Result<Filter, QueryError> {
    Filter::parse(&raw(query), &Parameters::new(DateTime::from_millis(0), 7))
}

fn parse(query: Document) -> Filter {
    try_parse(&query).unwrap()
}

#[track_caller]
fn check_index(query: Document, document: Document, expected: Option<usize>) {
    let filter = parse(query.clone());
    assert_eq!(filter.matched_index(&raw(&document)).unwrap(), expected, "{query} on {document}");
}

#[test]
fn the_index_is_where_an_array_matched() {
    check_index(doc! {"a": 3}, doc! {"a": [1, 3]}, Some(1));
    check_index(doc! {"a": [1, 3]}, doc! {"a": [1, 3]}, None);
    check_index(doc! {"a": {"$gt": 1}}, doc! {"a": [1, 3]}, Some(1));
    check_index(doc! {"a.b": 2}, doc! {"a": [{"b": 1}, {"b": 2}]}, Some(1));
    check_index(doc! {"a": {"$elemMatch": {"b": 2}}}, doc! {"a": [{"b": 1}, {"b": 2}]}, Some(1));
    check_index(doc! {"a": {"$elemMatch": {"$gt": 1}}}, doc! {"a": [1, 3]}, Some(1));
    check_index(doc! {"a": {"$in": [3]}}, doc! {"a": [1, 3]}, Some(1));
    check_index(doc! {"a": 9}, doc! {"a": [1, 3]}, None);
    check_index(doc! {"a": 1}, doc! {"a": 1}, None);
}

#[test]
fn the_outermost_array_counts() {
    let document = doc! {"a": [{"b": [5]}, {"b": [1, 2]}]};
    check_index(doc! {"a.b": 2}, document.clone(), Some(1));
    check_index(doc! {"a.1.b": 2}, document.clone(), Some(1));
    check_index(doc! {"a.b": {"$elemMatch": {"$eq": 2}}}, document, Some(1));
}

#[test]
fn the_last_array_of_a_query_counts() {
    let document = doc! {"a": [1, 2], "b": [7, 8, 9]};
    check_index(doc! {"a": 2, "b": 9}, document.clone(), Some(2));
    check_index(doc! {"b": 9, "a": 2}, document.clone(), Some(1));
    check_index(doc! {"a": 2, "b": {"$ne": 1}}, document.clone(), Some(1));
    check_index(doc! {"$or": [{"a": 9}, {"b": 8}]}, document.clone(), Some(1));
    check_index(doc! {"a": 2, "b": 1}, document, None);
}

#[track_caller]
fn check_equalities(query: Document, expected: &[(&str, Bson)]) {
    let filter = parse(query);
    let found: Vec<(&str, Bson)> = filter
        .equalities()
        .into_iter()
        .map(|(path, value)| (path, value.try_into().unwrap()))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn equalities_are_what_an_upsert_takes_over() {
    check_equalities(doc! {"a": 1, "b.c": "x"}, &[("a", bson!(1)), ("b.c", bson!("x"))]);
    check_equalities(doc! {"a": {"$eq": 1}}, &[("a", bson!(1))]);
    check_equalities(
        doc! {"$and": [{"a": 1}, {"$and": [{"b": 2}]}]},
        &[("a", bson!(1)), ("b", bson!(2))],
    );
    check_equalities(doc! {"$or": [{"a": 1}]}, &[("a", bson!(1))]);
    check_equalities(doc! {"$or": [{"a": 1}, {"b": 1}]}, &[]);
    check_equalities(doc! {"a": {"$in": [1]}}, &[("a", bson!(1))]);
    check_equalities(doc! {"a": {"$in": [1, 2]}}, &[]);
    check_equalities(doc! {"a": {"$all": [1]}}, &[("a", bson!(1))]);
    check_equalities(doc! {"a": {"$all": [1, 2]}}, &[("a", bson!(1)), ("a", bson!(2))]);
    check_equalities(doc! {"a": {"$gt": 1, "$ne": 3}, "b": {"$not": {"$eq": 1}}}, &[]);
    check_equalities(doc! {"a": {"$elemMatch": {"b": 1}}}, &[]);
    check_equalities(doc! {"$nor": [{"a": 1}], "b": null}, &[("b", Bson::Null)]);
    check_equalities(doc! {"a": {"b": 1}}, &[("a", bson!({"b": 1}))]);
}

#[test]
fn bounds_are_what_an_index_can_answer() {
    let filter = parse(doc! {"a": {"$gt": 1, "$lte": 9}, "b": {"$in": [2, 1, 1.0]}, "c": 5});
    let found = filter.bounds();
    let range = |side, inclusive, value: i32| Bound::Range { side, inclusive, value: value.into() };
    assert_eq!(found.len(), 4);
    assert_eq!(found[0], ("a", range(Side::Above, false, 1)));
    assert_eq!(found[1], ("a", range(Side::Below, true, 9)));
    let Bound::In(values) = found[2].1 else { panic!("{:?}", found[2]) };
    assert_eq!(values, [1.into(), 2.into()]);
    assert_eq!(found[3], ("c", Bound::Equal(5_i32.into())));
    assert!(parse(doc! {"$or": [{"a": 1}, {"b": 1}]}).bounds().is_empty());
}

#[test]
fn a_sample_is_a_share_of_the_documents() {
    let filter = parse(doc! {"$sampleRate": 0.25});
    let documents: Vec<RawDocumentBuf> = (0..4_000).map(|id| raw(&doc! {"_id": id})).collect();
    let count = documents.iter().filter(|one| filter.matches(one).unwrap()).count();
    assert!((850..1150).contains(&count), "{count} of 4000");
    let again = documents.iter().filter(|one| filter.matches(one).unwrap()).count();
    assert_eq!(count, again);
}

#[test]
fn queries_have_a_depth() {
    let nest = |depth: usize| (0..depth).fold(doc! {"a": 1}, |inner, _| doc! {"$and": [inner]});
    assert!(try_parse(&nest(40)).is_ok());
    assert_eq!(try_parse(&nest(120)).unwrap_err().code.number(), 15);
    let not = |depth: usize| {
        let inner = (0..depth).fold(doc! {"$gt": 1}, |inner, _| doc! {"$not": inner});
        doc! {"a": inner}
    };
    assert!(try_parse(&not(90)).is_ok());
    assert_eq!(try_parse(&not(110)).unwrap_err().code, MongoCode::BAD_VALUE);
}

#[test]
fn documents_have_a_depth() {
    let nest = |depth: usize| (1..depth).fold(doc! {}, |inner, _| doc! {"a": inner});
    assert!(validate(&raw(&nest(DEPTH_MAX))).is_ok());
    assert!(validate(&raw(&nest(DEPTH_MAX + 1))).is_err());
}

#[test]
fn filters_go_to_other_threads() {
    fn check<T: Send + Sync>() {}
    check::<Filter>();
    check::<hookstead_query::Projection>();
}
