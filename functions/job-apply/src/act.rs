//! What is done in the customer's AWS. Every call is idempotent; one that fails is asked for again at
//! the next look.

use crate::gather::Case;
use cloud::{NewNodeGroup, Termination};
use domain::execution::{Effect, GroupRequest};
use domain::plan::PlanningInput;
use runtime::{Ctx, OneFailed};
use std::sync::Arc;
use storage::ObjectRef;

pub(crate) async fn act(ctx: &Ctx, case: &Case, effects: Vec<Effect>) -> Result<(), OneFailed> {
    let cluster = &case.cluster.value.name;
    for effect in effects {
        match effect {
            // Written down as an action for the agent.
            Effect::Ask(_) => {}
            Effect::CreateGroup(request) => create(ctx, case, request).await?,
            Effect::DeleteGroup { name } => case.aws.delete_node_group(cluster, &name).await?,
            Effect::Terminate { instance_id, node_group } => {
                let cluster = cluster.clone();
                let termination = Termination { cluster, instance_id, node_group };
                match case.aws.terminate_instance(&termination).await {
                    // Its group is being changed just now: at the next look.
                    Err(cloud::Error::Conflict { message, .. }) => {
                        tracing::info!(message, "the instance is terminated later");
                    }
                    other => other?,
                }
            }
        }
    }
    Ok(())
}

async fn create(ctx: &Ctx, case: &Case, request: GroupRequest) -> Result<(), OneFailed> {
    let cluster = &case.cluster.value.name;
    let input = ObjectRef::from_key(&case.optimization.value.input_key)?;
    let input: Arc<PlanningInput> = ctx.objects().get_shared(case.work.tenant, &input).await?;
    let kind = input.market.types.get(&request.pool.instance_type);
    let architecture = kind.map(|kind| kind.architecture).ok_or_else(|| {
        OneFailed::Inconsistent(format!(
            "{} is not in the plan's market",
            request.pool.instance_type
        ))
    })?;
    let subnets = case.aws.subnets(cluster).await?.into_iter();
    let subnet_ids: Vec<String> =
        subnets.filter(|subnet| subnet.zone == request.pool.zone).map(|subnet| subnet.id).collect();
    if subnet_ids.is_empty() {
        let message = format!("{cluster} has no subnet in {}", request.pool.zone);
        return Err(OneFailed::Inconsistent(message));
    }
    let node_role = match &request.like {
        Some(like) => case.aws.describe_node_group(cluster, like).await?.node_role,
        None => {
            let groups = case.aws.node_groups(cluster).await?;
            let role = groups.into_iter().next().map(|group| group.node_role);
            role.ok_or_else(|| OneFailed::Inconsistent(format!("{cluster} has no node group")))?
        }
    };
    let new = NewNodeGroup {
        cluster: cluster.clone(),
        name: request.name,
        instance_types: vec![request.pool.instance_type],
        architecture,
        capacity_type: request.pool.capacity_type,
        subnet_ids,
        count: request.count,
        node_role,
        labels: request.labels,
        taints: request.taints,
        plan: case.work.plan.to_string(),
    };
    case.aws.create_node_group(&new).await?;
    Ok(())
}
