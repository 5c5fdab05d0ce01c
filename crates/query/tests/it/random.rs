//! Random documents and queries: nothing panics, and what has to agree agrees.

use bson::{
    Binary, Bson, DateTime, Document, RawDocument, RawDocumentBuf, Regex, Timestamp, bson, doc,
    oid::ObjectId, spec::BinarySubtype,
};
use hookstead_query::{Distinct, Filter, Parameters, Projection, Sort, compare, validate};

const ROUNDS: usize = 4_000;

/// Xorshift: enough to be surprised, and the same every time.
pub(crate) struct Chance(pub(crate) u64);

impl Chance {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 33).unwrap() % end
    }

    pub(crate) fn pick<T: Clone>(&mut self, some: &[T]) -> T {
        some[self.below(some.len())].clone()
    }

    pub(crate) fn scalar(&mut self) -> Bson {
        let regex = |pattern: &str| Regex {
            pattern: pattern.try_into().unwrap(),
            options: "i".try_into().unwrap(),
        };
        self.pick(&[
            Bson::Null,
            Bson::Undefined,
            Bson::MinKey,
            Bson::MaxKey,
            bson!(0),
            bson!(1),
            bson!(-7),
            bson!(1_i64 << 60),
            bson!(1.0),
            bson!(2.5),
            Bson::Double(f64::NAN),
            Bson::Double(f64::INFINITY),
            Bson::Decimal128("1".parse().unwrap()),
            Bson::Decimal128("-1E-6000".parse().unwrap()),
            bson!(true),
            bson!(""),
            bson!("a"),
            bson!("ab\0c"),
            Bson::Symbol("a".to_owned()),
            Bson::DateTime(DateTime::from_millis(-1)),
            Bson::Timestamp(Timestamp { time: 1, increment: 2 }),
            Bson::ObjectId(ObjectId::from_bytes([7; 12])),
            Bson::Binary(Binary { subtype: BinarySubtype::Generic, bytes: vec![3, 200] }),
            Bson::RegularExpression(regex("^a")),
            Bson::JavaScriptCode("f()".to_owned()),
        ])
    }

    pub(crate) fn value(&mut self, depth: usize) -> Bson {
        match self.below(8) {
            0 if depth > 0 => Bson::Document(self.document(depth - 1)),
            1 | 2 if depth > 0 => {
                let length = self.below(4);
                Bson::Array((0..length).map(|_| self.value(depth - 1)).collect())
            }
            _ => self.scalar(),
        }
    }

    pub(crate) fn document(&mut self, depth: usize) -> Document {
        let length = self.below(4);
        (0..length)
            .map(|_| (self.pick(&["a", "b", "c", "0", "1"]).to_owned(), self.value(depth)))
            .collect()
    }

    pub(crate) fn path(&mut self) -> String {
        let length = self.below(3) + 1;
        let names: Vec<&str> = (0..length).map(|_| self.pick(&["a", "b", "c", "0", "1"])).collect();
        names.join(".")
    }

    fn operand(&mut self, depth: usize) -> (&'static str, Bson) {
        let name = self.pick(&[
            "$eq",
            "$ne",
            "$gt",
            "$gte",
            "$lt",
            "$lte",
            "$in",
            "$nin",
            "$all",
            "$size",
            "$exists",
            "$type",
            "$mod",
            "$elemMatch",
            "$not",
            "$regex",
            "$options",
            "$bitsAllSet",
            "$bitsAnyClear",
            "$foo",
        ]);
        let value = match name {
            "$elemMatch" if depth > 0 && self.below(2) == 0 => self.query(depth - 1).into(),
            "$elemMatch" | "$not" if depth > 0 => {
                let (name, value) = self.operand(depth - 1);
                doc! {name: value}.into()
            }
            "$in" | "$nin" | "$all" | "$mod" => {
                let length = self.below(4);
                Bson::Array((0..length).map(|_| self.value(1)).collect())
            }
            "$type" => self.pick(&[bson!("int"), bson!(2), bson!(["number", "null"]), bson!(0)]),
            "$regex" => self.pick(&[bson!("a"), bson!("(?=a)b*"), bson!("["), bson!("$|^")]),
            "$options" => self.pick(&[bson!("i"), bson!("xs"), bson!("g")]),
            _ => self.value(2),
        };
        (name, value)
    }

    pub(crate) fn query(&mut self, depth: usize) -> Document {
        let mut query = Document::new();
        for _ in 0..self.below(3) {
            match self.below(6) {
                0 if depth > 0 => {
                    let name = self.pick(&["$and", "$or", "$nor"]);
                    let length = self.below(3);
                    let parts: Vec<Document> = (0..length).map(|_| self.query(depth - 1)).collect();
                    query.insert(name, parts);
                }
                1 => {
                    query.insert(self.path(), self.value(2));
                }
                _ => {
                    let mut operators = Document::new();
                    for _ in 0..=self.below(2) {
                        let (name, value) = self.operand(depth);
                        operators.insert(name, value);
                    }
                    query.insert(self.path(), operators);
                }
            }
        }
        query
    }
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}

