//! The program as people meet it: its commands, their output, their exit status.

mod check;
mod function;
mod program;
mod quickstart;
mod secrets;
mod serve;
mod sign;
mod usage;
