//! The time of signing: read as text, for the text is what was signed, and checked as a number.

use crate::{
    Place, Refusal, TimeUnit, Timestamp, TimestampSource, fields, reading::Reading, rfc3339,
};

/// A time of signing, as received and as a number.
pub(crate) struct SignedAt<'a> {
    pub(crate) text: &'a str,
    pub(crate) unix_s: i64,
}

impl Timestamp {
    /// Reads the time of signing; anything but plain digits, or a time as the unit has it, is
    /// malformed.
    pub(crate) fn read<'a>(
        &self,
        place: &Place,
        reading: &'a Reading<'_>,
    ) -> Result<SignedAt<'a>, Refusal> {
        let (name, text) = match self.source {
            TimestampSource::Header(name) => (name, reading.parts.header(name)?),
            TimestampSource::Field(path) => (fields::name(path), reading.field(path)?),
            TimestampSource::ListPart(part) => {
                let name = place.name();
                let mut values = place.parts(place.whole(reading)?, part);
                let text = values.next().ok_or(Refusal::Malformed { name })?;
                if values.next().is_some() {
                    return Err(Refusal::Duplicate { name });
                }
                (name, text)
            }
        };
        let unix_s = match self.unit {
            TimeUnit::Seconds => number(text),
            TimeUnit::Milliseconds => number(text).map(|count| count / MILLISECONDS_PER_S),
            TimeUnit::Rfc3339 => rfc3339::read(text),
        };
        Ok(SignedAt { text, unix_s: unix_s.ok_or(Refusal::Malformed { name })? })
    }

    /// The text of a time, for signing.
    pub(crate) fn write(&self, unix_s: i64) -> String {
        match self.unit {
            TimeUnit::Seconds => unix_s.to_string(),
            TimeUnit::Milliseconds => unix_s.saturating_mul(MILLISECONDS_PER_S).to_string(),
            TimeUnit::Rfc3339 => rfc3339::write(unix_s),
        }
    }

    /// Whether it is near enough to now.
    pub(crate) fn check(
        &self,
        signed_at: &SignedAt<'_>,
        now_unix: i64,
        tolerance_s: Option<u64>,
    ) -> Result<(), Refusal> {
        let off_s = now_unix.abs_diff(signed_at.unix_s);
        let tolerance_s = tolerance_s.unwrap_or(self.tolerance_s);
        if off_s <= tolerance_s { Ok(()) } else { Err(Refusal::Stale) }
    }
}

impl TimeUnit {
    /// Whether a field of a JSON body holds it as a number.
    pub(crate) fn is_number_in_json(self) -> bool {
        self == Self::Milliseconds
    }
}

const MILLISECONDS_PER_S: i64 = 1000;

fn number(text: &str) -> Option<i64> {
    // `parse` alone would take a leading `+`.
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}
