//! The loss of a whole network and its gradients: what shapes do between the
//! layers (residual sums, strides, pooling) that no single operation shows.

use super::{numbers, unusable};
use crate::core::config::{Architecture, EncoderConfig, HeadConfig, Stem};
use crate::core::error::Fault;
use crate::learn::bench::fixed_views;
use crate::learn::nt_xent::nt_xent;
use crate::learn::simclr::SimClr;
use burn::module::{Module, ModuleVisitor, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use serde::Deserialize;

/// An encoder, and the views that it sees.
#[derive(Clone, Copy, Debug, Deserialize)]
pub struct Network {
    architecture: Architecture,
    stem: Stem,
    width: usize,
    views: usize,
    /// Side of a view in pixels.
    size: usize,
}

impl Network {
    pub(super) async fn answer(self, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
        let Self { architecture, stem, width, views, size } = self;
        let encoder = EncoderConfig::random(architecture, stem, width);
        let model = SimClr::new(&encoder, &HeadConfig { layers: 2, output: 32 }, 1, &device.clone().autodiff());
        let z = model.forward(fixed_views(views, size, device).autodiff());
        let loss = nt_xent(z, 0.5).loss;
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let mut collect = Collect { gradients: &gradients, found: Vec::new() };
        model.visit(&mut collect);
        if collect.found.len() != gradients.len() {
            return Err(unusable("a gradient is of no parameter"));
        }
        let mut answer = vec![numbers(loss.inner()).await?];
        for gradient in collect.found {
            answer.push(numbers(gradient).await?);
        }
        Ok(answer)
    }
}

/// The gradients as vectors, in the order of the parameters.
struct Collect<'a> {
    gradients: &'a GradientsParams,
    found: Vec<Tensor<1>>,
}

impl ModuleVisitor for Collect<'_> {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if let Some(gradient) = self.gradients.get::<D>(param.id) {
            let count = gradient.dims().iter().product::<usize>();
            self.found.push(gradient.inner().reshape([count]));
        }
    }
}
