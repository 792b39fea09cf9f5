//! `cargo xtask quality FOLDER`: what the program learns, with three seeds, beside lightly in torch. A finished cell is a
//! row of [`TABLE`], which is committed: only missing cells are computed. Whoever changes a recipe deletes its rows.

use crate::process::{Outcome, output, say};
use std::path::Path;
use std::process::Command;

const TABLE: &str = "tests/quality/cells.tsv";
const SEEDS: [u32; 3] = [1, 2, 3];
/// Student's t for 95 % of a mean of three.
const T: f64 = 4.303;
/// Images of CIFAR-10 that are trained on, and those that are judged on, as zips of a folder a class.
const ZIPS: [&str; 2] = ["cifar10-train-5000.zip", "cifar10-test-1000.zip"];
const FRACTIONS: [&str; 3] = ["1", "10", "100"];

/// What is trained: its name in the table, and the values that a cell of it has.
#[derive(Clone, Copy)]
struct Subject {
    name: &'static str,
    values: &'static [&'static str],
}

const OURS: Subject = Subject { name: "cifar ours", values: &["linear", "kNN"] };
const LIGHTLY: Subject = Subject { name: "cifar lightly", values: &["linear", "kNN"] };
const QUICK: Subject = Subject { name: "sample quick_look", values: &["linear", "untrained", "raw pixels"] };
const BALANCED: Subject = Subject { name: "sample balanced", values: &["linear", "untrained", "raw pixels"] };
const SAMPLE_LABELS: Subject = Subject { name: "labels sample", values: &LABELS };
const CIFAR_LABELS: Subject = Subject { name: "labels cifar", values: &LABELS };
const ALL: [Subject; 6] = [OURS, LIGHTLY, QUICK, BALANCED, SAMPLE_LABELS, CIFAR_LABELS];
const LABELS: [&str; 9] = [
    "1 % linear",
    "1 % fine-tuned",
    "1 % random",
    "10 % linear",
    "10 % fine-tuned",
    "10 % random",
    "100 % linear",
    "100 % fine-tuned",
    "100 % random",
];

/// Finished cells: subject, seed, and its values in order.
#[derive(Default)]
struct Cells(Vec<(String, u32, Vec<f64>)>);

impl Cells {
    /// # Errors
    /// Where a row is not what [`Cells::text`] writes.
    fn read(text: &str) -> Outcome<Self> {
        let row = |(number, line): (usize, &str)| {
            let odd = || format!("{TABLE}, row {}: `{line}` is no subject, seed and values", number + 1);
            let mut parts = line.split('\t');
            let (name, seed) =
                (parts.next().ok_or_else(odd)?, parts.next().and_then(|s| s.parse().ok()).ok_or_else(odd)?);
            let values: Vec<f64> = parts.map(|v| v.parse().map_err(|_| odd())).collect::<Outcome<_>>()?;
            let subject = ALL.iter().find(|subject| subject.name == name && subject.values.len() == values.len());
            subject.map(|_| (name.to_owned(), seed, values)).ok_or_else(odd)
        };
        text.lines().enumerate().skip(1).map(row).collect::<Outcome<_>>().map(Self)
    }

    fn text(&self) -> String {
        let row = |(name, seed, values): &(String, u32, Vec<f64>)| {
            let values: Vec<String> = values.iter().map(|v| format!("{v:.1}")).collect();
            format!("{name}\t{seed}\t{}\n", values.join("\t"))
        };
        std::iter::once("subject\tseed\tvalues, as xtask/src/quality.rs lists them\n".to_owned())
            .chain(self.0.iter().map(row))
            .collect()
    }

    fn get(&self, subject: Subject, seed: u32, value: &str) -> Option<f64> {
        let at = subject.values.iter().position(|name| *name == value)?;
        self.0.iter().find(|(name, of, _)| name == subject.name && *of == seed).map(|(_, _, values)| values[at])
    }

    /// One number of each seed; None where a cell is missing.
    fn each(&self, of: impl Fn(&Self, u32) -> Option<f64>) -> Option<Vec<f64>> {
        SEEDS.into_iter().map(|seed| of(self, seed)).collect()
    }
}

