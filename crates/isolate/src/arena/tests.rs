//! The allocator against a model. No engine, no turn.

use super::*;
use crate::pages::Pages;

/// Numbers that look random and are the same every time.
pub(crate) struct Dice(pub(crate) u64);

impl Dice {
    pub(crate) fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 11) as usize % end
    }

    /// Small sizes mostly, large ones now and then.
    fn size(&mut self) -> usize {
        let log2 = [4, 6, 8, 8, 10, 12, 14, 21][self.below(8)];
        self.below(1 << log2)
    }
}

/// A block as the model knows it: every byte of what was asked for is `mark`.
struct Known {
    content: *mut c_void,
    size: usize,
    mark: u8,
}

impl Known {
    fn bytes(&self) -> &[u8] {
        // SAFETY: the block was handed out for so many bytes.
        unsafe { std::slice::from_raw_parts(self.content.cast(), self.size) }
    }

    fn check(&self) {
        assert!(self.bytes() == vec![self.mark; self.size], "{} bytes", self.size);
    }

    fn fill(&mut self, size: usize, mark: u8) {
        (self.size, self.mark) = (size, mark);
        // SAFETY: as above.
        unsafe {
            ptr::write_bytes(self.content.cast::<u8>(), mark, size);
            assert!(usable_size(self.content) as usize >= size);
        }
        assert!(self.content.addr().is_multiple_of(16));
    }
}

/// What the engine could do, at random; the blocks that are left.
fn play(arena: &mut Arena, dice: &mut Dice, steps: usize) -> Vec<Known> {
    let opaque = (&raw mut *arena).cast::<c_void>();
    let mut known: Vec<Known> = Vec::new();
    for _ in 0..steps {
        let (size, mark) = (dice.size(), dice.below(255) as u8 + 1);
        let at = dice.below(known.len().max(1));
        // SAFETY: the arena is alive, and each block is used until it is freed.
        unsafe {
            match dice.below(8) {
                0..3 if known.len() < 200 => {
                    let content = malloc(opaque, size as qjs::size_t);
                    let mut block = Known { content, size, mark };
                    block.fill(size, mark);
                    known.push(block);
                }
                3..5 if known.len() < 200 => {
                    let content = calloc(opaque, 1, size as qjs::size_t);
                    let mut block = Known { content, size, mark: 0 };
                    block.check();
                    block.fill(size, mark);
                    known.push(block);
                }
                5 if !known.is_empty() && size > 0 => {
                    let block = &mut known[at];
                    block.content = realloc(opaque, block.content, size as qjs::size_t);
                    block.size = block.size.min(size);
                    block.check();
                    block.fill(size, mark);
                }
                _ if !known.is_empty() => {
                    let block = known.swap_remove(at);
                    block.check();
                    free(opaque, block.content);
                }
                _ => {}
            }
        }
    }
    known.iter().for_each(Known::check);
    known
}

#[test]
fn every_size_has_the_smallest_class_that_holds_it() {
    for class in 0..CLASSES {
        let size = size_of_class(class);
        assert_eq!(class_of(size), Some(class));
        let above = class_of(size + 1);
        assert_eq!(above, (class + 1 < CLASSES).then_some(class + 1), "{size}");
        assert_eq!(size % 16, 0);
    }
    assert_eq!(class_of(0), Some(0));
    for absurd in [(1 << 40) + 1, usize::MAX / 2, usize::MAX] {
        assert_eq!(class_of(absurd), None);
    }
}

/// And what was left below a page is used for something else.
#[test]
fn a_chunk_has_a_page_to_itself() {
    let mut arena = Arena::new(0, 1 << 30).expect("an arena");
    let mut dice = Dice(3);
    for _ in 0..300 {
        let size = CHUNK_BYTES_MIN + dice.below(CHUNK_BYTES - CHUNK_BYTES_MIN + 1);
        let chunk = arena.allocate(size).expect("memory").0;
        assert!(is_chunk(chunk), "{size}");
        let size = dice.below(CHUNK_BYTES_MIN);
        let content = arena.allocate(size).expect("memory").0;
        assert!(!is_chunk(content), "{size}");
        let (start, from) = (chunk.addr(), content.addr());
        assert!(from + size <= start || from >= start + CHUNK_BYTES, "{size}");
    }
    let bytes = 300 * (CHUNK_BYTES + CHUNK_BYTES_MIN);
    assert!(arena.top() < bytes, "{}", arena.top());
}

#[test]
fn blocks_keep_what_is_in_them() {
    for seed in 1..20 {
        let mut arena = Arena::new(0, 1 << 30).expect("an arena");
        play(&mut arena, &mut Dice(seed), 2_000);
    }
}

/// Runs that dirty an arena and are reset; whoever comes next finds zeroes and its image.
#[test]
fn no_run_sees_what_another_one_left() {
    let mut arena = Arena::new(1 << 30, 1 << 30).expect("an arena");
    let mut dice = Dice(7);
    let image = play(&mut arena, &mut dice, 300);
    let mut pages = Pages::seal(&mut arena, 1 << 30, std::iter::empty()).expect("pages");
    // Nobody handles faults here.
    (0..pages.count()).for_each(|page| assert!(pages.warm_up(page).is_ok()));
    for _ in 0..300 {
        play(&mut arena, &mut dice, 100);
        // Whatever state the run was in.
        pages.reset(&mut arena);
        image.iter().for_each(Known::check);
    }
}

