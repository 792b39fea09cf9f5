//! Tables as CSV (RFC 4180): a header line, commas, lines end in CR LF, text is quoted
//! where it must be. Numbers have a decimal point and as many digits as bring the same
//! f32 back; NaN is empty.

use crate::core::dataset::{Example, Split};
use crate::core::run::Curve;

/// One line a step. `loss` is NT-Xent in nats; `std` the mean standard deviation over
/// the dimensions of normalised z; see [`StepReport`](crate::core::report::StepReport).
pub fn steps(curve: &Curve) -> String {
    let mut out = line(["step", "epoch", "loss", "contrastive_accuracy", "std", "learning_rate", "milliseconds"]);
    for s in &curve.steps {
        let [loss, accuracy, std, rate, time] =
            [s.loss, s.contrastive_accuracy, s.std, s.learning_rate, s.milliseconds].map(number);
        out += &line([s.step.to_string(), s.epoch.to_string(), loss, accuracy, std, rate, time]);
    }
    out
}

/// One line an epoch from 0, before the first step: kNN accuracy on validation.
pub fn epochs(curve: &Curve) -> String {
    let rows = curve.epochs.iter().map(|e| line([e.epoch.to_string(), number(e.knn)]));
    std::iter::once(line(["epoch", "knn"])).chain(rows).collect()
}

/// One line an image, in the order of the set: what the rows of an array of features
/// are of. An image without a label has an empty one.
pub fn images(examples: &[Example], classes: &[String]) -> String {
    let mut out = line(["index", "name", "label", "class", "split"]);
    for (index, example) in examples.iter().enumerate() {
        let label = example.label.map_or_else(String::new, |label| label.to_string());
        let class = example.label.and_then(|label| classes.get(usize::from(label))).cloned().unwrap_or_default();
        let split = match example.split {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        };
        out += &line([index.to_string(), example.name.clone(), label, class, split.to_owned()]);
    }
    out
}

fn number(value: f32) -> String {
    if value.is_nan() { String::new() } else { value.to_string() }
}

fn line<const N: usize>(fields: [impl AsRef<str>; N]) -> String {
    fields.each_ref().map(|text| field(text.as_ref())).join(",") + "\r\n"
}

/// In quotes where it holds a comma, a quote, a line break, or a space at an end that
/// some programs would drop.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::report::{EpochReport, StepReport};

    #[test]
    fn a_curve_as_two_tables() {
        let step = StepReport {
            step: 1,
            epoch: 1,
            loss: 5.541_264,
            contrastive_accuracy: 0.25,
            std: 0.088,
            learning_rate: 1e-7,
            milliseconds: 120.5,
        };
        let curve = Curve {
            steps: vec![step, StepReport { step: 2, loss: f32::NAN, ..step }],
            epochs: vec![EpochReport { epoch: 0, knn: 0.1 }, EpochReport { epoch: 1, knn: 0.3 }],
        };
        assert_eq!(
            steps(&curve),
            "step,epoch,loss,contrastive_accuracy,std,learning_rate,milliseconds\r\n\
             1,1,5.541264,0.25,0.088,0.0000001,120.5\r\n\
             2,1,,0.25,0.088,0.0000001,120.5\r\n"
        );
        assert_eq!(epochs(&curve), "epoch,knn\r\n0,0.1\r\n1,0.3\r\n");
        assert_eq!(epochs(&Curve::default()), "epoch,knn\r\n");
        for value in [0.1_f32, f32::MIN_POSITIVE, 16_777_216.0, 1.0 / 3.0] {
            assert_eq!(number(value).parse(), Ok(value));
        }
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let example = |name: &str, label, split| Example { label, split, name: name.to_owned() };
        let examples = [
            example("a/plain name.png", Some(0), Split::Train),
            example("a, b \"c\"\nd.png", Some(1), Split::Test),
            example(" x", None, Split::Validation),
        ];
        let table = images(&examples, &["rose".to_owned(), "lily, white".to_owned()]);
        assert_eq!(
            table,
            "index,name,label,class,split\r\n\
             0,a/plain name.png,0,rose,train\r\n\
             1,\"a, b \"\"c\"\"\nd.png\",1,\"lily, white\",test\r\n\
             2,\" x\",,,validation\r\n"
        );
    }
}
