//! The time of signing: read as text, for the text is what was signed, and checked as a number.

use crate::{Place, Refusal, RequestParts, TimeUnit, Timestamp, TimestampSource};

/// A time of signing, as received and as a number.
pub(crate) struct SignedAt<'a> {
    pub(crate) text: &'a str,
    unix_s: i64,
}

impl Timestamp {
    /// Reads the time of signing; anything but plain digits is malformed.
    pub(crate) fn read<'a>(
        &self,
        place: &Place,
        request: &RequestParts<'a>,
    ) -> Result<SignedAt<'a>, Refusal> {
        let (name, text) = match self.source {
            TimestampSource::Header(name) => (name, request.header(name)?),
            TimestampSource::ListPart(part) => {
                let name = place.name();
                let mut values = place.parts(place.whole(request)?, part);
                let text = values.next().ok_or(Refusal::Malformed { name })?;
                if values.next().is_some() {
                    return Err(Refusal::Duplicate { name });
                }
                (name, text)
            }
        };
        // `parse` alone would take a leading `+`.
        let digits = text.bytes().all(|byte| byte.is_ascii_digit());
        let count: i64 =
            if digits { text.parse().ok() } else { None }.ok_or(Refusal::Malformed { name })?;
        let unix_s = match self.unit {
            TimeUnit::Seconds => count,
            TimeUnit::Milliseconds => count / MILLISECONDS_PER_S,
        };
        Ok(SignedAt { text, unix_s })
    }

    /// The text of a time, for signing.
    pub(crate) fn write(&self, unix_s: i64) -> String {
        match self.unit {
            TimeUnit::Seconds => unix_s.to_string(),
            TimeUnit::Milliseconds => unix_s.saturating_mul(MILLISECONDS_PER_S).to_string(),
        }
    }

    /// Whether it is near enough to now.
    pub(crate) fn check(&self, signed_at: &SignedAt<'_>, now_unix: i64) -> Result<(), Refusal> {
        let off_s = now_unix.abs_diff(signed_at.unix_s);
        if off_s <= self.tolerance_s { Ok(()) } else { Err(Refusal::Stale) }
    }
}

const MILLISECONDS_PER_S: i64 = 1000;
