//! The arithmetic of the lessons. All but [`lars`] are the NT-Xent lesson's, on
//! top of [`nt_xent`](super::nt_xent): nothing here computes the loss a second time, it only takes it apart.
//!
//! | module | holds |
//! |---|---|
//! | [`lars`] | the LARS lesson, with modules of its own |
//! | [`matrix`] | the worked example's similarities, editable; whether unit vectors have them |
//! | [`row`] | one anchor's logits, exps, sum, probabilities, loss |
//! | [`slips`] | the formulas and tables of a tutorial as printed, wrong, beside the right ones |
//! | [`temperature`] | the slider's values; which negatives dominate |
//! | [`play`] | embeddings that are pulled, pushed and moved by gradient descent |
//! | [`moves`] | what a visitor does to them, and how a link holds them |
//! | [`device`] | a batch for the training code to compute |
//! | [`address`] | the NT-Xent lesson's state as its address holds it |
//! | [`query`], [`progress`] | what a lesson's links and memories are made of |
//! | [`views`] | the names of the four views, and their drawing from sample images |
//! | [`plane`] | two directions to look at such embeddings from |

pub mod address;
pub mod device;
pub mod lars;
pub mod matrix;
pub mod moves;
pub mod plane;
pub mod play;
pub mod progress;
pub mod query;
pub mod row;
pub mod slips;
pub mod temperature;
pub mod views;

#[cfg(test)]
mod tests;
