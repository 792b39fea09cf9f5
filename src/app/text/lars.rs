//! Words of the lesson "LARS".

use super::lesson::LessonStep;

pub const TITLE: &str = "LARS, layer by layer";
pub const LEAD: &str = "How far may each layer move? Move the numbers and see. Every value is computed by the code that checks the training.";
pub const TABLE: &str = "The numbers as a table";
pub const RUNS: [&str; 2] = ["LARS", "SGD"];
pub const RATES: [&str; 3] = ["stays: 0.1, 0.1, 0.1, 0.1", "rises: 0.1, 0.2, 0.3, 0.4", "falls: 0.4, 0.3, 0.2, 0.1"];
pub const RULES: [&str; 3] = ["Paper and this program", "γ outside v (lightly, timm)", "λ over ‖g + βw‖ (Google)"];
pub const ERRORS: [&str; 4] = ["λ without η", "a norm added to a vector", "γ called local", "w ← w − v left out"];
pub const ENDS: [&str; 4] = ["arrived", "on the way", "stands still", "diverged"];

const LAMBDA: &str = "λ = \\frac{η ‖w‖}{‖g‖ + β ‖w‖}";
const UPDATE: &str = "v &← μ v + γ λ (g + β w) \\\\ w &← w - v";

pub const ALL: [LessonStep; 8] = [
    LessonStep {
        title: "One rate for all layers",
        text: "Four layers, each with a bowl-shaped loss of its own curvature c. SGD uses one rate γ for all; LARS scales it for each layer by λ. The dots show the distance to the best weights: the line is the start, left is nearer, right is farther. Each mark is a factor of ten. How each layer ended stands there at the last step.",
        formula: "\\text{SGD} \\,\\,\\, w &← w - γ g \\\\ \\text{LARS} \\,\\,\\, w &← w - γ λ g",
        why: "A step of SGD multiplies the distance by |1 − γc|. It grows where γc is above 2 and hardly changes where γc is near 0. LARS moves each layer by γη of its own length whatever c is (here η = 0.03, so that 60 steps are enough); once there it circles the best weights until γ falls. This is a model: in a real network layers influence each other, and curvature changes on the way.",
        printed: "",
        ask: "Is there a γ for SGD with which all four layers arrive in 60 steps?",
        answers: ["Yes, near 0.02", "Yes, above 1", "No"],
        right: 2,
        because: "Above 0.02 layer 1 diverges, and below it layer 4 stands still.",
    },
    LessonStep {
        title: "λ of each layer",
        text: "A network of three layers. The trust ratio λ compares a layer's length ‖w‖ with that of its gradient ‖g‖. β is the weight decay and η the trust coefficient: the part of its own length that a layer may move at γ = 1. Move the norms and see what LARS and SGD make of them.",
        formula: LAMBDA,
        why: "The longest update, γλ(‖g‖ + β‖w‖), is γη‖w‖: the gradient gives the direction, and the layer's own length the distance. Where ‖w‖ or ‖g‖ is 0, λ is 1 by rule. At ‖w‖ = 0 the formula would give 0, and the layer could never start; at ‖g‖ = 0 it would give η/β, and nothing at all where β is 0.",
        printed: "Its second formula for λ leaves out η, which makes λ and every update 1/η = 1000 times as large. Step 7 computes it.",
        ask: "‖g‖ doubles while β = 0. What happens to the length of the update, γλ‖g‖?",
        answers: ["It doubles", "It stays the same", "It halves"],
        right: 1,
        because: "λ halves, so λ‖g‖ stays η‖w‖.",
    },
    LessonStep {
        title: "Every layer of a real run",
        text: "ConvNet-4 and its head on this program's sample set: 1200 images of 32 pixels, batches of 128, 30 epochs, recorded while it trained. The bars show λ, on a scale where each mark is a factor of ten. For the run with SGD they show what λ would have been.",
        formula: "\\frac{γ λ ‖g‖}{‖w‖} ≈ γ η \\,\\,\\, \\text{for every layer}",
        why: "Gradients of different layers have different lengths, and the difference changes during training. With one rate a layer moves by γ‖g‖/‖w‖ of its length, which the table lists: it differs between layers as much as λ does.",
        printed: "",
        ask: "Move through the run with LARS. Which layer has the largest λ at the first step and the last?",
        answers: ["The first convolution", "The last layer of the head", "All have the same"],
        right: 1,
        because: "Its weights are the longest and its gradient is among the shortest.",
    },
    LessonStep {
        title: "Weight decay and λ",
        text: "Weight decay β does two things: it pulls the weights towards 0 as a part of the update, and it keeps λ from growing without end when a gradient fades. The bars show λ as ‖g‖ falls, for ‖w‖ = 5 and η = 0.001.",
        formula: "λ ≤ \\frac{η}{β} \\,\\,\\, \\text{when} \\, β > 0",
        why: "As ‖g‖ falls the denominator comes to β‖w‖ alone, and λ to η/β. The update is then decay only, γη of the layer's length. Where β is 0, λ has no bound.",
        printed: "",
        ask: "η = 0.001 and β = 0.01. What is the bound that λ comes near as the gradient fades?",
        answers: ["0.1", "0.00001", "There is none"],
        right: 0,
        because: "η/β = 0.001/0.01.",
    },
    LessonStep {
        title: "Momentum when γ changes",
        text: "w = (3, 4) and a gradient that stays, g = (0.8, −0.6), with β = 0.01 and η = 0.001. Momentum adds up: at each step v is μ of the old v and the new update, so under a steady gradient it grows to 1/(1 − μ) times one update. Programs differ in where γ stands and in what λ divides by. The bars show how far w has come after four steps.",
        formula: UPDATE,
        why: "With γ inside, v remembers each update at the rate of its own step. With γ outside, the whole memory is scaled by the newest γ. In warm-up, where γ rises, that moves the weights further; along the cosine, less.",
        printed: "The momentum line adds a norm to a vector, calls γ local although it is the global rate, and does not end with w ← w − v. Step 7 computes each.",
        ask: "When do γ inside v and γ outside v give different weights?",
        answers: ["Always", "As soon as γ changes", "Only without momentum"],
        right: 1,
        because: "With one γ for all steps it can be taken out of the sum; without momentum there is nothing to remember.",
    },
    LessonStep {
        title: "Biases and normalisation",
        text: "Tensors of one dimension, biases and normalisation, get neither λ nor β. The picture shows why: a bias that starts at 0 and should become (0.3, −0.4), γ = 0.03. The bars show the distance that is left.",
        formula: "v &← μ v + γ g \\\\ w &← w - v \\\\ &\\text{for tensors of one dimension}",
        why: "At first ‖b‖ = 0, so λ is 1. Then λ lets the bias move by γη of its own length only, which is nearly nothing. Decay would pull a normalisation's scale from 1 towards 0. The program chooses by the shape, never by the name; the table lists the recorded network.",
        printed: "",
        ask: "Which of these tensors gets λ and β?",
        answers: ["A bias of shape 64", "A scale of normalisation of shape 16", "A weight of shape 64 × 128"],
        right: 2,
        because: "It has two dimensions; the others have one.",
    },
    LessonStep {
        title: "What the tutorial prints",
        text: "Four slips, one at a time, on the example of step 5 with γ = 0.1: right and as printed, after one step and after two.",
        formula: UPDATE,
        why: "“γ is the local rate” has no value by itself. Here it is read literally: the local rate is λ, and takes γ's place.",
        printed: "λ = ‖w‖ / (‖g‖ + β‖w‖); v ← μv + γλ(g + β‖w‖) with γ as local learning rate; no w ← w − v.",
        ask: "‖w‖ is 5 and w = (3, 4). What is wrong with g + β‖w‖?",
        answers: ["It adds one number to both entries", "It is too short", "Nothing"],
        right: 0,
        because: "Decay would no longer point along w: (0.8, −0.6) becomes (0.85, −0.55) in place of (0.83, −0.56).",
    },
    LessonStep {
        title: "Your run",
        text: "λ of every layer of the run on this page, step by step, as the device that trains it computed it. Each line is a \
            layer, on one scale for all; the marks are factors of ten.",
        formula: LAMBDA,
        why: "A line that rises says that the layer's gradient has become short beside its weights; one that falls, that it has \
            become long. Lines far apart are layers for which one rate for all would be wrong.",
        printed: "",
        ask: "A layer's λ doubles while ‖w‖ hardly changes and β is tiny. What became of its gradient?",
        answers: ["Its length halved", "Its length doubled", "Nothing"],
        right: 0,
        because: "Then λ is nearly η‖w‖/‖g‖: half the gradient, twice the λ.",
    },
];

