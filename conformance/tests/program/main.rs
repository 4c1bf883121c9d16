//! The built program, met from outside: what it says and how it ends, whatever it is pointed at.

#[path = "../support/mock.rs"]
mod mock;

mod control;
mod controls;
mod exits;
mod program;
mod repeats;
mod secrets;
