//! The archive's tables: CSV of curves and images, and numpy arrays.
//!
//! CSV is that of RFC 4180: a header line, commas, lines that end in CR LF, text in quotes where it needs them.
//! Numbers have a decimal point and as many digits as give the same f32 when they are read; NaN is empty.

use crate::core::dataset::{Example, Split};
use crate::core::run::Curve;

/// One line a step. `loss` is NT-Xent in nats, `std` the mean standard deviation over the dimensions of
/// normalised z; see [`StepReport`](crate::core::report::StepReport).
pub fn steps_csv(curve: &Curve) -> String {
    let mut out = line(["step", "epoch", "loss", "contrastive_accuracy", "std", "learning_rate", "milliseconds"]);
    for s in &curve.steps {
        let [loss, accuracy, std, rate, time] =
            [s.loss, s.contrastive_accuracy, s.std, s.learning_rate, s.milliseconds].map(number);
        out += &line([s.step.to_string(), s.epoch.to_string(), loss, accuracy, std, rate, time]);
    }
    out
}

/// One line an epoch from 0, before the first step: kNN accuracy on validation.
pub fn epochs_csv(curve: &Curve) -> String {
    let rows = curve.epochs.iter().map(|e| line([e.epoch.to_string(), number(e.knn)]));
    std::iter::once(line(["epoch", "knn"])).chain(rows).collect()
}

/// One line an image, in the order of the set and of the rows of an array of features. An image without a label
/// has an empty one.
pub fn images_csv(examples: &[Example], classes: &[String]) -> String {
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

/// The text, in quotes if it holds a comma, a quote, a line break, or a space at an end that some programs would drop.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) || text.trim() != text {
        format!("\"{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

/// What stands before the data of an f32 array [rows, columns], row-major, in numpy's format.
///
/// Version 1.0 of numpy.lib.format: magic, version, length of the header (u16), the header (a Python dictionary, padded
/// so that the data begin at a multiple of 64 bytes), then the data, little-endian, in C order.
pub fn npy_f32_start(rows: usize, columns: usize) -> Vec<u8> {
    const PREFIX: usize = 10;
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({rows}, {columns}), }}");
    // A line feed ends the header.
    let length = (PREFIX + header.len() + 1).next_multiple_of(64) - PREFIX;
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((length as u16).to_le_bytes());
    out.extend(header.as_bytes());
    out.resize(PREFIX + length - 1, b' ');
    out.push(b'\n');
    out
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
            unknown: Vec::new(),
        };
        assert_eq!(
            steps_csv(&curve),
            "step,epoch,loss,contrastive_accuracy,std,learning_rate,milliseconds\r\n\
             1,1,5.541264,0.25,0.088,0.0000001,120.5\r\n\
             2,1,,0.25,0.088,0.0000001,120.5\r\n"
        );
        assert_eq!(epochs_csv(&curve), "epoch,knn\r\n0,0.1\r\n1,0.3\r\n");
        assert_eq!(epochs_csv(&Curve::default()), "epoch,knn\r\n");
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
        let table = images_csv(&examples, &["rose".to_owned(), "lily, white".to_owned()]);
        assert_eq!(
            table,
            "index,name,label,class,split\r\n\
             0,a/plain name.png,0,rose,train\r\n\
             1,\"a, b \"\"c\"\"\nd.png\",1,\"lily, white\",test\r\n\
             2,\" x\",,,validation\r\n"
        );
    }

    /// What numpy 2.4 writes before the data: 128 bytes here.
    fn numpys(header: &str) -> Vec<u8> {
        let mut out = b"\x93NUMPY\x01\x00v\x00".to_vec();
        out.extend(header.as_bytes());
        out.extend(vec![b' '; 127 - out.len()]);
        out.push(b'\n');
        out
    }

    #[test]
    fn the_start_is_what_numpy_writes() {
        let start = |shape| numpys(&format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"));
        assert_eq!(npy_f32_start(2, 3), start("(2, 3)"));
        assert_eq!(npy_f32_start(0, 128), start("(0, 128)"));
    }

    #[test]
    fn data_begin_at_a_multiple_of_64() {
        for rows in (0..19).map(|digits| 10_usize.pow(digits)) {
            for columns in [1, 64, 2048, usize::MAX] {
                let out = npy_f32_start(rows, columns);
                assert_eq!(out.len() % 64, 0);
                assert_eq!(usize::from(u16::from_le_bytes([out[8], out[9]])) + 10, out.len());
                assert!(out.ends_with(b"\n"));
            }
        }
    }
}
