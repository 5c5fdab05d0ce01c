//! Reads the shape of a JSON text: where each value is, which keys repeat, which commas trail.
//!
//! `serde_json` tells the line of a syntax error only. A message about a field needs its line as
//! well, and a key given twice must not go unnoticed: which of the two protects the endpoint?
//! The scan never fails; whatever is no JSON is left for the parser to complain about.

use std::collections::{BTreeMap, BTreeSet};

/// Deeper values get no line: no field that is reported lies so deep.
const LINE_DEPTH_MAX: usize = 8;

/// More values get no line, so that a file of brackets does not become a gigabyte of paths.
const LINES_MAX: usize = 100_000;

/// Longer keys are cut in paths: every value below one carries it in its own.
const KEY_BYTES_MAX: usize = 200;

/// The shape of a JSON text.
#[derive(Default)]
pub(crate) struct Scan {
    /// The line of each value, by its path, such as `[3].options.secret`.
    pub(crate) lines: BTreeMap<String, usize>,
    /// The paths of the keys that an object holds twice.
    pub(crate) duplicates: BTreeSet<String>,
    /// The bytes that hold a comma before a closing bracket, and their lines.
    pub(crate) trailing_commas: Vec<(usize, usize)>,
}

/// An open bracket, with the length of the path up to it.
enum Frame {
    Array { path_len: usize, index: usize },
    Object { path_len: usize, key: Option<String>, seen: BTreeSet<String> },
}

struct Scanner<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    path: String,
    frames: Vec<Frame>,
    comma: Option<(usize, usize)>,
    scan: Scan,
}

/// Scans a text.
pub(crate) fn scan(text: &str) -> Scan {
    let mut scanner = Scanner {
        text,
        at: 0,
        line: 1,
        path: String::new(),
        frames: Vec::new(),
        comma: None,
        scan: Scan::default(),
    };
    while let Some(&byte) = text.as_bytes().get(scanner.at) {
        scanner.step(byte);
    }
    scanner.scan
}

impl Scanner<'_> {
    fn step(&mut self, byte: u8) {
        match byte {
            b'\n' => {
                self.line += 1;
                self.at += 1;
            }
            b' ' | b'\t' | b'\r' | b':' => self.at += 1,
            b',' => self.next_item(),
            b'[' | b'{' => self.open(byte),
            b']' | b'}' => self.close(),
            b'"' => self.string(),
            _ => {
                self.value();
                self.skip_word();
            }
        }
    }

    fn next_item(&mut self) {
        self.comma = Some((self.at, self.line));
        self.at += 1;
        match self.frames.last_mut() {
            Some(Frame::Array { index, .. }) => *index += 1,
            Some(Frame::Object { key, .. }) => *key = None,
            None => {}
        }
    }

    fn open(&mut self, byte: u8) {
        self.value();
        self.at += 1;
        let path_len = self.path.len();
        self.frames.push(if byte == b'[' {
            Frame::Array { path_len, index: 0 }
        } else {
            Frame::Object { path_len, key: None, seen: BTreeSet::new() }
        });
    }

    fn close(&mut self) {
        self.scan.trailing_commas.extend(self.comma.take());
        self.at += 1;
        self.frames.pop();
    }

    fn string(&mut self) {
        let (start, line) = (self.at, self.line);
        self.skip_string();
        let literal = &self.text[start..self.at];
        match self.frames.last_mut() {
            Some(Frame::Object { path_len, key: key @ None, seen }) => {
                self.comma = None;
                let name = serde_json::from_str(literal).unwrap_or_else(|_| literal.to_owned());
                if !seen.insert(name.clone()) {
                    self.path.truncate(*path_len);
                    push_key(&mut self.path, &name);
                    self.scan.duplicates.insert(self.path.clone());
                }
                *key = Some(name);
            }
            _ => self.value_at(line),
        }
    }

    fn value(&mut self) {
        self.value_at(self.line);
    }

    /// Notes that a value begins here, and makes `path` its path.
    fn value_at(&mut self, line: usize) {
        self.comma = None;
        if self.frames.len() > LINE_DEPTH_MAX {
            return;
        }
        match self.frames.last() {
            Some(Frame::Array { path_len, index }) => {
                self.path.truncate(*path_len);
                self.path.push_str(&format!("[{index}]"));
            }
            Some(Frame::Object { path_len, key, .. }) => {
                self.path.truncate(*path_len);
                push_key(&mut self.path, key.as_deref().unwrap_or_default());
            }
            None => self.path.clear(),
        }
        if self.scan.lines.len() < LINES_MAX {
            self.scan.lines.entry(self.path.clone()).or_insert(line);
        }
    }

    fn skip_string(&mut self) {
        self.at += 1;
        while let Some(&byte) = self.text.as_bytes().get(self.at) {
            self.at += 1;
            match byte {
                b'"' => return,
                // What is escaped may be a quote; it may also be the first byte of a longer
                // character, whose other bytes are never quotes.
                b'\\' => self.at += 1,
                b'\n' => self.line += 1,
                _ => {}
            }
        }
        self.at = self.text.len();
    }

    fn skip_word(&mut self) {
        let rest = &self.text[self.at..];
        let end = rest.find(['\n', ' ', '\t', '\r', ',', ':', '[', ']', '{', '}', '"']);
        self.at += end.unwrap_or(rest.len());
    }
}

/// Appends a key to the path of a field.
pub(crate) fn push_key(path: &mut String, key: &str) {
    if !path.is_empty() {
        path.push('.');
    }
    path.push_str(&key[..key.floor_char_boundary(KEY_BYTES_MAX)]);
}
