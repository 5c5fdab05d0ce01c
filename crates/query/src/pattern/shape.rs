//! What a pattern may cost, judged by how it is written: the engine does not say.

use super::translate::Reader;

/// How large a pattern is, and what a search with it may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// Roughly how many states the compiled pattern has, which is what it takes of time and memory.
    pub(super) states: usize,
    /// Roughly how many of them one character of a text may lead to.
    pub(super) active: usize,
    /// Whether a search may go through the rest of the text again and again, from each place: when
    /// something of any length stands in a group that looks around or gives nothing back.
    pub(super) looks_far: bool,
    /// Whether it is searched at the beginning of the text only, and looks far only from there.
    is_anchored: bool,
}

/// A group that has been opened.
#[derive(Default)]
struct Group {
    sum: Size,
    /// What a quantifier would repeat.
    last: Size,
    looks: bool,
    is_unbounded: bool,
}

#[derive(Clone, Copy, Default)]
struct Size {
    states: usize,
    active: usize,
}

impl Size {
    const fn new(states: usize, active: usize) -> Self {
        Self { states, active }
    }

    fn plus(self, other: Self) -> Self {
        Self {
            states: self.states.saturating_add(other.states),
            active: self.active.saturating_add(other.active),
        }
    }

    fn times(self, count: usize) -> Self {
        Self {
            states: self.states.saturating_mul(count),
            active: self.active.saturating_mul(count),
        }
    }
}

/// A letter of any script has some hundred ranges.
const LETTER: Size = Size::new(400, 4);
const DIGIT: Size = Size::new(60, 2);
const BLANK: Size = Size::new(20, 2);
const CLASS: Size = Size::new(30, 4);
const ANY: Size = Size::new(10, 4);

impl Group {
    fn add(&mut self, size: Size) {
        self.sum = self.sum.plus(size);
        self.last = size;
    }

    /// Has what was added last so many times.
    fn repeat(&mut self, count: usize) {
        let more = self.last.times(count.saturating_sub(1));
        self.sum = self.sum.plus(more);
        self.last = self.last.plus(more);
    }
}

impl Shape {
    pub(super) fn of(source: &str, flags: &str) -> Self {
        let mut reader = Reader::new(source);
        let mut shape = Self {
            is_anchored: !flags.contains('m')
                && !source.contains('|')
                && !source.contains("(?m")
                && (source.starts_with('^') || source.starts_with("\\A")),
            ..Self::default()
        };
        let ignores_case = flags.contains('i') || source.contains("(?i");
        let mut groups = vec![Group::default()];
        while let Some(next) = reader.next() {
            let depth = groups.len();
            let Some(group) = groups.last_mut() else { break };
            match next {
                '(' => {
                    let looks = ["?=", "?!", "?<=", "?<!", "?>", "?("];
                    let looks = looks.iter().any(|start| reader.rest().starts_with(start));
                    groups.push(Group { looks, ..Group::default() });
                }
                ')' if depth > 1 => {
                    let closed = groups.pop().unwrap_or_default();
                    let Some(outer) = groups.last_mut() else { break };
                    outer.add(closed.sum);
                    outer.is_unbounded |= closed.is_unbounded;
                    if closed.looks && closed.is_unbounded {
                        shape.look_far(depth - 1);
                    }
                }
                '*' | '+' => {
                    group.is_unbounded = true;
                    if reader.take("+") {
                        shape.look_far(depth);
                    }
                }
                '{' => {
                    let times = reader.rest().split('}').next().unwrap_or_default();
                    let (least, most) = times.split_once(',').unwrap_or((times, times));
                    if let Ok(least) = least.parse::<usize>() {
                        group.is_unbounded |= most.is_empty();
                        group.repeat(most.parse().unwrap_or(least).max(1));
                        reader.take_until("}");
                        if reader.take("+") {
                            shape.look_far(depth);
                        }
                    } else {
                        group.add(Size::new(1, 1));
                    }
                }
                '\\' => group.add(escaped(&mut reader)),
                '[' => group.add(class(&mut reader)),
                '.' => group.add(ANY),
                '?' | '|' | '^' | '$' | ')' => {}
                _ if ignores_case || !next.is_ascii() => group.add(Size::new(4, 2)),
                _ => group.add(Size::new(1, 1)),
            }
        }
        let all = groups.iter().fold(Size::default(), |all, group| all.plus(group.sum));
        Self { states: all.states, active: all.active, ..shape }
    }

    /// What looks far within a group may do so from each place.
    fn look_far(&mut self, depth: usize) {
        self.looks_far = true;
        self.is_anchored &= depth <= 1;
    }

    /// How many characters a search may look at, in the worst case.
    pub(super) fn looks(&self, text: &str) -> usize {
        let places = if self.looks_far && !self.is_anchored { text.len() } else { 1 };
        text.len().saturating_mul(places)
    }
}

fn escaped(reader: &mut Reader<'_>) -> Size {
    match reader.next() {
        Some('w' | 'W' | 'b' | 'B' | 'X') => LETTER,
        Some('p' | 'P') => {
            if reader.take("{") {
                reader.take_until("}");
            }
            LETTER
        }
        Some('d' | 'D') => DIGIT,
        Some('s' | 'S' | 'h' | 'H' | 'v' | 'V' | 'R' | 'N') => BLANK,
        _ => Size::new(1, 1),
    }
}

fn class(reader: &mut Reader<'_>) -> Size {
    let mut size = CLASS;
    reader.take("^");
    let mut is_first = true;
    while let Some(next) = reader.next() {
        match next {
            ']' if !is_first => break,
            '\\' => size = size.plus(Size { active: 0, ..escaped(reader) }),
            '[' if reader.take(":") => {
                reader.take_until(":]");
                size = size.plus(Size { active: 0, ..LETTER });
            }
            _ => size.states = size.states.saturating_add(1),
        }
        is_first = false;
    }
    size
}

#[cfg(test)]
mod tests {
    use super::Shape;

    #[test]
    fn what_repeats_counts_as_often() {
        let states = |source| Shape::of(source, "").states;
        assert_eq!(states("abc"), 3);
        assert_eq!(states("a{1000}"), 1000);
        assert_eq!(states("(a{10}b){3,20}"), 220);
        assert_eq!(states(r"\w{1,30}\d{1,30}"), 13_800);
        assert_eq!(states("(((a{1000}){1000}){1000}){1000}"), 1_000_000_000_000);
        assert_eq!(states(r"a\{1000}"), 7);
        assert!(states("[]a-z]{100}") >= 3_000);
        assert_eq!(states("(((("), 0);
    }

    #[test]
    fn what_may_look_at_the_rest_from_every_place_is_known() {
        let text = "x".repeat(1000);
        for (source, looks) in [
            ("abc", 1000),
            (r"(?=a)b", 1000),
            (r"(?=.*z)a", 1_000_000),
            (r"(?!.{3,}z)a", 1_000_000),
            (r"(?>a+)b", 1_000_000),
            (r"a++b", 1_000_000),
            (r"(?<=a*)b", 1_000_000),
            (r"(?:(?=(x+)y)a)*", 1_000_000),
            (r"^(?=.*\d)(?=.*[a-z]).{8,}$", 1000),
            (r"^(?:(?=.*z)a|a)*?c", 1_000_000),
            (r"^(?:(?=.*z)a)*?c", 1_000_000),
            (r"^b|(?=.*z)a", 1_000_000),
        ] {
            assert_eq!(Shape::of(source, "").looks(&text), looks, "{source}");
        }
        assert_eq!(Shape::of(r"^(?=.*z)a", "m").looks(&text), 1_000_000);
    }
}
