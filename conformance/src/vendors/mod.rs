//! The list: one line a vendor.
#![expect(clippy::unnecessary_wraps, reason = "checks look alike")]

use crate::check::Entry;
use crate::exchange::{Answer, Request};
use crate::world::{Blocked, World};

mod chase;
mod comm100;
mod impact;

/// What a vendor's folder has to offer.
pub struct Checks {
    /// The folder's name.
    pub vendor: &'static str,
    /// The checks, a list a page.
    pub lists: &'static [&'static [Entry]],
    /// A request that is answered with anything but 401 if the credentials are good, and changes nothing.
    pub hello: fn(&World) -> Result<Request, Blocked>,
    /// Whether an answer to it says that the credentials are not good.
    pub is_stranger: fn(&Answer) -> bool,
}

/// Every vendor.
pub const VENDORS: &[Checks] = &[comm100::CHECKS, chase::CHECKS, impact::CHECKS];
