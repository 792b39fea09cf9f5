//! Steps of the optimiser.

use super::{Array, numbers, unusable};
use crate::core::error::Fault;
use crate::learn::lars::{self, LarsConfig};
use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor};
use serde::Deserialize;
use std::collections::HashMap;

/// A case of lars.json.
#[derive(Clone, Debug, Deserialize)]
pub struct Lars {
    /// One a step.
    lr: Vec<f32>,
    momentum: f32,
    weight_decay: f32,
    trust_coefficient: f32,
    /// Names of tensors with two dimensions.
    adapted: Vec<String>,
    /// Names of tensors with one dimension.
    excluded: Vec<String>,
    init: HashMap<String, Array>,
    /// One set a step.
    grads: Vec<HashMap<String, Array>>,
}

#[derive(Module, Debug)]
struct Parameters {
    matrices: Vec<Param<Tensor<2>>>,
    vectors: Vec<Param<Tensor<1>>>,
}

impl Lars {
    /// For each step all tensors, the adapted before the excluded.
    pub async fn answer(&self, device: &Device) -> Result<Vec<Vec<f32>>, Fault> {
        let trained = device.clone().autodiff();
        let mut module = Parameters {
            matrices: parameters(&self.adapted, &self.init, &trained)?,
            vectors: parameters(&self.excluded, &self.init, &trained)?,
        };
        let mut lars = lars::Lars::new(LarsConfig {
            momentum: self.momentum,
            weight_decay: self.weight_decay,
            trust_coefficient: self.trust_coefficient,
        });
        let mut after = Vec::new();
        if self.grads.len() != self.lr.len() {
            return Err(unusable("not one set of gradients a step"));
        }
        for (&rate, grads) in self.lr.iter().zip(&self.grads) {
            let mut gradients = GradientsParams::new();
            for (name, p) in self.adapted.iter().zip(&module.matrices) {
                gradients.register(p.id, find::<2>(grads, name, device)?);
            }
            for (name, p) in self.excluded.iter().zip(&module.vectors) {
                gradients.register(p.id, find::<1>(grads, name, device)?);
            }
            module = lars.step(rate, module, gradients);
            for p in &module.matrices {
                after.push(numbers(p.val().inner()).await?);
            }
            for p in &module.vectors {
                after.push(numbers(p.val().inner()).await?);
            }
        }
        Ok(after)
    }
}

fn parameters<const D: usize>(
    names: &[String],
    from: &HashMap<String, Array>,
    device: &Device,
) -> Result<Vec<Param<Tensor<D>>>, Fault> {
    names.iter().map(|name| Ok(Param::from_tensor(find(from, name, device)?))).collect()
}

fn find<const D: usize>(tensors: &HashMap<String, Array>, name: &str, device: &Device) -> Result<Tensor<D>, Fault> {
    tensors.get(name).ok_or_else(|| unusable(&format!("no tensor {name}")))?.tensor(device)
}
