//! Page "Conversions": submitting one.

use super::{queued, refused_for, sound, submit};
use crate::check::{Check, Entry, Refusal};
use crate::exchange::Request;
use crate::world::{Blocked, World};

/// The checks of this page.
pub(super) const CHECKS: &[Entry] = &[("impact.conversions.order_id_required", order_id_required)];

/// Without an OrderId a conversion is refused, whatever else it says.
fn order_id_required(world: &World) -> Result<Check, Blocked> {
    let form = sound(world)?;
    let without = form.clone().without("OrderId");
    Ok(Refusal::of(submit(world, &form)?, queued())
        .broken(
            "without OrderId",
            move |request: Request| request.form(&without),
            refused_for("OrderId"),
        )
        .into())
}
