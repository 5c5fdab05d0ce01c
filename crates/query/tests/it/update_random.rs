//! Random updates of random documents: nothing panics, what comes out is whole, an `_id` stays.

use bson::{Bson, DateTime, Document, RawDocumentBuf, bson, doc};
use hookstead_query::{Filter, Parameters, Update, validate};

const ROUNDS: usize = 20_000;

const NAMES: [&str; 5] = ["a", "b", "c", "0", "1"];

const PARTS: [&str; 14] =
    ["a", "a", "b", "b", "c", "c", "0", "1", "12", "$", "$[]", "$[x]", "_id", "$[y]"];

const OPERATORS: [&str; 15] = [
    "$set",
    "$unset",
    "$inc",
    "$mul",
    "$min",
    "$max",
    "$rename",
    "$setOnInsert",
    "$currentDate",
    "$push",
    "$addToSet",
    "$pull",
    "$pullAll",
    "$pop",
    "$bit",
];

/// Numbers that look random and are the same in every run.
struct Dice(u64);

impl Dice {
    /// A number below another one.
    fn roll(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(self.0 >> 33).unwrap() % below
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.roll(words.len())]
    }

    fn value(&mut self, depth: usize) -> Bson {
        match self.roll(if depth == 0 { 11 } else { 15 }) {
            0 => Bson::Int32(1),
            1 => Bson::Int32(i32::MAX),
            2 => Bson::Int64(i64::MIN),
            3 => Bson::Double(-0.0),
            4 => Bson::Double(f64::NAN),
            5 => Bson::Decimal128("1.5".parse().unwrap()),
            6 => Bson::String("x".to_owned()),
            7 => Bson::Null,
            8 => Bson::Boolean(true),
            9 => Bson::DateTime(DateTime::from_millis(5)),
            10 => Bson::Undefined,
            11 | 12 => Bson::Array((0..self.roll(4)).map(|_| self.value(depth - 1)).collect()),
            _ => Bson::Document(self.document(depth - 1)),
        }
    }

    fn document(&mut self, depth: usize) -> Document {
        (0..self.roll(4)).map(|_| (self.pick(&NAMES).to_owned(), self.value(depth))).collect()
    }

    fn path(&mut self) -> String {
        let is_name = self.roll(20) > 0;
        let mut parts = vec![self.pick(if is_name { &NAMES } else { &PARTS })];
        parts.extend((0..self.roll(4)).map(|_| self.pick(&PARTS)));
        parts.join(".")
    }

    fn argument(&mut self, operator: &str) -> Bson {
        match (operator, self.roll(6)) {
            (_, 0) => self.value(2),
            ("$inc" | "$mul", _) => [bson!(3), bson!(2.5), bson!(7_i64)][self.roll(3)].clone(),
            ("$rename", _) => Bson::String(self.path()),
            ("$currentDate", _) => Bson::Boolean(true),
            ("$pop", _) => bson!([1, -1][self.roll(2)]),
            ("$bit", _) => bson!({ "or": 5, "and": 7_i64 }),
            ("$pullAll", _) => bson!([1, "x", null]),
            ("$pull", 1 | 2) => bson!({ "$gte": 1 }),
            ("$push", 1 | 2) => {
                bson!({ "$each": [self.value(1)], "$sort": { "a.b": -1 }, "$slice": -3 })
            }
            ("$push", 3) => bson!({ "$each": [1, 2], "$position": -2, "$sort": 1 }),
            ("$addToSet", 1 | 2) => bson!({ "$each": [1, self.value(1)] }),
            _ => self.value(2),
        }
    }

    fn update(&mut self) -> Document {
        let mut update = Document::new();
        for _ in 0..=self.roll(2) {
            let operator = self.pick(&OPERATORS);
            let mut fields = Document::new();
            for _ in 0..=self.roll(2) {
                fields.insert(self.path(), self.argument(operator));
            }
            update.insert(operator, fields);
        }
        update
    }
}

/// Array filters for the identifiers that an update uses.
fn array_filters(update: &Document) -> Vec<RawDocumentBuf> {
    let all = [("$[x]", doc! { "x": { "$gte": 1 } }), ("$[y]", doc! { "y.a": 1 })];
    let update = update.to_string();
    let used = all.iter().filter(|(identifier, _)| update.contains(identifier));
    used.map(|(_, filter)| raw(filter)).collect()
}

#[test]
fn random_updates_leave_whole_documents_with_the_same_id() {
    let parameters = Parameters::new(DateTime::from_millis(5), 1);
    let empty = Filter::parse(&RawDocumentBuf::new(), &parameters).unwrap();
    let mut dice = Dice(1);
    let (mut applied, mut refused, mut upserted) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let mut document = doc! { "_id": { "a": [1] } };
        document.extend(dice.document(3));
        let document = raw(&document);
        let spec = dice.update();
        let (array_filters, spec) = (array_filters(&spec), raw(&spec));
        let Ok(update) = Update::operators(&spec, &array_filters, &parameters) else { continue };
        let matched_index = [None, Some(0), Some(1)][dice.roll(3)];
        match update.apply(&document, matched_index) {
            Ok(Some(updated)) => {
                check(&updated);
                assert_eq!(updated.get("_id").unwrap(), document.get("_id").unwrap());
                assert_ne!(updated, document);
                applied += 1;
            }
            Ok(None) => {}
            Err(error) => {
                assert!(!error.message.is_empty());
                refused += 1;
            }
        }
        if let Ok(inserted) = update.upsert(&empty, || Bson::Int32(1)) {
            check(&inserted);
            upserted += 1;
        }
    }
    assert!(applied > ROUNDS / 20 && refused > ROUNDS / 20 && upserted > ROUNDS / 20);
}

#[test]
fn what_is_set_can_be_read() {
    let parameters = Parameters::new(DateTime::from_millis(5), 1);
    let mut dice = Dice(2);
    for _ in 0..ROUNDS {
        let document = raw(&dice.document(3));
        let path = dice.path();
        let value = dice.value(2);
        let mut fields = Document::new();
        fields.insert(&path, value.clone());
        let spec = raw(&doc! { "$set": fields });
        if path.contains('$') || path.contains("_id") {
            continue;
        }
        let update = Update::operators(&spec, &[], &parameters).unwrap();
        let Ok(updated) = update.apply(&document, None) else { continue };
        let updated = updated.unwrap_or(document);
        assert_eq!(format!("{:?}", find(&updated, &path)), format!("{:?}", Some(value)));
        assert_eq!(update.apply(&updated, None).unwrap(), None, "setting it again is no change");
    }
}

/// Whole bytes, the `_id` first and no name twice.
fn check(document: &RawDocumentBuf) {
    validate(document).unwrap();
    let names: Vec<&str> = document.iter().map(|field| field.unwrap().0.as_str()).collect();
    assert_eq!(names.first(), Some(&"_id"));
    let mut different = names.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), names.len(), "{names:?}");
}

fn find(document: &RawDocumentBuf, path: &str) -> Option<Bson> {
    let document = Bson::Document(Document::try_from(&**document).unwrap());
    path.split('.').try_fold(document, |value, name| match value {
        Bson::Document(document) => document.get(name).cloned(),
        Bson::Array(array) => array.get(name.parse::<usize>().ok()?).cloned(),
        _ => None,
    })
}

fn raw(document: &Document) -> RawDocumentBuf {
    RawDocumentBuf::try_from(document).unwrap()
}
