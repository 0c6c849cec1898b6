//! From files and options to a planning input.

use super::{Options, policy};
use crate::error::CliError;
use crate::output;
use domain::offering::{Architecture, Market};
use domain::plan::PlanningInput;
use domain::policy::NodeTemplate;
use domain::snapshot::{ClusterSnapshot, Node, NodeManager};
use jiff::Timestamp;
use kubernetes::Objects;
use kubernetes::dump::{self, DumpError, KUBECTL_COMMAND};
use std::collections::{BTreeMap, BTreeSet};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

/// Search units in a millisecond.
const UNITS_PER_MS: u64 = 1_000;

/// Reads everything a report rests on.
#[expect(clippy::disallowed_methods, reason = "a file without any time in it is of now")]
pub(crate) fn gather(options: &Options) -> Result<PlanningInput, CliError> {
    let changes = options.policy.as_deref().map(read_policy).transpose()?;
    let objects = read_all(&files(options)?)?;
    // The report is about the moment the files show, not the one it is read at.
    let taken_at = objects.newest_timestamp().unwrap_or_else(Timestamp::now);
    let snapshot = kubernetes::from_objects(objects, taken_at);
    let market = market(&snapshot, options.region.as_deref())?;
    let mut allowed = policy::Allowed {
        policy: policy::for_reports(),
        template: template_like(&snapshot, &market),
    };
    if let Some((path, changes)) = changes {
        allowed = allowed
            .changed_by(changes)
            .map_err(|why| CliError::Failed(format!("{}: {why}", path.display())))?;
    }
    if let Some(percent) = options.spot_percent {
        allowed.policy.spot_percent = percent;
    }
    Ok(PlanningInput {
        snapshot,
        market,
        policy: allowed.policy,
        template: allowed.template,
        risk: domain::risk::RiskModel::default(),
        covered_vcpus: std::collections::BTreeMap::new(),
        now: taken_at,
        budget: options.budget_ms * UNITS_PER_MS,
        seed: 1,
    })
}

fn read_policy(path: &Path) -> Result<(&Path, serde_json::Value), CliError> {
    let bytes = output::read(path)?;
    let changes = serde_json::from_slice(&bytes).map_err(|error| {
        CliError::Failed(format!("{}: the policy is not JSON: {error}", path.display()))
    })?;
    Ok((path, changes))
}

fn files(options: &Options) -> Result<Vec<PathBuf>, CliError> {
    let named: Vec<PathBuf> = options.files.iter().chain(&options.more_files).cloned().collect();
    if !named.is_empty() {
        return Ok(named);
    }
    if std::io::stdin().is_terminal() {
        let text =
            format!("no file is given; make one and pass it with --file:\n  {KUBECTL_COMMAND}");
        return Err(CliError::Usage(text));
    }
    Ok(vec![PathBuf::from("-")])
}

/// Several files are one cluster.
fn read_all(files: &[PathBuf]) -> Result<Objects, CliError> {
    let mut all = Objects::default();
    for file in files {
        let name = if file == Path::new("-") { "stdin".into() } else { file.to_string_lossy() };
        let bytes = output::read(file).map_err(|error| match error {
            CliError::Failed(text) => {
                CliError::Failed(format!("{text}; make one with:\n  {KUBECTL_COMMAND}"))
            }
            usage @ CliError::Usage(_) => usage,
        })?;
        let objects =
            dump::read(&bytes).map_err(|error| CliError::Failed(format!("{name}: {error}")))?;
        all.merge(objects);
    }
    if all.nodes.is_empty() {
        return Err(CliError::Failed(DumpError::NoNodes { objects: all.len() }.to_string()));
    }
    Ok(all)
}

fn market(snapshot: &ClusterSnapshot, asked: Option<&str>) -> Result<Market, CliError> {
    let labelled = region_of(snapshot);
    let region = match (asked, &labelled) {
        (Some(asked), Some(labelled)) if asked != labelled => {
            return Err(CliError::Usage(format!(
                "--region {asked} contradicts the nodes, which are in {labelled}; leave it out"
            )));
        }
        (Some(asked), _) => asked,
        (None, Some(labelled)) => labelled,
        (None, None) => {
            return Err(CliError::Usage(
                "no node says which region it is in; pass it, such as --region us-east-1".into(),
            ));
        }
    };
    cloud::catalog::market(region).map_err(|unknown| match asked {
        Some(_) => CliError::Usage(format!("--region: {unknown}")),
        None => CliError::Failed(unknown.to_string()),
    })
}

