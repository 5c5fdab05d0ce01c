//! Finds the signature in a request.

use crate::{Place, Refusal, RequestParts, Scheme, Several, Way};

impl Scheme {
    /// The way that a request uses.
    pub(crate) fn way_of(&self, request: &RequestParts<'_>) -> Result<&'static Way, Refusal> {
        let mut present = self.ways.iter().filter(|way| way.place.is_in(request));
        let Some(first) = present.next() else {
            let name = self.ways.first().map_or("signature", |way| way.place.name());
            return Err(Refusal::Missing { name });
        };
        if self.several == Several::MustAgree {
            let value = first.place.whole(request)?;
            for other in present {
                if other.place.whole(request)? != value {
                    return Err(Refusal::Duplicate { name: other.place.name() });
                }
            }
        }
        Ok(first)
    }
}

impl Place {
    /// The header or parameter.
    pub(crate) fn name(&self) -> &'static str {
        match *self {
            Self::Header { name, .. } | Self::ListPart { name, .. } | Self::Query { name } => name,
        }
    }

    /// The signatures at this place, still encoded; at least one.
    pub(crate) fn candidates<'a>(
        &self,
        request: &RequestParts<'a>,
    ) -> Result<Vec<&'a str>, Refusal> {
        let whole = self.whole(request)?;
        let found: Vec<_> = match *self {
            Self::Header { prefix, .. } => whole.strip_prefix(prefix).into_iter().collect(),
            Self::ListPart { part, .. } => self.parts(whole, part).collect(),
            Self::Query { .. } => vec![whole],
        };
        let name = self.name();
        if found.is_empty() { Err(Refusal::UnknownPrefix { name }) } else { Ok(found) }
    }

    /// The values of the parts of this name in a list; none where this place is no list.
    pub(crate) fn parts<'a>(&self, list: &'a str, part: &str) -> impl Iterator<Item = &'a str> {
        let separators = match *self {
            Self::ListPart { separator, assignment, .. } => Some((separator, assignment)),
            Self::Header { .. } | Self::Query { .. } => None,
        };
        separators.into_iter().flat_map(move |(separator, assignment)| {
            list.split(separator)
                .filter_map(move |pair| pair.trim_ascii().split_once(assignment))
                .filter_map(move |(key, value)| (key == part).then_some(value))
        })
    }

    /// All of the header or parameter.
    pub(crate) fn whole<'a>(&self, request: &RequestParts<'a>) -> Result<&'a str, Refusal> {
        match *self {
            Self::Header { name, .. } | Self::ListPart { name, .. } => request.header(name),
            Self::Query { name } => request.parameter(name),
        }
    }

    fn is_in(&self, request: &RequestParts<'_>) -> bool {
        match *self {
            Self::Header { name, .. } | Self::ListPart { name, .. } => request.has_header(name),
            Self::Query { name } => request.has_parameter(name),
        }
    }
}
