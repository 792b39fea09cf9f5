//! Words of the lesson "NT-Xent".

use super::lesson::LessonStep;
use crate::core::lesson::nt_xent::embeddings::{Embeddings, class_letter};
use crate::core::{lesson::nt_xent::cosines::Impossible, lesson::nt_xent::views::VIEWS};

pub const TITLE: &str = "NT-Xent, step by step";
pub const LEAD: &str =
    "The loss behind SimCLR, on two images and four views. Every number is live: change one and all others follow.";
pub const ALL: [LessonStep; 9] = [
    LessonStep {
        title: "Views",
        text: "A batch has N images; here N = 2. Each is altered twice at random: image 1 gives the views x1i and x1j, image 2 \
            gives x2i and x2j. The two views of one image are a positive pair; every other pair is a pair of negatives. No \
            label is needed: the images make their own task.",
        formula: "x_1 → (x_{1i}, x_{1j}) \\,\\,\\, x_2 → (x_{2i}, x_{2j})",
        why: "What the two views share must come from the image, not from its crop, colours or mirror side. A network that \
            recognises the pair has to look at what is in the picture.",
        printed: "It starts from encoders that were trained on ImageNet with labels: ResNet-50, ResNet-101, VGG19, \
            Inception-ResNet-v2. SimCLR starts from random weights, as this program does: after a supervised start the result \
            no longer shows what can be learned without labels.",
        ask: "With 2 images and 4 views, how many negatives has each view?",
        answers: ["1", "2", "3"],
        right: 1,
        because: "Of the other 3 views, 1 is its positive and 2 belong to the other image: 2N − 2 for N images.",
    },
    LessonStep {
        title: "Similarities",
        text: "The network turns each view into a vector z: the encoder makes features h of it, and the projection head makes z of \
            h. Two views are compared by the cosine of the angle between their vectors: 1 for the same direction, −1 for \
            opposite ones. The numbers .63 to .84 are those of a tutorial, not of the pictures in step 1. Change any entry; the \
            one across the diagonal follows. In formulas i, j and k count the rows, 1 to 2N, in the order x1i, x2i, x1j, x2j.",
        formula: "sim(z_i, z_k) = \\frac{z_i * z_k}{‖z_i‖ ‖z_k‖}",
        why: "The cosine ignores length, so the network cannot lower its loss by making vectors longer. Not every table of \
            cosines can be had: if a is near b and b near c, then a cannot be far from c.",
        printed: "“A linear layer” for the projection head. SimCLR's head has a hidden layer: linear, ReLU, linear. In linear \
            evaluation it is 3 points better than a linear head, and over 10 better than none.",
        ask: "What does doubling the length of z do to its similarities?",
        answers: ["Doubles them", "Nothing", "Halves them"],
        right: 1,
        because: "Both the product above and the length below double, and the factor cancels.",
    },
    LessonStep {
        title: "Mask",
        text: "A view is not compared with itself, so the diagonal is out. In row i one entry is the positive j, the other view of \
            the same image, N rows further on or back. All others are negatives.",
        formula: "k ≠ i \\,\\,\\, j = i + N \\,\\text{or}\\, i - N",
        why: "A view's similarity with itself is always 1. Left in, it would be the largest entry of every row and teach nothing.",
        printed: "“Positive is label 0, the rest label 1.” There are no such labels: 0 is the place of the positive among the \
            2N − 1 candidates when it is put first. And NT-Xent knows no classes: two images of one class are negatives \
            of each other.",
        ask: "Two different photographs of cats are in one batch. They are …",
        answers: ["a positive pair", "left out", "negatives of each other"],
        right: 2,
        because: "Only the two views of one image make a positive pair.",
    },
    LessonStep {
        title: "Anchor",
        text: "Take one row. Its view is the anchor; the others are the candidates, the positive put first. Each cosine is \
            divided by the temperature τ: that gives the logits.",
        formula: "\\text{logit}_k = \\frac{sim(z_i, z_k)}{τ}",
        why: "A small τ stretches the differences between candidates, a large one evens them out. Cosines lie within −1 and 1, \
            so without τ no candidate could ever stand out clearly.",
        printed: "In its second table the negatives of x1j and x2i are swapped. At τ = 1 the batch loss hardly shows it, 1.004666 \
            for 1.004686, so the slip passes unseen; the rows show it, and τ = 0.1 does: 0.408584 for 0.410113. The table \
            here compares both at your τ.",
        ask: "Halving τ does what to the difference between two logits?",
        answers: ["Doubles it", "Halves it", "Nothing"],
        right: 0,
        because: "Both are divided by τ, so their difference is too.",
    },
    LessonStep {
        title: "Softmax",
        text: "Each logit goes through exp, which makes it positive. Divided by the sum over all candidates, the numbers become \
            probabilities: how likely is each candidate to be the anchor's other view?",
        formula: "p_k = \\frac{exp(sim(z_i, z_k)/τ)}{\\sum_{m ≠ i} exp(sim(z_i, z_m)/τ)}",
        why: "The loss is a choice among 2N − 1 candidates. Softmax is the smooth form of choosing the largest: it has a slope \
            everywhere, so gradient descent can use it.",
        printed: "An entry is printed 03328 for 0.3328. And its tables leave the positive out, so a sum taken from them is too small: \
            for x1i at τ = 1 it would be 3.891363 in place of 6.051130, and p 0.5550 in place of 0.3569.",
        ask: "All candidates are equally similar. What is each one's probability here?",
        answers: ["1/4", "1/3", "1/2"],
        right: 1,
        because: "There are 2N − 1 = 3 candidates, and they share 1 equally.",
    },
    LessonStep {
        title: "Loss",
        text: "The anchor's loss is minus the natural logarithm of its positive's probability: 0 when the choice is certain, larger \
            the less likely it is. The batch's loss is the mean over all 2N anchors. What goes into a line is shown with two \
            digits more than what comes out, so that you can check it.",
        formula: "ℓ(i, j) = -ln \\, p_j \\,\\,\\,\\,\\, L = \\frac{1}{2N} \\sum_i ℓ(i, j)",
        why: "ℓ(i, j) is not ℓ(j, i): the two anchors share their positive, but each has its own negatives, so each has its own \
            sum below the line. Both count. Other programs report other numbers for one batch: Google's code twice this L; those that \
            take negatives from the other view only, smaller values, as they have fewer. Contrastive accuracy, how often the \
            positive is the nearest, differs too: here it must be so among all 2N − 1 candidates.",
        printed: "“−log(0.3569) = −1.0303”: the slip is the sign. The natural logarithm of a probability is not above 0, so minus that is \
            not below 0. The last digit is no slip: it comes from rounding p first, −ln 0.3569 = 1.0303, while −ln 0.35691952 = \
            1.030245. It also writes ℓ(i, j) = ℓ(j, i); its own numbers are 1.030245 for x1i and 1.023505 for x1j. And its sum \
            over (2k − 1, 2k) wants the views as x1i, x1j, x2i, x2j, while its matrix has x1i, x2i, x1j, x2j, where rows 1 and \
            3 are a pair, and 2 and 4: read literally it takes .63 for a positive. The table here shows that sum too.",
        ask: "Can the loss of an anchor be below 0?",
        answers: ["Yes, when p is small", "Yes, when p is near 1", "No"],
        right: 2,
        because: "A probability is at most 1, so its logarithm is at most 0, and minus that is at least 0.",
    },
    LessonStep {
        title: "Temperature",
        text: "Slide τ, or play it. When it is cold the most similar candidate takes nearly all of the probability; when it is warm \
            all are alike and the loss nears chance, which it also has at any τ when all similarities are equal: each candidate \
            then has the probability 1/(2N − 1).",
        formula: "\\text{chance} &= ln(2N - 1) \\\\ \\text{floor} &= ln(1 + (2N - 2) \\, e^{-N/((N - 1)τ)})",
        why: "A cold τ puts the push on the hardest negatives. Too cold, it pushes hardest what may be of the same class; too \
            warm, everything is pushed alike. 0.5 suits small images, 0.1 large ones. The floor is the least loss that a batch \
            of this size can have at this τ: positives equal, images as far apart as they can all be.",
        printed: "τ is printed outside exp(): exp(s)/τ over a sum of exp(s)/τ. There it cancels, and the printed formula gives the \
            loss of τ = 1 for every τ, 1.004686 for the example. Both fractions stand here with their numbers.",
        ask: "Is a loss of 0.41 at τ = 0.1 better than 0.92 at τ = 0.5?",
        answers: ["Yes", "No", "They cannot be compared"],
        right: 2,
        because: "These are the same similarities. Chance and floor move with τ; compare losses at one τ only.",
    },
    LessonStep {
        title: "Gradient",
        text: "Each view is a point on a circle. Training moves it against the gradient of the loss: towards the other view of its \
            image, away from all else. Drag the points, take steps, and add a second image of one class to see a false negative. \
            The points are a batch of their own: what you changed in step 2 does not move them.",
        formula: "\\frac{∂ℓ_i}{∂s_{i j}} = \\frac{p_j - 1}{τ} \\,\\,\\,\\, \\frac{∂ℓ_i}{∂s_{i k}} = \\frac{p_k}{τ}",
        why: "The positive's slope is negative: a greater similarity lowers the loss, which is a pull. A negative's slope is its \
            probability over τ: the more similar, the steeper. Along the circle a pair's pull or push is its slope times the \
            sine of the angle between the two, so points that lie together or opposite feel none. The formulas are of one \
            anchor's ℓ; the arrows are of L over all rows, and each pair stands in two rows. Two images of one class are similar, \
            so they are pushed apart hard: the loss knows no classes.",
        printed: "Its chart sends z to linear evaluation. It is h that is kept and evaluated, the features before the projection head: \
            the head is thrown away after pre-training, and h is better than z by over 10 points.",
        ask: "Which negative pushes an anchor's loss up the most?",
        answers: ["The most similar one", "The least similar one", "All alike"],
        right: 0,
        because: "The slope is p/τ, and of the negatives the most similar one has the largest p.",
    },
    LessonStep {
        title: "Your device",
        text: "The same batch through the code that trains, on your own GPU, or on the CPU where there is no WebGPU. This loads \
            the training program; the lesson itself needs none.",
        formula: "L_{\\text{lesson}} - L_{\\text{training}} ≈ 0",
        why: "The lesson computes in 64-bit floats, training in 32-bit ones, which hold about 7 digits. The difference that is \
            left is that rounding.",
        printed: "",
        ask: "Why do the two differ in the last digits?",
        answers: ["Different formulas", "Different precision", "Random numbers"],
        right: 1,
        because: "Both are NT-Xent of the same vectors; 32-bit floats round after about 7 digits.",
    },
];

