//! Which documents need to be looked at for a filter, and whether they come in the wanted order.
//!
//! What is found here is a superset: the filter is checked on every candidate. So what an index
//! cannot tell is left out, and equalities, `$in` and ranges of single fields count.

pub(crate) mod access;
pub(crate) mod sorting;

use std::{collections::HashMap, sync::atomic::Ordering};

use bson::RawBsonRef;
use hookstead_query::{Bound, Direction, Filter, Side, Sort, append_key};

use crate::embedded::{
    catalogue::{Collection, Index, IndexField},
    plan::access::{Access, Range, Ranges, after},
};

/// More points than this are not multiplied with those of a further field.
const POINTS_MAX: usize = 1_000;

/// How a collection is gone through.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) access: Access,
    /// Whether the candidates come in the order that was asked for.
    pub(crate) is_sorted: bool,
}

/// What a filter demands of a field at least.
#[derive(Debug, Default, Clone)]
struct Demand {
    /// The keys of its only possible values.
    points: Option<Vec<Vec<u8>>>,
    low: Option<Vec<u8>>,
    high: Option<Vec<u8>>,
}

/// Fields and directions of a sort.
type Order<'a> = Vec<(&'a str, bool)>;

/// The best plan for a filter and an order.
pub(crate) fn plan(collection: Option<&Collection>, filter: &Filter, sort: Option<&Sort>) -> Plan {
    let demands = demands(filter);
    if let Some(direction) = sort.and_then(Sort::natural) {
        let access = match direction {
            Direction::Ascending => Access::Rows,
            Direction::Descending => Access::RowsBackwards,
        };
        return Plan { access, is_sorted: true };
    }
    let order = sort.filter(|sort| !sort.is_empty()).map(order_of);
    let unsorted = |access| Plan { access, is_sorted: order.is_none() };
    if let Some(access) = demands.get("_id").and_then(by_id) {
        return unsorted(access);
    }
    let indexes = collection.map(|collection| collection.indexes.as_slice()).unwrap_or_default();
    let candidates = indexes.iter().filter_map(|index| {
        let (mut ranges, mut score) = index_ranges(index, &demands)?;
        let direction = order.as_ref().and_then(|order| direction_behind(index, order, score));
        ranges.reversed = direction == Some(true);
        score.is_sorted = direction.is_some() && (score.points == 0 || ranges.ranges.len() < 2);
        Some((index.id, ranges, score))
    });
    if let Some((index, ranges, score)) = candidates.max_by_key(|(_, _, score)| *score) {
        let plan = unsorted(Access::Index(index, ranges));
        return Plan { is_sorted: plan.is_sorted || score.is_sorted, ..plan };
    }
    sorted_scan(indexes, order.as_ref(), demands.get("_id"))
        .or_else(|| Some(unsorted(Access::Ids(ranges_of_id(demands.get("_id")?)?))))
        .unwrap_or_else(|| unsorted(Access::Rows))
}

/// How much of a filter an index answers: compared field by field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Score {
    /// Fields of which each value is known.
    points: usize,
    /// All of them, and the index is unique.
    is_unique: bool,
    /// Ends of a range of the next field.
    ends: usize,
    /// Whether the documents come in the wanted order.
    is_sorted: bool,
}

fn by_id(demand: &Demand) -> Option<Access> {
    let points = demand.points.as_ref()?;
    if let [point] = points.as_slice() {
        return Some(Access::Id(point.clone()));
    }
    let ranges = points.iter().cloned().map(Range::of_prefix).collect();
    Some(Access::Ids(Ranges { ranges, reversed: false, are_points: true }))
}

fn ranges_of_id(demand: &Demand) -> Option<Ranges> {
    let range = demand.range()?;
    Some(Ranges { ranges: vec![range], reversed: false, are_points: false })
}