/// The number behind `words` in `text`.
fn after(text: &str, words: &str) -> Option<f64> {
    let rest = text.split(words).nth(1)?.trim_start();
    rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?.trim_end_matches('.').parse().ok()
}

fn example(name: &str, args: &[&str]) -> Outcome<String> {
    let mut command = Command::new("cargo");
    output(command.args(["run", "--quiet", "--locked", "--example", name, "--"]).args(args))
}

/// Trains and judges one cell.
fn compute(subject: Subject, seed: u32, zips: &[String; 2]) -> Outcome<Vec<f64>> {
    let seed = seed.to_string();
    let [train, test] = [&zips[0], &zips[1]].map(String::as_str);
    let keep = std::env::temp_dir();
    let said = match subject.name {
        "cifar ours" => example("quality", &[train, test, &keep.to_string_lossy(), &seed])?,
        "cifar lightly" => {
            let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".into());
            output(Command::new(python).args(["tests/quality/lightly.py", train, test, &seed]))?
        }
        "labels sample" => example("labels", &["sample", "30", &FRACTIONS.join(","), &seed])?,
        "labels cifar" => example("labels", &[train, test, "30", &FRACTIONS.join(","), &seed])?,
        preset => {
            let preset = preset.split(' ').nth(1).unwrap_or_default();
            example("presets", &["sample", &format!("preset={preset}"), &seed])?
        }
    };
    let value = |name: &&str| {
        // The line of a fraction, or else the last, which is of the trained encoder.
        let (line, word) = match name.split_once(" % ") {
            Some((fraction, word)) => (said.lines().find(|line| line.contains(&format!(" {fraction} %:"))), word),
            None => (said.lines().last(), *name),
        };
        let word = if word == "random" { "random weights" } else { word };
        line.and_then(|line| after(line, word))
            .ok_or_else(|| format!("{}: no `{name}` in what it said:\n{said}", subject.name))
    };
    subject.values.iter().map(value).collect()
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Half the 95 % interval of a mean of three.
fn half_interval(values: &[f64]) -> f64 {
    let square: f64 = values.iter().map(|v| (v - mean(values)).powi(2)).sum();
    T * (square / (values.len() - 1) as f64 / values.len() as f64).sqrt()
}

/// Standard error of an accuracy of `percent` over so many images, in points.
fn standard_error(percent: f64, images: f64) -> f64 {
    let part = percent / 100.0;
    100.0 * (part * (1.0 - part) / images).sqrt()
}

/// Every mark: what it is, what was found, and whether it holds; a missing cell holds nothing.
fn marks(cells: &Cells) -> Vec<(String, String, bool)> {
    let mut all = Vec::new();
    for value in OURS.values {
        let gain = cells.each(|c, seed| Some(c.get(OURS, seed, value)? - c.get(LIGHTLY, seed, value)?));
        let found = gain.map(|gain| (mean(&gain), half_interval(&gain)));
        let text = found.map_or("missing".to_owned(), |(mean, half)| format!("{mean:+.1} ± {half:.1}"));
        let holds = found.is_some_and(|(mean, half)| mean + half >= -1.5);
        all.push((format!("CIFAR-10 {value}: ours less lightly's, not clearly below -1.5"), text, holds));
    }
    for (subject, over, least) in [
        (BALANCED, "raw pixels", 30.0),
        (QUICK, "raw pixels", 20.0),
        (BALANCED, "untrained", 15.0),
        (QUICK, "untrained", 15.0),
    ] {
        let gain = cells.each(|c, seed| Some(c.get(subject, seed, "linear")? - c.get(subject, seed, over)?));
        let text = gain.as_ref().map_or("missing".to_owned(), |gain| format!("{:+.1}", mean(gain)));
        let holds = gain.is_some_and(|gain| mean(&gain) >= least);
        all.push((format!("{}: linear less {over}, at least {least}", subject.name), text, holds));
    }
    for (subject, images) in [(SAMPLE_LABELS, 400.0), (CIFAR_LABELS, 1_000.0)] {
        for fraction in FRACTIONS {
            let of = |word: &str| cells.each(|c, seed| c.get(subject, seed, &format!("{fraction} % {word}")));
            let both = of("linear").zip(of("fine-tuned")).map(|(linear, tuned)| (mean(&linear), mean(&tuned)));
            let text = both.map_or("missing".to_owned(), |(linear, tuned)| format!("{linear:.1}, {tuned:.1}"));
            let holds = both.is_some_and(|(linear, tuned)| tuned >= linear - standard_error(linear, images));
            all.push((
                format!("{}, {fraction} %: linear, fine-tuned (at most one standard error below)", subject.name),
                text,
                holds,
            ));
        }
    }
    all
}

/// Computes what is missing, and prints the marks.
///
/// # Errors
/// Where a program fails, and where a mark is missed.
pub fn run(folder: &str) -> Outcome {
    let zips = ZIPS.map(|name| Path::new(folder).join(name).to_string_lossy().into_owned());
    if let Some(missing) = zips.iter().find(|zip| !Path::new(zip).is_file()) {
        return Err(format!(
            "{missing} is not there: the folder holds {} and {}, zips of a folder of 32-pixel images a class",
            ZIPS[0], ZIPS[1]
        ));
    }
    let mut cells = Cells::read(&std::fs::read_to_string(TABLE).unwrap_or_default())?;
    let mut failed = Vec::new();
    for (seed, subject) in SEEDS.into_iter().flat_map(|seed| ALL.map(|subject| (seed, subject))) {
        if cells.get(subject, seed, subject.values[0]).is_some() {
            continue;
        }
        say(&format!("{}, seed {seed}", subject.name));
        match compute(subject, seed, &zips) {
            Ok(values) => {
                cells.0.push((subject.name.to_owned(), seed, values));
                std::fs::write(TABLE, cells.text()).map_err(|e| format!("{TABLE}: {e}"))?;
            }
            Err(message) => failed.push(message),
        }
    }
    failed.iter().for_each(|message| eprintln!("xtask: {message}"));
    let marks = marks(&cells);
    for (what, found, holds) in &marks {
        println!("{:6} {what}: {found}", if *holds { "ok" } else { "MISSED" });
    }
    let missed = marks.iter().filter(|(_, _, holds)| !holds).count();
    if missed == 0 { Ok(()) } else { Err(format!("{missed} of {} marks are missed", marks.len())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_read_as_they_were_written() {
        let cells =
            Cells(vec![(OURS.name.into(), 2, vec![45.2, 39.8]), (QUICK.name.into(), 1, vec![70.0, 30.0, 25.5])]);
        let again = Cells::read(&cells.text()).unwrap();
        assert_eq!(again.get(OURS, 2, "kNN"), Some(39.8));
        assert_eq!((again.get(QUICK, 1, "raw pixels"), again.get(QUICK, 2, "linear")), (Some(25.5), None));
        assert!(Cells::read("head\ncifar ours\t1\t5\n").is_err(), "too few values");
        assert!(Cells::read("head\nsomebody\t1\t5\t6\n").is_err(), "no such subject");
    }

    #[test]
    fn numbers_are_found_behind_their_words() {
        let line = "seed 2   1 %: linear 34.5, fine-tuned 37.0, from random weights 12.25 (9 s)";
        assert_eq!(
            ["linear", "fine-tuned", "random weights"].map(|word| after(line, word)),
            [Some(34.5), Some(37.0), Some(12.25)]
        );
        assert_eq!(after(line, "kNN"), None);
    }

    #[test]
    fn a_mark_is_missed_without_its_cells_and_with_bad_ones() {
        assert!(marks(&Cells::default()).iter().all(|(_, found, holds)| !holds && found == "missing"));
        let with = |values: [[f64; 3]; 3]| {
            let cells =
                SEEDS.into_iter().zip(values).map(|(seed, values)| (QUICK.name.to_owned(), seed, values.to_vec()));
            let holds: Vec<bool> = marks(&Cells(cells.collect())).into_iter().map(|(_, _, holds)| holds).collect();
            [holds[3], holds[5]]
        };
        assert_eq!(with([[70.0, 50.0, 40.0]; 3]), [true, true]);
        assert_eq!(with([[70.0, 60.0, 55.0]; 3]), [false, false]);
        assert!((half_interval(&[1.0, 2.0, 3.0]) - 4.303 / 3.0_f64.sqrt()).abs() < 1e-9);
        assert!((standard_error(50.0, 400.0) - 2.5).abs() < 1e-9);
    }
}
