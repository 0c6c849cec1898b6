//! What the blocks cost: the plan there were if people lifted them.

use domain::plan::{Plan, PlanningInput, StayReason};
use domain::snapshot::PodKind;

/// The plan if every budget were gone, nothing asked to be left alone, and pods without a controller
/// or with local storage might be evicted. `None` where the plan has no blocked node.
///
/// What cannot be judged and what the scheduler demands stays as it is.
pub(crate) fn plan_without_blocks(input: &PlanningInput, plan: &Plan) -> Option<Plan> {
    if !plan.stays.iter().any(|stay| stay.reason == StayReason::Blocked) {
        return None;
    }
    let mut free = input.clone();
    free.policy.evict_bare_pods = true;
    free.policy.evict_local_storage = true;
    free.snapshot.disruption_budgets.clear();
    for node in &mut free.snapshot.nodes {
        node.do_not_disrupt = false;
    }
    for pod in &mut free.snapshot.pods {
        pod.do_not_disrupt = false;
        if pod.kind == PodKind::Bare {
            pod.kind = PodKind::Replicated;
        }
    }
    Some(planner::plan(&free))
}