fn parse(query: &Document) -> Option<Filter> {
    let parameters = Parameters::new(DateTime::from_millis(0), 5);
    Filter::parse(&raw(query), &parameters).ok()
}

#[test]
fn filters_do_not_panic_and_agree_with_themselves() {
    let mut chance = Chance(0x1234_5678_9abc_def1);
    let mut matches = 0;
    for _ in 0..ROUNDS {
        let query = chance.query(3);
        let document = raw(&chance.document(3));
        let Some(filter) = parse(&query) else { continue };
        let is_match = filter.matches(&document).unwrap();
        matches += usize::from(is_match);
        let index = filter.matched_index(&document).unwrap();
        assert!(is_match || index.is_none(), "{query} gives an index and no match");
        let negated = parse(&doc! {"$nor": [query.clone()]}).unwrap();
        assert_eq!(negated.matches(&document).unwrap(), !is_match, "$nor of {query}");
        let joined = parse(&doc! {"$and": [query.clone(), {}]}).unwrap();
        assert_eq!(joined.matches(&document).unwrap(), is_match, "$and of {query}");
        assert_eq!(filter.equalities().len(), joined.equalities().len());
    }
    assert!(matches > ROUNDS / 20, "only {matches} matches say something");
}

#[test]
fn operators_agree_with_each_other() {
    let mut chance = Chance(0xfeed_beef_1234_5671);
    for _ in 0..ROUNDS {
        let (path, value) = (chance.path(), chance.value(1));
        let document = raw(&chance.document(3));
        let check = |one: Document, other: Document, is_same: bool| {
            if let (Some(a), Some(b)) = (parse(&doc! {&path: one}), parse(&doc! {&path: other})) {
                let (a, b) = (a.matches(&document).unwrap(), b.matches(&document).unwrap());
                assert_eq!(a == b, is_same, "{path} {value} {document:?}");
            }
        };
        if !matches!(value, Bson::RegularExpression(_)) {
            check(doc! {"$eq": &value}, doc! {"$in": [&value]}, true);
            check(doc! {"$eq": &value}, doc! {"$all": [&value]}, true);
        }
        check(doc! {"$eq": &value}, doc! {"$ne": &value}, false);
        check(doc! {"$in": [&value, 1]}, doc! {"$nin": [&value, 1]}, false);
        check(doc! {"$gt": &value}, doc! {"$not": {"$gt": &value}}, false);
        check(doc! {"$exists": true}, doc! {"$exists": false}, false);
    }
}

#[test]
fn projections_sorts_and_distinct_values_do_not_panic() {
    let mut chance = Chance(0x0bad_cafe_0bad_cafe);
    let parameters = Parameters::new(DateTime::from_millis(0), 5);
    for _ in 0..ROUNDS {
        let document = raw(&chance.document(3));
        let mut specification = Document::new();
        for _ in 0..chance.below(4) {
            let value = match chance.below(5) {
                0 => doc! {"$slice": chance.value(1)}.into(),
                1 => doc! {"$elemMatch": chance.query(1)}.into(),
                2 => chance.value(2),
                _ => chance.pick(&[bson!(0), bson!(1)]),
            };
            let mut path = chance.path();
            if chance.below(8) == 0 {
                path.push_str(".$");
            }
            specification.insert(path, value);
        }
        let filter = parse(&chance.query(2));
        if let Ok(projection) = Projection::parse(&raw(&specification), &parameters)
            && let Ok(projected) = projection.apply(&document, filter.as_ref())
        {
            validate(&projected).unwrap();
        }
        let sort = doc! {chance.path(): 1, chance.path(): -1};
        // Parallel arrays are refused.
        let _ = Sort::parse(&raw(&sort)).unwrap().append_key(&document, &mut Vec::new());
        let mut distinct = Distinct::new(&chance.path()).unwrap();
        distinct.add(&document).unwrap();
        let values = distinct.into_values().0;
        let is_ascending =
            values.is_sorted_by(|a, b| compare(a.as_raw_bson_ref(), b.as_raw_bson_ref()).is_lt());
        assert!(is_ascending, "{values:?}");
    }
}

#[test]
fn broken_bytes_do_not_panic() {
    let mut chance = Chance(0x5151_5151_7777_7777);
    let sort = Sort::parse(&raw(&doc! {"a.b": 1, "c": -1})).unwrap();
    for _ in 0..ROUNDS {
        let mut bytes = raw(&chance.document(3)).into_bytes();
        for _ in 0..=chance.below(3) {
            let place = chance.below(bytes.len());
            bytes[place] = u8::try_from(chance.below(256)).unwrap();
        }
        let Ok(document) = RawDocument::from_bytes(&bytes) else { continue };
        let _ = validate(document);
        if let Some(filter) = parse(&chance.query(2)) {
            let _ = filter.matches(document);
        }
        let _ = sort.append_key(document, &mut Vec::new());
        let _ = Distinct::new("a.b").unwrap().add(document);
    }
}
