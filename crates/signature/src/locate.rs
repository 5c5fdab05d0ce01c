//! Finds the signature in a request.

use crate::{Place, Refusal, RequestParts, Scheme, Several, Way, fields, reading::Reading};

impl Scheme {
    /// Where a request has to have a proof, if it has none and that can be told without its body.
    pub(crate) fn unproven(&self, parts: &RequestParts<'_>) -> Option<&'static str> {
        let is_absent = |way: &Way| match way.place {
            Place::Header { name, .. } | Place::ListPart { name, .. } => !parts.has_header(name),
            Place::Query { name } => !parts.has_parameter(name),
            Place::Field { .. } => false,
        };
        let usual = self.ways.first()?.place.name();
        self.ways.iter().all(is_absent).then_some(usual)
    }

    /// The way that a request uses.
    pub(crate) fn way_of(&self, reading: &Reading<'_>) -> Result<&'static Way, Refusal> {
        let mut present = self.ways.iter().filter(|way| way.place.is_in(reading)).peekable();
        let Some(name) = present.peek().map(|way| way.place.name()) else {
            let name = self.ways.first().map_or("signature", |way| way.place.name());
            return Err(Refusal::Missing { name });
        };
        let mut present = present.filter(|way| way.when.is_none_or(|when| reading.says(&when)));
        // Another version of the signature, which may be a weaker one.
        let first = present.next().ok_or(Refusal::UnknownPrefix { name })?;
        if self.several == Several::MustAgree {
            let value = first.place.whole(reading)?;
            for other in present {
                if other.place.whole(reading)? != value {
                    return Err(Refusal::Duplicate { name: other.place.name() });
                }
            }
        }
        Ok(first)
    }
}

impl Place {
    /// The header, the parameter or the field.
    pub(crate) fn name(&self) -> &'static str {
        match *self {
            Self::Header { name, .. } | Self::ListPart { name, .. } | Self::Query { name } => name,
            Self::Field { path } => fields::name(path),
        }
    }

    /// The signatures at this place, still encoded; at least one.
    pub(crate) fn candidates<'a>(&self, reading: &'a Reading<'_>) -> Result<Vec<&'a str>, Refusal> {
        let whole = self.whole(reading)?;
        let found: Vec<_> = match *self {
            Self::Header { prefix, .. } => whole.strip_prefix(prefix).into_iter().collect(),
            Self::ListPart { part, .. } => self.parts(whole, part).collect(),
            Self::Query { .. } | Self::Field { .. } => vec![whole],
        };
        let name = self.name();
        if found.is_empty() { Err(Refusal::UnknownPrefix { name }) } else { Ok(found) }
    }

    /// The values of the parts of this name in a list; none where this place is no list.
    pub(crate) fn parts<'a>(&self, list: &'a str, part: &str) -> impl Iterator<Item = &'a str> {
        let separators = match *self {
            Self::ListPart { separator, assignment, .. } => Some((separator, assignment)),
            Self::Header { .. } | Self::Query { .. } | Self::Field { .. } => None,
        };
        separators.into_iter().flat_map(move |(separator, assignment)| {
            list.split(separator)
                .filter_map(move |pair| pair.trim_ascii().split_once(assignment))
                .filter_map(move |(key, value)| (key == part).then_some(value))
        })
    }

    /// All of the header, the parameter or the field.
    pub(crate) fn whole<'a>(&self, reading: &'a Reading<'_>) -> Result<&'a str, Refusal> {
        match *self {
            Self::Header { name, .. } | Self::ListPart { name, .. } => reading.parts.header(name),
            Self::Query { name } => reading.parts.parameter(name),
            Self::Field { path } => reading.field(path),
        }
    }

    fn is_in(&self, reading: &Reading<'_>) -> bool {
        match *self {
            Self::Header { name, .. } | Self::ListPart { name, .. } => {
                reading.parts.has_header(name)
            }
            Self::Query { name } => reading.parts.has_parameter(name),
            Self::Field { path } => reading.optional_field(path).is_some(),
        }
    }
}
