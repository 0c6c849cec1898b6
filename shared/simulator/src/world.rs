//! AWS and the clusters in it, under one clock, in one file.

mod below_kube;
mod below_sdk;
mod file;
mod passing;

use crate::aws::{self, AwsState, Trust};
use crate::demo::PastInstance;
use crate::kubernetes::{ClusterState, Incident};
use crate::{Clock, FaultEffect, Faults};
use domain::offering::Pool;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A simulated world. Cheap to clone; clones are the same world.
///
/// **Invariant:** a call that changed something is answered only after the whole state is in the file, so a
/// killed process loses nothing that anyone was told.
#[derive(Debug, Clone)]
pub struct World(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    path: Option<PathBuf>,
    faults: Faults,
    state: Mutex<WorldState>,
}

/// All that a world remembers.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WorldState {
    /// Up to when everything has happened.
    pub now: Timestamp,
    /// The simulated AWS.
    pub aws: AwsState,
    /// The API servers of its EKS clusters by name, which is unique here over all accounts.
    pub clusters: BTreeMap<String, ClusterState>,
    /// When the demo began, where this is one: its history before that is a function of this and the seed.
    pub(crate) demo_since: Option<Timestamp>,
}

impl WorldState {
    /// A world with this AWS in it.
    pub fn new(now: Timestamp, aws: AwsState) -> Self {
        Self { now, aws, clusters: BTreeMap::new(), demo_since: None }
    }
}

/// The connection broke before an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the simulated connection was broken")]
pub struct HungUp;

impl World {
    /// A world that is kept nowhere.
    pub fn new(clock: Clock, state: WorldState) -> Self {
        Self::with_path(clock, state, None)
    }

    /// The world in a file, or the one `make` gives for the clock's time where there is none yet.
    /// The clock is put forward to where that world stood.
    pub fn open(
        path: &Path,
        clock: Clock,
        make: impl FnOnce(Timestamp) -> WorldState,
    ) -> std::io::Result<Self> {
        let state = match file::load(path)? {
            Some((state, shown)) => {
                clock.not_before(shown);
                state
            }
            None => make(clock.now()),
        };
        clock.not_before(state.now);
        let world = Self::with_path(clock, state, Some(path.to_owned()));
        world.save(&world.state())?;
        Ok(world)
    }

    fn with_path(clock: Clock, state: WorldState, path: Option<PathBuf>) -> Self {
        let faults = Faults::default();
        let world = Self(Arc::new(Inner { clock, path, faults, state: Mutex::new(state) }));
        world.advance();
        world
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// What shall go wrong.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// Lets everything happen that is due by now. Each call through an API does so first.
    pub fn advance(&self) {
        let mut state = self.state();
        let before = state.now;
        let now = self.0.clock.now().max(before);
        state.advance(now);
        if let Some(path) = self.0.path.as_deref().filter(|_| now > before) {
            file::save_time(path, now);
        }
    }

    /// Changes the world from outside, as EC2's operators or the customer would, and saves it.
    pub fn change<R>(&self, change: impl FnOnce(&mut WorldState) -> R) -> std::io::Result<R> {
        self.advance();
        let mut state = self.state();
        let result = change(&mut state);
        let now = state.now;
        state.advance(now);
        self.save(&state)?;
        Ok(result)
    }

    /// What the customer does after linking: makes the role, trusting us with that `ExternalId` only.
    pub fn install_role(
        &self,
        account: &str,
        role: &str,
        external_id: &str,
    ) -> std::io::Result<()> {
        self.change(|state| {
            let owner = state.aws.accounts.entry(account.to_owned()).or_default();
            owner.install_role(role, Trust::ExternalId(external_id.to_owned()));
        })
    }

    /// EC2 gives notice to a Spot instance now; false where it is none.
    pub fn interrupt(&self, instance_id: &str) -> std::io::Result<bool> {
        self.change(|state| {
            let now = state.now;
            state.aws.interrupt(instance_id, now)
        })
    }

    /// Sets how many instances a pool holds from now on.
    pub fn set_capacity(&self, pool: &Pool, instances: u32) -> std::io::Result<()> {
        self.change(|state| {
            state.aws.capacity.insert(pool.to_string(), instances);
        })
    }

    /// See [`WorldState::history`].
    pub fn history(&self, cluster: &str) -> Vec<PastInstance> {
        self.look(|state| state.history(cluster))
    }

    /// Looks at the state as it is now.
    pub fn look<R>(&self, look: impl FnOnce(&WorldState) -> R) -> R {
        self.advance();
        look(&self.state())
    }

    /// What went wrong in a cluster so far, oldest first.
    pub fn incidents(&self, cluster: &str) -> Vec<Incident> {
        self.look(|state| {
            state.clusters.get(cluster).map(|it| it.incidents().to_vec()).unwrap_or_default()
        })
    }

    /// Answers an AWS request.
    pub fn answer_aws(&self, request: &aws::Request) -> Result<aws::Response, HungUp> {
        let service = request.service_and_region().map(|(service, _)| service);
        let operation = request.operation();
        let label = format!(
            "aws {}:{}",
            service.unwrap_or_default(),
            operation.unwrap_or_else(|| "unknown".into())
        );
        self.call(
            &label,
            request.is_mutation(),
            |state| aws::answer(&mut state.aws, state.now, request),
            |effect| match effect {
                FaultEffect::Throttle => aws::throttled(request),
                _ => aws::failed(request),
            },
        )
    }

    /// One call through either API: advance, strike, answer, save.
    fn call<R>(
        &self,
        label: &str,
        is_mutation: bool,
        answer: impl FnOnce(&mut WorldState) -> R,
        refuse: impl FnOnce(FaultEffect) -> R,
    ) -> Result<R, HungUp> {
        self.advance();
        let strike = self.0.faults.strike(label, is_mutation);
        if let Some(effect) = strike.filter(|effect| effect.is_before()) {
            return suffer(effect, refuse);
        }
        let mut state = self.state();
        let answered = answer(&mut state);
        if is_mutation {
            let now = state.now;
            state.advance(now);
            if let Err(error) = self.save(&state) {
                tracing::error!(%error, "the simulated world could not be saved");
                return Err(HungUp);
            }
        }
        drop(state);
        match strike {
            Some(effect) => suffer(effect, refuse),
            None => Ok(answered),
        }
    }

    fn save(&self, state: &WorldState) -> std::io::Result<()> {
        self.0.path.as_ref().map_or(Ok(()), |path| file::save(path, state))
    }

    fn state(&self) -> MutexGuard<'_, WorldState> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn suffer<R>(effect: FaultEffect, refuse: impl FnOnce(FaultEffect) -> R) -> Result<R, HungUp> {
    match effect {
        FaultEffect::DieBefore | FaultEffect::DieAfter => std::process::abort(),
        FaultEffect::HangUpBefore | FaultEffect::HangUpAfter => Err(HungUp),
        _ => Ok(refuse(effect)),
    }
}
