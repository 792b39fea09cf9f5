//! The steps that a browser's devices must take alike are steps that learn.

use super::answer;
use serde_json::json;

#[test]
fn five_steps_bring_the_loss_down() {
    for optimizer in ["Lars", "Sgd", "AdamW"] {
        let losses = answer("steps", &json!({ "count": 5, "optimizer": optimizer })).remove(0);
        assert_eq!(losses.len(), 5);
        assert!(losses[0] - losses[4] >= 0.1, "{optimizer}: {losses:?}");
    }
}