#[test]
fn several_runs_take_turns_in_an_arena() {
    let mut arena = Arena::new(1 << 30, 1 << 30).expect("an arena");
    let mut dice = Dice(11);
    let image = play(&mut arena, &mut dice, 300);
    let mut pages = Pages::seal(&mut arena, 1 << 30, std::iter::empty()).expect("pages");
    let mut waiting = Vec::new();
    for _ in 0..400 {
        (0..pages.count()).for_each(|page| assert!(pages.warm_up(page).is_ok()));
        match dice.below(4) {
            0 if !waiting.is_empty() => {
                let (packed, blocks): (_, Vec<Known>) =
                    waiting.swap_remove(dice.below(waiting.len()));
                pages.unpack(&mut arena, packed).expect("it fits");
                blocks.iter().for_each(Known::check);
                for block in blocks {
                    // SAFETY: the block is this run's.
                    unsafe { free((&raw mut *arena).cast(), block.content) };
                }
                play(&mut arena, &mut dice, 50);
                pages.reset(&mut arena);
            }
            1 | 2 if waiting.len() < 6 => {
                let steps = 20 + dice.below(200);
                let blocks = play(&mut arena, &mut dice, steps);
                waiting.push((pages.pack(&mut arena), blocks));
            }
            _ => {
                play(&mut arena, &mut dice, 50);
                pages.reset(&mut arena);
            }
        }
        image.iter().for_each(Known::check);
    }
}

#[test]
fn a_limit_is_kept_whatever_is_given_back() {
    const LIMIT: usize = 16 << 20;
    for seed in 1..10 {
        let mut arena = Arena::new(LIMIT, 1 << 30).expect("an arena");
        arena.seal(LIMIT).expect("it fits");
        let (mut dice, mut blocks, mut held, mut refused) = (Dice(seed), Vec::new(), 0, 0);
        for _ in 0..5_000 {
            let size = dice.size();
            if dice.below(5) < 3 {
                match arena.allocate(size) {
                    Some((content, _)) => {
                        // SAFETY: this has just been handed out.
                        held += unsafe { held_by(content) };
                        blocks.push(content);
                    }
                    None => refused += 1,
                }
            } else if !blocks.is_empty() {
                let content = blocks.swap_remove(dice.below(blocks.len()));
                // SAFETY: this was handed out, and is freed once.
                unsafe {
                    held -= held_by(content);
                    arena.release(content);
                }
            }
            assert!(held <= LIMIT, "{held}");
        }
        assert!(refused > 0, "the test asks for more than there is");
    }
}

#[test]
fn what_cannot_be_had_is_refused_and_changes_nothing() {
    let mut arena = Arena::new(1 << 20, 1 << 20).expect("an arena");
    arena.seal(1 << 20).expect("it fits");
    let top = arena.top();
    for size in [1 << 20, 1 << 30, 1 << 40, (1 << 40) + 1, usize::MAX - 15, usize::MAX] {
        assert!(arena.allocate(size).is_none(), "{size}");
        assert_eq!(arena.top(), top);
    }
    let (content, _) = arena.allocate(1000).expect("there is room");
    for size in [1 << 21, 1 << 39] {
        let class = class_of(size).expect("a class");
        // SAFETY: the block was handed out.
        assert!(unsafe { arena.extend(block_of(content), class) }.is_none(), "{size}");
    }
    arena.set_allocations_left(Some(1));
    assert!(arena.allocate(1).is_some());
    assert!(arena.allocate(1).is_none());
}

#[test]
fn blocks_of_the_image_can_be_freed_and_are_whole_again_after_a_reset() {
    let mut arena = Arena::new(1 << 26, 1 << 26).expect("an arena");
    let opaque = (&raw mut *arena).cast::<c_void>();
    // SAFETY: the arena is alive, and each block is used until it is freed.
    unsafe {
        let small = malloc(opaque, 100).cast::<u8>();
        let large = malloc(opaque, 3 << 20).cast::<u8>();
        ptr::write_bytes(small, 1, 100);
        ptr::write_bytes(large, 2, 3 << 20);
        let mut pages = Pages::seal(&mut arena, 1 << 26, std::iter::empty()).expect("pages");
        (0..pages.count()).for_each(|page| assert!(pages.warm_up(page).is_ok()));
        for _ in 0..3 {
            free(opaque, large.cast());
            free(opaque, small.cast());
            assert_eq!(malloc(opaque, 3 << 20), large.cast());
            assert_eq!(malloc(opaque, 100), small.cast());
            ptr::write_bytes(large, 3, 3 << 20);
            free(opaque, large.cast());
            pages.reset(&mut arena);
            assert!(std::slice::from_raw_parts(small, 100) == [1; 100]);
            assert!(std::slice::from_raw_parts(large, 3 << 20) == vec![2; 3 << 20]);
        }
    }
}