/// Labels of the sliders and choices, by key.
pub fn label(key: &str) -> &'static str {
    match key {
        "sgd" => "γ of SGD",
        "lars" => "γ of LARS",
        "t" => "Step",
        "w" => "Layer 1: ‖w‖",
        "g" => "Layer 1: ‖g‖",
        "w2" => "Layer 2: ‖w‖",
        "g2" => "Layer 2: ‖g‖",
        "w3" => "Layer 3: ‖w‖",
        "g3" => "Layer 3: ‖g‖",
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

/// Names of the choices, by key.
pub fn choices(key: &str) -> &'static [&'static str] {
    match key {
        "run" => &RUNS,
        "rates" => &RATES,
        _ => &ERRORS,
    }
}

pub fn recording(at: f64, of: f64) -> String {
    format!("{at} of {of}")
}

pub const FACTORS: &str =
    "At each step SGD multiplies a layer's distance by this: above 1 it diverges, near 1 it stands still.";
pub const FAR: &str = "over 1000000";
pub const RATE_HEADS: [&str; 6] = ["Layer", "c", "SGD", "", "LARS", ""];
pub const PARTS: [&str; 10] =
    ["‖w‖", "‖g‖", "η‖w‖", "β‖w‖", "λ", "λ‖g‖", "λβ‖w‖", "longest update", "the same / ‖w‖", "SGD: ‖g‖ / ‖w‖"];
