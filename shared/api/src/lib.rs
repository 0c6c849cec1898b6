//! The shape of an HTTP function.
//!
//! A function is a [`utoipa_axum::router::OpenApiRouter`] of [`App`], served by [`serve()`] on Lambda
//! and by [`router()`] anywhere else. A handler's arguments are parsed by their types before its body
//! starts: [`Caller`] or [`AgentCaller`] (who, and so whose data), [`Path`], [`Query`], [`Json`],
//! [`IfMatch`], [`Idempotent`]. Then load → one rule of `domain` → commit → view, and errors travel
//! by `?` as [`Error`].
//!
//! axum's own extractors answer with plain text; ours with problem details.

#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod app;
mod caller;
mod causes;
pub mod chance;
mod clock;
mod conditional;
mod error;
mod extract;
#[cfg(feature = "harness")]
pub mod harness;
mod idempotency;
pub mod identity;
mod layers;
mod openapi;
mod page;
mod requested;
mod serve;
pub mod view;

pub use app::{App, AppError, Settings};
pub use caller::{AgentCaller, Caller, proven};
pub use clock::Clock;
pub use conditional::{IfMatch, Tagged};
pub use error::{Cause, Error, FieldError, Problem};
pub use extract::{Json, MAX_BODY, Path, Query, expect_json, parse_json, read_body, read_json};
pub use idempotency::{Idempotent, ShownOnce};
pub use layers::{RequestId, router};
pub use openapi::{Problems, document};
pub use page::{Page, PageQuery, every};
pub use requested::Requested;
pub use serve::{cursor_key, serve};