pub const REDRAW: &str = "Draw again";
pub const ORIGINAL: &str = "Image";
pub const PAIRS: &str = "Positive pairs: x1i with x1j, and x2i with x2j. The other four pairs are negatives.";
/// What the formula counts.
pub const COUNTS: [&str; 3] = ["views", "negatives each", "pairs"];
/// What happened to a view, beside its crop.
pub const FLIPPED: &str = "mirrored";
pub const JITTERED: &str = "colours shifted";
pub const GRAY: &str = "gray";
pub const MATRIX: &str = "Cosine similarities; each entry can be changed, from −1 to 1";
pub const MASK: &str = "What each entry is to the view of its row";
pub const RESET: &str = "Back to the example";
pub const OUT: &str = "out";
pub const POSITIVE: &str = "positive";
pub const NEGATIVE: &str = "negative";
pub const NEGATIVES: &str = "negatives";
pub const OUT_OF_RANGE: &str = "A cosine is a number from −1 to 1. The entry stays as it was.";
pub const POSSIBLE: &str = "Four unit vectors have these similarities.";
pub const PRODUCT: &str = "Two of such vectors, of length 1, and their product, for the entry you were in last.";
pub const ANCHOR: &str = "Anchor";
pub const TAU: &str = "Temperature τ";
pub const CANDIDATES: &str = "Candidates of the anchor, the positive first";
pub const CANDIDATE: &str = "Candidate";
pub const COSINE: &str = "cosine";
pub const LOGIT: &str = "cosine / τ";
pub const EXP: &str = "exp";
pub const PROBABILITY: &str = "probability";
pub const SHARE: &str = "part of the push";
pub const PLAY: &str = "Play τ";
pub const RIGHT: &str = "right";
pub const PRINTED: &str = "printed";
pub const CHANCE: &str = "chance";
pub const FLOOR: &str = "floor";
/// Heads of the table of swapped rows.
pub const SWAPPED_HEADS: [&str; 5] = [ANCHOR, "negatives", "ℓ", "printed negatives", "ℓ then"];
/// Heads of the table of all anchors.
pub const EACH_HEADS: [&str; 4] = [ANCHOR, "p", "ℓ", "ℓ read literally"];
/// Heads and rows of the temperature's table.
pub const LOSS_HEADS: [&str; 2] = ["", "L"];
pub const LINES: [&str; 4] = [CHANCE, "this batch", FLOOR, "with τ outside exp, as printed"];
pub const SWAPPED: &str = "Right rows beside the tutorial's, in which two rows of negatives are swapped";
pub const EACH: &str = "Loss of every anchor, and of the batch";
pub const BATCH: &str = "Batch";
pub const NOW: &str = "The batch now";
pub const LOSSES_NOW: &str = "L now, between its lines";
pub const RUN: &str = "Compute on this device";
pub const RUNNING: &str = "Computing …";
pub const IMPOSSIBLE_HERE: &str =
    "No vectors have these similarities, so there is no batch to send. Go back to the example first.";
