//! Every encoder as the shapes of its convolutions: what costs are counted from. The networks
//! themselves are `learn::encoder`'s.

use crate::core::architecture::{Block, Family, PUBLISHED_WIDTH, Stem, VGG_CHANNELS};
use crate::core::config::EncoderConfig;

/// One convolution as its shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv {
    pub input: usize,
    pub output: usize,
    /// Weights from one channel to another: height × width of the kernel.
    pub kernel: usize,
    /// Of the output.
    pub side: usize,
    /// Whether batch normalisation follows, else it has a bias.
    pub normalised: bool,
    /// Of the encoder, from 0: see `learn::encoder::Encoder::stages`.
    pub stage: usize,
}

/// Convolutions one after the other, as a network is walked through.
struct Walk {
    all: Vec<Conv>,
    stage: usize,
    side: usize,
}

impl Walk {
    /// A normalised convolution onto `side` pixels.
    fn onto(&mut self, input: usize, output: usize, kernel: usize, side: usize) {
        self.all.push(Conv { input, output, kernel, side, normalised: true, stage: self.stage });
    }

    /// A normalised convolution whose padding keeps the border, of `stride`.
    fn padded(&mut self, input: usize, output: usize, kernel: usize, stride: usize) {
        self.side = self.side.div_ceil(stride);
        self.onto(input, output, kernel, self.side);
    }

    /// An unpadded 3 × 3 window, of a convolution or a pool.
    fn window(&mut self, stride: usize) {
        self.side = self.side.saturating_sub(3) / stride + 1;
    }
}

/// The convolutions of `encoder` for images of `image` pixels, in their order.
pub fn convolutions(encoder: &EncoderConfig, image: usize) -> Vec<Conv> {
    let mut walk = Walk { all: Vec::new(), stage: 0, side: image };
    let facts = encoder.architecture.facts();
    let (w, stem) = match facts.is_fixed {
        true => (PUBLISHED_WIDTH, Stem::ImageNet),
        false => (encoder.width, encoder.stem),
    };
    match facts.family {
        Family::ConvNet4 => {
            for (stage, input, output) in [(0, 3, w), (1, w, 2 * w), (2, 2 * w, 4 * w), (3, 4 * w, 8 * w)] {
                walk.stage = stage;
                walk.padded(input, output, 9, if stage == 0 { 1 } else { 2 });
            }
        }
        Family::ResNet { block, blocks } => resnet(&mut walk, blocks, w, stem, block),
        Family::Vgg { convolutions } => vgg(&mut walk, convolutions),
        Family::InceptionResNetV2 => inception(&mut walk),
    }
    if !facts.has_batch_norm {
        walk.all.iter_mut().for_each(|conv| conv.normalised = false);
    }
    walk.all
}

fn resnet(walk: &mut Walk, blocks: [usize; 4], width: usize, stem: Stem, block: Block) {
    match stem {
        Stem::Small => walk.padded(3, width, 9, 1),
        Stem::ImageNet => {
            walk.padded(3, width, 49, 2);
            walk.side = walk.side.div_ceil(2);
        }
    }
    let mut input = width;
    for (stage, blocks) in blocks.into_iter().enumerate() {
        walk.stage = stage + 1;
        let inner = width << stage;
        let output = inner * block.expansion();
        for i in 0..blocks {
            let stride = if stage > 0 && i == 0 { 2 } else { 1 };
            if block == Block::Bottleneck {
                walk.padded(input, inner, 1, 1);
                walk.padded(inner, inner, 9, stride);
                walk.padded(inner, output, 1, 1);
            } else {
                walk.padded(input, inner, 9, stride);
                walk.padded(inner, output, 9, 1);
            }
            if stride != 1 || input != output {
                walk.padded(input, output, 1, 1);
            }
            input = output;
        }
    }
}

fn vgg(walk: &mut Walk, convolutions: [usize; 5]) {
    let mut input = 3;
    for (stage, (output, count)) in VGG_CHANNELS.into_iter().zip(convolutions).enumerate() {
        walk.stage = stage;
        for _ in 0..count {
            walk.padded(input, output, 9, 1);
            input = output;
        }
        walk.side /= 2;
    }
}

/// Kernels' weights and output channels of the layers of a branch.
type Branch<'a> = &'a [(usize, usize)];

fn inception(walk: &mut Walk) {
    walk.window(2);
    walk.onto(3, 32, 9, walk.side);
    walk.window(1);
    walk.onto(32, 32, 9, walk.side);
    walk.padded(32, 64, 9, 1);
    walk.window(2);
    walk.padded(64, 80, 1, 1);
    walk.window(1);
    walk.onto(80, 192, 9, walk.side);
    walk.window(2);

    walk.stage = 1;
    let mixed: [Branch; 4] = [&[(1, 96)], &[(1, 48), (25, 64)], &[(1, 64), (9, 96), (9, 96)], &[(1, 64)]];
    branches(walk, 192, &mixed);
    residuals(walk, 10, 320, &[&[(1, 32)], &[(1, 32), (9, 32)], &[(1, 32), (9, 48), (9, 64)]]);

    walk.stage = 2;
    shrinking(walk, 320, &[&[(9, 384)], &[(1, 256), (9, 256), (9, 384)]]);
    residuals(walk, 20, 1088, &[&[(1, 192)], &[(1, 128), (7, 160), (7, 192)]]);

    walk.stage = 3;
    shrinking(walk, 1088, &[&[(1, 256), (9, 384)], &[(1, 256), (9, 288)], &[(1, 256), (9, 288), (9, 320)]]);
    residuals(walk, 10, 2080, &[&[(1, 192)], &[(1, 192), (3, 224), (3, 256)]]);

    walk.stage = 4;
    walk.padded(2080, 1536, 1, 1);
}

/// Branches that keep the size.
fn branches(walk: &mut Walk, input: usize, all: &[Branch]) {
    for branch in all {
        let mut before = input;
        for &(kernel, output) in *branch {
            walk.padded(before, output, kernel, 1);
            before = output;
        }
    }
}

/// Branches whose last layer halves the size, without padding.
fn shrinking(walk: &mut Walk, input: usize, all: &[Branch]) {
    branches(walk, input, all);
    walk.window(2);
    let mut at = walk.all.len();
    for branch in all.iter().rev() {
        walk.all[at - 1].side = walk.side;
        at -= branch.len();
    }
}

/// Blocks of branches that a 1 × 1 convolution with a bias joins and brings to `channels`.
fn residuals(walk: &mut Walk, count: usize, channels: usize, all: &[Branch]) {
    let joined = all.iter().filter_map(|branch| branch.last()).map(|(_, output)| output).sum();
    for _ in 0..count {
        branches(walk, channels, all);
        walk.padded(joined, channels, 1, 1);
        walk.all.iter_mut().rev().take(1).for_each(|conv| conv.normalised = false);
    }
}
