//! What a classifier said of the test images, whichever it is: what the confusion
//! matrix, its images and the scores are made from.

use crate::core::metrics::ClassificationReport;
use crate::core::report::EvaluationReport;
use crate::core::run::fine_tune::FineTuneReport;
use leptos::prelude::*;

pub struct Judged {
    pub classes: Vec<String>,
    pub test: ClassificationReport,
    /// One a test image, as are the next two.
    pub truth: Vec<u16>,
    pub predicted: Vec<u16>,
    /// Indices into the data set.
    pub test_images: Vec<u32>,
}

pub type Judgement = StoredValue<Judged>;

impl Judged {
    /// Of the pre-trained encoder in linear evaluation.
    pub fn evaluated(report: &EvaluationReport) -> Self {
        Self {
            classes: report.classes.clone(),
            test: report.trained.test.clone(),
            truth: report.truth.clone(),
            predicted: report.trained.predicted.clone(),
            test_images: report.test_images.clone(),
        }
    }

    pub fn fine_tuned(report: &FineTuneReport, classes: Vec<String>) -> Self {
        Self {
            classes,
            test: report.test.clone(),
            truth: report.truth.clone(),
            predicted: report.predicted.clone(),
            test_images: report.test_images.clone(),
        }
    }
}
