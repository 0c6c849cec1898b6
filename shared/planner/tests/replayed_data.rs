//! The readers of the data that `make bench-replay` replays.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, dead_code)]

#[path = "../examples/replay/data.rs"]
mod data;

use domain::Money;
use domain::offering::Architecture;

fn usd(text: &str) -> Money {
    Money::parse_usd(text).unwrap()
}

#[test]
fn a_type_without_a_spot_saving_is_sold_on_demand_only() {
    let text = "instance_type,arch,vcpu,memory_mib,current_generation,bare_metal,burstable,gpus,local_nvme_gb,baseline_net_mbps,max_eni,ipv4_per_eni,eni_max_pods,spot_supported,zones,on_demand_usd_h,spot_savings_pct,interruption_bucket
m6i.large,x86_64,2,8192,1,0,0,0,0,781,3,10,29,1,abc,0.096,60,1
c8a.12xlarge,x86_64,48,98304,1,0,0,0,0,22500,12,64,758,1,abcdf,2.58648,,
a1.2xlarge,arm64,8,16384,0,0,0,0,0,2500,4,15,58,1,abc,0.204,0,4
";
    let listed = data::catalogue(text).unwrap();
    let told: Vec<_> = listed
        .iter()
        .map(|row| (row.made.architecture, row.made.max_pods, row.on_demand, row.spot))
        .collect();
    assert_eq!(
        told,
        [
            (Architecture::Amd64, 29, usd("0.096"), Some((usd("0.0384"), 1))),
            (Architecture::Amd64, 250, usd("2.58648"), None),
            (Architecture::Arm64, 58, usd("0.204"), None),
        ]
    );
}

#[test]
fn a_price_holds_until_the_next_one_and_there_is_none_before_the_first() {
    let history =
        data::prices("type,az,ts,price\nm5.large,a,20,0.04\nm5.large,a,10,0.03\n").unwrap();
    let changes = &history[&("m5.large".to_owned(), "a".to_owned())];
    let at = [9, 10, 19, 20, 99].map(|second| data::price_at(changes, second));
    let (first, second) = (Some(usd("0.03")), Some(usd("0.04")));
    assert_eq!(at, [None, first, first, second, second]);
}

#[test]
fn a_trace_says_when_an_instance_could_be_had() {
    let trace = data::trace(r#"{"metadata": {"gap_seconds": 195}, "data": [1, 0, 4]}"#).unwrap();
    assert_eq!((trace.gap, trace.up), (195.0, vec![true, false, true]));
    assert!(data::trace(r#"{"metadata": {"gap_seconds": 0}, "data": [1]}"#).is_err());
    assert!(data::trace(r#"{"metadata": {"gap_seconds": 5}, "data": ["?"]}"#).is_err());
}

#[test]
fn a_pod_without_an_end_stays_for_ever() {
    let text = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,gpu_spec,qos,pod_phase,creation_time,deletion_time,scheduled_time
openb-pod-0000,12000,16384,1,1000,,LS,Running,5,12537496,0
openb-pod-0001,6000,12288,1,460,,LS,Running,7,,427061
";
    let stays = data::stays(text).unwrap();
    let told: Vec<_> = stays.iter().map(|stay| (stay.cpu_milli, stay.from, stay.until)).collect();
    assert_eq!(told, [(12_000, 5, 12_537_496), (6_000, 7, i64::MAX)]);
    assert!(data::stays("name,cpu_milli\nopenb-pod-0000,12000\n").is_err());
}
