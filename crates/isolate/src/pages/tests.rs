//! Images and runs as a model has them. Nobody handles faults here: pages are warmed up by hand.

use std::iter;

use super::*;

const IMAGE_PAGES: usize = 200;

/// An image in which every byte is known.
fn image() -> (Box<Arena>, Pages) {
    let bytes = IMAGE_PAGES * page_bytes();
    let mut arena = Arena::new(bytes, 2 * bytes).expect("an arena");
    let functions = Arena::functions();
    let opaque = (&raw mut *arena).cast();
    let malloc = functions.js_malloc.expect("a function");
    // SAFETY: the arena is alive, and the block as large as was asked for.
    unsafe {
        let content = malloc(opaque, bytes as _).cast::<u8>();
        (0..bytes).for_each(|at| content.add(at).write(at as u8 ^ (at / page_bytes()) as u8));
    }
    let pages = Pages::seal(&mut arena, bytes, iter::empty()).expect("pages");
    (arena, pages)
}

fn bytes_of(pages: &Pages) -> Vec<u8> {
    // SAFETY: the image can be read, and nobody writes it now.
    unsafe { std::slice::from_raw_parts(pages.base, pages.bytes()) }.to_vec()
}

/// Writes as a run would, but for the book.
fn write(pages: &Pages, at: usize, byte: u8) {
    pages.warm_up(at / page_bytes()).expect("a warm page");
    // SAFETY: the page can be written to.
    unsafe { pages.base.add(at).write(byte) };
}

#[test]
fn a_reset_puts_every_byte_back() {
    let (mut arena, mut pages) = image();
    let before = bytes_of(&pages);
    for round in 0..3000_usize {
        for n in 0..round % 7 {
            let page = 1 + (round * 31 + n * 17) % IMAGE_PAGES.min(20 + round / 100);
            write(&pages, page * page_bytes() + round % page_bytes(), n as u8);
        }
        pages.reset(&mut arena);
        assert!(bytes_of(&pages) == before, "{round}");
    }
}

#[test]
fn pages_cool_down_and_warm_up_again() {
    let (mut arena, mut pages) = image();
    let before = bytes_of(&pages);
    write(&pages, 5 * page_bytes(), !before[5 * page_bytes()]);
    assert_eq!(pages.warm().collect::<Vec<_>>(), [0, 5]);
    for _ in 0..RESETS_PER_SWEEP * (u32::from(IDLE_SWEEPS_MAX) + 2) {
        pages.reset(&mut arena);
    }
    assert_eq!(pages.warm().collect::<Vec<_>>(), [0]);
    assert!(!pages.warm_up(0).expect("a warm page"));
    assert!(pages.warm_up(5).expect("a warm page"));
    assert!(bytes_of(&pages) == before);
}

#[test]
fn a_packed_run_finds_its_bytes_again_on_pages_that_cooled_down() {
    let (mut arena, mut pages) = image();
    let before = bytes_of(&pages);
    let mut waiting = Vec::new();
    for run in 1..6_u8 {
        for page in 0..40 {
            write(&pages, (1 + page) * page_bytes() + usize::from(run) * 64, run);
        }
        let changed = bytes_of(&pages);
        waiting.push((pages.pack(&mut arena), changed));
        assert!(bytes_of(&pages) == before);
    }
    for _ in 0..RESETS_PER_SWEEP * (u32::from(IDLE_SWEEPS_MAX) + 2) {
        pages.reset(&mut arena);
    }
    assert_eq!(pages.warm().count(), 1);
    for (packed, changed) in waiting {
        pages.unpack(&mut arena, packed).expect("it fits");
        assert!(bytes_of(&pages) == changed);
        pages.reset(&mut arena);
        assert!(bytes_of(&pages) == before);
    }
}

#[test]
fn an_image_can_be_warm_from_the_start_and_all_over() {
    let (mut arena, _) = image();
    let far = usize::MAX / page_bytes();
    let mut pages = Pages::seal(&mut arena, 1 << 20, [3, 3, far].into_iter()).expect("pages");
    assert_eq!(pages.warm().collect::<Vec<_>>(), [0, 3]);
    let before = bytes_of(&pages);
    pages.warm_up_all().expect("warm pages");
    assert_eq!(pages.warm().count(), pages.count());
    (0..pages.bytes()).step_by(77).for_each(|at| write(&pages, at, 1));
    pages.reset(&mut arena);
    assert!(bytes_of(&pages) == before);
}

#[test]
fn an_address_belongs_to_a_page_of_the_image_or_to_none() {
    let (_arena, pages) = image();
    let base = pages.base.addr();
    assert_eq!(pages.page_of(base - 1), None);
    assert_eq!(pages.page_of(base), Some(0));
    assert_eq!(pages.page_of(base + pages.bytes() - 1), Some(pages.count() - 1));
    assert_eq!(pages.page_of(base + pages.bytes()), None);
    assert_eq!(pages.page_of(0), None);
}
