//! Stands in for the conversion APIs of Comm100, Chase and impact.com.
//!
//! A call comes in at [`serve`], which asks [`sandboxes`] where it belongs: to which of the [`vendors`], and to which
//! [`sandbox`]. There a [`world`] of that vendor hands it to the vendor's engine, in the words of [`engine`]; the
//! [`journal`] writes it down, and [`coverage`] keeps which documented answers were met. An [`overlay`] around the engine breaks rules on purpose. What begins with `/__admin` goes to [`admin`] instead.
//!
//! Without the feature `server` only the engines and what holds them are built: no clock, no socket, no file.

pub mod admin;
pub mod clock;
pub mod coverage;
pub mod credentials;
#[cfg(feature = "server")]
mod delivery;
pub mod document;
pub mod engine;
#[cfg(feature = "server")]
pub mod env;
pub mod fault;
#[cfg(feature = "server")]
pub mod flags;
pub mod form;
pub mod journal;
#[cfg(feature = "server")]
pub mod log;
pub mod matcher;
pub mod overlay;
pub mod quota;
#[cfg(feature = "server")]
pub mod run;
pub mod sandbox;
pub mod sandboxes;
pub mod seed;
pub mod sentences;
#[cfg(feature = "server")]
pub mod serve;
#[cfg(feature = "server")]
pub mod start;
pub mod tally;
#[cfg(test)]
mod testing;
pub mod vendors;
pub mod verify;
pub mod world;
