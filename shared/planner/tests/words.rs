//! What plans say: reasons, alternatives and stays, as people read them.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{checked, small};
use planner::explain;

#[test]
fn a_command_is_explained_with_numbers_and_what_was_not_chosen() {
    let plan = checked(&small(|_| {}));
    let text = explain(&plan, 0);
    for part in ["saves", "USD/h", "retire node-", "launch 1 ×", "not chosen:", "keep node-", "gap"]
    {
        assert!(text.contains(part), "{part} is missing in\n{text}");
    }
    assert!(explain(&plan, 99).contains("has no command 99"));
}
