//! What is installed in a cluster, as far as it can be told without one.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::collections::BTreeSet;

const MANIFEST: &str = include_str!("../manifests/agent.yaml");

/// `verb group/resource` for each rule of the ClusterRole, as it is written: a rule in three lines.
fn granted() -> BTreeSet<String> {
    let role = MANIFEST.split("\n---\n").find(|one| one.contains("kind: ClusterRole\n")).unwrap();
    let list = |line: &str, field: &str| -> Option<Vec<String>> {
        let inside = line.trim_start_matches("- ").strip_prefix(field)?.trim();
        let inside = inside.strip_prefix('[')?.strip_suffix(']')?;
        Some(inside.split(", ").map(|item| item.trim_matches('"').to_owned()).collect())
    };
    let (mut groups, mut resources) = (Vec::new(), Vec::new());
    let mut granted = BTreeSet::new();
    for line in role.lines().map(str::trim) {
        if let Some(found) = list(line, "apiGroups:") {
            groups = found;
        } else if let Some(found) = list(line, "resources:") {
            resources = found;
        } else if let Some(verbs) = list(line, "verbs:") {
            for verb in verbs {
                for resource in &resources {
                    granted.insert(format!("{verb} {}/{resource}", groups.join(",")));
                }
            }
        }
    }
    granted
}

#[test]
fn the_agents_role_is_what_it_calls_and_nothing_more() {
    let needed = [
        "create /pods/eviction",
        "get /nodes",
        "get /pods",
        "list /nodes",
        "list /pods",
        "list apps/daemonsets",
        "list apps/deployments",
        "list apps/replicasets",
        "list apps/statefulsets",
        "list policy/poddisruptionbudgets",
        "patch /nodes",
    ];
    assert_eq!(granted(), needed.map(str::to_owned).into());
}

#[test]
fn the_agent_finds_its_settings_where_the_install_command_puts_them() {
    let help =
        std::process::Command::new(env!("CARGO_BIN_EXE_agent")).arg("--help").output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    for name in ["SPOT_OPTIMIZER_URL", "SPOT_OPTIMIZER_KEY", "POD_NAME", "POD_NAMESPACE"] {
        assert!(help.contains(&format!("[env: {name}")), "{name} in {help}");
    }
    for name in ["name: POD_NAME\n", "name: POD_NAMESPACE\n", "{name: spot-optimizer-agent}"] {
        assert!(MANIFEST.contains(name), "{name}");
    }
}
