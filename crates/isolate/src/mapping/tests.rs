use super::*;

fn fill(mapping: &Mapping, start: usize, bytes: usize, mark: u8) {
    // SAFETY: the callers stay within what can be written to.
    unsafe { ptr::write_bytes(mapping.start().add(start), mark, bytes) };
}

fn is(mapping: &Mapping, start: usize, bytes: usize, mark: u8) -> bool {
    // SAFETY: the callers stay within what can be read.
    let all = unsafe { std::slice::from_raw_parts(mapping.start().add(start), bytes) };
    all == vec![mark; bytes]
}

/// Again and again, in every order: the kernel moves ranges of one mapping only, so that what came
/// back must have become one with what was around it.
#[test]
fn memory_moves_out_and_in_as_often_as_needed() {
    let page = page_bytes();
    let (start, whole) = (3 * page, 1200 * page);
    let arena = Mapping::reserve(whole + (64 << 20)).expect("addresses");
    let mut waiting = Vec::new();
    for round in 0..300_usize {
        let bytes = page * (1 + round * 7 % 900);
        arena.allow(0, start + whole, true).expect("memory");
        fill(&arena, start, bytes, round as u8 | 1);
        let moved = arena.move_out(start, bytes).expect("the system moves it");
        assert!(is(&arena, start, bytes, 0));
        assert!(is(&moved, 0, bytes, round as u8 | 1));
        waiting.push((moved, round as u8 | 1));
        if round % 3 != 0 {
            let (moved, mark) = waiting.swap_remove(round * 13 % waiting.len());
            let bytes = moved.bytes();
            arena.move_in(start, moved).map_err(|(_, error)| error).expect("it moves back");
            assert!(is(&arena, start, bytes, mark));
            // Another run comes in between.
            let again = arena.move_out(start, bytes).expect("the system moves it");
            assert!(is(&again, 0, bytes, mark));
            drop(again);
        }
    }
}

#[test]
fn what_is_discarded_reads_as_zeroes_even_where_memory_is_locked() {
    let page = page_bytes();
    let mapping = Mapping::zeroed(4 * page).expect("memory");
    fill(&mapping, 0, 4 * page, 7);
    // SAFETY: the range is the mapping's own.
    let locked = unsafe { libc::mlock(mapping.start().add(page).cast(), page) } == 0;
    mapping.discard(page, 2 * page);
    assert!(is(&mapping, 0, page, 7) && is(&mapping, page, 2 * page, 0), "locked: {locked}");
    assert!(is(&mapping, 3 * page, page, 7));
}

/// Whatever the range begins and ends with: its whole pages go, and nothing beside it.
#[test]
fn a_large_range_is_given_back_and_nothing_beside_it() {
    let page = page_bytes();
    let pages = DISCARD_SOON_BYTES_MIN / page + 2;
    let mapping = Mapping::zeroed((pages + 2) * page).expect("memory");
    for (start, bytes) in [
        (page, pages * page),
        (page + 16, (pages - 1) * page + 1),
        (2 * page - 1, DISCARD_SOON_BYTES_MIN),
        (page, DISCARD_SOON_BYTES_MIN - 1),
    ] {
        fill(&mapping, 0, mapping.bytes(), 7);
        // SAFETY: the range is in the mapping, and what it holds is read as bytes alone.
        unsafe { give_back_large(mapping.start().add(start), bytes) };
        let (first, end) = (start.next_multiple_of(page), (start + bytes) & !(page - 1));
        let mark = if bytes < DISCARD_SOON_BYTES_MIN { 7 } else { 0 };
        assert!(is(&mapping, 0, first, 7), "in front of {start}, {bytes}");
        assert!(is(&mapping, first, end - first, mark), "{start}, {bytes}");
        assert!(is(&mapping, end, mapping.bytes() - end, 7), "behind {start}, {bytes}");
    }
}
