//! Which crate may use which: `ARCHITECTURE.md`, "Crates".

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// What each of our libraries may use of ours, in code that ships. Functions, the agent, the command
/// and `tests` are above all of them.
const LAYERS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("planner", &["domain"]),
    ("storage", &["domain"]),
    ("cloud", &["domain"]),
    ("kubernetes", &["domain"]),
    ("simulator", &["cloud", "domain", "kubernetes", "planner"]),
    ("runtime", &["cloud", "domain", "planner", "storage"]),
    ("api", &["cloud", "domain", "runtime", "storage"]),
    ("testing", &["cloud", "domain", "runtime", "simulator", "storage"]),
    ("agent", &["domain", "kubernetes"]),
];

/// Crates from outside with a home: whoever needs one goes through the crate that has it.
const HOMES: &[(&str, &[&str])] = &[
    ("aws-sdk-autoscaling", &["cloud"]),
    ("aws-sdk-ec2", &["cloud"]),
    ("aws-sdk-eks", &["cloud"]),
    ("aws-sdk-pricing", &["cloud"]),
    ("aws-sdk-sts", &["cloud"]),
    ("aws-sdk-secretsmanager", &["runtime"]),
    ("aws-sdk-dynamodb", &["runtime", "spot-optimizer", "storage", "testing"]),
    ("serde_dynamo", &["storage"]),
    ("kube", &["agent", "kubernetes", "simulator", "spot-optimizer"]),
    ("dynoxide-rs", &["spot-optimizer", "testing"]),
    ("lambda_http", &["api"]),
    ("lambda_runtime", &["runtime"]),
    ("clap", &["agent", "spot-optimizer"]),
];

/// What a decision must not reach: the network, the clock's timers, the disk.
const IMPURE: &[&str] =
    &["axum", "futures", "object_store", "reqwest", "tokio", "tower", "tracing"];

#[derive(Default)]
struct Crate {
    folder: String,
    ships: BTreeSet<String>,
    tests: BTreeSet<String>,
}

/// Our crates and what their manifests name, from `cargo metadata`.
fn crates() -> BTreeMap<String, Crate> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let root = metadata["workspace_root"].as_str().unwrap();
    let mut crates = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let manifest = package["manifest_path"].as_str().unwrap();
        let folder = manifest.trim_start_matches(root).trim_end_matches("/Cargo.toml");
        let mut one = Crate { folder: folder[1..].to_owned(), ..Crate::default() };
        for dependency in package["dependencies"].as_array().unwrap() {
            let name = dependency["name"].as_str().unwrap().to_owned();
            let kind = if dependency["kind"] == "dev" { &mut one.tests } else { &mut one.ships };
            kind.insert(name);
        }
        crates.insert(package["name"].as_str().unwrap().to_owned(), one);
    }
    crates
}

#[test]
fn each_library_uses_only_the_layers_below_it() {
    let crates = crates();
    let mut wrong = Vec::new();
    for (name, one) in crates.iter().filter(|(_, one)| one.folder.starts_with("shared/")) {
        let Some((_, allowed)) = LAYERS.iter().find(|(layer, _)| layer == name) else {
            wrong
                .push(format!("{name} has no layer: give it one in LAYERS and in ARCHITECTURE.md"));
            continue;
        };
        for used in one.ships.iter().filter(|used| crates.contains_key(*used)) {
            if !allowed.contains(&used.as_str()) {
                wrong.push(format!(
                    "{name} may not use {used}: move what it needs down into domain, or do it in \
                     the function that uses both"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_function_uses_another_function() {
    let crates = crates();
    let functions: BTreeSet<&String> = crates
        .iter()
        .filter(|(_, one)| one.folder.starts_with("functions/"))
        .map(|it| it.0)
        .collect();
    assert!(functions.len() > 5, "functions/ was not found");
    let mut wrong = Vec::new();
    for (name, one) in &crates {
        let composes = ["infra/cli", "tests"].contains(&one.folder.as_str());
        for used in one.ships.union(&one.tests).filter(|used| functions.contains(used)) {
            if !composes {
                wrong.push(format!(
                    "{name} may not use {used}: move what both need to shared/; only infra/cli and \
                     tests see several functions"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_crate_with_a_home_is_used_only_there() {
    let crates = crates();
    let mut wrong = Vec::new();
    for (outside, homes) in HOMES {
        let users = crates.iter().filter(|(_, one)| one.ships.contains(*outside));
        let users: Vec<&String> = users.map(|(name, _)| name).collect();
        assert!(!users.is_empty(), "nobody uses {outside}: take it out of HOMES");
        for user in users.into_iter().filter(|user| !homes.contains(&user.as_str())) {
            wrong.push(format!("{user} may not use {outside}: ask {} for it", homes.join(" or ")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn decisions_reach_neither_network_nor_clock() {
    let crates = crates();
    let mut wrong = Vec::new();
    for pure in ["domain", "planner"] {
        for used in &crates[pure].ships {
            if IMPURE.contains(&used.as_str()) || used.starts_with("aws-") {
                wrong.push(format!("{pure} may not use {used}: take its result as an argument"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn test_builders_do_not_ship() {
    let ships: Vec<String> = crates()
        .into_iter()
        .filter(|(name, one)| name != "tests" && one.ships.contains("testing"))
        .map(|(name, _)| format!("{name} may use testing in [dev-dependencies] only"))
        .collect();
    assert!(ships.is_empty(), "{}", ships.join("\n"));
}
