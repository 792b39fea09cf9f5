//! What a network is made of. `core::cost` counts from this description, and `learn::encoder` builds the network from it.

/// A convolution.
#[derive(Clone, Debug, PartialEq)]
pub struct Conv {
    /// Of its tensors, as in `layer1.0.conv1`.
    pub name: String,
    /// Channels that enter and leave.
    pub input: usize,
    pub output: usize,
    /// Height and width.
    pub kernel: [usize; 2],
    pub stride: usize,
    /// Padded so that stride 1 keeps the size, else not at all.
    pub padded: bool,
    pub bias: bool,
}

impl Conv {
    /// Pixels at each border: height and width.
    pub fn padding(&self) -> [usize; 2] {
        self.kernel.map(|side| if self.padded { side / 2 } else { 0 })
    }

    /// Numbers of the kernel.
    pub fn weights(&self) -> usize {
        self.input * self.output * self.kernel[0] * self.kernel[1]
    }
}

/// A step from one feature map to the next.
#[derive(Clone, Debug, PartialEq)]
pub enum Layer {
    Conv(Conv),
    /// Batch normalisation; ε under the root.
    Norm {
        name: String,
        channels: usize,
        epsilon: f64,
    },
    Relu,
    /// Times a number.
    Scale(f64),
    /// A square window of stride 2.
    MaxPool {
        side: usize,
        padding: usize,
    },
    /// The average of a padded 3×3 window of stride 1. Padding does not count in it.
    AveragePool,
    /// The channels of all rows, each on the same input.
    Joined(Vec<Row>),
    /// The sum of two rows on the same input. A row without layers is its input.
    Sum(Row, Row),
}

/// ε of normalisation, as in PyTorch and the paper's networks.
pub const EPSILON: f64 = 1e-5;

/// Layers one after the other.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub layers: Vec<Layer>,
    /// Channels that leave the last.
    pub channels: usize,
}

impl Row {
    /// No layers yet, on `channels` channels.
    pub fn new(channels: usize) -> Self {
        Self { layers: Vec::new(), channels }
    }

    /// With one more layer.
    pub fn then(mut self, layer: Layer) -> Self {
        self.channels = match &layer {
            Layer::Conv(conv) => conv.output,
            Layer::Joined(rows) => rows.iter().map(|row| row.channels).sum(),
            Layer::Sum(row, _) => row.channels,
            _ => self.channels,
        };
        self.layers.push(layer);
        self
    }

    /// With a padded square convolution, and the normalisation after it.
    pub fn normalised(self, conv: String, norm: String, output: usize, kernel: usize, stride: usize) -> Self {
        let (input, kernel) = (self.channels, [kernel; 2]);
        self.then(Layer::Conv(Conv { name: conv, input, output, kernel, stride, padded: true, bias: false }))
            .then(Layer::Norm { name: norm, channels: output, epsilon: EPSILON })
    }

    /// The same by torchvision's names: `conv` and `bn` with a number.
    pub fn numbered(self, at: &str, number: usize, output: usize, kernel: usize, stride: usize) -> Self {
        self.normalised(format!("{at}conv{number}"), format!("{at}bn{number}"), output, kernel, stride)
    }

    /// Shows `see` every layer that has tensors, in order, with the side of its output for an input of `side`
    /// pixels. Returns the side that leaves the row; 0 where a window does not fit.
    pub fn visit(&self, side: usize, see: &mut dyn FnMut(&Layer, usize)) -> usize {
        let window = |side: usize, window: usize, stride: usize, padding: usize| {
            (side + 2 * padding).checked_sub(window).map_or(0, |rest| rest / stride + 1)
        };
        self.layers.iter().fold(side, |side, layer| match layer {
            Layer::Conv(conv) => {
                let side = window(side, conv.kernel[0], conv.stride, conv.padding()[0]);
                see(layer, side);
                side
            }
            Layer::Norm { .. } => {
                see(layer, side);
                side
            }
            Layer::MaxPool { side: pool, padding } => window(side, *pool, 2, *padding),
            Layer::Relu | Layer::Scale(_) | Layer::AveragePool => side,
            Layer::Joined(rows) => rows.iter().map(|row| row.visit(side, see)).last().unwrap_or(side),
            Layer::Sum(row, shortcut) => {
                let out = row.visit(side, see);
                shortcut.visit(side, see);
                out
            }
        })
    }
}