pub const NOT_COMPUTED: &str = "The training program stopped before it answered. Try again.";
pub const COMPUTED_ON: &str = "Computed on";
pub const BOTH: &str = "By the lesson and by the training code";
pub const LESSON: &str = "Lesson, 64 bits";
pub const TRAINING: &str = "Training code, 32 bits";
pub const DIFFERENCE: &str = "Difference";
/// The row of the largest difference of an entry.
pub const GRADIENT: &str = "∂L/∂z, farthest entry";

pub const POINTS: &str = "Points";
pub const CIRCLE: &str = "On a circle";
pub const EXAMPLE: &str = "The worked example";
pub const RING: &str = "Views as points; each can be turned with the arrow keys";
pub const HOW: &str = "Drag a point, or choose it with Tab and turn it with the arrow keys (with Shift by 1°, Home and End to the \
    ends). The worked example's vectors have four dimensions: you see their shadows on a plane.";
pub const KEY: &str = "Arrows";
pub const PULL: &str = "pulled to its other view";
pub const PUSH: &str = "pushed by other images";
pub const FALSE_PUSH: &str = "pushed by images of its own class";
pub const STEP: &str = "One step";
pub const DESCEND: &str = "Run";
pub const STOP: &str = "Stop";
pub const ADD_NEW: &str = "Add an image of a new class";
pub const ADD_SAME: &str = "Add one of class A";
pub const REMOVE: &str = "Remove the last";
pub const START_AGAIN: &str = "Start again";
pub const BEFORE: &str = "before";
pub const LOSS: &str = "loss L";
pub const ALIGNMENT: &str = "alignment (0: views agree)";
pub const UNIFORMITY: &str = "uniformity (lower: more even)";
/// Of positive pairs, negatives, negatives of one class.
pub const MEAN_COSINES: [&str; 3] = ["mean cosine of positives", "of negatives", "of negatives of one class"];
pub const PULLS: &str = "What pulls and pushes each view";
pub const PULL_HEADS: [&str; 5] = ["View", "class", "pull", "push", "push by own class"];
pub const COSINES: &str = "Similarities of all views";

