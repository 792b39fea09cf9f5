//! The arithmetic of the LARS lesson, on top of [`lars`](crate::core::lars):
//! nothing here computes λ or a step a second time, it only takes them apart.
//!
//! | module | holds |
//! |---|---|
//! | [`layer`] | λ of one layer with its parts |
//! | [`race`] | layers of very different curvature: one rate for all against LARS |
//! | [`momentum`] | the worked example over steps, by this and other programs' rules |
//! | [`slips`] | the formulas of a tutorial as printed, beside the right ones |
//! | [`excluded`] | a bias with and without λ |
//! | [`knobs`] | the sliders and choices, and the address that holds them |
//! | [`live`] | λ of every layer over the run under way |
//! | [`recorded`] | ‖w‖ and ‖g‖ of every tensor in a real run |

pub mod excluded;
pub mod knobs;
pub mod layer;
pub mod live;
pub mod momentum;
pub mod race;
pub mod recorded;
pub mod slips;

#[cfg(test)]
mod tests;