pub const PART: &str = "At γ = 1";
pub const PARTS_CAPTION: &str = "λ and its parts";
/// What the bars show: λ, then updates at γ = 1 by LARS and by SGD.
pub const PARTS_BARS: [&str; 3] =
    ["λ", "LARS: longest update at γ = 1, in lengths of its layer", "SGD: update at γ = 1, in lengths of its layer"];
pub const BY_RULE: &str = "by rule";
pub const EVEN: &str =
    "Each mark is a factor of ten. LARS moves every layer by the same part of its length, η at γ = 1; SGD does not.";
pub const RULED: &str = "Where ‖w‖ or ‖g‖ is 0, λ = 1 by rule, and the update is not tied to the layer's length.";
pub const RUN_HEADS: [&str; 6] = ["Tensor", "‖w‖", "‖g‖", "λ", "γλ‖g‖/‖w‖", "γ‖g‖/‖w‖"];
pub const RUN_PICTURE: &str = "λ of each layer, each mark a factor of ten; the numbers are in the table";
pub const BOUND: &str = "bound η/β";
pub const FADING: &str = "As the gradient fades, λ comes near η/β and never passes it.";
pub const DECAY_HEADS: [&str; 2] = ["Gradient", "λ"];
pub const DECAY_CAPTION: &str = "λ as the gradient fades, ‖w‖ = 5";
pub const DECAY_PICTURE: &str = "λ as the gradient fades, each mark a factor of ten; the numbers are in the table";
pub const MOMENTUM_HEADS: [&str; 7] = ["Rule", "γ", "λ", "v₁", "v₂", "w₁", "w₂"];
pub const MOMENTUM_CAPTION: &str = "v and w after each step";
pub const MOMENTUM_PICTURE: &str = "How far w has come after four steps; the numbers are in the table";
/// Heads of the distances: step, then both.
pub const BIAS_HEADS: [&str; 3] = ["Step", WITHOUT, WITH];
pub const BIAS_CAPTION: &str = "Distance to the best value";
pub const WITHOUT: &str = "without λ, as it should be";
pub const WITH: &str = "with λ and β";
pub const BIAS_PICTURE: &str = "Distance of the bias to its best value; the numbers are in the table";
pub const TENSORS: &str = "Tensors of the recorded network";
pub const TENSOR_HEADS: [&str; 3] = ["Tensor", "Shape", "Gets"];
pub const GETS: [&str; 2] = ["neither", "λ and β"];
pub const ERROR_HEADS: [&str; 6] = ["Step", "λ", "v₁", "v₂", "w₁", "w₂"];
pub const ERROR_PICTURE: &str = "How far w has moved, each mark a factor of ten; the numbers are in the table";
/// Stand before the numbers of the first step.
pub const RIGHT_NAME: &str = "right";
pub const PRINTED_NAME: &str = "printed";
/// The formula of each error: right, and as printed.
pub const ERROR_FORMULAS: [[&str; 2]; 4] = [
    [LAMBDA, "λ = \\frac{‖w‖}{‖g‖ + β ‖w‖}"],
    ["v ← μ v + γ λ (g + β w)", "v ← μ v + γ λ (g + β ‖w‖)"],
    ["v ← μ v + γ_{\\text{global}} \\, λ (g + β w)", "v ← μ v + γ_{\\text{local}} \\, λ (g + β w)"],
    ["v ← μ v + γ λ (g + β w) \\\\ & w ← w - v", "v ← μ v + γ λ (g + β w)"],
];
pub const ERROR_MEANS: [&str; 4] = [
    "Without η a layer moves its whole length at γ = 1: every update is 1000 times too long.",
    "β‖w‖ is one number. Added to every entry it no longer points along w.",
    "γ is the global rate. With λ in its place, which is far smaller, w hardly moves.",
    "v is right, but nothing is taken from w: the layer never learns.",
];

