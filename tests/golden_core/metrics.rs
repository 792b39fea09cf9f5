//! Precision, recall and F1 of scikit-learn, to 1e-12.

use crate::golden::{cases, close, indices, integer, number, read};
use serde_json::Value;
use simclr_lab::core::metrics::{ClassificationReport, Scores};

fn same(what: &str, got: &Scores, want: &Value) {
    let want = ["precision", "recall", "f1"].map(|key| number(&want[key]));
    close(what, &[got.precision, got.recall, got.f1], &want, 1e-12);
}

#[test]
fn classification_metrics() {
    let file = read("metrics.json");
    for case in cases(&file) {
        let name = case["name"].as_str().unwrap_or("a case");
        let classes = integer(&case["classes"]);
        let report = ClassificationReport::new(&indices(&case["truth"]), &indices(&case["predicted"]), classes);

        let confusion: Vec<Vec<u32>> = serde_json::from_value(case["confusion"].clone()).expect("a matrix");
        assert_eq!(report.confusion, confusion, "{name}");
        close(&format!("{name}: accuracy"), &[report.accuracy], &[number(&case["accuracy"])], 1e-12);
        let per_class = case["per_class"].as_array().expect("a list");
        assert_eq!((report.per_class.len(), per_class.len()), (classes, classes), "{name}");
        for (c, want) in per_class.iter().enumerate() {
            same(&format!("{name}: class {c}"), &report.per_class[c], want);
            assert_eq!(report.support[c] as usize, integer(&want["support"]), "{name}: class {c}");
        }
        same(&format!("{name}: macro"), &report.macro_average, &case["macro"]);
        same(&format!("{name}: weighted"), &report.weighted_average, &case["weighted"]);
        same(&format!("{name}: micro"), &report.micro_average, &case["micro"]);
    }
}