pub fn after(steps: usize) -> String {
    format!("after {steps} step{}", if steps == 1 { "" } else { "s" })
}

/// `1i`: the image's number and which of its views.
pub fn short_view(embeddings: &Embeddings, view: usize) -> String {
    let (image, place) = embeddings.image(view);
    format!("{}{}", image + 1, if place == 0 { 'i' } else { 'j' })
}

/// The same in the picture, with the class first: colour alone would not tell.
pub fn point(embeddings: &Embeddings, view: usize) -> String {
    format!("{}{}", class_letter(embeddings.class(embeddings.image(view).0)), short_view(embeddings, view))
}

pub fn view_of(embeddings: &Embeddings, view: usize) -> String {
    format!("View {}, class {}", short_view(embeddings, view), class_letter(embeddings.class(embeddings.image(view).0)))
}

pub fn degrees(degrees: f64) -> String {
    format!("{degrees}°")
}

pub fn entry(i: usize, k: usize) -> String {
    format!("Similarity of {} and {}", VIEWS[i], VIEWS[k])
}

pub fn impossible(reason: Impossible) -> String {
    let why = match reason {
        Impossible::TooFar { a, b, via, angle, most } => format!(
            "{} and {} lie {angle:.1}° apart, but both lie near {}, which allows {most:.1}° at most",
            VIEWS[a], VIEWS[b], VIEWS[via]
        ),
        Impossible::TooWide { views: [a, b, c], sum } => {
            format!("the angles between {}, {} and {} sum to {sum:.1}°, over 360°", VIEWS[a], VIEWS[b], VIEWS[c])
        }
        Impossible::Together { view, .. } => {
            format!("three views fix where {} lies, and its similarities do not agree with it", VIEWS[view])
        }
    };
    format!("No four unit vectors have these similarities: {why}. The numbers still follow.")
}

/// `τ = 0.5`.
pub fn tau_is(tau: f64) -> String {
    format!("τ = {tau}")
}

/// `L = 1.004686 at τ = 1`.
pub fn loss_at(loss: &str, tau: f64) -> String {
    format!("L = {loss} at τ = {tau}")
}

pub fn crop(area: f64) -> String {
    format!("crop {} %", (area * 100.0).round())
}

pub fn view_alt(view: &str, what: &str) -> String {
    format!("View {view}: {what}")
}

pub fn image_alt(image: usize) -> String {
    format!("Image {}", image + 1)
}
