//! What the sources of an app use.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use hookstead_functions::{Uses, analyse};

/// What sources use. Each is looked into once, however many ask.
#[derive(Default)]
pub struct Analyses<'a>(RefCell<HashMap<&'a str, Rc<Uses>>>);

impl<'a> Analyses<'a> {
    /// What a source uses.
    pub fn of(&self, source: &'a str) -> Rc<Uses> {
        let mut known = self.0.borrow_mut();
        Rc::clone(known.entry(source).or_insert_with(|| Rc::new(analyse(source))))
    }
}
