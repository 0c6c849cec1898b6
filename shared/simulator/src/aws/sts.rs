//! STS: who may be whom.

use super::state::{AwsState, Trust};
use super::wire::{AwsError, query_xml};
use super::{Answer, Call};
use jiff::SignedDuration;

pub(super) fn answer(state: &AwsState, call: &Call<'_>) -> Answer {
    let form = call.request.form();
    match form.get("Action").map(String::as_str) {
        Some("AssumeRole") => {
            let arn = form.get("RoleArn").map(String::as_str).unwrap_or_default();
            let session = form.get("RoleSessionName").map(String::as_str).unwrap_or_default();
            let external_id = form.get("ExternalId").map(String::as_str);
            assume_role(state, call, arn, session, external_id)
        }
        Some(other) => {
            Err(AwsError::new(400, "InvalidAction", format!("{other} is not simulated")))
        }
        None => Err(AwsError::new(400, "MissingAction", "no action")),
    }
}

/// Nothing is remembered: the access key itself says which role it is for (see `AwsState::session`).
/// Keys do not expire, for a simulated hour may be a real minute.
fn assume_role(
    state: &AwsState,
    call: &Call<'_>,
    arn: &str,
    session: &str,
    external_id: Option<&str>,
) -> Answer {
    let refused = || {
        let message =
            format!("User is not authorized to perform: sts:AssumeRole on resource: {arn}");
        AwsError::denied("sts", message)
    };
    let account = arn.split(':').nth(4).unwrap_or_default();
    let name = arn.rsplit('/').next().unwrap_or_default();
    let roles = &state.accounts.get(account).ok_or_else(refused)?.roles;
    let place = roles.iter().position(|role| role.name == name).ok_or_else(refused)?;
    let let_in = match &roles[place].trust {
        Trust::ExternalId(required) => external_id == Some(required),
        Trust::SomeExternalId => external_id.is_some(),
        Trust::Anything => true,
    };
    if !let_in {
        return Err(refused());
    }
    Ok(query_xml("AssumeRole", |xml| {
        xml.nest("Credentials", |xml| {
            xml.leaf("AccessKeyId", format!("ASIA{account}{place:04}"))
                .leaf("SecretAccessKey", "simulated")
                .leaf("SessionToken", "simulated")
                .leaf("Expiration", call.now + SignedDuration::from_hours(1));
        });
        xml.nest("AssumedRoleUser", |xml| {
            xml.leaf("AssumedRoleId", format!("AROASIMULATED:{session}"))
                .leaf("Arn", format!("arn:aws:sts::{account}:assumed-role/{name}/{session}"));
        });
    }))
}
