//! Findings by kind, so that a thousand pods of one kind stay one paragraph.

use domain::finding::{Finding, FindingCode};
use domain::snapshot::ClusterSnapshot;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Findings of one kind.
#[derive(Debug, Serialize)]
pub(crate) struct FindingGroup {
    /// What kind.
    pub code: FindingCode,
    /// What it means, in a few words.
    pub title: &'static str,
    /// Each of them, sorted by subject.
    pub findings: Vec<Item>,
}

/// One of them.
#[derive(Debug, Serialize)]
pub(crate) struct Item {
    /// What it is about, such as `node/ip-10-0-0-1`.
    pub subject: String,
    /// For a pod, the controller that made it, such as `Deployment web/api`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub workload: Option<String>,
    /// One sentence.
    pub message: String,
}

/// All findings of a plan and the snapshot it was made from, each once.
pub(crate) fn grouped(snapshot: &ClusterSnapshot, of_plan: &[Finding]) -> Vec<FindingGroup> {
    let owners = owners(snapshot);
    let all: BTreeSet<&Finding> = snapshot.findings.iter().chain(of_plan).collect();
    let mut groups: BTreeMap<FindingCode, Vec<Item>> = BTreeMap::new();
    // How old the prices are is part of the basis, and here nothing is acted upon.
    for finding in all.into_iter().filter(|finding| finding.code != FindingCode::PricesStale) {
        groups.entry(finding.code).or_default().push(Item {
            subject: finding.subject.clone(),
            workload: owners.get(&finding.subject).cloned(),
            message: finding.message.clone(),
        });
    }
    let group = |(code, findings): (_, _)| FindingGroup { code, title: title(code), findings };
    groups.into_iter().map(group).collect()
}

fn owners(snapshot: &ClusterSnapshot) -> BTreeMap<String, String> {
    let owned =
        |pod: &domain::snapshot::Pod| Some((pod.subject(), pod.owner.as_ref()?.to_string()));
    snapshot.pods.iter().filter_map(owned).collect()
}

fn title(code: FindingCode) -> &'static str {
    match code {
        FindingCode::InstanceTypeMissing => "Nodes without an instance type",
        FindingCode::InstanceTypeUnknown => "Instance types not in the catalogue",
        FindingCode::PriceMissing => "No known price",
        FindingCode::CapacityCovered => "Capacity that is paid for already",
        FindingCode::FargateNode => "Fargate",
        FindingCode::OtherCloudNode => "Not on AWS",
        FindingCode::NodeNotReady => "Nodes not ready",
        FindingCode::ManagedElsewhere => "Managed by Karpenter or EKS Auto Mode",
        FindingCode::NodeDoNotDisrupt => "Nodes that ask not to be disrupted",
        FindingCode::RequestsMissing => "Pods without requests",
        FindingCode::ExtendedResource => "Extended resources",
        FindingCode::PodDoNotDisrupt => "Pods that ask not to be disrupted",
        FindingCode::PodWithoutController => "Pods without a controller",
        FindingCode::LocalStorage => "Pods with local storage",
        FindingCode::PodPending => "Pending pods",
        FindingCode::PodFitsNothing => "Pods that fit no machine",
        FindingCode::MultipleBudgets => "Pods under several budgets",
        FindingCode::BudgetNeverAllows => "Budgets that never allow an eviction",
        FindingCode::BudgetExhausted => "Budgets used up",
        FindingCode::StatefulSetNotReady => "StatefulSets that are not all up",
        FindingCode::ConstraintUnsupported => "Constraints that cannot be honoured in a move",
        FindingCode::ZonalVolume => "Volumes tied to a zone",
        FindingCode::ArchitectureUnknown => "Images of unknown architecture",
        FindingCode::SnapshotStale => "An old snapshot",
        FindingCode::PricesStale => "Old prices",
        FindingCode::SnapshotContradicts => "A snapshot that contradicts another",
        FindingCode::PolicyBlocks => "What the policy forbids",
        FindingCode::Unreadable => "Objects that could not be read",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_finding_said_twice_is_listed_once() {
        let ready = |name: &str| Finding::new(FindingCode::NodeNotReady, name, "It is not ready.");
        let snapshot = ClusterSnapshot {
            taken_at: jiff::Timestamp::UNIX_EPOCH,
            nodes: vec![],
            pods: vec![],
            workloads: vec![],
            disruption_budgets: vec![],
            findings: vec![ready("node/b")],
        };
        let groups = grouped(&snapshot, &[ready("node/a"), ready("node/b")]);
        let subjects: Vec<&str> =
            groups[0].findings.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!((groups.len(), subjects), (1, vec!["node/a", "node/b"]));
    }
}
