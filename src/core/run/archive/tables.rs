//! The archive's tables: CSV of curves and images, and numpy arrays.
//!
//! CSV is that of RFC 4180: a header line, commas, lines that end in CR LF, text in quotes where it needs them.
//! A name that a spreadsheet would run as a formula stands behind an apostrophe.
//! Numbers have a decimal point and as many digits as give the same f32 when they are read; NaN is empty.

use crate::core::config::pretrain_settings::SETTINGS;
use crate::core::dataset::{Example, Split};
use crate::core::run::group::{groups, results};
use crate::core::run::{Curve, RunRecord, table::Column};

/// One line a step. `loss` is NT-Xent in nats, `std` the mean standard deviation over the dimensions of
/// normalised z; see [`StepReport`](crate::core::report::StepReport).
pub fn steps_csv(curve: &Curve) -> String {
    let mut out = line(&["step", "epoch", "loss", "contrastive_accuracy", "std", "learning_rate", "milliseconds"]);
    for s in &curve.steps {
        let [loss, accuracy, std, rate, time] =
            [s.loss, s.contrastive_accuracy, s.std, s.learning_rate, s.milliseconds].map(number);
        out += &line(&[s.step.to_string(), s.epoch.to_string(), loss, accuracy, std, rate, time]);
    }
    out
}

/// One line an epoch from 0, before the first step: kNN accuracy on validation.
pub fn epochs_csv(curve: &Curve) -> String {
    let rows = curve.epochs.iter().map(|e| line(&[e.epoch.to_string(), number(e.knn)]));
    std::iter::once(line(&["epoch", "knn"])).chain(rows).collect()
}

/// One line an image, in the order of the set and of the rows of an array of features. An image without a label
/// has an empty one.
pub fn images_csv(examples: &[Example], classes: &[String]) -> String {
    let mut out = line(&["index", "name", "label", "class", "split"]);
    for (index, example) in examples.iter().enumerate() {
        let label = example.label.map_or_else(String::new, |label| label.to_string());
        let class = example.label.and_then(|label| classes.get(usize::from(label))).cloned().unwrap_or_default();
        let split = match example.split {
            Split::Train => "train",
            Split::Validation => "validation",
            Split::Test => "test",
        };
        out += &line(&[index.to_string(), example.name.clone(), label, class, split.to_owned()]);
    }
    out
}

/// One line a run, in the order given, with every setting and its results as parts of 1. Runs of equal settings and
/// other seeds have the same `group`, and after each result stand the group's mean, its sample standard deviation and
/// the number of seeds, finished runs only.
pub fn runs_csv(records: &[&RunRecord]) -> String {
    const RESULTS: [(&str, Column); 4] = [
        ("validation_accuracy", Column::ValidationAccuracy),
        ("test_accuracy", Column::TestAccuracy),
        ("macro_f1", Column::MacroF1),
        ("knn", Column::Knn),
    ];
    let mut head: Vec<String> = ["id", "name", "group", "images", "steps", "total_steps"].map(String::from).into();
    head.extend(SETTINGS.iter().map(|setting| setting.key.to_owned()));
    for (name, _) in RESULTS {
        head.extend(["", "_mean", "_sd", "_n"].map(|end| format!("{name}{end}")));
    }
    let groups = groups(records);
    let of_run = |(place, record): (usize, &&RunRecord)| {
        let group = groups.iter().position(|group| group.contains(&place)).unwrap_or_default();
        let runs: Vec<&RunRecord> = groups[group].iter().map(|&place| records[place]).collect();
        let mut fields = vec![record.id.clone(), record.name.clone(), (group + 1).to_string()];
        fields.extend([record.data.shown().to_owned(), record.steps.to_string(), record.total_steps.to_string()]);
        fields.extend(SETTINGS.iter().map(|setting| setting.get(&record.config).to_string()));
        for (_, column) in RESULTS {
            let summary = results(&runs, column).summary();
            let deviation = summary.and_then(|summary| summary.deviation);
            let numbers = [column.result(record), summary.map(|summary| summary.mean), deviation];
            fields.extend(
                numbers.map(|number| number.filter(|n| n.is_finite()).map_or(String::new(), |n| n.to_string())),
            );
            fields.push(summary.map_or(0, |summary| summary.n).to_string());
        }
        line(&fields)
    };
    std::iter::once(line(&head)).chain(records.iter().enumerate().map(of_run)).collect()
}

