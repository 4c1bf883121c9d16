//! The vendors, a folder each.

pub mod chase;
pub mod comm100;
pub mod impact;
