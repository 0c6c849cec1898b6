//! EC2: instances, subnets, types, offerings and Spot prices.

use super::market::spot_steps;
use super::state::{AwsState, Instance, REMEMBERED, SHUT_DOWN};
use super::wire::{AwsError, Xml, ec2_xml, filters, list, page};
use super::{Answer, Call};
use cloud::catalog;
use domain::offering::{Architecture, CapacityType, Pool};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};

type Form = BTreeMap<String, String>;

pub(super) fn answer(state: &mut AwsState, account: &str, call: &Call<'_>) -> Answer {
    let form = call.request.form();
    match form.get("Action").map(String::as_str) {
        Some("DescribeInstances") => describe_instances(state, account, call, &form),
        Some("TerminateInstances") => terminate(state, account, call, &form),
        Some("DescribeSubnets") => describe_subnets(state, account, &form),
        Some("DescribeInstanceTypes") => describe_types(state, call, &form),
        Some("DescribeInstanceTypeOfferings") => describe_offerings(state, call, &form),
        Some("DescribeReservedInstances") => describe_reservations(state, account, call, &form),
        Some("DescribeSpotPriceHistory") => spot_price_history(state, call, &form),
        other => {
            let message = format!("{} is not simulated", other.unwrap_or("no action"));
            Err(AwsError::new(400, "InvalidAction", message))
        }
    }
}

fn describe_instances(state: &AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let ids = list(form, "InstanceId");
    let filters = filters(form);
    let instances = instances(state, account);
    let listed = |instance: &Instance| {
        super::market::region_of(&instance.pool.zone) == call.region
            && instance.shut_at.is_none_or(|at| call.now < at + SHUT_DOWN + REMEMBERED)
    };
    if let Some(unknown) = ids.iter().find(|id| !instances.get(*id).is_some_and(listed)) {
        let message = format!("The instance ID '{unknown}' does not exist");
        return Err(AwsError::new(400, "InvalidInstanceID.NotFound", message));
    }
    let mut found = Vec::new();
    for (id, instance) in instances.iter().filter(|(_, instance)| listed(instance)) {
        if (ids.is_empty() || ids.contains(id)) && matches(instance, &filters, call.now)? {
            found.push((id, instance));
        }
    }
    let (found, next) = paged(state, form, found, 1000)?;
    Ok(ec2_xml("DescribeInstances", |xml| {
        xml.nest("reservationSet", |xml| {
            for (id, instance) in found {
                xml.nest("item", |xml| {
                    xml.leaf("reservationId", id.replacen("i-", "r-", 1)).leaf("ownerId", account);
                    xml.nest("instancesSet", |xml| {
                        xml.nest("item", |xml| instance_xml(xml, id, instance, call.now));
                    });
                });
            }
        });
        next_token(xml, next);
    }))
}

fn matches(
    instance: &Instance,
    filters: &[(String, Vec<String>)],
    now: Timestamp,
) -> Result<bool, AwsError> {
    let tags = tags(instance);
    for (name, values) in filters {
        let hit = match name.as_str() {
            "tag-key" => values.iter().any(|key| tags.contains_key(key)),
            "instance-state-name" => values.iter().any(|it| it == instance.state(now).1),
            _ => match name.strip_prefix("tag:") {
                Some(key) => tags.get(key).is_some_and(|value| values.contains(value)),
                None => {
                    let message = format!("The filter '{name}' is not simulated");
                    return Err(AwsError::new(400, "InvalidParameterValue", message));
                }
            },
        };
        if !hit {
            return Ok(false);
        }
    }
    Ok(true)
}

fn tags(instance: &Instance) -> BTreeMap<String, String> {
    let Instance { cluster, node_group, .. } = instance;
    [
        ("Name".to_owned(), format!("{cluster}-{node_group}")),
        ("aws:autoscaling:groupName".to_owned(), format!("eks-{cluster}-{node_group}")),
        ("eks:cluster-name".to_owned(), cluster.clone()),
        ("eks:nodegroup-name".to_owned(), node_group.clone()),
        (format!("kubernetes.io/cluster/{cluster}"), "owned".to_owned()),
    ]
    .into()
}

