//! One training step: views → h → z → NT-Xent → gradients → new weights.

use super::gradient_cache::{Cached, cached_gradients, some_rows, spread};
use super::nt_xent::{Masks, NtXent, nt_xent_with};
use super::{optim::Optimizer, simclr::SimClr};
use crate::core::rng::Rng;
use burn::optim::GradientsParams;
use burn::tensor::Tensor;

/// What is trained and by which rule.
pub struct Learner {
    pub model: SimClr,
    pub optimizer: Optimizer,
    /// τ of NT-Xent.
    pub temperature: f32,
    /// Views that go through the networks at once; all where there is no number. See
    /// [`gradient_cache`](super::gradient_cache).
    pub chunk: Option<usize>,
    /// For the batch size met last.
    masks: Option<Masks>,
}

impl Learner {
    pub fn new(model: SimClr, optimizer: Optimizer, temperature: f32) -> Self {
        Self { model, optimizer, temperature, chunk: None, masks: None }
    }

    /// One step on `views` [2N, 3, S, S], where rows i and i + N are views of one image, at learning rate `rate`. One
    /// forward pass over all views, so they share their batch statistics; in chunks where [`Learner::chunk`] says so.
    ///
    /// Everything is enqueued, nothing is waited for. Returns loss, contrastive
    /// accuracy and std of z before the step, `[3]`, still on the device.
    pub fn step(&mut self, views: Tensor<4>, rate: f32) -> Tensor<1> {
        let [rows, ..] = views.dims();
        let some = |part: &[usize]| {
            if part.is_sorted() && part.len() == rows { views.clone() } else { some_rows(views.clone(), part) }
        };
        self.step_by(rows, &some, &mut Rng::new(0), rate)
    }

    /// [`Learner::step`] on `rows` = 2N views of which `views` makes some rows, the same whenever it is asked: in
    /// chunks, no more of them are in memory than go through the networks at once. `rng` draws which go together.
    pub fn step_by(
        &mut self,
        rows: usize,
        views: &dyn Fn(&[usize]) -> Tensor<4>,
        rng: &mut Rng,
        rate: f32,
    ) -> Tensor<1> {
        let (measured, gradients) = match self.chunk {
            Some(chunk) if chunk < rows => {
                let Cached { measured, gradients } =
                    cached_gradients(&self.model, &spread(rows, rng), views, chunk, self.temperature);
                (measured, gradients)
            }
            _ => {
                let result = self.forward(views(&(0..rows).collect::<Vec<_>>()));
                let gradients = GradientsParams::from_grads(result.loss.backward(), &self.model);
                (result.measured(), gradients)
            }
        };
        self.update(gradients, rate);
        measured
    }

    /// The first part of a step: loss and metrics of `views`.
    pub fn forward(&mut self, views: Tensor<4>) -> NtXent {
        let [rows, ..] = views.dims();
        let kept = self.masks.take().filter(|masks| masks.rows() == rows);
        let masks = kept.unwrap_or_else(|| Masks::new(rows, &views.device()));
        let result = nt_xent_with(self.model.forward(views.autodiff()), self.temperature, &masks);
        self.masks = Some(masks);
        result
    }

    /// The last part of a step: new weights at learning rate `rate`.
    pub fn update(&mut self, gradients: GradientsParams, rate: f32) {
        self.model = self.optimizer.step(rate, self.model.clone(), gradients);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::config::{self, Architecture, EncoderConfig, HeadConfig, OptimizerConfig, Stem};
    use crate::core::sample::sample_set;
    use crate::learn::{
        baseline::reestimate_batch_norm, bench::mulberry, block_on::block_on, encoder::Encoder, lars::Lars,
        lars::LarsConfig, named_tensors::tensors, simclr::initial_encoder, store::ByteStore,
    };
    use burn::module::Module;
    use burn::tensor::{Device, TensorData};

    #[test]
    fn every_optimizer_lowers_the_loss_of_one_batch() {
        let device = Device::flex();
        let encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 4);
        let head = HeadConfig::new(2, 32);
        let shape = [16, 3, 16, 16];
        let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
        for (rule, rate) in
            [(config::Optimizer::Lars, 0.5), (config::Optimizer::Sgd, 0.1), (config::Optimizer::AdamW, 1e-3)]
        {
            let optimizer = OptimizerConfig { weight_decay: 1e-4, ..OptimizerConfig::preset(rule, 16) };
            let model = SimClr::new(&encoder, &head, 1, &device.clone().autodiff());
            let mut learner = Learner::new(model, Optimizer::new(&optimizer), 0.5);
            let losses: Vec<f32> = (0..12)
                .map(|_| learner.step(views.clone(), rate).into_data().try_to_vec::<f32>().unwrap()[0])
                .collect();
            assert!(losses[11] < losses[0] - 0.05, "{rule:?}: {losses:?}");
        }
    }