/// What most of the EC2 nodes' labels say.
fn region_of(snapshot: &ClusterSnapshot) -> Option<String> {
    let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
    for node in &snapshot.nodes {
        if node.manager != NodeManager::OtherCloud
            && let Some(region) = node.labels.get("topology.kubernetes.io/region")
        {
            *counts.entry(region).or_default() += 1;
        }
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map(|(region, _)| region.to_owned())
}

/// Machines like those the cluster has: its architectures, its zones (it has subnets there), and its
/// categories beside the usual ones.
fn template_like(snapshot: &ClusterSnapshot, market: &Market) -> NodeTemplate {
    let usual = NodeTemplate::default();
    let nodes: Vec<&Node> = snapshot
        .nodes
        .iter()
        .filter(|node| !matches!(node.manager, NodeManager::Fargate | NodeManager::OtherCloud))
        .collect();
    let architectures: BTreeSet<Architecture> =
        nodes.iter().filter_map(|node| node.architecture).collect();
    let types = nodes.iter().filter_map(|node| market.types.get(node.instance_type.as_ref()?));
    let categories = types
        .filter(|kind| !kind.burstable)
        .map(|kind| kind.category().to_owned())
        .chain(usual.categories.iter().cloned())
        .collect();
    let sold =
        |zone: &&String| market.offerings.iter().any(|offering| offering.pool.zone == **zone);
    NodeTemplate {
        architectures: if architectures.is_empty() { usual.architectures } else { architectures },
        categories,
        zones: nodes.iter().filter_map(|node| node.zone.as_ref()).filter(sold).cloned().collect(),
        ..usual
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::offering::Resources;
    use domain::snapshot::Labels;

    fn node(instance_type: &str, zone: &str, architecture: Architecture) -> Node {
        Node {
            name: format!("{instance_type} {zone}"),
            instance_id: None,
            instance_type: Some(instance_type.into()),
            zone: Some(zone.into()),
            capacity_type: None,
            architecture: Some(architecture),
            manager: NodeManager::SelfManaged,
            created_at: Timestamp::UNIX_EPOCH,
            ready: true,
            unschedulable: false,
            terminating: false,
            do_not_disrupt: false,
            allocatable: Resources::default(),
            labels: Labels::from([(
                "topology.kubernetes.io/region".into(),
                zone.trim_end_matches(char::is_alphabetic).into(),
            )]),
            taints: vec![],
        }
    }

    fn snapshot(nodes: Vec<Node>) -> ClusterSnapshot {
        ClusterSnapshot {
            taken_at: Timestamp::UNIX_EPOCH,
            nodes,
            pods: vec![],
            workloads: vec![],
            disruption_budgets: vec![],
            findings: vec![],
        }
    }

    #[test]
    fn the_region_is_that_of_the_nodes() {
        let here = snapshot(vec![node("m5.large", "eu-west-1a", Architecture::Amd64)]);
        assert_eq!(market(&here, None).unwrap().region, "eu-west-1");
        assert!(matches!(market(&here, Some("us-east-1")), Err(CliError::Usage(_))));
        assert!(matches!(market(&snapshot(vec![]), None), Err(CliError::Usage(_))));
        let nowhere = snapshot(vec![node("m5.large", "mars-1a", Architecture::Amd64)]);
        assert!(matches!(market(&nowhere, None), Err(CliError::Failed(_))));
    }

    #[test]
    fn machines_are_allowed_where_and_as_the_cluster_has_them() {
        let here = snapshot(vec![
            node("g5.xlarge", "us-east-1a", Architecture::Amd64),
            node("t4g.large", "us-east-1b", Architecture::Arm64),
            node("m5.large", "nowhere", Architecture::Amd64),
        ]);
        let template = template_like(&here, &cloud::catalog::market("us-east-1").unwrap());
        assert_eq!(template.zones, ["us-east-1a", "us-east-1b"].map(str::to_owned).into());
        assert_eq!(template.categories, ["c", "g", "m", "r"].map(str::to_owned).into());
        assert_eq!(template.architectures, [Architecture::Amd64, Architecture::Arm64].into());
    }
}
