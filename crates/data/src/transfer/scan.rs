//! Objects of JSON, cut out of a text one at a time: behind one another, as mongoexport writes
//! them, or as the items of one array, as Compass does.
//!
//! Only braces and quotes are looked at here, so that a text of any length takes no more memory
//! than its largest document.

use std::io::{BufRead, BufReader, Read};

use super::TransferError;

/// A document of 16 MiB takes less as text, whatever it holds.
const TEXT_BYTES_MAX: usize = 256 << 20;

/// What to do with a text that is not JSON from its beginning.
const OTHER_FORMATS: &str = "export again with mongoexport --type=json (CSV cannot be imported); \
    turn a .bson file into JSON with bsondump";

/// The UTF-8 mark that some editors put at the beginning.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// See the top of the file.
pub(super) struct Scan<R> {
    input: BufReader<R>,
    /// Of the next byte, from 1.
    line: u64,
    bytes: u64,
    list: List,
}

/// Whether the text is an array, and what may come next in it.
#[derive(Clone, Copy, PartialEq)]
enum List {
    /// Nothing has been read.
    Unknown,
    /// Objects stand behind one another.
    None,
    /// `[` came last.
    Begun,
    /// An item came last.
    Item,
    /// `,` came last.
    Comma,
    /// `]` came last.
    Ended,
}

/// An object.
#[derive(Debug, PartialEq)]
pub(super) struct Text {
    /// Its bytes, from `{` to `}`.
    pub(super) bytes: Vec<u8>,
    /// The line of its first byte, from 1.
    pub(super) line: u64,
}

impl<R: Read> Scan<R> {
    pub(super) fn new(input: R) -> Self {
        let input = BufReader::with_capacity(1 << 16, input);
        Self { input, line: 1, bytes: 0, list: List::Unknown }
    }

    /// How many bytes have been read.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// The next object; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Text>, TransferError> {
        if self.list == List::Unknown {
            self.skip_mark()?;
        }
        loop {
            let Some(byte) = self.peek()? else { return self.end() };
            match (byte, self.list) {
                (b' ' | b'\t' | b'\r' | b'\n', _) => self.take(byte),
                (b'[', List::Unknown) => {
                    self.take(byte);
                    self.list = List::Begun;
                }
                (b'{', List::Unknown | List::None) => {
                    self.list = List::None;
                    return self.object().map(Some);
                }
                (b'{', List::Begun | List::Comma) => {
                    self.list = List::Item;
                    return self.object().map(Some);
                }
                (b',', List::Item) => {
                    self.take(byte);
                    self.list = List::Comma;
                }
                (b']', List::Begun | List::Item) => {
                    self.take(byte);
                    self.list = List::Ended;
                }
                _ => return Err(self.unexpected(byte)),
            }
        }
    }

    fn end(&self) -> Result<Option<Text>, TransferError> {
        match self.list {
            List::Unknown | List::None | List::Ended => Ok(None),
            _ => Err(text_fault(self.line, "the array has no end: the file was cut off")),
        }
    }

    /// Everything up to the brace that closes the one that comes next.
    fn object(&mut self) -> Result<Text, TransferError> {
        let line = self.line;
        let mut bytes = Vec::new();
        let (mut depth, mut in_text, mut is_escaped) = (0_usize, false, false);
        loop {
            let buffer = self.input.fill_buf().map_err(TransferError::Read)?;
            if buffer.is_empty() {
                return Err(text_fault(line, "the document has no end: the file was cut off"));
            }
            let mut end = None;
            for (place, byte) in buffer.iter().enumerate() {
                match byte {
                    b'\n' => self.line += 1,
                    _ if is_escaped => {}
                    b'"' => in_text = !in_text,
                    b'{' if !in_text => depth += 1,
                    b'}' if !in_text => depth -= 1,
                    _ => {}
                }
                is_escaped = in_text && !is_escaped && *byte == b'\\';
                if depth == 0 {
                    end = Some(place + 1);
                    break;
                }
            }
            let taken = end.unwrap_or(buffer.len());
            bytes.extend_from_slice(buffer.get(..taken).unwrap_or_default());
            self.input.consume(taken);
            self.bytes += taken as u64;
            if end.is_some() {
                return Ok(Text { bytes, line });
            }
            if bytes.len() > TEXT_BYTES_MAX {
                return Err(text_fault(line, "the document is larger than any that can be stored"));
            }
        }
    }

    fn skip_mark(&mut self) -> Result<(), TransferError> {
        for byte in MARK {
            if self.peek()? != Some(*byte) {
                break;
            }
            self.take(*byte);
        }
        Ok(())
    }

    fn peek(&mut self) -> Result<Option<u8>, TransferError> {
        Ok(self.input.fill_buf().map_err(TransferError::Read)?.first().copied())
    }

    fn take(&mut self, byte: u8) {
        self.input.consume(1);
        self.bytes += 1;
        self.line += u64::from(byte == b'\n');
    }

    fn unexpected(&self, byte: u8) -> TransferError {
        let found = match byte {
            byte if byte.is_ascii_graphic() => format!("{:?}", char::from(byte)),
            byte => format!("the byte 0x{byte:02x}"),
        };
        if self.list == List::Unknown {
            return TransferError::Text {
                line: self.line,
                why: "the line does not begin with {, so it is not a JSON document".to_owned(),
                remedy: Some(OTHER_FORMATS),
            };
        }
        text_fault(self.line, format!("a document is expected here, and not {found}"))
    }
}

