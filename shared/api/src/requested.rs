//! What is known of a request before it is known who asks, and the transactions it leads to.

use crate::caller::{AgentCaller, Caller};
use crate::error::Error;
use crate::layers::RequestId;
use axum::extract::FromRequestParts;
use domain::Tenant;
use domain::audit::Actor;
use http::request::Parts;
use jiff::Timestamp;
use lambda_http::request::RequestContext;
use storage::{AuditEntry, Transaction};

/// A request and where it came from.
#[derive(Debug, Clone)]
pub struct Requested {
    /// Its id.
    pub id: String,
    /// The network address it came from, as API Gateway says. Never from a header, which anybody can
    /// send.
    pub address: Option<String>,
}

impl<S: Send + Sync> FromRequestParts<S> for Requested {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let address = match parts.extensions.get::<RequestContext>() {
            Some(RequestContext::ApiGatewayV2(context)) => context.http.source_ip.clone(),
            _ => None,
        };
        Ok(Self { id: request_id(parts), address })
    }
}

impl Requested {
    /// Begins a transaction whose audit row says who did what to what.
    pub fn transaction(
        &self,
        tenant: Tenant,
        actor: Actor,
        action: &str,
        subject: impl std::fmt::Display,
        at: Timestamp,
    ) -> Transaction {
        let entry = AuditEntry {
            actor,
            action: action.to_owned(),
            subject: subject.to_string(),
            request_id: Some(self.id.clone()),
            at,
        };
        Transaction::new(tenant, entry)
    }
}

impl Caller {
    /// Begins a transaction of this person.
    pub fn transaction(
        &self,
        action: &str,
        subject: impl std::fmt::Display,
        at: Timestamp,
    ) -> Transaction {
        self.requested.transaction(self.tenant, self.actor(), action, subject, at)
    }
}

impl AgentCaller {
    /// Begins a transaction of this agent.
    pub fn transaction(
        &self,
        action: &str,
        subject: impl std::fmt::Display,
        at: Timestamp,
    ) -> Transaction {
        self.requested.transaction(self.tenant, self.actor(), action, subject, at)
    }
}

/// The request's id.
fn request_id(parts: &Parts) -> String {
    parts.extensions.get::<RequestId>().map(|id| id.0.clone()).unwrap_or_default()
}
