//! `template.yaml`, `functions/`, `events/` and `web/openapi.json` name the same things.

#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

fn read(path: &str) -> String {
    fs::read_to_string(format!("{ROOT}/{path}")).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The resources, by name; each is the text of its lines. A test can do without a YAML parser, which
/// would have to know CloudFormation's tags: in this file a name stands two spaces in, alone.
fn resources() -> BTreeMap<String, String> {
    let template = read("template.yaml");
    let (_, after) = template.split_once("\nResources:\n").unwrap();
    let (lines, _) = after.split_once("\nOutputs:\n").unwrap();
    let mut resources: BTreeMap<String, String> = BTreeMap::new();
    let mut current = None;
    for line in lines.lines() {
        let name = line.strip_prefix("  ").and_then(|line| line.strip_suffix(':'));
        if let Some(name) = name.filter(|name| name.chars().all(char::is_alphanumeric)) {
            current = Some(resources.entry(name.to_owned()).or_default());
        } else if let Some(text) = &mut current {
            text.push_str(line);
            text.push('\n');
        }
    }
    resources
}

/// `api-auth` is `ApiAuth`.
fn logical_id(function: &str) -> String {
    let capital = |word: &str| word[..1].to_uppercase() + &word[1..];
    function.split('-').map(capital).collect()
}

fn functions() -> BTreeSet<String> {
    let folders = fs::read_dir(format!("{ROOT}/functions")).unwrap();
    folders.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
}

fn of_kind(prefix: &str) -> BTreeSet<String> {
    functions().into_iter().filter(|name| name.starts_with(prefix)).collect()
}

#[test]
fn each_function_is_one_resource_with_a_log_group_of_its_own() {
    let resources = resources();
    let declared =
        resources.values().filter(|text| text.contains("Type: AWS::Serverless::Function"));
    assert_eq!(
        declared.count(),
        functions().len(),
        "template.yaml and functions/ differ in number"
    );
    for name in functions() {
        let id = logical_id(&name);
        let function = resources.get(&id).unwrap_or_else(|| panic!("no resource {id} for {name}"));
        for line in [
            "BuildMethod: rust-cargolambda".to_owned(),
            format!("Binary: {name}"),
            format!("FunctionName: !Sub spot-optimizer-${{Stage}}-{name}\n"),
            format!("LogGroup: !Ref {id}Logs"),
        ] {
            assert!(function.contains(&line), "{id} lacks `{line}`");
        }
        let logs = &resources[&format!("{id}Logs")];
        assert!(logs.contains(&format!("/spot-optimizer/${{Stage}}/{name}\n")), "{logs}");
        assert!(logs.contains("RetentionInDays: "), "the logs of {name} are kept for ever");
    }
}

#[test]
fn each_job_ticks_and_what_it_cannot_do_is_kept() {
    let resources = resources();
    for name in of_kind("job-") {
        let job = &resources[&logical_id(&name)];
        for line in [
            "DeadLetterQueue: {Type: SQS, TargetArn: !GetAtt JobFailures.Arn}",
            "DeadLetterConfig: {Arn: !GetAtt JobFailures.Arn}",
            "Type: Schedule\n",
        ] {
            assert!(job.contains(line), "{name} lacks `{line}`");
        }
    }
}

#[test]
fn each_alarm_and_each_chart_is_of_a_function_there_is() {
    let functions = functions();
    for file in ["infra/alarms.yaml", "infra/dashboard.json"] {
        let text = read(file);
        let lines = text.lines().filter(|line| !line.contains("AlarmName"));
        let named = lines.flat_map(|line| line.split("spot-optimizer-${Stage}-").skip(1));
        let named: BTreeSet<&str> =
            named.map(|rest| rest.split(['"', '\'', '}']).next().unwrap().trim()).collect();
        for name in named.iter().filter(|name| **name != "alarms") {
            assert!(functions.contains(*name), "{file} names {name}, which is no function");
        }
        for job in of_kind("job-") {
            assert!(named.contains(job.as_str()), "{file} says nothing of {job}");
        }
    }
}

#[test]
fn each_function_has_an_event_it_can_be_invoked_with() {
    let names = fs::read_dir(format!("{ROOT}/events")).unwrap();
    let events: BTreeSet<String> = names
        .map(|entry| entry.unwrap().file_name().into_string().unwrap().replace(".json", ""))
        .collect();
    assert_eq!(events, functions());
    for name in events {
        let event: Value = serde_json::from_str(&read(&format!("events/{name}.json"))).unwrap();
        if let Some(noun) = name.strip_prefix("api-") {
            let key = event["routeKey"].as_str().unwrap();
            assert!(
                resources().values().any(|text| text.contains(&format!("RouteKey: {key}"))
                    || text.contains(&format!("RouteKey: '{key}'"))),
                "no route {key}"
            );
            let path = event["rawPath"].as_str().unwrap();
            assert!(path.starts_with(&format!("/api/v1/{noun}")), "{path}");
            assert_eq!(event["requestContext"]["http"]["path"], path);
        } else {
            let time: jiff::Timestamp = event["time"].as_str().unwrap().parse().unwrap();
            assert_eq!(event["detail-type"], "Scheduled Event", "{time}");
        }
    }
}

#[test]
fn each_path_of_the_api_has_a_function_and_each_function_a_path() {
    let document: Value = serde_json::from_str(&read("web/openapi.json")).unwrap();
    let nouns: BTreeSet<String> = document["paths"]
        .as_object()
        .unwrap()
        .keys()
        .map(|path| {
            let rest = path.strip_prefix("/api/v1/").unwrap_or_else(|| panic!("{path}"));
            format!("api-{}", rest.split('/').next().unwrap())
        })
        .collect();
    assert_eq!(nouns, of_kind("api-"));
    let resources = resources();
    for name in nouns {
        let (id, noun) = (logical_id(&name), &name["api-".len()..]);
        for (suffix, route) in [
            ("Root", format!("RouteKey: ANY /api/v1/{noun},")),
            ("Under", format!("RouteKey: 'ANY /api/v1/{noun}/{{proxy+}}'")),
            ("Integration", format!("IntegrationUri: !GetAtt {id}.Arn")),
            ("Permission", format!("FunctionName: !Ref {id}\n")),
        ] {
            let resource = format!("{id}{suffix}");
            assert!(resources[&resource].contains(&route), "{resource} lacks `{route}`");
        }
    }
}

#[test]
fn the_table_is_the_one_that_storage_expects() {
    let resources = resources();
    let table = &resources["Table"];
    let expected = storage::table_definition();
    let block = |title: &str, names: (&str, &str), rows: &[(&str, &str)]| {
        let mut text = format!("      {title}:\n");
        for (name, kind) in rows {
            text += &format!("        - {{{}: {name}, {}: {kind}}}\n", names.0, names.1);
        }
        assert!(table.contains(&text), "the table in template.yaml should have\n{text}");
    };
    block(
        "AttributeDefinitions",
        ("AttributeName", "AttributeType"),
        expected.attribute_definitions,
    );
    block("KeySchema", ("AttributeName", "KeyType"), expected.key_schema);
    assert!(expected.global_secondary_indexes.is_empty(), "add the indexes to template.yaml");
    assert!(!table.contains("GlobalSecondaryIndexes"));
    for line in [
        format!("BillingMode: {}\n", expected.billing_mode),
        format!("AttributeName: {}, Enabled: true", expected.time_to_live_attribute),
        "PointInTimeRecoveryEnabled: true".to_owned(),
        "DeletionProtectionEnabled: true".to_owned(),
        "DeletionPolicy: Retain".to_owned(),
    ] {
        assert!(table.contains(&line), "the table in template.yaml should say `{line}`");
    }
}

#[test]
fn the_functions_are_given_the_settings_they_ask_for() {
    let template = read("template.yaml");
    let (_, after) = template.split_once("      Variables:\n").unwrap();
    let (block, _) = after.split_once("\nResources:").unwrap();
    let given: BTreeSet<&str> = block
        .lines()
        .filter_map(|line| line.trim().split_once(": "))
        .map(|(name, _)| name)
        .collect();
    let mut asked = BTreeSet::new();
    for file in ["shared/runtime/src/ctx.rs", "shared/api/src/serve.rs"] {
        let text = read(file);
        let names = text.split("required(\"").skip(1).map(|rest| rest.split('"').next().unwrap());
        asked.extend(names.map(str::to_owned));
    }
    assert!(!asked.is_empty());
    for name in asked {
        assert!(given.contains(name.as_str()), "template.yaml does not set {name}");
    }
}

#[test]
fn the_dashboard_has_the_same_content_security_policy_everywhere() {
    let rust = read("infra/cli/src/serve/web.rs");
    let (_, after) = rust.split_once("CONTENT_SECURITY_POLICY: &str = \"").unwrap();
    let (policy, _) = after.split_once('"').unwrap();
    assert!(read("template.yaml").contains(&format!("ContentSecurityPolicy: \"{policy}\"")));
}
