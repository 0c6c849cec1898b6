//! Auto Scaling: the groups behind EKS's node groups.

use super::machines::members;
use super::state::{Account, AwsState, NodeGroup};
use super::wire::{AwsError, Xml, list, page, query_xml};
use super::{Answer, Call};
use std::collections::BTreeMap;

type Form = BTreeMap<String, String>;

pub(super) fn answer(state: &mut AwsState, account: &str, call: &Call<'_>) -> Answer {
    let form = call.request.form();
    match form.get("Action").map(String::as_str) {
        Some("DescribeAutoScalingGroups") => describe(state, account, call, &form),
        Some("DescribeScalingActivities") => activities(state, account, call, &form),
        Some("UpdateAutoScalingGroup") => update(state, account, call, &form),
        Some("TerminateInstanceInAutoScalingGroup") => terminate(state, account, call, &form),
        other => {
            let message = format!("{} is not simulated", other.unwrap_or("no action"));
            Err(AwsError::new(400, "InvalidAction", message))
        }
    }
}

fn describe(state: &AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let names = list(form, "AutoScalingGroupNames.member");
    let owner = owner(state, account)?;
    let wanted =
        |group: &&NodeGroup| names.is_empty() || names.contains(&group.auto_scaling_group());
    let groups: Vec<&NodeGroup> = owner.node_groups.values().filter(wanted).collect();
    let asked = form.get("MaxRecords").and_then(|size| size.parse().ok());
    let token = form.get("NextToken").map(String::as_str);
    let (groups, next) = page(groups, token, state.page_size(asked, 100))?;
    Ok(query_xml("DescribeAutoScalingGroups", |xml| {
        xml.nest("AutoScalingGroups", |xml| {
            for group in groups {
                xml.nest("member", |xml| group_xml(xml, owner, group, call));
            }
        });
        if let Some(next) = next {
            xml.leaf("NextToken", next);
        }
    }))
}

fn group_xml(xml: &mut Xml, owner: &Account, group: &NodeGroup, call: &Call<'_>) {
    xml.leaf("AutoScalingGroupName", group.auto_scaling_group())
        .leaf("MinSize", group.min)
        .leaf("MaxSize", group.max)
        .leaf("DesiredCapacity", group.desired)
        .leaf("DefaultCooldown", 300)
        .leaf("HealthCheckType", "EC2")
        .leaf("CreatedTime", group.created_at);
    xml.nest("Instances", |xml| {
        for (id, instance) in members(&owner.instances, group) {
            let lifecycle = match instance.state(call.now).1 {
                "pending" => "Pending",
                "running" => "InService",
                "shutting-down" => "Terminating",
                _ => continue,
            };
            xml.nest("member", |xml| {
                xml.leaf("InstanceId", id)
                    .leaf("InstanceType", &instance.pool.instance_type)
                    .leaf("AvailabilityZone", &instance.pool.zone)
                    .leaf("LifecycleState", lifecycle)
                    .leaf("HealthStatus", "Healthy")
                    .leaf("ProtectedFromScaleIn", false);
            });
        }
    });
}

/// Newest first, as Auto Scaling lists them.
fn activities(state: &AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let owner = owner(state, account)?;
    let group = by_name(owner, form)?;
    let launched = members(&owner.instances, group).map(|(id, instance)| {
        let status = match instance.state(call.now).1 {
            "pending" => "InProgress",
            _ => "Successful",
        };
        (instance.launched_at, status, format!("Launching a new EC2 instance: {id}"), None)
    });
    let failed = group.failures.iter().map(|failure| {
        let what = "Launching a new EC2 instance".to_owned();
        (failure.at, "Failed", what, Some(failure.message.clone()))
    });
    // At the same moment the failure comes last: it ended the attempt.
    let mut all: Vec<_> = launched.chain(failed).collect();
    all.sort_by_key(|(at, ..)| *at);
    all.reverse();
    let asked = form.get("MaxRecords").and_then(|size| size.parse().ok());
    let token = form.get("NextToken").map(String::as_str);
    let (page, next) = page(all, token, state.page_size(asked, 100))?;
    Ok(query_xml("DescribeScalingActivities", |xml| {
        xml.nest("Activities", |xml| {
            for (at, status, what, message) in page {
                xml.nest("member", |xml| {
                    xml.leaf("ActivityId", format!("{}-{status}", at.as_millisecond()))
                        .leaf("AutoScalingGroupName", group.auto_scaling_group())
                        .leaf("Description", what)
                        .leaf("Cause", "the group's desired capacity")
                        .leaf("StartTime", at)
                        .leaf("StatusCode", status)
                        .leaf("Progress", if status == "InProgress" { 50 } else { 100 });
                    if let Some(message) = message {
                        xml.leaf("StatusMessage", message);
                    }
                });
            }
        });
        if let Some(next) = next {
            xml.leaf("NextToken", next);
        }
    }))
}

