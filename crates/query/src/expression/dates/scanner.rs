//! Reads a text from left to right.

use super::format::MONTHS;

const DAYS: [&str; 7] =
    ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"];

/// A text, and how far it has been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scanner<'t> {
    pub(super) text: &'t str,
    pub(super) position: usize,
}

impl<'t> Scanner<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, position: 0 }
    }

    pub(super) fn rest(&self) -> &'t str {
        self.text.get(self.position..).unwrap_or_default()
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.position >= self.text.len()
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Goes on behind any of some letters.
    pub(super) fn skip(&mut self, letters: &[char]) {
        let rest = self.rest();
        self.position += rest.len() - rest.trim_start_matches(letters).len();
    }

    /// Goes on behind one of some letters, if there is one.
    pub(super) fn take(&mut self, letters: &[char]) -> Option<char> {
        let letter = self.peek().filter(|letter| letters.contains(letter))?;
        self.position += letter.len_utf8();
        Some(letter)
    }

    /// A number with so many digits, and no digit behind it.
    pub(super) fn number(&mut self, least: usize, most: usize) -> Option<i64> {
        let number = self.digits(least, most)?;
        let is_whole = !self.peek().is_some_and(|letter| letter.is_ascii_digit());
        is_whole.then_some(number)
    }

    /// As many digits as there are, up to some.
    pub(super) fn digits(&mut self, least: usize, most: usize) -> Option<i64> {
        let digits = self.rest().bytes().take(most).take_while(u8::is_ascii_digit).count();
        if digits < least {
            return None;
        }
        let number = self.rest().get(..digits)?.parse().ok()?;
        self.position += digits;
        Some(number)
    }

    /// Thousandths from the digits behind a point.
    pub(super) fn fraction_ms(&mut self) -> Option<i64> {
        let rest = self.rest();
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let thousandths = rest.get(..digits.min(3))?;
        let number: i64 = thousandths.parse().ok()?;
        self.position += digits;
        Some(number * [1, 100, 10, 1][thousandths.len()])
    }

    /// The letters up to what is none.
    pub(super) fn word(&mut self) -> &'t str {
        let rest = self.rest();
        let length = rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        self.position += length;
        rest.get(..length).unwrap_or_default()
    }

    /// The name of a month, or its first three letters; from 1.
    pub(super) fn month(&mut self) -> Option<i64> {
        let word = self.word();
        let is_name = |name: &str| {
            let short = name.get(..3).unwrap_or_default();
            name.eq_ignore_ascii_case(word)
                || short.eq_ignore_ascii_case(word)
                || name == "September" && word.eq_ignore_ascii_case("sept")
        };
        let index = MONTHS.iter().position(|name| is_name(name))?;
        i64::try_from(index + 1).ok()
    }

    /// The name of a day of the week, or its first three letters.
    pub(super) fn weekday(&mut self) -> Option<()> {
        let word = self.word();
        let is_name = |name: &&&str| {
            let short = name.get(..3).unwrap_or_default();
            name.eq_ignore_ascii_case(word) || short.eq_ignore_ascii_case(word)
        };
        DAYS.iter().find(is_name).map(|_| ())
    }

    /// What `read` makes of the text; if it is nothing, the text has not been read.
    pub(super) fn attempt<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        let position = self.position;
        let found = read(self);
        if found.is_none() {
            self.position = position;
        }
        found
    }
}
