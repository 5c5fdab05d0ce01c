//! What functions of the app write to their console while somebody logs in or registers. They are
//! called from within `identity`, which knows no consoles.

use std::cell::RefCell;

use hookstead_functions::LogLine;

tokio::task_local! {
    static LINES: RefCell<Vec<LogLine>>;
}

/// Does work for a request, and returns what functions that it called wrote, oldest first.
pub async fn with_function_log<T>(work: impl Future<Output = T>) -> (T, Vec<LogLine>) {
    let gathered = async {
        let done = work.await;
        (done, LINES.with(RefCell::take))
    };
    LINES.scope(RefCell::default(), gathered).await
}

/// Keeps what a function wrote, where somebody gathers it.
pub(crate) fn keep(lines: Vec<LogLine>) {
    // Work that no request waits for has nobody to tell.
    let _ = LINES.try_with(|kept| kept.borrow_mut().extend(lines));
}
