//! Runs from the outside: values across the border, limits, the pool.

mod border;
mod echo;
mod hostile;
mod limits;
mod pool;