/// All documents in an order that `_id` or an index has.
fn sorted_scan(indexes: &[Index], order: Option<&Order<'_>>, id: Option<&Demand>) -> Option<Plan> {
    let order = order?;
    if let [("_id", ascending)] = order.as_slice() {
        let range = id.and_then(Demand::range).unwrap_or_else(Range::all);
        let ranges = Ranges { ranges: vec![range], reversed: !ascending, are_points: false };
        return Some(Plan { access: Access::Ids(ranges), is_sorted: true });
    }
    let whole = indexes.iter().filter(|index| !index.sparse);
    let mut fitting = whole.filter_map(|index| Some((index.id, direction_in(index, order, 0)?)));
    let (id, reversed) = fitting.next()?;
    let ranges = Ranges { ranges: vec![Range::all()], reversed, are_points: false };
    Some(Plan { access: Access::Index(id, ranges), is_sorted: true })
}

/// The same behind the fields that have one value each, which no order cares for.
fn direction_behind(index: &Index, order: &Order<'_>, score: Score) -> Option<bool> {
    let is_fixed = |path: &str| index.fields.iter().take(score.points).any(|one| one.path == path);
    let order: Order<'_> = order.iter().copied().filter(|(path, _)| !is_fixed(path)).collect();
    if order.is_empty() && !index.multikey.load(Ordering::Relaxed) {
        return Some(false);
    }
    direction_in(index, &order, score.points)
}

/// Whether an index has documents in an order behind its first fields, and if so, whether it must
/// be read backwards.
fn direction_in(index: &Index, order: &Order<'_>, behind: usize) -> Option<bool> {
    let fields = index.fields.get(behind..)?;
    if index.multikey.load(Ordering::Relaxed) || order.is_empty() || fields.len() < order.len() {
        return None;
    }
    let mut reversed = None;
    for ((path, ascending), field) in order.iter().zip(fields) {
        let turned = *ascending != field.ascending;
        if field.path != *path || *reversed.get_or_insert(turned) != turned {
            return None;
        }
    }
    reversed
}

/// Fields, and whether they ascend.
fn order_of(sort: &Sort) -> Order<'_> {
    sort.fields().map(|(path, direction)| (path, direction == Direction::Ascending)).collect()
}

/// The ranges of an index that a filter leads to.
fn index_ranges(index: &Index, demands: &HashMap<&str, Demand>) -> Option<(Ranges, Score)> {
    let multikey = index.multikey.load(Ordering::Relaxed);
    let mut prefixes = vec![Vec::new()];
    let mut score = Score { points: 0, is_unique: false, ends: 0, is_sorted: false };
    let mut ranges = None;
    for field in &index.fields {
        let Some(demand) = demands.get(field.path.as_str()) else { break };
        let points = demand
            .points
            .as_deref()
            .filter(|points| score.points == 0 || points.len() * prefixes.len() <= POINTS_MAX);
        if let Some(points) = points {
            prefixes = multiply(&prefixes, points, field);
            score.points += 1;
        } else {
            (ranges, score.ends) = behind_all(&prefixes, &demand.for_keys(multikey), field)?;
            break;
        }
        // Several fields may have been met by several items of an array.
        if multikey {
            break;
        }
    }
    if score.points == 0 && score.ends == 0 {
        return None;
    }
    score.is_unique = index.unique && score.points == index.fields.len();
    let mut ranges: Vec<Range> =
        ranges.unwrap_or_else(|| prefixes.into_iter().map(Range::of_prefix).collect());
    ranges.retain(|range| !range.is_empty());
    ranges.sort();
    ranges.dedup();
    let are_points = score.points == index.fields.len();
    Some((Ranges { ranges, reversed: false, are_points }, score))
}

type RangesAndEnds = (Option<Vec<Range>>, usize);

fn behind_all(prefixes: &[Vec<u8>], demand: &Demand, field: &IndexField) -> Option<RangesAndEnds> {
    let Some(range) = demand.range() else { return Some((None, 0)) };
    let range = if field.ascending { range } else { range.turned_over() };
    let ends = usize::from(demand.low.is_some()) + usize::from(demand.high.is_some());
    Some((Some(prefixes.iter().map(|prefix| range.behind(prefix)).collect()), ends))
}

