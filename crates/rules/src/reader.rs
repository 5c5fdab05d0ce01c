//! What reading a condition keeps in mind: what it is about, its size, and what is wrong with it.

use crate::{
    ConditionProblem, Subject,
    expansion::Wrong,
    limits::{DEPTH_MAX, PARTS_MAX, PROBLEMS_MAX},
};

/// Reads a condition and remembers everything that is not understood.
pub(crate) struct Reader {
    pub(crate) subject: Subject,
    pub(crate) problems: Vec<ConditionProblem>,
    path: String,
    depth: usize,
    parts: usize,
}

impl Reader {
    pub(crate) fn new(subject: Subject) -> Self {
        Self { subject, problems: Vec::new(), path: String::new(), depth: 0, parts: 0 }
    }

    /// Reads what is at a key; `None` where it is not understood, or too deep or too large.
    pub(crate) fn at<T>(
        &mut self,
        key: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let before = self.path.len();
        if !self.path.is_empty() {
            self.path.push('.');
        }
        self.path.push_str(key);
        self.inside(before, read)
    }

    /// Reads an item of a list.
    pub(crate) fn at_item<T>(
        &mut self,
        index: usize,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let before = self.path.len();
        self.path.push_str(&format!("[{index}]"));
        self.inside(before, read)
    }

    fn inside<T>(
        &mut self,
        path_before: usize,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        self.depth += 1;
        self.parts += 1;
        let result = if self.depth > DEPTH_MAX {
            self.wrong("this is nested too deep", "join conditions in one list")
        } else if self.parts > PARTS_MAX {
            // Told once.
            if self.parts == PARTS_MAX + 1 {
                self.wrong("the condition is too large", "move it into a function")
            } else {
                None
            }
        } else {
            read(self)
        };
        self.depth -= 1;
        self.path.truncate(path_before);
        result
    }

    /// Notes that what is read is not understood.
    pub(crate) fn wrong<T>(
        &mut self,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) -> Option<T> {
        if self.problems.len() < PROBLEMS_MAX {
            let (path, message, remedy) = (self.path.clone(), message.into(), remedy.into());
            self.problems.push(ConditionProblem { path, message, remedy });
        }
        None
    }

    /// A result, with what is wrong noted.
    pub(crate) fn noted<T>(&mut self, result: Result<T, Wrong>) -> Option<T> {
        result.map_or_else(|(message, remedy)| self.wrong(message, remedy), Some)
    }
}
