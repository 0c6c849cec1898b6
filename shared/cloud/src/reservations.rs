//! Reserved Instances: capacity that is paid for whether it runs or not.

use crate::market::unless_denied;
use crate::{AccountClient, Error};
use aws_sdk_ec2::types as ec2;
use domain::offering::{InstanceType, family_of};
use std::collections::BTreeMap;

impl AccountClient {
    /// vCPUs that the account's active Linux Reserved Instances of the region pay for, by family.
    ///
    /// A regional reservation is flexible in size within its family, by a factor that goes with the
    /// vCPUs. One of a zone is not; it is taken for one all the same, as all are taken to be there for
    /// whoever asks: that may hide a saving, and never claims one that the bill would not show. None
    /// where the role may not ask.
    ///
    /// Source: Amazon EC2 User Guide, "How Reserved Instances are applied".
    pub async fn reserved_vcpus(
        &self,
        types: &BTreeMap<String, InstanceType>,
    ) -> Result<BTreeMap<String, u32>, Error> {
        let active = ec2::Filter::builder().name("state").values("active").build();
        let request = self.ec2.describe_reserved_instances().filters(active);
        let Some(found) =
            unless_denied(self.call("DescribeReservedInstances", request.send())).await?
        else {
            return Ok(BTreeMap::new());
        };
        let mut vcpus: BTreeMap<String, u32> = BTreeMap::new();
        for one in found.reserved_instances.unwrap_or_default() {
            let linux =
                one.product_description.is_some_and(|it| it.as_str().contains("Linux/UNIX"));
            let Some(name) = one.instance_type.filter(|_| linux) else { continue };
            let Some(made) = types.get(name.as_str()) else { continue };
            let count = one.instance_count.unwrap_or(0).max(0).unsigned_abs();
            *vcpus.entry(family_of(name.as_str()).to_owned()).or_default() += made.vcpu * count;
        }
        Ok(vcpus)
    }
}
