//! Caps in percent on clusters of a few nodes.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

mod common;

use common::{ZONE, checked, input, node, pod, spread};
use domain::plan::PlanningInput;
use domain::policy::Policy;

/// Batch work, `part` of a day's most, on a few large nodes, one of whose Deployments is spread over zones, under the default policy.
fn batch(zones: &[&str], part: usize) -> PlanningInput {
    let apps = [
        ("ingest", 6, 1_500, 3_072),
        ("transform", 16, 2_000, 4_096),
        ("aggregate", 5, 1_500, 12_288),
        ("features", 6, 1_000, 10_240),
        ("scorer", 8, 1_500, 2_048),
        ("export", 3, 1_000, 2_048),
    ];
    let of = |at: usize| if at < 6 { "c6i.4xlarge" } else { "r6i.2xlarge" };
    let nodes: Vec<_> =
        (0..10).map(|at| node(&format!("node-{at}"), of(at), zones[at % zones.len()])).collect();
    let mut pods = Vec::new();
    let mut turn = 0;
    for (app, replicas, cpu, memory) in apps {
        for number in 0..replicas / part {
            pods.push(pod(app, number, Some(&format!("node-{}", turn % 10)), cpu, memory));
            turn += 1;
        }
    }
    for number in 0..2 {
        let mut dns = pod("coredns", number, Some(&format!("node-{number}")), 100, 70);
        dns.topology_spread.push(spread(ZONE, "coredns", 1));
        pods.push(dns);
    }
    let mut made = input(nodes, pods);
    made.policy = Policy::default();
    made.budget = 50_000;
    made
}

#[test]
fn a_few_large_nodes_get_most_of_their_share_of_spot() {
    let three = ["us-east-1a", "us-east-1b", "us-east-1c"];
    for (zones, part) in [(3, 1), (2, 1), (1, 1), (3, 3), (2, 3), (1, 3)] {
        let plan = checked(&batch(&three[..zones], part));
        println!(
            "{zones:?} {part} {:?} {:?} {}",
            plan.before, plan.after, plan.lower_bound_per_hour
        );
        println!(
            "{:?}",
            plan.commands
                .iter()
                .flat_map(|c| &c.launch)
                .map(|l| (l.count, l.choices[0].pool.to_string()))
                .collect::<Vec<_>>()
        );
        assert!(plan.after.spot_cpu_ppm > 500_000, "{zones:?}: {:?}", plan.after);
    }
}
