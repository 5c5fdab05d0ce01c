//! What functions write to their console while somebody logs in or registers: log-in calls them,
//! and knows no consoles.

use std::cell::RefCell;

use crate::LogLine;

tokio::task_local! {
    static LINES: RefCell<Vec<LogLine>>;
}

/// Does work for a request, and returns the lines that were gathered meanwhile, oldest first.
pub async fn gathering_log<T>(work: impl Future<Output = T>) -> (T, Vec<LogLine>) {
    let gathered = async {
        let done = work.await;
        (done, LINES.with(RefCell::take))
    };
    LINES.scope(RefCell::default(), gathered).await
}

/// Adds what a function wrote, where somebody gathers it.
pub fn gather_log(lines: Vec<LogLine>) {
    // Work that no request waits for has nobody to tell.
    let _ = LINES.try_with(|gathered| gathered.borrow_mut().extend(lines));
}
