//! Conversions between texts and what they stand for.

use bson::{Binary, Bson, Uuid, oid::ObjectId, spec::BinarySubtype};

use crate::node::Conversion;

impl Conversion {
    /// The converted value; `None` where a value has another form.
    pub(crate) fn apply(self, value: &Bson) -> Option<Bson> {
        match (self, value) {
            (Self::StringToOid, Bson::String(text)) => {
                ObjectId::parse_str(text).ok().map(Bson::ObjectId)
            }
            (Self::OidToString, Bson::ObjectId(id)) => Some(id.to_hex().into()),
            (Self::StringToUuid, Bson::String(text)) => {
                Uuid::parse_str(text).ok().map(|uuid| Binary::from(uuid).into())
            }
            (Self::UuidToString, Bson::Binary(binary)) if binary.subtype == BinarySubtype::Uuid => {
                binary.to_uuid().ok().map(|uuid| uuid.to_string().into())
            }
            _ => None,
        }
    }

    /// The value that is converted to this one; `None` where none is.
    pub(crate) fn undo(self, value: &Bson) -> Option<Bson> {
        let back = match self {
            Self::StringToOid => Self::OidToString,
            Self::OidToString => Self::StringToOid,
            Self::StringToUuid => Self::UuidToString,
            Self::UuidToString => Self::StringToUuid,
        };
        // Several texts stand for one id, and one text for an id.
        back.apply(value).filter(|original| self.apply(original).as_ref() == Some(value))
    }
}
