//! Page "Conversions": the list of conversion actions, and marking one as achieved.

use super::{mark, result, sound};
use crate::check::{Check, Entry, Refusal};
use crate::exchange::Request;
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[("comm100.mark.unknown_name", unknown_name)];

/// A name that no action has is answered with result 1, and the same call with a name that one has with result 0.
fn unknown_name(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let unknown = form.clone().set("conversion_name", world.unique());
    Ok(Refusal::of(mark(world, &form)?, result(0))
        .broken(
            "with a name that no action has",
            move |request: Request| request.form(&unknown),
            result(1),
        )
        .into())
}
