//! Words of the lesson "LARS". Formulas are MathML, which browsers set by
//! themselves.

/// A question with three answers.
pub struct Question {
    pub ask: &'static str,
    pub answers: [&'static str; 3],
    /// Index of the right answer.
    pub right: usize,
    pub because: &'static str,
}

pub struct Step {
    pub title: &'static str,
    pub text: &'static str,
    /// MathML inside of `<math>`, a formula a line.
    pub formula: &'static str,
    pub why: &'static str,
    /// What the tutorial that the lesson follows prints, where it slips here.
    pub printed: Option<&'static str>,
    pub question: Question,
}

pub const TITLE: &str = "LARS, layer by layer";
pub const LEAD: &str = "How far may each layer move? Move the numbers and see. Every value is computed by the code that checks the training.";
pub const STEPS: &str = "Steps of the lesson";
pub const BACK: &str = "Previous";
pub const NEXT: &str = "Next";
pub const PLAY: &str = "Play";
pub const STOP: &str = "Stop";
pub const ONE: &str = "One step";
pub const RESET: &str = "Reset";
pub const WHY: &str = "Why";
pub const PRINTED: &str = "What the tutorial prints";
pub const TABLE: &str = "The numbers as a table";
pub const QUESTION: &str = "Question";
pub const RIGHT: &str = "Right. ";
pub const WRONG: &str = "Not quite. ";
pub const RUNS: [&str; 2] = ["LARS", "SGD"];
pub const RATES: [&str; 3] = ["stays: 0.1, 0.1, 0.1, 0.1", "rises: 0.1, 0.2, 0.3, 0.4", "falls: 0.4, 0.3, 0.2, 0.1"];
pub const RULES: [&str; 3] = ["Paper and this program", "γ outside v (lightly, timm)", "λ over ‖g + βw‖ (Google)"];
pub const SLIPS: [&str; 4] = ["λ without η", "a norm added to a vector", "γ called local", "w ← w − v left out"];
pub const ENDS: [&str; 4] = ["arrived", "on the way", "stands still", "diverged"];

const LAMBDA: &str = "<mi>λ</mi><mo>=</mo><mfrac><mrow><mi>η</mi><mo>‖</mo><mi>w</mi><mo>‖</mo></mrow><mrow><mo>‖</mo><mi>g</mi><mo>‖</mo><mo>+</mo><mi>β</mi><mo>‖</mo><mi>w</mi><mo>‖</mo></mrow></mfrac>";
const UPDATE: &str = "<mi>v</mi><mo>←</mo><mi>μ</mi><mi>v</mi><mo>+</mo><mi>γ</mi><mi>λ</mi><mo>(</mo><mi>g</mi><mo>+</mo><mi>β</mi><mi>w</mi><mo>)</mo>\n<mi>w</mi><mo>←</mo><mi>w</mi><mo>−</mo><mi>v</mi>";

pub const ALL: [Step; 7] = [
    Step {
        title: "One rate for all layers",
        text: "Four layers, each with a bowl-shaped loss of its own curvature c. SGD uses one rate γ for all; LARS scales it for each layer by λ. The dots show the distance to the best weights: the line is the start, left is nearer, right is farther. Each mark is a factor of ten.",
        formula: "<mtext>SGD: </mtext><mi>w</mi><mo>←</mo><mi>w</mi><mo>−</mo><mi>γ</mi><mi>g</mi>\n<mtext>LARS: </mtext><mi>w</mi><mo>←</mo><mi>w</mi><mo>−</mo><mi>γ</mi><mi>λ</mi><mi>g</mi>",
        why: "A step of SGD multiplies the distance by |1 − γc|. It grows where γc is above 2 and hardly changes where γc is near 0. LARS moves each layer by γη of its own length whatever c is (here η = 0.03, so that 60 steps are enough); once there it circles the best weights until γ falls. This is a model: in a real network layers influence each other, and curvature changes on the way.",
        printed: None,
        question: Question {
            ask: "Is there a γ for SGD with which all four layers arrive in 60 steps?",
            answers: ["Yes, near 0.02", "Yes, above 1", "No"],
            right: 2,
            because: "Above 0.02 layer 1 diverges, and below it layer 4 stands still.",
        },
    },
    Step {
        title: "λ of one layer",
        text: "The trust ratio λ compares a layer's length ‖w‖ with that of its gradient ‖g‖. β is the weight decay and η the trust coefficient: the part of its own length that a layer may move at γ = 1.",
        formula: LAMBDA,
        why: "The longest update, γλ(‖g‖ + β‖w‖), is γη‖w‖: the gradient gives the direction, and the layer's own length the distance. Where ‖w‖ or ‖g‖ is 0 the formula says nothing, or nothing can start; then λ is 1.",
        printed: Some(
            "Its second formula for λ leaves out η, which makes λ and every update 1/η = 1000 times as large. Step 7 computes it.",
        ),
        question: Question {
            ask: "‖g‖ doubles while β = 0. What happens to the length of the update, γλ‖g‖?",
            answers: ["It doubles", "It stays the same", "It halves"],
            right: 1,
            because: "λ halves, so λ‖g‖ stays η‖w‖.",
        },
    },
    Step {
        title: "Every layer of a real run",
        text: "ConvNet-4 and its head on this program's sample set: 1200 images of 32 pixels, batches of 128, 30 epochs, recorded while it trained. The bars show λ, on a scale where each mark is a factor of ten. For the run with SGD they show what λ would have been.",
        formula: "<mfrac><mrow><mi>γ</mi><mi>λ</mi><mo>‖</mo><mi>g</mi><mo>‖</mo></mrow><mrow><mo>‖</mo><mi>w</mi><mo>‖</mo></mrow></mfrac><mo>≈</mo><mi>γ</mi><mi>η</mi>\n<mtext>for every layer</mtext>",
        why: "Gradients of different layers have different lengths, and the difference changes during training. With one rate a layer moves by γ‖g‖/‖w‖ of its length, which the table lists: it differs between layers as much as λ does.",
        printed: None,
        question: Question {
            ask: "Move through the run with LARS. Which layer has the largest λ at the first step and the last?",
            answers: ["The first convolution", "The last layer of the head", "All have the same"],
            right: 1,
            because: "Its weights are the longest and its gradient is among the shortest.",
        },
    },
    Step {
        title: "Weight decay and λ",
        text: "Weight decay β does two things: it pulls the weights towards 0 as a part of the update, and it keeps λ from growing without end when a gradient fades. The bars show λ as ‖g‖ falls, for ‖w‖ = 5 and η = 0.001.",
        formula: "<mi>λ</mi><mo>≤</mo><mfrac><mi>η</mi><mi>β</mi></mfrac>\n<mtext>when </mtext><mi>β</mi><mo>&gt;</mo><mn>0</mn>",
        why: "As ‖g‖ falls the denominator comes to β‖w‖ alone, and λ to η/β. The update is then decay only, γη of the layer's length. Where β is 0, λ has no bound.",
        printed: None,
        question: Question {
            ask: "η = 0.001 and β = 0.01. What is the bound that λ comes near as the gradient fades?",
            answers: ["0.1", "0.00001", "There is none"],
            right: 0,
            because: "η/β = 0.001/0.01.",
        },
    },
    Step {
        title: "Momentum when γ changes",
        text: "w = (3, 4) and a gradient that stays, g = (0.8, −0.6), with β = 0.01 and η = 0.001. Programs differ in where γ stands and in what λ divides by. The bars show how far w has come after four steps.",
        formula: UPDATE,
        why: "With γ inside, v remembers each update at the rate of its own step. With γ outside, the whole memory is scaled by the newest γ. In warm-up, where γ rises, that moves the weights further; along the cosine, less.",
        printed: Some(
            "The momentum line adds a norm to a vector, calls γ local although it is the global rate, and does not end with w ← w − v. Step 7 computes each.",
        ),
        question: Question {
            ask: "When do γ inside v and γ outside v give different weights?",
            answers: ["Always", "As soon as γ changes", "Only without momentum"],
            right: 1,
            because: "With one γ for all steps it can be taken out of the sum; without momentum there is nothing to remember.",
        },
    },
    Step {
        title: "Biases and normalisation",
        text: "Tensors of one dimension, biases and normalisation, get neither λ nor β. The picture shows why: a bias that starts at 0 and should become (0.3, −0.4), γ = 0.03. The bars show the distance that is left.",
        formula: "<mi>v</mi><mo>←</mo><mi>μ</mi><mi>v</mi><mo>+</mo><mi>γ</mi><mi>g</mi>\n<mtext>for tensors of one dimension</mtext>",
        why: "At first ‖b‖ = 0, so λ is 1. Then λ lets the bias move by γη of its own length only, which is nearly nothing. Decay would pull a normalisation's scale from 1 towards 0. The program chooses by the shape, never by the name; the table lists the recorded network.",
        printed: None,
        question: Question {
            ask: "Which of these tensors gets λ and β?",
            answers: ["A bias of shape 64", "A scale of normalisation of shape 16", "A weight of shape 64 × 128"],
            right: 2,
            because: "It has two dimensions; the others have one.",
        },
    },
    Step {
        title: "What the tutorial prints",
        text: "Four slips, one at a time, on the example of step 5 with γ = 0.1: right and as printed, after one step and after two.",
        formula: UPDATE,
        why: "“γ is the local rate” has no value by itself. Here it is read literally: the local rate is λ, and takes γ's place.",
        printed: Some("λ = ‖w‖ / (‖g‖ + β‖w‖); v ← μv + γλ(g + β‖w‖) with γ as local learning rate; no w ← w − v."),
        question: Question {
            ask: "‖w‖ is 5 and w = (3, 4). What is wrong with g + β‖w‖?",
            answers: ["It adds one number to both entries", "It is too short", "Nothing"],
            right: 0,
            because: "Decay would no longer point along w: (0.8, −0.6) becomes (0.85, −0.55) in place of (0.83, −0.56).",
        },
    },
];

/// Labels of the sliders and choices, by key.
pub fn knob(key: &str) -> &'static str {
    match key {
        "sgd" => "γ of SGD",
        "lars" => "γ of LARS",
        "t" => "Step",
        "w" => "‖w‖",
        "g" => "‖g‖",
        "beta" | "decay" => "β",
        "eta" => "η",
        "at" => "Recording",
        "run" => "Run",
        "rates" => "γ",
        "mu" => "μ",
        "bias" => "Step",
        _ => "Slip",
    }
}

pub fn recording(at: f64, of: f64) -> String {
    format!("{at} of {of}")
}
