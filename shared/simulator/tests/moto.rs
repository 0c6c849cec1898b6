//! A contract: what the simulated AWS and moto both know, they answer alike. moto is another hand's
//! reading of the same protocol.
//!
//! Runs where `MOTO_ENDPOINT` names a moto server (`make test` starts one), such as
//! `http://127.0.0.1:5000`.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, unreachable_pub, dead_code)]

mod support;

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use cloud::{AccountClient, Cloud, Error};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use support::{group, link, small};

#[tokio::test]
#[expect(clippy::disallowed_methods, reason = "where moto is, only the caller knows")]
async fn moto_and_the_simulator_agree() {
    let Ok(endpoint) = std::env::var("MOTO_ENDPOINT") else {
        eprintln!("SKIPPED: MOTO_ENDPOINT is not set, so nothing was checked against moto");
        return;
    };
    let it = small();
    let simulated = it.account().await;
    simulated.create_node_group(&group(&simulated, "blue", 2).await).await.unwrap();
    it.wait(60);

    run_instances(&endpoint, "web", "blue", 2);
    let moto = Cloud::new(moto_config(&endpoint)).assume(&link("right")).await.unwrap();
    let (ours, theirs) = (observed(&simulated).await, observed(&moto).await);
    for (what, said) in &ours {
        assert_eq!(theirs.get(what), Some(said), "{what}");
    }
    let zones = |offerings: &BTreeMap<String, _>| format!("{:?}", offerings.get("m5.xlarge"));
    let (ours, theirs) = (simulated.offerings().await.unwrap(), moto.offerings().await.unwrap());
    assert_eq!(zones(&ours), zones(&theirs));

    let (ours, theirs) =
        (simulated.instance_types().await.unwrap(), moto.instance_types().await.unwrap());
    let differ = |name: &&String| ours.get(*name) != theirs.get(*name);
    let differing: Vec<&String> = ours.keys().filter(differ).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

/// What the product sees in a few situations.
async fn observed(account: &AccountClient) -> BTreeMap<&'static str, String> {
    let instances = account.instances("web").await.unwrap();
    let first = &instances[0];
    let absent = "i-0123456789abcdef0";
    let mut tags = first.tags.clone();
    tags.retain(|key, _| key.starts_with("kubernetes.io/") || key.starts_with("eks:"));
    let kind = |error: Option<Error>| {
        let text = format!("{error:?}");
        text.split(['{', '(']).nth(1).unwrap_or(&text).trim().to_owned()
    };
    [
        ("instances by the cluster's tag", instances.len().to_string()),
        ("instances by another tag", account.instances("other").await.unwrap().len().to_string()),
        ("tags", format!("{tags:?}")),
        ("node group", format!("{:?}", first.node_group)),
        ("state", format!("{:?}", first.state)),
        ("pool", first.pool.to_string()),
        ("an absent instance", format!("{:?}", account.instance(absent).await.unwrap())),
        ("an absent cluster", kind(account.cluster("absent").await.err())),
        ("may terminate", format!("{:?}", account.may_terminate(&first.id).await.unwrap())),
    ]
    .into()
}

fn moto_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIASPOTOPTIMIZER000", "any", None, None, "moto");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("us-east-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(endpoint)
        .build()
}

/// What an EKS node group would do; the product itself never calls `RunInstances`.
fn run_instances(endpoint: &str, cluster: &str, node_group: &str, count: u32) {
    let tags = [
        (format!("kubernetes.io%2Fcluster%2F{cluster}"), "owned"),
        ("eks%3Acluster-name".to_owned(), cluster),
        ("eks%3Anodegroup-name".to_owned(), node_group),
    ];
    let mut body = format!(
        "Action=RunInstances&Version=2016-11-15&ImageId=ami-12c6146b&InstanceType=m5.xlarge\
         &MinCount={count}&MaxCount={count}&Placement.AvailabilityZone=us-east-1a\
         &TagSpecification.1.ResourceType=instance"
    );
    for (at, (key, value)) in (1..).zip(tags) {
        body += &format!("&TagSpecification.1.Tag.{at}.Key={key}");
        body += &format!("&TagSpecification.1.Tag.{at}.Value={value}");
    }
    let host = endpoint.trim_start_matches("http://").trim_end_matches('/');
    let account = support::ACCOUNT;
    let request = format!(
        "POST / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\nx-moto-account-id: {account}\r\n\
         Authorization: AWS4-HMAC-SHA256 Credential=ASIA{account}0000/20260101/us-east-1/ec2/aws4_request, \
         SignedHeaders=host, Signature=0\r\n\
         Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    let mut stream = TcpStream::connect(host).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}
