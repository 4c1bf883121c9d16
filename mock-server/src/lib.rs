//! Stands in for the conversion APIs of Comm100, Chase and impact.com.
//!
//! A call comes in at [`serve`], which asks [`sandboxes`] where it belongs: to which of the [`vendors`], and to which
//! [`sandbox`]. There a [`world`] of that vendor hands it to the vendor's engine, in the words of [`engine`]; the
//! [`journal`] writes it down. An [`overlay`] around the engine breaks rules on purpose. What begins with `/__admin` goes to [`admin`] instead.
//!
//! Without the feature `server` only the engines and what holds them are built: no clock, no socket, no file.

pub mod admin;
pub mod clock;
pub mod conversions;
pub mod credentials;
#[cfg(feature = "server")]
mod delivery;
pub mod document;
pub mod engine;
pub mod fault;
#[cfg(feature = "server")]
pub mod flags;
pub mod form;
pub mod journal;
#[cfg(feature = "server")]
pub mod lines;
#[cfg(feature = "server")]
pub mod log;
pub mod matcher;
pub mod overlay;
pub mod quota;
pub mod sandbox;
pub mod sandboxes;
pub mod seed;
pub mod sentences;
#[cfg(feature = "server")]
pub mod serve;
#[cfg(test)]
mod testing;
pub mod vendors;
pub mod verify;
pub mod world;