fn instance_xml(xml: &mut Xml, id: &str, instance: &Instance, now: Timestamp) {
    let Pool { instance_type, zone, capacity_type } = &instance.pool;
    let (code, name) = instance.state(now);
    xml.leaf("instanceId", id).leaf("instanceType", instance_type);
    xml.nest("instanceState", |xml| {
        xml.leaf("code", code).leaf("name", name);
    });
    xml.leaf("launchTime", instance.launched_at);
    xml.nest("placement", |xml| {
        xml.leaf("availabilityZone", zone).leaf("tenancy", "default");
    });
    xml.leaf("privateDnsName", instance.private_dns_name())
        .leaf("privateIpAddress", &instance.private_ip)
        .leaf("subnetId", &instance.subnet);
    if *capacity_type == CapacityType::Spot {
        xml.leaf("instanceLifecycle", "spot");
    }
    if let Some(at) = instance.shut_at {
        let at = at.strftime("%Y-%m-%d %H:%M:%S GMT");
        let (code, who) = if instance.reclaimed {
            ("Server.SpotInstanceTermination", "Server.SpotInstanceTermination")
        } else {
            ("Client.UserInitiatedShutdown", "User initiated")
        };
        xml.leaf("reason", format!("{who} ({at})"));
        xml.nest("stateReason", |xml| {
            xml.leaf("code", code);
        });
    }
    xml.nest("tagSet", |xml| {
        for (key, value) in tags(instance) {
            xml.nest("item", |xml| {
                xml.leaf("key", key).leaf("value", value);
            });
        }
    });
}

fn terminate(state: &mut AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let ids = list(form, "InstanceId");
    let there = instances(state, account);
    if let Some(unknown) = ids.iter().find(|id| !there.contains_key(*id)) {
        let message = format!("The instance ID '{unknown}' does not exist");
        return Err(AwsError::new(400, "InvalidInstanceID.NotFound", message));
    }
    if form.get("DryRun").is_some_and(|it| it == "true") {
        let message = "Request would have succeeded, but DryRun flag is set.";
        return Err(AwsError::new(412, "DryRunOperation", message));
    }
    for id in &ids {
        let owner = state.accounts.get_mut(account).map(|it| &mut it.instances);
        let Some(instance) = owner.and_then(|it| it.get_mut(id)) else { continue };
        instance.shut_at = instance.shut_at.or(Some(call.now));
        // Its group still wants as many as before, and replaces it.
        let key = (instance.cluster.clone(), instance.node_group.clone());
        state.reconcile(account, &key, call.now);
    }
    Ok(ec2_xml("TerminateInstances", |xml| {
        xml.nest("instancesSet", |xml| {
            for id in ids {
                xml.nest("item", |xml| {
                    xml.leaf("instanceId", id);
                    xml.nest("currentState", |xml| {
                        xml.leaf("code", 32).leaf("name", "shutting-down");
                    });
                });
            }
        });
    }))
}

fn describe_subnets(state: &AwsState, account: &str, form: &Form) -> Answer {
    let ids = list(form, "SubnetId");
    let subnets = state.accounts.get(account).map(|owner| &owner.subnets);
    let there = |id: &String| subnets.is_some_and(|subnets| subnets.contains_key(id));
    if let Some(unknown) = ids.iter().find(|id| !there(id)) {
        let message = format!("The subnet ID '{unknown}' does not exist");
        return Err(AwsError::new(400, "InvalidSubnetID.NotFound", message));
    }
    let all = subnets.into_iter().flatten();
    let found = all.filter(|(id, _)| ids.is_empty() || ids.contains(id)).collect();
    let (found, next) = paged(state, form, found, 1000)?;
    Ok(ec2_xml("DescribeSubnets", |xml| {
        xml.nest("subnetSet", |xml| {
            for (id, subnet) in found {
                xml.nest("item", |xml| {
                    xml.leaf("subnetId", id)
                        .leaf("vpcId", &subnet.vpc)
                        .leaf("availabilityZone", &subnet.zone)
                        .leaf("availableIpAddressCount", 4091)
                        .leaf("state", "available");
                });
            }
        });
        next_token(xml, next);
    }))
}

