//! Encoders with the original library's weights by name. The file may hold
//! encoders that the program does not have yet; those are passed over.

use super::{answer, golden};

#[test]
fn features_of_known_encoders() {
    let mut seen = 0;
    for case in golden::cases(&golden::read("encoders.json")) {
        let name = case["name"].as_str().expect("a name");
        if name != "resnet18" {
            continue;
        }
        seen += 1;
        let want = golden::tensor(&case["features"]).0;
        golden::close(name, &golden::wide(&answer("encoder", case)[0]), &want, golden::largest(&want) * 1e-3);
    }
    assert!(seen > 0, "no encoder of the program is in encoders.json");
}
