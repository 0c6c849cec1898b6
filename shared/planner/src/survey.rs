//! A look at a cluster as it is, without deciding anything.

use crate::fleet::Fleet;
use crate::model::{Model, Verdict};
use crate::position::position;
use domain::finding::Finding;
use domain::plan::{PlanningInput, Position};
use domain::snapshot::Pod;

/// What a cluster is, in the planner's eyes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Survey {
    /// What it costs, holds and risks.
    pub position: Position,
    /// By snapshot order: what keeps each node where it is; `None` where it may be retired.
    pub kept_by: Vec<Option<String>>,
    /// What could not be judged or honoured.
    pub findings: Vec<Finding>,
}

/// Surveys a cluster. Budget and seed are not used.
pub fn survey(input: &PlanningInput) -> Survey {
    let model = Model::without_shapes(input);
    let kept_by = model.nodes.iter().map(|node| match &node.verdict {
        Verdict::Candidate => None,
        Verdict::Stays(_, text) => Some(text.clone()),
    });
    Survey {
        kept_by: kept_by.collect(),
        position: position(&model, &Fleet::default()),
        findings: input.snapshot.findings.iter().cloned().chain(model.findings.clone()).collect(),
    }
}

impl Survey {
    /// Why a pod may not be moved, where something says so.
    pub fn why_not(&self, pod: &Pod) -> Option<&str> {
        let subject = pod.subject();
        let named = format!("pod {}/{} ", pod.namespace, pod.name).to_lowercase();
        let about = |finding: &&Finding| {
            finding.subject == subject && finding.message.contains("Its node stays")
                || finding.subject.starts_with("pdb/")
                    && format!("{} ", finding.message.trim_end_matches('.'))
                        .to_lowercase()
                        .contains(&named)
        };
        self.findings.iter().find(about).map(|finding| finding.message.as_str())
    }
}