fn number(value: f32) -> String {
    if value.is_nan() { String::new() } else { value.to_string() }
}

fn line(fields: &[impl AsRef<str>]) -> String {
    fields.iter().map(|text| field(text.as_ref())).collect::<Vec<_>>().join(",") + "\r\n"
}

/// The text, in quotes if it holds a comma, a quote, a line break, or a space at an end that some programs would drop;
/// behind an apostrophe if a spreadsheet would run it as a formula.
fn field(text: &str) -> String {
    let formula = text.trim_start().starts_with(['=', '+', '-', '@']) && text.parse::<f64>().is_err();
    let text = if formula { &format!("'{text}") } else { text };
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
    use crate::core::run::examples::evaluated;

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
    fn each_run_has_its_groups_mean_deviation_and_number() {
        let of = |seed: u64, temperature: f32, validation: f32| {
            let mut run = evaluated(&format!("run{seed}"), validation);
            (run.config.seed, run.config.temperature) = (seed, temperature);
            run
        };
        let mut runs = [of(1, 0.5, 0.5), of(2, 0.1, 0.25), of(3, 0.5, 0.75)];
        runs[1].name = "=1+1, \"mine\"".into();
        runs[1].knn = None;
        let table = runs_csv(&runs.iter().collect::<Vec<_>>());
        let lines: Vec<&str> = table.trim_end().split("\r\n").collect();
        let head: Vec<&str> = lines[0].split(',').collect();
        assert_eq!((lines.len(), head.len()), (4, 6 + SETTINGS.len() + 16));
        let of = |line: usize, name: &str| {
            let at = head.iter().position(|one| *one == name).unwrap();
            lines[line].split(',').nth(at).unwrap().to_owned()
        };
        assert_eq!(
            ["group", "seed", "validation_accuracy", "validation_accuracy_mean", "validation_accuracy_n"]
                .map(|name| of(1, name)),
            ["1", "1", "0.5", "0.625", "2"]
        );
        assert_eq!(of(3, "group"), "1");
        // Of 0.5 and 0.75, over n - 1: 0.25 / √2.
        assert!((of(3, "validation_accuracy_sd").parse::<f64>().unwrap() - 0.25 / 2.0_f64.sqrt()).abs() < 1e-12);
        assert!(lines[2].starts_with("run2,\"'=1+1, \"\"mine\"\"\",2,"), "{}", lines[2]);
        assert!(lines[2].ends_with(",,,,0"), "no kNN, no mean, no deviation of it: {}", lines[2]);
    }

    #[test]
    fn names_are_quoted_where_they_must_be() {
        let example = |name: &str, label, split| Example { label, split, name: name.to_owned() };
        let examples = [
            example("a/plain name.png", Some(0), Split::Train),
            example("a, b \"c\"\nd.png", Some(1), Split::Test),
            example(" x", None, Split::Validation),
            example("=HYPERLINK(\"http:x\")", Some(2), Split::Train),
            example("\t@SUM(1)", None, Split::Train),
        ];
        let table = images_csv(&examples, &["rose", "lily, white", "-1+cmd"].map(str::to_owned));
        assert_eq!(
            table,
            "index,name,label,class,split\r\n\
             0,a/plain name.png,0,rose,train\r\n\
             1,\"a, b \"\"c\"\"\nd.png\",1,\"lily, white\",test\r\n\
             2,\" x\",,,validation\r\n\
             3,\"'=HYPERLINK(\"\"http:x\"\")\",2,'-1+cmd,train\r\n\
             4,'\t@SUM(1),,,train\r\n"
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
