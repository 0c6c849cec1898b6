//! When a cluster's data is good enough to disrupt it by.
#![allow(clippy::unwrap_used, missing_docs)]

use domain::cluster::{Cluster, ClusterKind, SnapshotInfo, fit_to_act};
use domain::plan::Position;
use domain::policy::{NodeTemplate, Policy};
use domain::{AccountId, ClusterId};
use expect_test::{Expect, expect};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

const NOW: Timestamp = Timestamp::constant(1_800_000_000, 0);

/// What is at hand; as it stands here it is fit.
struct Case {
    paused: bool,
    snapshot: bool,
    snapshot_age: i64,
    nodes: u32,
    before: Option<u32>,
    aws: Option<u32>,
    prices_age: i64,
}

const FIT: Case = Case {
    paused: false,
    snapshot: true,
    snapshot_age: 0,
    nodes: 100,
    before: None,
    aws: None,
    prices_age: 0,
};

impl Case {
    fn check(&self, expected: &Expect) {
        let ago = |seconds| NOW - SignedDuration::from_secs(seconds);
        let cluster = Cluster {
            id: ClusterId::new(Uuid::nil()),
            account: AccountId::new(Uuid::nil()),
            name: "web".to_owned(),
            region: "us-east-1".to_owned(),
            kind: ClusterKind::ManagedNodeGroups,
            kubernetes_version: "1.36".to_owned(),
            optimisation_enabled: !self.paused,
            policy: Policy::default(),
            template: NodeTemplate::default(),
            generation: 0,
            baseline: None,
            created_at: NOW,
        };
        let snapshot = SnapshotInfo {
            taken_at: ago(self.snapshot_age),
            object_key: String::new(),
            sha256: String::new(),
            pods: 0,
            position: Position { nodes: self.nodes, ..Position::default() },
            pools: vec![],
            previous_nodes: self.before,
        };
        let snapshot = self.snapshot.then_some(&snapshot);
        let judged = fit_to_act(&cluster, snapshot, self.aws, ago(self.prices_age), NOW);
        expected.assert_eq(&judged.map_or_else(|not| not.to_string(), |()| "fit".to_owned()));
    }
}

#[test]
fn a_snapshot_is_acted_on_for_90_seconds() {
    let aged = |snapshot_age| Case { snapshot_age, ..FIT };
    aged(0).check(&expect!["fit"]);
    aged(90).check(&expect!["fit"]);
    aged(91).check(&expect!["the newest snapshot is 91 s old; at most 90 s is acted on"]);
    aged(-300).check(&expect!["fit"]);
    aged(-301).check(&expect!["the newest snapshot is from the future: check the agent's clock"]);
    Case { snapshot: false, ..FIT }
        .check(&expect!["no snapshot of this cluster has arrived yet: install its agent"]);
}

#[test]
fn prices_are_acted_on_for_an_hour() {
    let aged = |prices_age| Case { prices_age, ..FIT };
    aged(3_600).check(&expect!["fit"]);
    aged(3_601).check(&expect!["prices are 3601 s old; at most 3600 s is acted on"]);
}

#[test]
fn an_empty_list_is_never_acted_on() {
    let empty = |before, aws| Case { nodes: 0, before, aws, ..FIT };
    let refused = expect!["the newest snapshot has no nodes: an empty list is never acted on"];
    for case in [empty(None, None), empty(Some(0), Some(0)), empty(Some(1), Some(1))] {
        case.check(&refused);
    }
}

#[test]
fn a_list_that_shrank_by_more_than_half_is_not_acted_on() {
    let shrank = |before, nodes| Case { before: Some(before), nodes, ..FIT };
    shrank(100, 50).check(&expect!["fit"]);
    shrank(100, 49)
        .check(&expect!["nodes fell from 100 to 49 between two snapshots: not acted on"]);
    shrank(3, 2).check(&expect!["fit"]);
    shrank(3, 1).check(&expect!["nodes fell from 3 to 1 between two snapshots: not acted on"]);
    shrank(10, 1_000).check(&expect!["fit"]);
    shrank(u32::MAX, u32::MAX).check(&expect!["fit"]);
}

#[test]
fn aws_and_the_agent_may_differ_by_a_twentieth_or_by_one_node() {
    let counts = |nodes, aws| Case { nodes, aws: Some(aws), ..FIT };
    counts(100, 100).check(&expect!["fit"]);
    counts(100, 95).check(&expect!["fit"]);
    counts(95, 100).check(&expect!["fit"]);
    counts(100, 94).check(&expect!["the agent sees 100 nodes and AWS 94 instances: not acted on"]);
    counts(94, 100).check(&expect!["the agent sees 94 nodes and AWS 100 instances: not acted on"]);
    counts(2, 3).check(&expect!["fit"]);
    counts(2, 4).check(&expect!["the agent sees 2 nodes and AWS 4 instances: not acted on"]);
    counts(2, 0).check(&expect!["the agent sees 2 nodes and AWS 0 instances: not acted on"]);
    counts(u32::MAX, 0)
        .check(&expect!["the agent sees 4294967295 nodes and AWS 0 instances: not acted on"]);
}

#[test]
fn what_its_owner_switched_off_is_left_alone_however_good_its_data() {
    Case { paused: true, ..FIT }.check(&expect!["optimisation is switched off for this cluster"]);
    Case { paused: true, snapshot: false, ..FIT }
        .check(&expect!["optimisation is switched off for this cluster"]);
}