pub fn layer_name(layer: usize) -> String {
    format!("layer {layer}")
}

pub fn layer(layer: usize, curvature: f64) -> String {
    format!("{}, c = {curvature}", layer_name(layer))
}

pub fn distances(step: usize, rule: &str) -> String {
    format!("Distance to the best weights after {step} steps of {rule}; the numbers are in the table")
}

pub fn distance_caption(step: usize) -> String {
    format!("Distance after {step} steps; 1 at the start")
}

/// What μ does, by step 4 and in the end, as multiples of one update.
pub fn gain(steps: usize, gain: &str, limit: &str) -> String {
    format!(
        "Above: the second step of the first entry, by the paper's rule. While γ, λ and the gradient stay, v grows to \
         1/(1 − μ) = {limit} times one update; after {steps} steps it is at {gain} times."
    )
}

/// `‖g‖ = 0.1`.
pub fn fading(gradient: &str) -> String {
    format!("‖g‖ = {gradient}")
}

pub fn moment(step: u32, rate: &str, loss: &str, spread: f64) -> String {
    format!("Step {step} of 270: γ = {rate}, loss {loss}. The largest λ is {spread:.1} times the smallest.")
}

pub fn run_caption(step: u32) -> String {
    format!("Step {step}, before momentum")
}

pub fn rule_step(rule: &str, step: usize) -> String {
    format!("{rule}, step {step}")
}

pub fn left(step: usize, without: &str, with: &str) -> String {
    format!("After {step} steps: {without} left without λ, {with} with it, of 0.5000.")
}

pub fn error_step(step: usize, right: bool) -> String {
    format!("Step {step}, {}", if right { "right" } else { "as printed" })
}

pub const NO_RUN: &str = "There is no run with LARS yet: below is the recorded one of step 3. Start your own and come back: its lines grow \
    while it trains.";
pub const NOT_LARS: &str =
    "The run under way has no λ, because its optimiser is not LARS: below is the recorded one of step 3.";
pub const TO_PRETRAIN: &str = "Go to Pre-train";
pub const LAYER: &str = "Layer";
pub const LIVE_CAPTION: &str = "λ of every layer";

pub fn step(step: u32) -> String {
    format!("step {step}")
}

pub fn live(step: u32, apart: f64) -> String {
    format!("After step {step} the largest λ is {apart:.1} times the smallest.")
}

pub fn live_picture(first: u32, last: u32) -> String {
    format!("λ of each layer from step {first} to step {last}, each mark a factor of ten; the numbers are in the table")
}
