//! A program without its code in memory.

use hookstead_isolate::{Ending, Value, forget_code};

use crate::echo::{roomy, run};

#[test]
fn what_is_forgotten_comes_back_when_it_is_used() {
    let source = "say([3, 1, 2].sort().join() + /b+/.exec('abb')[0]); say('done')";
    let expected = (vec![Value::from("1,2,3bb"), Value::from("done")], Ending::Finished);
    assert_eq!(run(source, &roomy()), expected);
    let before = file_pages();
    forget_code();
    assert!(file_pages() < before / 2, "{} of {before}", file_pages());
    assert_eq!(run(source, &roomy()), expected);
}

/// Pages of files that this process has in memory.
fn file_pages() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(2).unwrap().parse().unwrap()
}