fn multiply(prefixes: &[Vec<u8>], points: &[Vec<u8>], field: &IndexField) -> Vec<Vec<u8>> {
    let turn = |byte: &u8| if field.ascending { *byte } else { !*byte };
    let joined = prefixes.iter().flat_map(|prefix| {
        points.iter().map(|point| prefix.iter().copied().chain(point.iter().map(turn)).collect())
    });
    joined.collect()
}

impl Demand {
    /// What holds of a single value. Of several values of an array, one may meet one end and
    /// another one the other end.
    fn for_keys(&self, multikey: bool) -> Self {
        let mut demand = self.clone();
        if multikey && demand.low.is_some() {
            demand.high = None;
        }
        demand
    }

    /// The range between the ends. Where one is missing, values of the same type count.
    fn range(&self) -> Option<Range> {
        let type_of = |key: &Vec<u8>| key.get(..1).map(<[u8]>::to_vec);
        let low = self.low.clone().or_else(|| type_of(self.high.as_ref()?))?;
        let high = self.high.clone().or_else(|| Some(after(&type_of(&low)?)))?;
        Some(Range { low, high })
    }

    fn point(&mut self, points: Vec<Vec<u8>>) {
        if self.points.as_ref().is_none_or(|known| known.len() > points.len()) {
            self.points = Some(points);
        }
    }

    fn end(&mut self, side: Side, inclusive: bool, key: Vec<u8>) {
        match side {
            Side::Above => {
                let low = if inclusive { key } else { after(&key) };
                self.low = self.low.take().max(Some(low));
            }
            Side::Below => {
                let high = if inclusive { after(&key) } else { key };
                self.high = Some(match self.high.take() {
                    Some(known) => known.min(high),
                    None => high,
                });
            }
        }
    }
}

/// What a filter demands of each field.
fn demands(filter: &Filter) -> HashMap<&str, Demand> {
    let mut demands: HashMap<&str, Demand> = HashMap::new();
    for (path, bound) in filter.bounds() {
        let demand = demands.entry(path).or_default();
        match bound {
            Bound::Equal(value) if is_point(value) => demand.point(vec![key(value)]),
            Bound::In(values) if values.iter().all(|value| is_point(value.as_raw_bson_ref())) => {
                let mut points: Vec<_> =
                    values.iter().map(|value| key(value.as_raw_bson_ref())).collect();
                points.sort();
                points.dedup();
                demand.point(points);
            }
            Bound::Range { side, inclusive, value } if is_end(value) => {
                demand.end(side, inclusive, key(value));
            }
            _ => {}
        }
    }
    demands
}

fn key(value: RawBsonRef<'_>) -> Vec<u8> {
    let mut key = Vec::with_capacity(16);
    append_key(value, &mut key);
    key
}

/// Whether an index has exactly the documents that are equal to a value under its key.
fn is_point(value: RawBsonRef<'_>) -> bool {
    use RawBsonRef as B;
    !matches!(value, B::Array(_) | B::Null | B::Undefined | B::RegularExpression(_))
}

/// Whether what is greater or less than a value are values of the same type that lie behind or
/// before it in an index.
fn is_end(value: RawBsonRef<'_>) -> bool {
    let is_nan = matches!(value, RawBsonRef::Double(number) if number.is_nan());
    let is_simple = matches!(
        value,
        RawBsonRef::Int32(_)
            | RawBsonRef::Int64(_)
            | RawBsonRef::Double(_)
            | RawBsonRef::String(_)
            | RawBsonRef::ObjectId(_)
            | RawBsonRef::DateTime(_)
            | RawBsonRef::Timestamp(_)
            | RawBsonRef::Boolean(_)
            | RawBsonRef::Binary(_)
    );
    is_simple && !is_nan
}
