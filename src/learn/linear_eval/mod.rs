//! Linear evaluation: how much of the classes a linear classifier reads from
//! frozen features h, beside the same for an untrained encoder and raw pixels.

mod classifier;
mod evaluate;
mod examples;
mod rows;

pub use classifier::{BATCH, EPOCHS, Labelled, LinearClassifier, Problem, RATES, epochs, fit, train};
pub use evaluate::Evaluation;
pub use examples::Examples;
pub use rows::{Pixels, Rows, Standard};
