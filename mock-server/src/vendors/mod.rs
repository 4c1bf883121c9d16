//! The vendors, a folder each, and the list of them: one line a vendor.

pub mod chase;
pub mod comm100;
pub mod impact;

use crate::world::{Kind, KindOf};

/// Every vendor, in the order of the documentation.
pub static VENDORS: [&dyn Kind; 3] = [
    &KindOf::<comm100::Comm100>::NEW,
    &KindOf::<chase::Chase>::NEW,
    &KindOf::<impact::Impact>::NEW,
];
