//! The words of every setting: one row each. The order of the rows is the order of the forms.

use super::units::count;
use crate::core::config::pretrain_settings::{self, RunSetting, setting};
use crate::core::config::setting::{Bounds, Setting, equal, find};
use crate::core::config::{RunConfig, preset::ImageFacts, preset::ImageKind, preset::Preset};
use crate::core::run::fine_tune::{self, Tuning};

/// A setting in words.
pub struct Words<C: 'static> {
    pub setting: &'static Setting<C>,
    pub label: &'static str,
    /// One sentence: what it does, and which way to turn it.
    pub help: &'static str,
    /// Why it changes nothing, if [`Setting::is_used`] says so.
    pub unused: &'static str,
}

impl<C> Words<C> {
    const fn unused(self, unused: &'static str) -> Self {
        Self { unused, ..self }
    }
}

const fn row(key: &str, label: &'static str, help: &'static str) -> Words<RunConfig> {
    Words { setting: setting(key), label, help, unused: "" }
}

const fn tuning(key: &str, label: &'static str, help: &'static str) -> Words<Tuning> {
    Words { setting: find(&fine_tune::SETTINGS, key), label, help, unused: "" }
}

pub static MAIN: [Words<RunConfig>; 4] = [
    row("epochs", "Epochs", "How many times every training image is seen; more is better, with diminishing returns."),
    row(
        "batch",
        "Batch size N",
        "Images a step. Each gives two views, and all others in the batch are its negatives: more is better, and takes more memory.",
    ),
    row(
        "temperature",
        "Temperature τ",
        "How much the loss looks at the hardest negatives: lower is sharper; 0.5 suits small images, 0.1 large sets.",
    ),
    row("size", "Image size", "Side of the training images in pixels; twice the side takes about four times as long."),
];

pub static ENCODER: [Words<RunConfig>; 8] = [
    row("encoder", "Encoder", "The network that is trained; deeper ones learn more and take longer."),
    row("start", "Start", "Random weights, or those that were trained with labels on ImageNet and are loaded below."),
    row(
        "trained",
        "What trains",
        "Frozen parts keep their weights and need less memory and time; with the whole encoder frozen its features stay ImageNet's.",
    )
    .unused("Random weights all train."),
    row("width", "Width", "Channels of the first stage; twice the width learns more and takes up to four times as long.")
        .unused("This network has its own."),
    row(
        "stem",
        "Stem",
        "How the encoder takes its image in: small keeps every pixel, ImageNet shrinks large images first.",
    )
    .unused("This network has its own."),
    row("head_layers", "Head layers", "Layers of the projection head; two (with a ReLU between) beat one clearly."),
    row(
        "head_output",
        "Embedding size",
        "Length of z, on which the loss is computed; it hardly matters for the result.",
    ),
    row(
        "head_norm",
        "Head normalisation",
        "Batch normalisation in the projection head, as the authors' code has it; the figures of this program were measured without.",
    ),
];

pub static AUGMENTATION: [Words<RunConfig>; 10] = [
    row("crop", "Random crop", "Cut each view out of a random part of the image; the most important operation of all."),
    row(
        "crop_min_area",
        "Least crop area",
        "Smallest part of the image that a crop may show; smaller makes the task harder.",
    )
    .unused("Random crop is off."),
    row(
        "detail",
        "Detail in crops",
        "Cut crops from the images at twice the training size, so that a small crop has detail of its own; where the images are larger and the set has room.",
    )
    .unused("Random crop is off."),
    row("flip", "Flip", "Probability of mirroring a view; set it to 0 where left and right matter, as in writing."),
    row(
        "jitter",
        "Colour jitter",
        "Probability of changing a view's colours, so that the encoder cannot match views by colour alone.",
    ),
    row("jitter_strength", "Jitter strength", "How far colours change; 0.5 suits small images, 1 large ones.")
        .unused("Colour jitter is at 0."),
    row("gray", "Grayscale", "Probability of taking a view's colours away."),
    row("blur", "Blur", "Probability of blurring a view; leave it at 0 for images of 32 pixels."),
    row("blur_sigma_min", "Least blur", "Smallest standard deviation of the blur, in pixels.").unused("Blur is at 0."),
    row("blur_sigma_max", "Most blur", "Largest standard deviation of the blur, in pixels.").unused("Blur is at 0."),
];

pub static OPTIMISER: [Words<RunConfig>; 8] = [
    row("optimizer", "Optimiser", "The rule that turns gradients into steps; LARS is SimCLR's own."),
    row(
        "rate",
        "Learning rate",
        "Step size after warm-up; it should grow with the batch, and follows it until you change it.",
    ),
    row("warmup", "Warm-up", "Part of all steps in which the learning rate rises from 0; 0.1 suits short runs."),
    row(
        "weight_decay",
        "Weight decay",
        "Pulls weights towards zero; each optimiser has its usual value until you change it.",
    ),
    row("momentum", "Momentum", "How much of the last steps is kept in the next; AdamW ignores it.")
        .unused("AdamW does not use it."),
    row("trust", "Trust coefficient", "Size of a LARS step relative to a layer's weights; other optimisers ignore it.")
        .unused("Only LARS uses it."),
    row(
        "chunk",
        "Chunk",
        "Images that go through the networks at once, 0 for the whole batch: fewer need less memory, for one more forward pass and the same negatives. A chunk is normalised by its own statistics, so the gradient is another one than the whole batch's, except with a frozen encoder or VGG19.",
    ),
    row("seed", "Seed", "Start of every random draw: the same seed, images and settings give the same run."),
];

