//! What only the embedded store is asked for: its file, its threads, its processes.

mod aggregates;
mod basics;
mod computing;
mod concurrency;
mod cursors;
mod files;
mod fixture;
mod indexes;
mod kill;
mod memory;
mod processes;
mod transactions;
mod watching;
