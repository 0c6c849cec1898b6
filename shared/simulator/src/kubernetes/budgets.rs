//! The disruption controller: what `PodDisruptionBudgets` allow.

use super::controllers::text;
use super::incident::IncidentKind;
use super::pod::SimPod;
use super::resource::Resource;
use super::state::{ClusterState, key, whole};
use ::kubernetes::object::PodDisruptionBudget;
use ::kubernetes::snapshot::label_selector;
use domain::snapshot::LabelSelector;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// A budget's arithmetic now.
pub(super) struct Count {
    pub(super) expected: u32,
    pub(super) healthy: u32,
    pub(super) desired: u32,
}

impl ClusterState {
    /// Computes every budget's status, as the disruption controller does.
    pub(super) fn update_budgets(&mut self) {
        let statuses: Vec<(String, Value)> = self
            .of(Resource::PodDisruptionBudgets)
            .filter_map(|(key, budget)| Some((key.clone(), self.status_of(budget)?)))
            .collect();
        for (key, status) in statuses {
            self.store_status(&key, status);
        }
    }

    /// Keys of budgets that select a pod.
    pub(super) fn budgets_of(&self, pod: &SimPod) -> Vec<String> {
        let labels = self.labels_of(pod);
        let selects = |budget: &Value| {
            text(&budget["metadata"]["namespace"]) == pod.namespace
                && selector(budget).is_some_and(|selector| selector.matches(&labels))
        };
        self.of(Resource::PodDisruptionBudgets)
            .filter(|(_, budget)| selects(budget))
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Budgets that have as many healthy pods as they ask for.
    pub(super) fn budgets_in_order(&self) -> BTreeSet<String> {
        self.of(Resource::PodDisruptionBudgets)
            .filter(|(_, budget)| {
                self.count(budget).is_some_and(|count| count.healthy >= count.desired)
            })
            .map(|(key, _)| key.clone())
            .collect()
    }

    /// Records which of the budgets that were in order no longer are.
    pub(super) fn note_broken_budgets(&mut self, before: &BTreeSet<String>, cause: &str) {
        let now_in_order = self.budgets_in_order();
        for key in before.difference(&now_in_order) {
            let Some(count) = self.objects.get(key).and_then(|budget| self.count(budget)) else {
                continue;
            };
            let subject = key.replacen(Resource::PodDisruptionBudgets.plural(), "pdb", 1);
            let message = format!(
                "{} of {} pods are healthy, {} are asked for, because {cause}.",
                count.healthy, count.expected, count.desired
            );
            self.incident(IncidentKind::BudgetViolated, subject, message);
        }
    }

    /// Expected, healthy and desired pods. `minAvailable` as a number counts against the pods
    /// there are, all else against what their controllers ask for.
    pub(super) fn count(&self, budget: &Value) -> Option<Count> {
        let selector = selector(budget)?;
        let namespace = text(&budget["metadata"]["namespace"]);
        let parsed: PodDisruptionBudget = serde_json::from_value(budget.clone()).ok()?;
        let prefix = format!("{namespace}/");
        let covered: Vec<&SimPod> = self
            .pods
            .range(prefix.clone()..)
            .take_while(|(key, _)| key.starts_with(&prefix))
            .map(|(_, pod)| pod)
            .filter(|pod| selector.matches(&self.labels_of(pod)))
            .collect();
        let healthy =
            covered.iter().filter(|pod| pod.deletion.is_none() && pod.is_ready(self.now)).count();
        let healthy = u32::try_from(healthy).unwrap_or(u32::MAX);
        let scale = self.scale_of(&covered);
        let (expected, desired) = match (&parsed.spec.max_unavailable, &parsed.spec.min_available) {
            (Some(most), _) => (scale, scale.saturating_sub(most.of(scale)?)),
            (None, Some(least @ ::kubernetes::object::IntOrPercent::Int(_))) => {
                (u32::try_from(covered.len()).unwrap_or(u32::MAX), least.of(0)?)
            }
            (None, Some(least)) => (scale, least.of(scale)?),
            (None, None) => (0, 0),
        };
        Some(Count { expected, healthy, desired })
    }

    /// The sum of what the controllers of some pods ask for.
    fn scale_of(&self, pods: &[&SimPod]) -> u32 {
        let mut scales: BTreeSet<(String, u64)> = BTreeSet::new();
        for pod in pods {
            let Some(owner) = &pod.owner else {
                scales.insert((pod.key(), 1));
                continue;
            };
            let Some(resource) = Resource::at("apps/v1", &owner.resource) else { continue };
            let mut found = key(resource, &pod.namespace, &owner.name);
            let above = self.objects.get(&found).map(|set| &set["metadata"]["ownerReferences"][0]);
            if let Some(deployment) = above.and_then(|above| above["name"].as_str()) {
                found = key(Resource::Deployments, &pod.namespace, deployment);
            }
            let replicas =
                self.objects.get(&found).and_then(|object| object["spec"]["replicas"].as_u64());
            scales.insert((found, replicas.unwrap_or(0)));
        }
        u32::try_from(scales.iter().map(|(_, scale)| scale).sum::<u64>()).unwrap_or(u32::MAX)
    }

    fn status_of(&self, budget: &Value) -> Option<Value> {
        let Count { expected, healthy, desired } = self.count(budget)?;
        let allowed = if expected == 0 { 0 } else { healthy.saturating_sub(desired) };
        let (holds, reason) =
            if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
        let before = &budget["status"]["conditions"][0];
        let since = if before["status"] == holds {
            before["lastTransitionTime"].clone()
        } else {
            json!(whole(self.now))
        };
        Some(json!({
            "currentHealthy": healthy,
            "desiredHealthy": desired,
            "disruptionsAllowed": allowed,
            "expectedPods": expected,
            "observedGeneration": budget["metadata"]["generation"],
            "conditions": [{ "type": "DisruptionAllowed", "status": holds, "reason": reason,
                "message": "", "lastTransitionTime": since }],
        }))
    }
}

/// An absent selector selects nothing.
fn selector(budget: &Value) -> Option<LabelSelector> {
    let selector = &budget["spec"]["selector"];
    if selector.is_null() {
        return None;
    }
    serde_json::from_value(selector.clone()).ok().as_ref().map(label_selector)
}
