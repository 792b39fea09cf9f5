//! Whether a record makes sense: one from an archive, or from storage, where another program may have put it. What reads
//! a record relies on it.

use super::{MOST_NOTES, RunRecord};
use crate::core::metrics::ClassificationReport;
use crate::core::report::LinearReport;

/// Most bytes of a text in a record: notes of characters of four bytes.
const MOST_TEXT: usize = 4 * MOST_NOTES;

impl RunRecord {
    /// Whether its texts are of sensible lengths, and its results are of the classes and images that they name.
    ///
    /// # Errors
    /// The first part that is wrong, in words.
    pub fn check(&self) -> Result<(), String> {
        let data = &self.data;
        let texts = [&self.id, &self.name, &self.notes, &self.program, &self.device.name, &data.fingerprint];
        let weights = self.weights.iter().flat_map(|weights| [&weights.source, &weights.fingerprint]);
        let texts = texts.into_iter().chain([&data.files_fingerprint]).chain(weights).chain(&data.sources);
        if texts.chain(&data.classes).any(|text| text.len() > MOST_TEXT) {
            return Err(format!("a text has more than {MOST_TEXT} bytes"));
        }
        if !self.created.is_finite() {
            return Err("it began at no time".to_owned());
        }
        if let Some(evaluation) = &self.evaluation {
            let (classes, images) = (evaluation.classes.len(), evaluation.test_images.len());
            if evaluation.classes.iter().any(|class| class.len() > MOST_TEXT) {
                return Err(format!("a class has a name of more than {MOST_TEXT} bytes"));
            }
            let baseline = evaluation.linear_baseline.as_ref();
            for LinearReport { test, predicted, .. } in
                [&evaluation.trained, &evaluation.raw_pixels].into_iter().chain(baseline)
            {
                judged("evaluation", test, classes, images, &evaluation.truth, predicted)?;
            }
        }
        for report in &self.fine_tuned {
            let (classes, images) = (data.classes.len(), report.test_images.len());
            judged("fine_tuned", &report.test, classes, images, &report.truth, &report.predicted)?;
        }
        Ok(())
    }
}

/// Whether a report is of `classes` and of the test images.
fn judged(
    field: &str,
    report: &ClassificationReport,
    classes: usize,
    images: usize,
    truth: &[u16],
    predicted: &[u16],
) -> Result<(), String> {
    let is = |holds: bool, what: &str| if holds { Ok(()) } else { Err(format!("{field}: {what}")) };
    let ClassificationReport { confusion, per_class, support, .. } = report;
    let square = confusion.len() == classes && confusion.iter().all(|row| row.len() == classes);
    is(square, "its confusion matrix has not a row and a column for each class")?;
    is(per_class.len() == classes && support.len() == classes, "it has not one score for each class")?;
    let sum = |row: &[u32]| row.iter().map(|&count| u64::from(count)).sum::<u64>();
    let counted = confusion.iter().zip(support).all(|(row, &support)| sum(row) == u64::from(support));
    // Without answers only the counts are known.
    let all = sum(support) == truth.len() as u64 || truth.is_empty() && sum(support) <= u64::from(u32::MAX);
    is(counted && all, "its counts are not those of its test images")?;
    is(predicted.len() == truth.len() && images == truth.len(), "it has not one answer for each test image")?;
    is(truth.iter().chain(predicted).all(|&class| usize::from(class) < classes), "an answer is none of its classes")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::report::EvaluationReport;
    use crate::core::run::examples::{evaluated, record, tuned};
    use crate::core::run::fine_tune::FineTuneConfig;

    fn evaluation(record: &mut RunRecord) -> &mut EvaluationReport {
        record.evaluation.as_mut().unwrap()
    }

    #[test]
    fn a_record_that_contradicts_itself_is_refused() {
        let mut good = evaluated("a", 0.8);
        good.fine_tuned = vec![tuned(FineTuneConfig::default())];
        assert_eq!((record("a").check(), good.check()), (Ok(()), Ok(())), "as in lists, without answers");
        let truth: Vec<u16> = (0..20).map(|image| image / 10).collect();
        let of = evaluation(&mut good);
        (of.test_images, of.truth) = ((0..20).collect(), truth.clone());
        for linear in [&mut of.trained, &mut of.raw_pixels].into_iter().chain(&mut of.linear_baseline) {
            linear.predicted.clone_from(&truth);
        }
        assert_eq!(good.check(), Ok(()));
        let refused = |what: &str, change: fn(&mut RunRecord)| {
            let mut record = good.clone();
            change(&mut record);
            assert!(record.check().is_err(), "{what}");
        };
        refused("a long name", |r| r.name = "A".repeat(MOST_TEXT + 1));
        refused("a class with a long name", |r| r.data.classes[0] = "A".repeat(MOST_TEXT + 1));
        refused("no time", |r| r.created = f64::NAN);
        refused("a ragged matrix", |r| evaluation(r).trained.test.confusion = vec![vec![1]; 2]);
        refused("a third row", |r| evaluation(r).raw_pixels.test.confusion.push(vec![0, 0]));
        refused("more hits than images", |r| evaluation(r).trained.test.confusion[0][0] += 9);
        refused("counts that no 32 bits hold", |r| {
            for row in 0..2 {
                let test = &mut evaluation(r).trained.test;
                (test.confusion[row], test.support[row]) = (vec![u32::MAX, 0], u32::MAX);
            }
        });
        refused("a class without a score", |r| evaluation(r).trained.test.per_class.truncate(1));
        refused("an image without an answer", |r| evaluation(r).trained.predicted.truncate(1));
        refused("an answer of a third class", |r| evaluation(r).trained.predicted[0] = 2);
        refused("a truth of a third class", |r| evaluation(r).truth[0] = 2);
        refused("an answer without an image", |r| evaluation(r).test_images.truncate(1));
        refused("a class too few", |r| evaluation(r).classes.truncate(1));
        refused("a ragged matrix of a fine-tuning", |r| r.fine_tuned[0].test.confusion[1].truncate(1));
        refused("truths without answers", |r| r.fine_tuned[0].truth.push(0));
    }
}
