//! A simulated AWS that answers the wire protocols: STS, EKS, EC2, Auto Scaling and the Price List.
//!
//! [`answer`] is one function of state, time and request. Nothing here reads a clock, a file or a
//! socket. Signatures are not checked; the access key in them says who calls.

mod auto_scaling;
mod ec2;
mod eks;
mod machines;
mod market;
mod pricing;
mod seeding;
mod state;
mod sts;
mod wire;

pub use machines::{Event, EventKind, JoiningNode};
pub use market::{capacity_of, spot_price_at};
pub(crate) use market::{hash, region_of, unit};
pub use state::{
    Account, AwsState, Cluster, Instance, NodeGroup, Reservation, Role, Subnet, Trust,
};
pub use wire::{Request, Response};
pub(crate) use wire::{failed, throttled};

use jiff::Timestamp;
use wire::AwsError;

/// Who calls what.
struct Call<'a> {
    now: Timestamp,
    region: String,
    request: &'a Request,
}

/// Answers one request. The state must have been advanced to `now`; what the request sets in motion shows
/// with the next [`AwsState::advance`].
pub fn answer(state: &mut AwsState, now: Timestamp, request: &Request) -> Response {
    let Some((service, region)) = request.service_and_region() else {
        return wire::render_error(
            "sts",
            &AwsError::new(403, "MissingAuthenticationToken", "the request is not signed"),
        );
    };
    let call = Call { now, region, request };
    let answered = match service.as_str() {
        "sts" => sts::answer(state, &call),
        "eks" => in_account(state, &call, eks::answer),
        "ec2" => in_account(state, &call, ec2::answer),
        "autoscaling" => in_account(state, &call, auto_scaling::answer),
        "pricing" => in_account(state, &call, pricing::answer),
        other => Err(AwsError::new(400, "UnknownService", format!("{other} is not simulated"))),
    };
    answered.unwrap_or_else(|error| wire::render_error(&service, &error))
}

type Answer = Result<Response, AwsError>;

/// Runs `answer` for the account whose role the caller holds, if that role may do it.
fn in_account(
    state: &mut AwsState,
    call: &Call<'_>,
    answer: fn(&mut AwsState, &str, &Call<'_>) -> Answer,
) -> Answer {
    let request = call.request;
    let key = request.access_key().unwrap_or_default();
    let (account, role) = state.session(&key).ok_or_else(|| {
        AwsError::new(401, "AuthFailure", "the credentials are not of this simulated AWS")
    })?;
    let operation = request.operation().unwrap_or_default();
    let service = request.service_and_region().map(|(service, _)| service).unwrap_or_default();
    if role.denied.contains(&format!("{service}:{operation}")) {
        let who = format!("arn:aws:sts::{account}:assumed-role/{}", role.name);
        let message = format!("{who} is not authorized to perform: {service}:{operation}");
        return Err(AwsError::denied(&service, message));
    }
    answer(state, &account, call)
}
