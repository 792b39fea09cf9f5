//! Words that all lessons share, and what the words of a step are.

pub const STEPS: &str = "Steps";
pub const FORMULA: &str = "Formula";
pub const PLAY: &str = "Play";
pub const STOP: &str = "Stop";
pub const ONE: &str = "One step";
pub const RESET: &str = "Reset";
pub const ALL_STEPS: &str = "All steps";
pub const ONE_STEP: &str = "One step at a time";
pub const COPY: &str = "Copy link";
pub const COPIED: &str = "The link holds this step and your changes.";
pub const NOT_COPIED: &str = "The browser did not allow it: copy the address of this page.";
pub const PRINT: &str = "Print";
pub const BACK: &str = "Previous";
pub const NEXT: &str = "Next";
pub const KEYS: &str = "Keys: ← and → change the step.";
pub const WHY: &str = "Why?";
pub const PRINTED: &str = "What the tutorial prints";
pub const QUESTION: &str = "Question";
pub const RIGHT: &str = "Right. ";
pub const WRONG: &str = "Not quite. ";
pub const DONE: &str = "answered";
pub const BAD_LINK: &str = "This link holds values that the lesson cannot use; the rest was taken.";

/// The words of one step; a question ends it.
pub struct LessonStep {
    pub title: &'static str,
    pub text: &'static str,
    /// As `core::formula` reads it.
    pub formula: &'static str,
    pub why: &'static str,
    /// What the tutorial that the lesson follows prints, where it slips here; else empty.
    pub printed: &'static str,
    /// The step's question, and its three answers.
    pub ask: &'static str,
    pub answers: [&'static str; 3],
    /// Index of the right answer, and why it is right.
    pub right: usize,
    pub because: &'static str,
}
