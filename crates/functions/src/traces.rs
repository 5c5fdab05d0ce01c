//! Stacks and the engine's own messages, put into the terms of the author's source.
//!
//! Nothing of this happens before somebody reads a stack or catches an error of the engine's. A
//! source is looked into once, then.

use std::{collections::HashMap, sync::OnceLock};

use crate::source::Body;

mod marks;
mod message;
mod sites;
mod text;

use message::About;
use sites::{Kind, Site, Sites};

/// What is looked at of a stack, and of a message.
const STACK_BYTES_MAX: usize = 16 << 10;
const MESSAGE_BYTES_MAX: usize = 1 << 10;

/// The sources of an application, by the names of their files. Nothing is known of a name that two
/// of them have: a stack does not say which one it means.
#[derive(Debug, Default)]
pub(crate) struct Traces {
    files: HashMap<String, Option<File>>,
}

#[derive(Debug)]
struct File {
    body: Body,
    sites: OnceLock<Sites>,
}

/// A line of a stack: `    at NAME (FILE:LINE:COLUMN)`.
struct Frame<'s> {
    name: &'s str,
    file: &'s str,
    place: (u32, u32),
}

impl Traces {
    pub(crate) fn add(&mut self, file: &str, body: Body) {
        let known = File { body, sites: OnceLock::new() };
        self.files
            .entry(file.to_owned())
            .and_modify(|former| *former = None)
            .or_insert(Some(known));
    }

    fn file(&self, name: &str) -> Option<&File> {
        self.files.get(name)?.as_ref()
    }

    /// Whether every source that a stack names has been looked into.
    pub(crate) fn are_ready(&self, stack: &str) -> bool {
        let mut files = frames(stack).filter_map(|(_, frame)| self.file(frame?.file));
        files.all(|file| file.sites.get().is_some())
    }

    /// What the engine should have said; `None` where it said enough.
    pub(crate) fn message(&self, message: &str, stack: &str) -> Option<String> {
        if message.len() > MESSAGE_BYTES_MAX {
            return None;
        }
        let about = About::of(message);
        let mut lines = frames(cut(stack));
        let (first, frame) = lines.next()?;
        let native = frame.is_none().then(|| native_name(first)).flatten();
        let place = frame.as_ref().map(|frame| (frame.file, frame.place));
        if place.is_some_and(|(file, place)| self.is_made_at(file, place)) {
            return None;
        }
        if matches!(about, About::Class) {
            let class = native.or(frame.map(|frame| frame.name))?;
            return Some(format!("Class constructor {class} cannot be invoked without 'new'"));
        }
        let frame = match frame {
            Some(frame) => frame,
            None => lines.next()?.1?,
        };
        let sites = self.sites(frame.file);
        let found: Vec<&Site> = match (native, sites) {
            (_, None) => Vec::new(),
            (Some(name), Some(sites)) => sites
                .at(frame.place, &[Kind::Call, Kind::New])
                .filter(|site| site.name == name)
                .collect(),
            (None, Some(sites)) => about.sites(sites, frame.place),
        };
        about.told(&found, native.is_some())
    }

    /// A stack with the places of the author.
    pub(crate) fn stack(&self, message: &str, stack: &str) -> String {
        let stack = cut(stack);
        let about = About::of(&message[..message.floor_char_boundary(MESSAGE_BYTES_MAX)]);
        let mut told = String::with_capacity(stack.len());
        // The name of the function that the line is about to have called.
        let mut called: Option<&str> = None;
        for (line, frame) in frames(stack) {
            match &frame {
                Some(frame) => {
                    let (at_line, column) = self.place(frame, called, &about);
                    let head = line.rfind(frame.file).map_or(line, |start| &line[..start]);
                    let tail = if line.ends_with(')') { ")" } else { "" };
                    told.push_str(&format!("{head}{}:{at_line}:{column}{tail}\n", frame.file));
                }
                None => {
                    told.push_str(line);
                    told.push('\n');
                }
            }
            let name = frame.map(|frame| frame.name).or_else(|| native_name(line));
            called = Some(name.unwrap_or_default());
        }
        told
    }

    fn place(&self, frame: &Frame<'_>, called: Option<&str>, about: &About<'_>) -> (u32, usize) {
        let Some(file) = self.file(frame.file) else {
            return (frame.place.0, frame.place.1 as usize);
        };
        let site = self.sites(frame.file).and_then(|sites| match called {
            None => about.place(sites, frame.place),
            Some(name) => caller(sites, frame.place, name),
        });
        let (line, byte) = site.map_or(frame.place, |site| site.at);
        let column = file.body.column(line as usize, byte as usize);
        (line, column.unwrap_or(byte as usize))
    }

    /// Whether an author makes an error at a place: its message is not the engine's.
    fn is_made_at(&self, file: &str, place: (u32, u32)) -> bool {
        let mut calls = self
            .sites(file)
            .into_iter()
            .flat_map(|sites| sites.at(place, &[Kind::Call, Kind::New]));
        calls.any(|site| site.name.ends_with("Error"))
    }

    fn sites(&self, file: &str) -> Option<&Sites> {
        let file = self.file(file)?;
        Some(file.sites.get_or_init(|| Sites::of(file.body.text())))
    }
}

/// The call that led to a function with this name.
fn caller<'s>(sites: &'s Sites, place: (u32, u32), name: &str) -> Option<&'s Site> {
    let calls: Vec<&Site> = sites.at(place, &[Kind::Call, Kind::New]).collect();
    let mut named = calls.iter().filter(|site| !name.is_empty() && site.name == name);
    match (named.next(), named.next(), &calls[..]) {
        (Some(site), None, _) => Some(site),
        (None, _, [only]) => Some(only),
        _ => None,
    }
}

fn cut(stack: &str) -> &str {
    &stack[..stack.floor_char_boundary(STACK_BYTES_MAX)]
}

/// The lines of a stack, with what each says.
fn frames(stack: &str) -> impl Iterator<Item = (&str, Option<Frame<'_>>)> {
    stack.lines().map(|line| (line, frame(line)))
}

fn frame(line: &str) -> Option<Frame<'_>> {
    let (name, rest) = line.trim_start().strip_prefix("at ")?.rsplit_once(" (")?;
    let mut parts = rest.strip_suffix(')')?.rsplitn(3, ':');
    let (column, at_line) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    Some(Frame { name, file: parts.next()?, place: (at_line, column) })
}

fn native_name(line: &str) -> Option<&str> {
    line.trim().strip_prefix("at ")?.strip_suffix(" (native)")
}