    /// Drawn weights of every encoder tell images apart, by its training statistics, and a few steps lower the loss.
    #[test]
    fn every_encoder_learns_from_random_weights() {
        let device = Device::flex();
        for architecture in Architecture::ALL {
            let facts = architecture.facts();
            let side = facts.weights.filter(|_| facts.is_fixed).map_or(32, |weights| (weights.min_image_size + 1) & !1);
            let encoder = EncoderConfig::random(architecture, Stem::Small, facts.widths[0] as usize);
            let model = SimClr::new(&encoder, &HeadConfig::new(2, 32), 1, &device.clone().autodiff());
            let set = sample_set(1, 1, side);
            let images = ByteStore::new(&set, &device, usize::MAX).gather(&[0, 1, 2, 3]);

            let h = model.encoder.forward(images.clone().autodiff()).into_data().iter::<f32>().collect::<Vec<f32>>();
            let rows: Vec<&[f32]> = h.chunks_exact(encoder.features()).collect();
            let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
            let cosine = |a, b| dot(a, b) / (dot(a, a) * dot(b, b)).sqrt();
            let pairs = (1..4).flat_map(|i| (0..i).map(move |j| (i, j)));
            let least = pairs.map(|(i, j)| cosine(rows[i], rows[j])).fold(1.0, f64::min);
            assert!(1.0 - least > 1e-2, "{architecture:?}: h is the same for every image, {}", 1.0 - least);

            // The second view is the mirror image.
            let views = Tensor::cat(vec![images.clone(), images.flip([3])], 0);
            let rule = LarsConfig { momentum: 0.9, weight_decay: 0.0, trust_coefficient: 0.01 };
            let mut learner = Learner::new(model, Optimizer::Lars(Box::new(Lars::new(rule))), 0.5);
            let losses: Vec<f32> =
                (0..4).map(|_| learner.step(views.clone(), 0.5).into_data().iter::<f32>().next().unwrap()).collect();
            // Statistics of eight numbers, in the last layers of some, make the loss waver.
            let least = losses.iter().copied().fold(f32::INFINITY, f32::min);
            assert!(least < losses[0] - 0.01, "{architecture:?}: {losses:?}");
        }
    }

    #[test]
    fn a_normalised_head_centres_and_scales_z() {
        let device = Device::flex();
        let encoder = EncoderConfig::random(Architecture::ConvNet4, Stem::Small, 4);
        let head = HeadConfig { batch_norm: true, ..HeadConfig::new(3, 32) };
        let model = SimClr::new(&encoder, &head, 1, &device.clone().autodiff());
        let names: Vec<String> = block_on(tensors(&model.head)).unwrap().into_iter().map(|t| t.name).collect();
        assert!(
            names.iter().any(|name| name == "norms.2.running_mean") && !names.contains(&"layers.0.bias".to_owned())
        );
        let shape = [16, 3, 16, 16];
        let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
        let mut learner = Learner::new(model, Optimizer::sgd(0.9, 0.0, false), 0.5);
        let losses: Vec<f32> =
            (0..8).map(|_| learner.step(views.clone(), 0.05).into_data().iter::<f32>().next().unwrap()).collect();
        assert!(losses[7] < losses[0] - 0.05, "{losses:?}");
        // The last normalisation has no shift, also after steps, so z is centred over the batch.
        let z = learner.model.forward(views.autodiff());
        assert!(
            z.clone().mean_dim(0).abs().max().into_scalar::<f32>() < 1e-4 && z.var(0).max().into_scalar::<f32>() > 0.5
        );
    }

    #[test]
    fn a_frozen_encoder_stays_while_its_head_learns() {
        let device = Device::flex();
        let encoder = EncoderConfig::random(Architecture::ResNet10, Stem::Small, 4);
        let shape = [16, 3, 16, 16];
        let views = Tensor::<4>::from_data(TensorData::new(mulberry(3, shape.iter().product()), shape), &device);
        let autodiff = device.clone().autodiff();
        // Statistics of these views, which evaluation uses.
        let loaded = reestimate_batch_norm(&initial_encoder(&encoder, 5, &autodiff), [views.clone()]).train();
        let head = HeadConfig::new(2, 32);
        let model = SimClr::with_encoder(loaded, encoder.features(), &head, 1, &autodiff).freeze_but_last(0);
        let named = |model: &SimClr| block_on(tensors(model)).unwrap();
        let before = named(&model);
        // Evaluation, on the training device.
        let h = |encoder: &Encoder, x: Tensor<4>| encoder.forward(x).into_data().iter::<f32>().collect::<Vec<f32>>();
        assert_eq!(h(&model.encoder, views.clone().autodiff()), h(&model.encoder.valid(), views.clone()));

        let mut learner = Learner::new(model, Optimizer::sgd(0.9, 1e-4, false), 0.5);
        let losses: Vec<f32> =
            (0..20).map(|_| learner.step(views.clone(), 0.5).into_data().try_to_vec::<f32>().unwrap()[0]).collect();
        assert!(losses[19] < losses[0] - 0.02, "{losses:?}");
        let after = named(&learner.model);
        for (before, after) in before.iter().zip(&after) {
            assert_eq!(before == after, before.name.starts_with("encoder."), "{}", before.name);
        }
    }
}
