//! EKS clusters and where their nodes may be.

use crate::{AccountClient, Error};
use aws_sdk_ec2::types::Subnet as Ec2Subnet;
use aws_sdk_eks::types::Cluster as EksCluster;
use jiff::Timestamp;
use std::collections::BTreeMap;

/// An EKS cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cluster {
    /// Its name, unique in account and region.
    pub name: String,
    /// Its ARN.
    pub arn: String,
    /// Kubernetes version, such as `1.33`.
    pub version: String,
    /// `ACTIVE` and so on, in EKS's words.
    pub status: String,
    /// The API server's URL.
    pub endpoint: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
    /// EKS Auto Mode runs its nodes.
    pub auto_mode: bool,
    /// Subnets it was given.
    pub subnet_ids: Vec<String>,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
}

/// A subnet: a place for nodes in one zone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subnet {
    /// `subnet-…`.
    pub id: String,
    /// Such as `us-east-1a`.
    pub zone: String,
    /// IPv4 addresses left.
    pub free_addresses: u32,
}

impl AccountClient {
    /// All EKS clusters of the region, by name.
    pub async fn clusters(&self) -> Result<Vec<Cluster>, Error> {
        let mut clusters = Vec::new();
        let mut token = None;
        loop {
            let request = self.eks.list_clusters().set_next_token(token).send();
            let page = self.call("ListClusters", request).await?;
            for name in page.clusters.unwrap_or_default() {
                // One may be deleted while the list is read.
                match self.cluster(&name).await {
                    Ok(cluster) => clusters.push(cluster),
                    Err(Error::NotFound { .. }) => {}
                    Err(error) => return Err(error),
                }
            }
            token = page.next_token;
            if token.is_none() {
                clusters.sort_by(|a, b| a.name.cmp(&b.name));
                return Ok(clusters);
            }
        }
    }

    /// One EKS cluster.
    pub async fn cluster(&self, name: &str) -> Result<Cluster, Error> {
        let operation = "DescribeCluster";
        let answer = self.call(operation, self.eks.describe_cluster().name(name).send()).await?;
        answer
            .cluster
            .map(cluster)
            .ok_or_else(|| Error::NotFound { operation, message: name.to_owned() })
    }

    /// The subnets a cluster was given, by zone and id. A node group in one zone takes one of them.
    pub async fn subnets(&self, cluster: &str) -> Result<Vec<Subnet>, Error> {
        let ids = self.cluster(cluster).await?.subnet_ids;
        let request = self.ec2.describe_subnets().set_subnet_ids(Some(ids)).send();
        let answer = self.call("DescribeSubnets", request).await?;
        let mut subnets: Vec<Subnet> =
            answer.subnets.unwrap_or_default().into_iter().filter_map(subnet).collect();
        subnets.sort_by(|a, b| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
        Ok(subnets)
    }
}

fn cluster(eks: EksCluster) -> Cluster {
    let vpc = eks.resources_vpc_config;
    Cluster {
        name: eks.name.unwrap_or_default(),
        arn: eks.arn.unwrap_or_default(),
        version: eks.version.unwrap_or_default(),
        status: eks.status.map(|status| status.as_str().to_owned()).unwrap_or_default(),
        endpoint: eks.endpoint,
        created_at: eks.created_at.and_then(timestamp),
        auto_mode: eks.compute_config.and_then(|compute| compute.enabled).unwrap_or(false),
        subnet_ids: vpc.and_then(|vpc| vpc.subnet_ids).unwrap_or_default(),
        tags: eks.tags.unwrap_or_default().into_iter().collect(),
    }
}

fn subnet(ec2: Ec2Subnet) -> Option<Subnet> {
    Some(Subnet {
        id: ec2.subnet_id?,
        zone: ec2.availability_zone?,
        free_addresses: ec2.available_ip_address_count.unwrap_or(0).unsigned_abs(),
    })
}

/// AWS's time as ours.
pub(crate) fn timestamp(time: aws_smithy_types::DateTime) -> Option<Timestamp> {
    Timestamp::new(time.secs(), i32::try_from(time.subsec_nanos()).ok()?).ok()
}

/// Our time as AWS's.
pub(crate) fn date_time(time: Timestamp) -> aws_smithy_types::DateTime {
    aws_smithy_types::DateTime::from_secs_and_nanos(
        time.as_second(),
        time.subsec_nanosecond().unsigned_abs(),
    )
}
