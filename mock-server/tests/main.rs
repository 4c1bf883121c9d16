//! Through the real parts: the real program, a real socket; and the edges that need neither.
//!
//! A module a topic. `support` starts the program on a free port and speaks bytes to it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]
#![expect(unreachable_pub, reason = "nothing uses a test but the test")]

mod admin;
mod contract;
mod edge;
mod edges;
mod examples;
mod faults;
mod observed;
mod support;
mod verify;
