//! Records that the tests of this folder share.

use super::fine_tune::{FineTuneConfig, FineTuneReport};
use super::{DataIdentity, RunRecord};
use crate::core::report::{Backend, Baseline, DeviceReport, EvaluationReport, LinearReport, RunState};
use crate::core::{config::RunConfig, metrics::ClassificationReport};

/// A finished run of the default configuration on two classes, not evaluated.
pub fn record(id: &str) -> RunRecord {
    RunRecord {
        id: id.into(),
        name: String::new(),
        created: 1_700_000_000_000.0,
        config: RunConfig::default(),
        weights: None,
        chunk_changes: Vec::new(),
        data: DataIdentity {
            fingerprint: "77faa72a9a18be0b".into(),
            files_fingerprint: String::new(),
            sources: vec!["flowers.zip".into()],
            images: 500,
            training_images: 300,
            classes: vec!["rose".into(), "tulip".into()],
            split_seed: 0,
        },
        device: DeviceReport { backend: Backend::Cpu, name: "CPU".into(), software: false, why_not_gpu: None },
        program: "0.1.0".into(),
        state: RunState::Finished,
        steps: 60,
        total_steps: 60,
        knn: Some(0.5),
        evaluations: 0,
        evaluation: None,
        fine_tuned: Vec::new(),
        notes: String::new(),
        history: Vec::new(),
        deleted: None,
    }
}

/// Evaluated on 20 test images, 16 of them right.
pub fn linear(validation_accuracy: Option<f32>) -> LinearReport {
    LinearReport {
        validation_accuracy,
        chosen_rate: 0.1,
        chosen_epoch: 40,
        epochs: 100,
        test: ClassificationReport::from_confusion(vec![vec![9, 1], vec![3, 7]]),
        predicted: Vec::new(),
    }
}

/// The same run, evaluated with this accuracy on validation.
pub fn evaluated(id: &str, validation: f32) -> RunRecord {
    let worse = LinearReport {
        test: ClassificationReport::from_confusion(vec![vec![6, 4], vec![5, 5]]),
        ..linear(Some(validation - 0.2))
    };
    let evaluation = EvaluationReport {
        classes: vec!["rose".into(), "tulip".into()],
        test_images: Vec::new(),
        truth: Vec::new(),
        trained: linear(Some(validation)),
        baseline: Baseline::Untrained,
        linear_baseline: Some(worse.clone()),
        raw_pixels: worse,
        raw_side: None,
        knn_trained: 0.7,
        knn_baseline: Some(0.5),
        baseline_statistics: None,
        knn_k: Some(200),
        steps: 60,
        test_use: 1,
        seconds: 2.0,
    };
    RunRecord { evaluations: 1, evaluation: Some(evaluation), ..record(id) }
}

/// A result of `config` on the same 20 test images, of an encoder without a step.
pub fn tuned(config: FineTuneConfig) -> FineTuneReport {
    FineTuneReport {
        config,
        labels: 30,
        epochs: Vec::new(),
        test: linear(None).test,
        predicted: Vec::new(),
        truth: Vec::new(),
        test_images: Vec::new(),
        steps: 0,
        seconds: 1.0,
    }
}
