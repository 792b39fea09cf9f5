//! Name, help and choices of every setting.

use crate::core::config::bounds::{Bounds, Field};
use crate::core::config::preset::Preset;

/// A setting in words.
pub struct Setting {
    pub label: &'static str,
    /// One sentence: what it does, and which way to turn it.
    pub help: &'static str,
}

const fn s(label: &'static str, help: &'static str) -> Setting {
    Setting { label, help }
}

pub const fn of(field: Field) -> Setting {
    match field {
        Field::ImageSize => {
            s("Image size", "Side of the training images in pixels; twice the side takes about four times as long.")
        }
        Field::Encoder => s("Encoder", "The network that is trained; deeper ones learn more and take longer."),
        Field::Stem => s(
            "Stem",
            "How the encoder takes its image in: small keeps every pixel, ImageNet shrinks large images first.",
        ),
        Field::Start => {
            s("Start", "Random weights, or those that were trained with labels on ImageNet and are loaded below.")
        }
        Field::Trained => s(
            "What trains",
            "Frozen parts keep their weights and need less memory and time; with the whole encoder frozen its features stay ImageNet's.",
        ),
        Field::Chunk => s(
            "Chunk",
            "Images that go through the networks at once, 0 for the whole batch: fewer need less memory, for one more forward pass and the same negatives. A chunk is normalised by its own statistics, so the gradient is another one than the whole batch's, except with a frozen encoder or VGG19.",
        ),
        Field::Width => {
            s("Width", "Channels of the first stage; twice the width learns more and takes up to four times as long.")
        }
        Field::HeadLayers => {
            s("Head layers", "Layers of the projection head; two (with a ReLU between) beat one clearly.")
        }
        Field::HeadOutput => {
            s("Embedding size", "Length of z, on which the loss is computed; it hardly matters for the result.")
        }
        Field::Crop => {
            s("Random crop", "Cut each view out of a random part of the image; the most important operation of all.")
        }
        Field::CropMinArea => {
            s("Least crop area", "Smallest part of the image that a crop may show; smaller makes the task harder.")
        }
        Field::FlipProbability => {
            s("Flip", "Probability of mirroring a view; set it to 0 where left and right matter, as in writing.")
        }
        Field::JitterProbability => s(
            "Colour jitter",
            "Probability of changing a view's colours, so that the encoder cannot match views by colour alone.",
        ),
        Field::JitterStrength => s("Jitter strength", "How far colours change; 0.5 suits small images, 1 large ones."),
        Field::GrayProbability => s("Grayscale", "Probability of taking a view's colours away."),
        Field::BlurProbability => s("Blur", "Probability of blurring a view; leave it at 0 for images of 32 pixels."),
        Field::BlurSigmaMin => s("Least blur", "Smallest standard deviation of the blur, in pixels."),
        Field::BlurSigmaMax => s("Most blur", "Largest standard deviation of the blur, in pixels."),
        Field::Temperature => s(
            "Temperature τ",
            "How much the loss looks at the hardest negatives: lower is sharper; 0.5 suits small images, 0.1 large sets.",
        ),
        Field::Optimizer => s("Optimiser", "The rule that turns gradients into steps; LARS is SimCLR's own."),
        Field::PeakRate => s(
            "Learning rate",
            "Step size after warm-up; it should grow with the batch, and follows it until you change it.",
        ),
        Field::WeightDecay => s("Weight decay", "Pulls weights towards zero; 0.000001 in the paper, up to 0.0001."),
        Field::Momentum => s("Momentum", "How much of the last steps is kept in the next; AdamW ignores it."),
        Field::TrustCoefficient => {
            s("Trust coefficient", "Size of a LARS step relative to a layer's weights; other optimisers ignore it.")
        }
        Field::Warmup => {
            s("Warm-up", "Part of all steps in which the learning rate rises from 0; 0.1 suits short runs.")
        }
        Field::Batch => s(
            "Batch size N",
            "Images a step. Each gives two views, and all others in the batch are its negatives: more is better, and takes more memory.",
        ),
        Field::Epochs => {
            s("Epochs", "How many times every training image is seen; more is better, with diminishing returns.")
        }
        Field::Seed => s("Seed", "Start of every random draw: the same seed, images and settings give the same run."),
    }
}

/// Why a setting changes nothing, where [`Field::is_used`] says so.
pub const fn unused(field: Field) -> &'static str {
    match field {
        Field::Stem | Field::Width => "This network has its own.",
        Field::Trained => "Random weights all train.",
        Field::Momentum => "AdamW does not use it.",
        Field::TrustCoefficient => "Only LARS uses it.",
        Field::CropMinArea => "Random crop is off.",
        Field::JitterStrength => "Colour jitter is at 0.",
        Field::BlurSigmaMin | Field::BlurSigmaMax => "Blur is at 0.",
        _ => "",
    }
}

/// What a setting accepts, where that is not in sight, and its default.
pub fn bounds(bounds: &Bounds, default: &str) -> String {
    match bounds {
        Bounds::Whole { .. } | Bounds::Real { .. } => format!("Accepted: {bounds}. Default: {default}."),
        _ => format!("Default: {}.", choice(default)),
    }
}

/// A choice by its key in [`crate::core::config::bounds`].
pub fn choice(key: &str) -> &str {
    match key {
        "convnet4" => "4-layer convolutional net",
        "resnet10" => "ResNet-10",
        "resnet18" => "ResNet-18",
        "resnet50" => "ResNet-50",
        "resnet101" => "ResNet-101",
        "vgg19" => "VGG19",
        "inception_resnet_v2" => "Inception-ResNet-v2",
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
pub const fn preset(preset: Preset) -> Setting {
    match preset {
        Preset::QuickLook => s("Quick look", "The smallest encoder: something to see within a minute."),
        Preset::Balanced => s("Balanced", "A small ResNet-10: good features in minutes on most GPUs."),
        Preset::Thorough => {
            s("Thorough", "The full ResNet-18 of the published results: for a strong GPU and patience.")
        }
    }
}
