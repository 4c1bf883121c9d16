//! Judges an implementation of the three conversion APIs by its base URL.

pub mod check;
pub mod exchange;
pub mod expect;
pub mod judge;
pub mod known;
pub mod report;
pub mod result;
pub mod secret;
pub mod vendors;
pub mod world;