fn describe_types(state: &AwsState, call: &Call<'_>, form: &Form) -> Answer {
    let wanted = list(form, "InstanceType");
    let sold = offers(&call.region)?.into_iter().map(|it| it.instance_type);
    let sold: Vec<&catalog::CatalogType> = sold
        .filter(|name| wanted.is_empty() || wanted.contains(name))
        .filter_map(|name| catalog::types().get(&name))
        .collect();
    let (page, next) = paged(state, form, sold, 100)?;
    Ok(ec2_xml("DescribeInstanceTypes", |xml| {
        xml.nest("instanceTypeSet", |xml| {
            for row in page {
                xml.nest("item", |xml| type_xml(xml, row));
            }
        });
        next_token(xml, next);
    }))
}

fn type_xml(xml: &mut Xml, row: &catalog::CatalogType) {
    let it = &row.instance_type;
    xml.leaf("instanceType", &it.name)
        .leaf("currentGeneration", it.current_generation)
        .leaf("bareMetal", it.bare_metal)
        .leaf("burstablePerformanceSupported", it.burstable);
    xml.nest("supportedUsageClasses", |xml| {
        xml.leaf("item", "on-demand");
        if row.spot_supported {
            xml.leaf("item", "spot");
        }
    });
    xml.nest("processorInfo", |xml| {
        let architecture = match it.architecture {
            Architecture::Amd64 => "x86_64",
            Architecture::Arm64 => "arm64",
        };
        xml.nest("supportedArchitectures", |xml| {
            xml.leaf("item", architecture);
        });
    });
    xml.nest("vCpuInfo", |xml| {
        xml.leaf("defaultVCpus", it.vcpu);
    });
    xml.nest("memoryInfo", |xml| {
        xml.leaf("sizeInMiB", it.memory_mib);
    });
    xml.nest("networkInfo", |xml| {
        xml.leaf("maximumNetworkInterfaces", row.max_eni)
            .leaf("ipv4AddressesPerInterface", row.ipv4_per_eni);
    });
    if it.gpus > 0 {
        xml.nest("gpuInfo", |xml| {
            xml.nest("gpus", |xml| {
                xml.nest("item", |xml| {
                    xml.leaf("count", it.gpus);
                });
            });
        });
    }
}

fn describe_offerings(state: &AwsState, call: &Call<'_>, form: &Form) -> Answer {
    if form.get("LocationType").map(String::as_str) != Some("availability-zone") {
        let message = "only the location type availability-zone is simulated";
        return Err(AwsError::new(400, "InvalidParameterValue", message));
    }
    let offers = offers(&call.region)?;
    let rows: Vec<(&String, &String)> = offers
        .iter()
        .flat_map(|offer| offer.zones.iter().map(|zone| (&offer.instance_type, zone)))
        .collect();
    let (page, next) = paged(state, form, rows, 1000)?;
    Ok(ec2_xml("DescribeInstanceTypeOfferings", |xml| {
        xml.nest("instanceTypeOfferingSet", |xml| {
            for (name, zone) in page {
                xml.nest("item", |xml| {
                    xml.leaf("instanceType", name)
                        .leaf("locationType", "availability-zone")
                        .leaf("location", zone);
                });
            }
        });
        next_token(xml, next);
    }))
}

