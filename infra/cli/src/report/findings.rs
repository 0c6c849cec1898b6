//! Findings by kind, so that a thousand pods of one kind stay one paragraph.

use domain::finding::{Finding, FindingCode};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// Findings of one kind.
#[derive(Debug, Serialize)]
pub struct FindingGroup {
    /// What kind.
    pub code: FindingCode,
    /// What it means, in a few words.
    pub title: &'static str,
    /// Each of them, sorted by subject.
    pub findings: Vec<Subject>,
}

/// One of them.
#[derive(Debug, Serialize)]
pub struct Subject {
    /// What it is about, such as `node/ip-10-0-0-1`.
    pub subject: String,
    /// One sentence.
    pub message: String,
}

/// All findings, each once.
pub fn grouped<'a>(findings: impl Iterator<Item = &'a Finding>) -> Vec<FindingGroup> {
    let mut groups: BTreeMap<FindingCode, Vec<Subject>> = BTreeMap::new();
    for finding in findings.collect::<BTreeSet<_>>() {
        groups
            .entry(finding.code)
            .or_default()
            .push(Subject { subject: finding.subject.clone(), message: finding.message.clone() });
    }
    let group = |(code, findings): (_, _)| FindingGroup { code, title: title(code), findings };
    groups.into_iter().map(group).collect()
}

fn title(code: FindingCode) -> &'static str {
    match code {
        FindingCode::InstanceTypeMissing => "Nodes without an instance type",
        FindingCode::InstanceTypeUnknown => "Instance types not in the catalogue",
        FindingCode::PriceMissing => "No known price",
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
        let all = [ready("node/b"), ready("node/a"), ready("node/b")];
        let groups = grouped(all.iter());
        let subjects: Vec<&str> =
            groups[0].findings.iter().map(|finding| finding.subject.as_str()).collect();
        assert_eq!((groups.len(), subjects), (1, vec!["node/a", "node/b"]));
    }
}