fn update(state: &mut AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let owner = owner_mut(state, account)?;
    let group = by_name(owner, form)?;
    let key = (group.cluster.clone(), group.name.clone());
    let read = |field: &str, before: u32| {
        form.get(field).and_then(|size| size.parse().ok()).unwrap_or(before)
    };
    let (min, max) = (read("MinSize", group.min), read("MaxSize", group.max));
    let desired = read("DesiredCapacity", group.desired);
    if min > max || desired < min || desired > max {
        let message = format!("Desired capacity:{desired} must be between {min} and {max}");
        return Err(AwsError::new(400, "ValidationError", message));
    }
    if let Some(group) = owner.node_groups.get_mut(&key) {
        (group.min, group.max, group.desired) = (min, max, desired);
    }
    state.reconcile(account, &key, call.now);
    Ok(query_xml("UpdateAutoScalingGroup", |_| ()))
}

fn terminate(state: &mut AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let owner = owner_mut(state, account)?;
    let id = form.get("InstanceId").cloned().unwrap_or_default();
    let decrement = form.get("ShouldDecrementDesiredCapacity").is_some_and(|it| it == "true");
    let gone = || {
        let message =
            format!("Instance Id not found - No managed instance found for instance ID: {id}");
        AwsError::new(400, "ValidationError", message)
    };
    let instance = owner.instances.get_mut(&id).ok_or_else(gone)?;
    let key = (instance.cluster.clone(), instance.node_group.clone());
    let group = owner.node_groups.get_mut(&key).ok_or_else(gone)?;
    match instance.state(call.now).1 {
        "terminated" => return Err(gone()),
        "shutting-down" => {
            let message = format!("The instance {id} is already terminating");
            return Err(AwsError::new(400, "ScalingActivityInProgress", message));
        }
        _ => {}
    }
    if decrement && group.desired <= group.min {
        let message = format!(
            "Currently, desiredSize equals minSize ({}). Terminating instance without replacement will \
             violate group's min size constraint. Either set shouldDecrementDesiredCapacity flag to \
             false or lower group's min size.",
            group.min
        );
        return Err(AwsError::new(400, "ValidationError", message));
    }
    instance.shut_at = Some(call.now);
    group.desired -= u32::from(decrement);
    let name = group.auto_scaling_group();
    state.reconcile(account, &key, call.now);
    Ok(query_xml("TerminateInstanceInAutoScalingGroup", |xml| {
        xml.nest("Activity", |xml| {
            xml.leaf("ActivityId", format!("terminate-{id}"))
                .leaf("AutoScalingGroupName", name)
                .leaf("Description", format!("Terminating EC2 instance: {id}"))
                .leaf("Cause", "user request")
                .leaf("StartTime", call.now)
                .leaf("StatusCode", "InProgress")
                .leaf("Progress", 0);
        });
    }))
}

fn by_name<'a>(owner: &'a Account, form: &Form) -> Result<&'a NodeGroup, AwsError> {
    let name = form.get("AutoScalingGroupName").map(String::as_str).unwrap_or_default();
    let mut groups = owner.node_groups.values();
    groups.find(|group| group.auto_scaling_group() == name).ok_or_else(|| {
        let message = format!("AutoScalingGroup name not found - {name}");
        AwsError::new(400, "ValidationError", message)
    })
}

fn owner<'a>(state: &'a AwsState, account: &str) -> Result<&'a Account, AwsError> {
    state.accounts.get(account).ok_or_else(|| AwsError::denied("autoscaling", "no such account"))
}

fn owner_mut<'a>(state: &'a mut AwsState, account: &str) -> Result<&'a mut Account, AwsError> {
    let denied = || AwsError::denied("autoscaling", "no such account");
    state.accounts.get_mut(account).ok_or_else(denied)
}