fn text_fault(line: u64, why: impl Into<String>) -> TransferError {
    TransferError::Text { line, why: why.into(), remedy: None }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::Scan;

    /// Gives one byte at a time.
    struct Slow<'a>(&'a [u8]);

    impl Read for Slow<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            let count = buffer.len().min(1);
            Read::read(&mut self.0, &mut buffer[..count])
        }
    }

    fn scanned(text: &str) -> Result<Vec<(u64, String)>, String> {
        let mut scan = Scan::new(Slow(text.as_bytes()));
        let mut found = Vec::new();
        loop {
            match scan.next() {
                Ok(Some(one)) => found.push((one.line, String::from_utf8(one.bytes).unwrap())),
                Ok(None) => {
                    assert_eq!(scan.bytes(), text.len() as u64);
                    return Ok(found);
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    fn texts(text: &str) -> Vec<(u64, String)> {
        scanned(text).unwrap()
    }

    #[test]
    fn objects_stand_behind_one_another_or_in_an_array() {
        let two = |one, other| vec![(one, "{}".to_owned()), (other, "{\"a\":1}".to_owned())];
        assert_eq!(texts("{}\n{\"a\":1}\n"), two(1, 2));
        assert_eq!(texts("\u{feff}{}{\"a\":1}"), two(1, 1));
        assert_eq!(texts("[{},\r\n{\"a\":1}\n]\n"), two(1, 2));
        assert_eq!(texts(" [ ] "), []);
        assert_eq!(texts(""), []);
    }

    #[test]
    fn braces_and_quotes_in_texts_do_not_count() {
        for text in [r#"{"a":"}{\"}\\"}"#, r#"{"\\":{"b":["}"]}}"#, "{\n \"a\": {\n }\n}"] {
            assert_eq!(texts(text), [(1, text.to_owned())]);
        }
        assert_eq!(texts("{\n}\n{}").last().unwrap().0, 3);
    }

    #[test]
    fn what_is_no_list_of_objects_is_told_with_its_line() {
        for (text, wanted) in [
            ("{}\n{", "line 2: the document has no end"),
            ("{}\n1", "line 2: a document is expected here, and not '1'"),
            ("a,b\n1,2", "line 1: the line does not begin with {, so it is not a JSON document"),
            ("\u{16}\0\0\0", "line 1: the line does not begin with {"),
            ("{}\u{16}", "and not the byte 0x16"),
            ("[{}\n{}]", "line 2: a document is expected here"),
            ("[{},]", "and not ']'"),
            ("[{}\n", "line 2: the array has no end"),
            ("[{}]\n{}", "line 2: a document is expected here"),
            ("{},{}", "and not ','"),
        ] {
            let told = scanned(text).unwrap_err();
            assert!(told.contains(wanted), "{text:?}: {told}");
        }
    }
}