/// Of fine-tuning.
pub static TUNING: [Words<Tuning>; 7] = [
    tuning(
        "labels",
        "Labels",
        "How many of the training labels may be seen: the same number of each class, at least one. All training images were \
         seen in pre-training, but without their labels.",
    ),
    tuning(
        "stages",
        "Layers that learn",
        "All of them, as in the paper, or only the last stages: quicker, and safer with very few labels.",
    ),
    tuning(
        "from",
        "Classifier on",
        "The encoder's output, or the first layer of the projection head, which then learns too: SimCLR v2 found it better \
         with few labels.",
    )
    .unused("The run's projection head did not train, or has no layer before its last."),
    tuning("epochs", "Epochs", "How often every labelled image is seen."),
    tuning(
        "steps",
        "Fewest steps",
        "With few labels an epoch is short: more epochs follow until there are so many steps.",
    ),
    tuning("batch", "Batch size", "Images a step; all of them where there are fewer."),
    tuning(
        "rate",
        "Learning rate",
        "Step size at the start; it follows the batch until you change it, and falls to 0 along a cosine.",
    ),
];

/// The groups of the form of pre-training.
static GROUPS: [&[Words<RunConfig>]; 4] = [&MAIN, &ENCODER, &AUGMENTATION, &OPTIMISER];

// A setting without words, or with two rows of them, does not compile.
const _: () = {
    let mut i = 0;
    while i < pretrain_settings::SETTINGS.len() {
        let (mut rows, mut group) = (0, 0);
        while group < GROUPS.len() {
            let mut at = 0;
            while at < GROUPS[group].len() {
                rows += equal(GROUPS[group][at].setting.key, pretrain_settings::SETTINGS[i].key) as usize;
                at += 1;
            }
            group += 1;
        }
        assert!(rows == 1, "every setting has one row of words");
        i += 1;
    }
};

/// The label of a setting of pre-training.
pub fn label(setting: RunSetting) -> &'static str {
    let row = GROUPS.iter().copied().flatten().find(|row| row.setting == setting);
    row.map_or(setting.key, |row| row.label)
}

/// What a setting accepts, unless the control shows it, and its default.
pub fn bounds(bounds: &Bounds, default: &str) -> String {
    match bounds {
        Bounds::Whole { .. } | Bounds::Real { .. } => format!("Accepted: {bounds}. Default: {default}."),
        _ => format!("Default: {}.", choice(default)),
    }
}

/// A choice by its key in [`pretrain_settings`].
pub fn choice(key: &str) -> &str {
    match key {
        "convnet4" => "4-layer convolutional net",
        "resnet10" => "ResNet-10",
        "resnet18" => "ResNet-18",
        "resnet50" => "ResNet-50",
        "resnet101" => "ResNet-101",
        "vgg19" => "VGG19",
        "inception_resnet_v2" => "Inception-ResNet-v2",
        "h" => "h, the encoder's output",
        "head_layer" => "First layer of the head",
        "random" => "Random weights",
        "imagenet_weights" => "ImageNet weights",
        "all" => "All layers",
        "last3" => "Last 3 stages and head",
        "last2" => "Last 2 stages and head",
        "last1" => "Last stage and head",
        "head" => "Head only, encoder frozen",
        "small" => "Small images (3×3)",
        "imagenet" => "ImageNet (7×7)",
        "lars" => "LARS",
        "sgd" => "SGD with momentum",
        "adamw" => "AdamW",
        other => other,
    }
}

/// Name and one sentence.
pub const fn preset(preset: Preset) -> [&'static str; 2] {
    match preset {
        Preset::QuickLook => {
            ["Quick look", "The smallest encoder, a few hundred steps: a minute for the sample set on two cores."]
        }
        Preset::Balanced => ["Balanced", "A small ResNet-10, many epochs: for 1 000 to 10 000 images."],
        Preset::Thorough => {
            ["Thorough", "The ResNet-18 of published results, 200 epochs or more: for a strong GPU and patience."]
        }
    }
}

pub const PRESETS: &str = "What the presets set, and why";

/// Which images presets are for.
pub fn images(images: &ImageFacts, loaded: bool) -> String {
    let kind = match images.kind {
        ImageKind::SampleSet => "the sample set",
        ImageKind::Cifar10 => "CIFAR-10, by its classes and size",
        ImageKind::Stl10 => "STL-10, by its classes and size",
        ImageKind::Small => "small images",
        ImageKind::Photos => "photos",
    };
    let train = count(images.training_images);
    match loaded {
        true => format!("Your images: {kind}, of which {train} train at {} pixels.", images.size),
        false => format!("Until images are loaded, for {train} {kind}."),
    }
}

/// Why presets differ between images.
pub const WHY: [(&str, &str); 5] = [
    (
        "Sample set:",
        "colour says nothing about its classes, so half of the views are grey; few steps must do, so but for Thorough the optimiser \
         is AdamW, τ is 0.2, and there are at most 60 epochs.",
    ),
    (
        "CIFAR-10 and other small images, up to 48 pixels:",
        "half the colour strength, no blur, τ 0.5. Thorough is the recipe of a published CIFAR-10 result: SGD and a normalised head.",
    ),
    (
        "STL-10 and photos, above 48 pixels:",
        "as for ImageNet: the whole colour strength, blur, τ 0.1, and above 64 pixels a stem that shrinks the image first. Photos that \
         are read smaller train as small images do.",
    ),
    (
        "Few images, up to 500:",
        "a smaller batch, so that an epoch has at least two steps, and more epochs, so that there are enough of them.",
    ),
    ("Many images, above 10 000:", "an epoch is many steps, so Balanced has 30 epochs."),
];
