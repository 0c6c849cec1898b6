//! For tests of functions: an app over a table, people of several organisations, and requests that
//! go through the whole router without a socket.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "for tests only"
)]

use crate::identity::{AgentSecret, Pepper, RefreshToken};
use crate::{App, Clock, Settings, chance, router};
use axum::Router;
use axum::body::Body;
use domain::audit::Actor;
use domain::identity::{AgentKey, Organisation, Role, Session, User};
use domain::{ClusterId, KeyId, OrgId, SessionId, Tenant, UserId};
use http::{HeaderMap, Method, Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use runtime::Ctx;
use serde_json::Value;
use std::sync::{Arc, Mutex, PoisonError};
use storage::{AuditEntry, Transaction};
use tower::ServiceExt;
use utoipa_axum::router::OpenApiRouter;

/// An app under test.
pub struct Harness {
    /// Its state.
    pub app: App,
    router: Router,
    now: Arc<Mutex<Timestamp>>,
}

/// A person who has signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Their organisation.
    pub tenant: Tenant,
    /// Who.
    pub user: UserId,
    /// `Bearer …`
    pub authorization: String,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// The body's JSON; null where there is none.
    pub body: Value,
}

impl Answer {
    /// The problem's code, or the status where it is none.
    pub fn code(&self) -> String {
        self.body["code"].as_str().map_or_else(|| self.status.to_string(), str::to_owned)
    }

    /// A header's text.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Harness {
    /// An app of these routes at this moment of the product's time.
    pub fn new(routes: OpenApiRouter<App>, ctx: Ctx, now: Timestamp) -> Self {
        let settings = Settings {
            public_url: "http://localhost:8080".to_owned(),
            signing_seed: [1; 32],
            pepper: Pepper::new([2; 32]),
            bcrypt_cost: 4,
        };
        Self::with(routes, ctx, settings, now)
    }

    /// The same with other settings.
    pub fn with(routes: OpenApiRouter<App>, ctx: Ctx, settings: Settings, now: Timestamp) -> Self {
        let now = Arc::new(Mutex::new(now));
        let read = Arc::clone(&now);
        let clock = Clock::of(move || *read.lock().unwrap_or_else(PoisonError::into_inner));
        let app = App::new(ctx, settings, clock).unwrap();
        Self { router: router(routes, app.clone()), app, now }
    }

    /// Moves the product's time.
    pub fn pass(&self, time: SignedDuration) {
        let mut now = self.now.lock().unwrap();
        *now += time;
    }

    /// A person of a new organisation.
    pub async fn person(&self, role: Role) -> Person {
        let org = OrgId::new(chance::id());
        let mut tx = self.transaction(crate::proven(org));
        tx.create(&Organisation {
            id: org,
            name: "Example".to_owned(),
            created_at: self.app.clock.wall(),
        });
        self.app.table().commit(tx).await.unwrap();
        self.colleague(crate::proven(org), role).await
    }

    /// Another person of the same organisation.
    pub async fn colleague(&self, tenant: Tenant, role: Role) -> Person {
        let wall = self.app.clock.wall();
        let id = UserId::new(chance::id());
        let user = User {
            id,
            org: tenant.org(),
            email: format!("{id}@example.com"),
            name: "Ann Example".to_owned(),
            role,
            password_hash: String::new(),
            sessions_valid_from: wall,
            created_at: wall,
        };
        let session = SessionId::new(chance::id());
        let mut tx = self.transaction(tenant);
        tx.create(&user);
        tx.create(&Session {
            id: session,
            user: id,
            org: tenant.org(),
            refresh_hash: RefreshToken::new(session).hash(),
            previous_refresh_hash: None,
            rotated_at: None,
            created_at: wall,
            expires_at: wall + SignedDuration::from_hours(24),
            revoked: false,
        });
        self.app.table().commit(tx).await.unwrap();
        let token = self.app.tokens.issue(&user, session, wall).unwrap();
        Person { tenant, user: id, authorization: format!("Bearer {token}") }
    }

    /// The key of an agent, as it sends it.
    pub async fn agent(
        &self,
        tenant: Tenant,
        cluster: ClusterId,
        generation: u32,
    ) -> (KeyId, String) {
        let secret = AgentSecret::new(KeyId::new(chance::id()));
        let mut tx = self.transaction(tenant);
        tx.create(&AgentKey {
            id: secret.key,
            org: tenant.org(),
            cluster,
            secret_hash: secret.hash(),
            generation,
            created_at: self.app.clock.now(),
            revoked_at: None,
        });
        self.app.table().commit(tx).await.unwrap();
        (secret.key, format!("Bearer {}", secret.text))
    }

    /// A transaction of the test itself.
    pub fn transaction(&self, tenant: Tenant) -> Transaction {
        let entry = AuditEntry {
            actor: Actor::Job { name: "test".to_owned() },
            action: "test.arrange".to_owned(),
            subject: "test".to_owned(),
            request_id: None,
            at: self.app.clock.now(),
        };
        Transaction::new(tenant, entry)
    }

    /// Asks for something.
    pub async fn get(&self, authorization: &str, path: &str) -> Answer {
        self.ask(Method::GET, path, authorization, &[], None).await
    }

    /// Sends JSON under a fresh idempotency key.
    pub async fn post(&self, authorization: &str, path: &str, body: Value) -> Answer {
        let key = chance::id().to_string();
        let headers = [("idempotency-key", key.as_str())];
        self.ask(Method::POST, path, authorization, &headers, Some(body)).await
    }

    /// Removes something.
    pub async fn delete(&self, authorization: &str, path: &str) -> Answer {
        self.ask(Method::DELETE, path, authorization, &[], None).await
    }

    /// Sends a request with some headers and a JSON body.
    pub async fn ask(
        &self,
        method: Method,
        path: &str,
        authorization: &str,
        headers: &[(&str, &str)],
        body: Option<Value>,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if !authorization.is_empty() {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = match body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                Body::from(body.to_string())
            }
            None => Body::empty(),
        };
        self.send(request.body(body).unwrap()).await
    }

    /// Sends any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// What the audit trail of an organisation says, oldest first: `action subject`.
    pub async fn audit(&self, tenant: Tenant) -> Vec<String> {
        let page = storage::PageRequest::new(200, None);
        let rows = self.app.table().audit_chain(tenant, &page).await.unwrap().items;
        domain::audit::verify_chain(&rows).unwrap();
        let own = rows.into_iter().filter(|row| row.action != "test.arrange");
        own.map(|row| format!("{} {}", row.action, row.subject)).collect()
    }
}