fn describe_reservations(state: &AwsState, account: &str, call: &Call<'_>, form: &Form) -> Answer {
    let filters = filters(form);
    if let Some((name, _)) = filters.iter().find(|(name, _)| name != "state") {
        let message = format!("The filter '{name}' is not simulated");
        return Err(AwsError::new(400, "InvalidParameterValue", message));
    }
    let owned = state.accounts.get(account).map_or(&[][..], |owner| &owner.reservations);
    let state = |active| if active { "active" } else { "retired" };
    let found = owned.iter().filter(|one| one.region == call.region).filter(|one| {
        filters.iter().all(|(_, values)| values.iter().any(|it| it == state(one.active)))
    });
    Ok(ec2_xml("DescribeReservedInstances", |xml| {
        xml.nest("reservedInstancesSet", |xml| {
            for one in found {
                xml.nest("item", |xml| {
                    xml.leaf("instanceType", &one.instance_type)
                        .leaf("instanceCount", one.count)
                        .leaf("productDescription", "Linux/UNIX (Amazon VPC)")
                        .leaf("scope", "Region")
                        .leaf("state", state(one.active));
                });
            }
        });
    }))
}

/// 90 days at most. A page holds whole pools, so that it is made without making those before it.
fn spot_price_history(state: &AwsState, call: &Call<'_>, form: &Form) -> Answer {
    let time = |field: &str| form.get(field).and_then(|text| text.parse::<Timestamp>().ok());
    let oldest = call.now - SignedDuration::from_hours(24 * 90);
    let to = time("EndTime").unwrap_or(call.now).min(call.now);
    let from = time("StartTime").unwrap_or(oldest).clamp(oldest, to.max(oldest));
    let wanted: BTreeSet<String> = list(form, "InstanceType").into_iter().collect();
    let offers = offers(&call.region)?.into_iter().filter(|offer| {
        offer.spot.is_some() && (wanted.is_empty() || wanted.contains(&offer.instance_type))
    });
    let pools: Vec<Pool> = offers
        .flat_map(|offer| {
            let name = offer.instance_type;
            offer.zones.into_iter().map(move |zone| Pool {
                instance_type: name.clone(),
                zone,
                capacity_type: CapacityType::Spot,
            })
        })
        .collect();
    let in_page = {
        let asked = form.get("MaxResults").and_then(|size| size.parse().ok());
        let rows = state.page_size(asked, 1000);
        let days = (to.duration_since(from).as_hours() / 24).unsigned_abs() as usize;
        // 2.3 changes a day and the one in force at the start.
        (rows * 10 / (days * 23 + 10)).max(1)
    };
    let token = form.get("NextToken").map(String::as_str);
    let (pools, next) = page(pools, token, in_page)?;
    Ok(ec2_xml("DescribeSpotPriceHistory", |xml| {
        xml.nest("spotPriceHistorySet", |xml| {
            for pool in pools {
                for (at, price) in spot_steps(state, &pool, from, to) {
                    xml.nest("item", |xml| {
                        xml.leaf("instanceType", &pool.instance_type)
                            .leaf("productDescription", "Linux/UNIX")
                            .leaf("spotPrice", format_args!("{:.6}", price.as_usd()))
                            .leaf("timestamp", at)
                            .leaf("availabilityZone", &pool.zone);
                    });
                }
            }
        });
        next_token(xml, next);
    }))
}

fn offers(region: &str) -> Result<Vec<catalog::RegionalOffer>, AwsError> {
    catalog::offers(region)
        .map_err(|error| AwsError::new(400, "InvalidParameterValue", error.to_string()))
}

fn instances<'a>(state: &'a AwsState, account: &str) -> &'a BTreeMap<String, Instance> {
    static NONE: BTreeMap<String, Instance> = BTreeMap::new();
    state.accounts.get(account).map_or(&NONE, |owner| &owner.instances)
}

fn paged<T>(
    state: &AwsState,
    form: &Form,
    items: Vec<T>,
    limit: usize,
) -> Result<(Vec<T>, Option<String>), AwsError> {
    let asked = form.get("MaxResults").and_then(|size| size.parse().ok());
    page(items, form.get("NextToken").map(String::as_str), state.page_size(asked, limit))
}

fn next_token(xml: &mut Xml, next: Option<String>) {
    if let Some(next) = next {
        xml.leaf("nextToken", next);
    }
}
