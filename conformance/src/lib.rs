//! Judges an implementation of the three conversion APIs by its base URL.

pub mod assess;
pub mod catalogue;
pub mod check;
pub mod client;
pub mod coverage;
pub mod driver;
pub mod exchange;
pub mod expect;
pub mod explain;
pub mod flags;
pub mod judge;
pub mod known;
pub mod pace;
pub mod plan;
pub mod property;
pub mod report;
pub mod result;
pub mod run;
pub mod sandbox;
pub mod secret;
pub mod selftest;
pub mod show;
pub mod target;
pub mod vendors;
mod whole;
pub mod world;
