//! Structures on their way across the border: values within values, as one run of bytes.
//!
//! Objects and arrays of JavaScript are written down in one pass and read in one pass, on both
//! sides: no tree is built in between. The bytes never leave the process.
//!
//! A value is a tag and what belongs to it. A list is its items and an end. A document is its keys,
//! each with its value, and an end. An instance is the number of a class that the prelude has
//! named, and the values of the fields that it has named for it, in their order.

/// What a value begins with.
#[derive(Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
enum Tag {
    End,
    Undefined,
    Null,
    False,
    True,
    Integer,
    Number,
    Text,
    Bytes,
    Date,
    List,
    Document,
    Instance,
    Marked,
}

/// In the order of their numbers.
const TAGS: [Tag; 14] = [
    Tag::End,
    Tag::Undefined,
    Tag::Null,
    Tag::False,
    Tag::True,
    Tag::Integer,
    Tag::Number,
    Tag::Text,
    Tag::Bytes,
    Tag::Date,
    Tag::List,
    Tag::Document,
    Tag::Instance,
    Tag::Marked,
];

/// The length that stands where a document has no further key.
const NO_KEY: u32 = u32::MAX;

/// One value, or the begin or the end of one that holds others.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Item<'a> {
    /// The end of a list.
    End,
    /// `undefined`
    Undefined,
    /// `null`
    Null,
    /// A boolean.
    Bool(bool),
    /// A number that is a whole one of 32 bits.
    Integer(i32),
    /// Any other number; negative zero included.
    Number(f64),
    /// A number with a mark of the host's, which is not zero. JavaScript does not see the mark; it
    /// comes back with every copy of the number, and with nothing that was computed from it.
    Marked(u8, f64),
    /// A string; lone surrogates have become U+FFFD.
    Text(&'a str),
    /// A `Uint8Array`.
    Bytes(&'a [u8]),
    /// A date: milliseconds since 1970; NaN is no date.
    Date(f64),
    /// The begin of a list: items follow, up to [`Item::End`].
    List,
    /// The begin of a document: [`PackedReader::key`] tells what follows.
    Document,
    /// The begin of an instance of a class: the values of its fields follow, and no end.
    Instance(u8),
}

/// Writes values down.
#[derive(Debug, Default)]
pub struct PackedWriter {
    bytes: Vec<u8>,
}

impl PackedWriter {
    /// One with room for so many bytes.
    pub fn with_capacity(bytes: usize) -> Self {
        Self { bytes: Vec::with_capacity(bytes) }
    }

    /// Writes a value, or the begin or the end of one.
    pub fn item(&mut self, item: Item<'_>) {
        write(&mut self.bytes, item);
    }

    /// Writes a key of the document that has begun.
    pub fn key(&mut self, key: &str) {
        write_key(&mut self.bytes, key);
    }

    /// Ends the document that has begun.
    pub fn end_document(&mut self) {
        write_document_end(&mut self.bytes);
    }

    /// How many bytes have been written.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing has been written.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The value, for JavaScript.
    pub fn finish(self) -> crate::Value {
        crate::Value::Packed(self.bytes)
    }
}

pub(crate) fn write(bytes: &mut Vec<u8>, item: Item<'_>) {
    let tag = match item {
        Item::End => Tag::End,
        Item::Undefined => Tag::Undefined,
        Item::Null => Tag::Null,
        Item::Bool(false) => Tag::False,
        Item::Bool(true) => Tag::True,
        Item::Integer(_) => Tag::Integer,
        Item::Number(_) => Tag::Number,
        Item::Text(_) => Tag::Text,
        Item::Bytes(_) => Tag::Bytes,
        Item::Date(_) => Tag::Date,
        Item::List => Tag::List,
        Item::Document => Tag::Document,
        Item::Instance(_) => Tag::Instance,
        Item::Marked(..) => Tag::Marked,
    };
    bytes.push(tag as u8);
    match item {
        Item::Integer(integer) => bytes.extend_from_slice(&integer.to_le_bytes()),
        Item::Number(number) | Item::Date(number) => {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        Item::Text(text) => write_run(bytes, text.as_bytes()),
        Item::Bytes(run) => write_run(bytes, run),
        Item::Instance(class) => bytes.push(class),
        Item::Marked(mark, number) => {
            bytes.push(mark);
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        _ => {}
    }
}

pub(crate) fn write_key(bytes: &mut Vec<u8>, key: &str) {
    write_run(bytes, key.as_bytes());
}

/// What stands in front of the bytes of a text, of bytes or of a key.
#[derive(Clone, Copy)]
pub(crate) enum Head {
    Text,
    Bytes,
    Key,
}

/// Writes the head of so many bytes, which the caller writes behind it.
pub(crate) fn write_head(bytes: &mut Vec<u8>, head: Head, length: usize) {
    match head {
        Head::Text => bytes.push(Tag::Text as u8),
        Head::Bytes => bytes.push(Tag::Bytes as u8),
        Head::Key => {}
    }
    // A run's memory ends long before 32 bits do.
    let length = u32::try_from(length).unwrap_or(NO_KEY - 1);
    bytes.extend_from_slice(&length.to_le_bytes());
}

pub(crate) fn write_document_end(bytes: &mut Vec<u8>) {
    bytes.extend_from_slice(&NO_KEY.to_le_bytes());
}

fn write_run(bytes: &mut Vec<u8>, run: &[u8]) {
    // A run's memory ends long before 32 bits do.
    let length = u32::try_from(run.len()).unwrap_or(NO_KEY - 1);
    bytes.extend_from_slice(&length.to_le_bytes());
    bytes.extend_from_slice(&run[..length as usize]);
}

/// Reads values in the order in which they were written.
#[derive(Debug, Clone)]
pub struct PackedReader<'a> {
    rest: &'a [u8],
}

impl<'a> PackedReader<'a> {
    /// Reads what a [`PackedWriter`] wrote, or what came from JavaScript.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// How many bytes are still to be read.
    pub fn len(&self) -> usize {
        self.rest.len()
    }

    /// Whether nothing is.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next value, or the begin or the end of one; `None` where nothing follows.
    pub fn item(&mut self) -> Option<Item<'a>> {
        let (&tag, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(match TAGS.get(usize::from(tag))? {
            Tag::End => Item::End,
            Tag::Undefined => Item::Undefined,
            Tag::Null => Item::Null,
            Tag::False => Item::Bool(false),
            Tag::True => Item::Bool(true),
            Tag::Integer => Item::Integer(i32::from_le_bytes(self.array()?)),
            Tag::Number => Item::Number(f64::from_le_bytes(self.array()?)),
            Tag::Text => Item::Text(self.text()?),
            Tag::Bytes => Item::Bytes(self.run()?),
            Tag::Date => Item::Date(f64::from_le_bytes(self.array()?)),
            Tag::List => Item::List,
            Tag::Document => Item::Document,
            Tag::Instance => Item::Instance(self.array::<1>()?[0]),
            Tag::Marked => {
                let mark = self.array::<1>()?[0];
                Item::Marked(mark, f64::from_le_bytes(self.array()?))
            }
        })
    }

    /// The next key of the document that has begun; `None` at its end.
    pub fn key(&mut self) -> Option<&'a str> {
        if self.rest.first_chunk() == Some(&NO_KEY.to_le_bytes()) {
            self.rest = &self.rest[size_of_val(&NO_KEY)..];
            return None;
        }
        self.text()
    }

    fn text(&mut self) -> Option<&'a str> {
        let run = self.run()?;
        // It was one when it was written.
        std::str::from_utf8(run).ok()
    }

    fn run(&mut self) -> Option<&'a [u8]> {
        let length = u32::from_le_bytes(self.array()?);
        let (run, rest) = self.rest.split_at_checked(length as usize)?;
        self.rest = rest;
        Some(run)
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (array, rest) = self.rest.split_first_chunk()?;
        self.rest = rest;
        Some(*array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let items = [
            Item::Document,
            Item::List,
            Item::Undefined,
            Item::Null,
            Item::Bool(true),
            Item::Bool(false),
            Item::Integer(-7),
            Item::Number(-0.0),
            Item::Marked(3, 7.0),
            Item::Text("ü"),
            Item::Bytes(&[1, 2]),
            Item::Date(1.5),
            Item::Instance(9),
            Item::Text(""),
            Item::End,
        ];
        let mut writer = PackedWriter::default();
        writer.item(items[0]);
        writer.key("a\0b");
        items[1..].iter().for_each(|item| writer.item(*item));
        writer.end_document();
        let crate::Value::Packed(bytes) = writer.finish() else { unreachable!() };
        let mut reader = PackedReader::new(&bytes);
        assert_eq!(reader.item(), Some(items[0]));
        assert_eq!(reader.key(), Some("a\0b"));
        for item in &items[1..] {
            assert_eq!(reader.item(), Some(*item));
        }
        assert_eq!(reader.key(), None);
        assert_eq!(reader.item(), None);
    }
}
