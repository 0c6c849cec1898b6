//! One handler per route.

use crate::session::{self, Signed};
use crate::view::{ChangePassword, Login, Refresh, SignUp, Tokens, User};
use crate::{attempts, cookie};
use api::{App, Caller, Error, Json, Problems, Requested, chance};
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use domain::identity::{self, Organisation, Role};
use domain::{OrgId, UserId};
use http::{HeaderMap, StatusCode, header};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// `/api/v1/auth/…`
pub fn routes() -> OpenApiRouter<App> {
    OpenApiRouter::default()
        .routes(routes!(sign_up))
        .routes(routes!(login))
        .routes(routes!(refresh))
        .routes(routes!(logout))
        .routes(routes!(get_me))
        .routes(routes!(change_password))
}

/// Make an organisation and its first owner
#[utoipa::path(
    post, path = "/api/v1/auth/sign-up", operation_id = "sign_up", tag = "auth", security(()),
    request_body = SignUp,
    responses((status = 201, description = "Signed up and signed in.", body = Tokens), Problems),
)]
async fn sign_up(
    State(app): State<App>,
    requested: Requested,
    Json(body): Json<SignUp>,
) -> Result<Response, Error> {
    let email = body.email.trim().to_lowercase();
    identity::check_password(&body.password, &email)
        .map_err(|refused| Error::invalid("/password", refused))?;
    let password_hash = app.passwords.hash(&body.password).await.map_err(Error::internal)?;
    let wall = app.clock.wall();
    let organisation = Organisation {
        id: OrgId::new(chance::id()),
        name: body.organisation_name.trim().to_owned(),
        created_at: wall,
    };
    let user = identity::User {
        id: UserId::new(chance::id()),
        org: organisation.id,
        email,
        name: body.name.trim().to_owned(),
        role: Role::Owner,
        password_hash,
        sessions_valid_from: wall,
        created_at: wall,
    };
    let tenant = api::proven(organisation.id);
    let mut tx = requested.transaction(
        tenant,
        session::actor(&user),
        "organisation.create",
        organisation.id,
        wall,
    );
    tx.create(&organisation);
    tx.create(&user);
    let signed = session::begin(&app, &mut tx, &user)?;
    app.table().commit(tx).await.map_err(|error| match error {
        storage::Error::Exists { .. } => {
            Error::conflict("email-taken", "this e-mail address is taken")
        }
        error => error.into(),
    })?;
    answer(&app, signed, &user, &organisation, body.refresh_in_body, StatusCode::CREATED)
}

/// Sign in
#[utoipa::path(
    post, path = "/api/v1/auth/login", operation_id = "login", tag = "auth", security(()),
    request_body = Login,
    responses((status = 200, description = "Signed in. Sets the refresh cookie unless the refresh token was asked for in the body.", body = Tokens), Problems),
)]
async fn login(
    State(app): State<App>,
    requested: Requested,
    Json(body): Json<Login>,
) -> Result<Response, Error> {
    let email = body.email.trim().to_lowercase();
    attempts::count(&app, &email, &requested).await?;
    let user = app.table().user_by_email(&email).await?;
    let hash = user.as_ref().map(|user| user.value.password_hash.as_str());
    let good = app.passwords.verify(&body.password, hash).await.map_err(Error::internal)?;
    let Some(user) = user.filter(|_| good) else {
        return Err(Error::WrongCredentials);
    };
    let user = user.value;
    let tenant = api::proven(user.org);
    let organisation = app.table().organisation(tenant).await?.value;
    let wall = app.clock.wall();
    let mut tx =
        requested.transaction(tenant, session::actor(&user), "session.create", user.id, wall);
    let signed = session::begin(&app, &mut tx, &user)?;
    app.table().commit(tx).await?;
    attempts::forget(&app, &email).await?;
    answer(&app, signed, &user, &organisation, body.refresh_in_body, StatusCode::OK)
}

/// Exchange a refresh token for new tokens
///
/// A refresh token is good once. Seeing it again means that somebody has a copy, and ends the session.
#[utoipa::path(
    post, path = "/api/v1/auth/refresh", operation_id = "refresh", tag = "auth", security(()),
    params(("X-Requested-By" = Option<String>, Header, description = "Anything; needed with the cookie.")),
    request_body = Option<Refresh>,
    responses((status = 200, description = "New tokens.", body = Tokens), Problems),
)]
async fn refresh(
    State(app): State<App>,
    requested: Requested,
    headers: HeaderMap,
    body: Option<Json<Refresh>>,
) -> Result<Response, Error> {
    let in_body = body.is_some();
    let token = match body {
        Some(Json(body)) => Some(body.refresh_token),
        None => cookie::get(&app, &headers)?,
    };
    let token = token.ok_or(Error::Unauthorized)?;
    let (signed, user) = session::rotate(&app, &requested, &token).await?;
    let organisation = app.table().organisation(api::proven(user.org)).await?.value;
    answer(&app, signed, &user, &organisation, in_body, StatusCode::OK)
}

/// End this session
#[utoipa::path(
    post, path = "/api/v1/auth/logout", operation_id = "logout", tag = "auth",
    responses((status = 204, description = "The session is over, from the next request on."), Problems),
)]
async fn logout(State(app): State<App>, caller: Caller) -> Result<Response, Error> {
    let stored = app.table().session(caller.session).await?;
    let mut tx = caller.transaction("session.revoke", caller.session, app.clock.wall());
    let revoked = identity::Session { revoked: true, ..stored.value.clone() };
    tx.update(&stored, revoked);
    app.table().commit(tx).await?;
    let cleared = [(header::SET_COOKIE, cookie::set(&app, None)?)];
    Ok((StatusCode::NO_CONTENT, cleared).into_response())
}

/// Who am I
#[utoipa::path(
    get, path = "/api/v1/auth/me", operation_id = "get_me", tag = "auth",
    responses((status = 200, description = "You.", body = User), Problems),
)]
async fn get_me(State(app): State<App>, caller: Caller) -> Result<Json<User>, Error> {
    let user = app.table().user(caller.tenant, caller.user).await?.value;
    let organisation = app.table().organisation(caller.tenant).await?.value;
    Ok(Json(User::of(&user, &organisation)))
}

/// Change your password
///
/// All your other sessions end.
#[utoipa::path(
    post, path = "/api/v1/auth/change-password", operation_id = "change_password", tag = "auth",
    request_body = ChangePassword,
    responses((status = 204, description = "Changed; every other session of yours is over."), Problems),
)]
async fn change_password(
    State(app): State<App>,
    caller: Caller,
    requested: Requested,
    Json(body): Json<ChangePassword>,
) -> Result<StatusCode, Error> {
    let stored = app.table().user(caller.tenant, caller.user).await?;
    let user = &stored.value;
    attempts::count(&app, &user.email, &requested).await?;
    let hash = Some(user.password_hash.as_str());
    if !app.passwords.verify(&body.current_password, hash).await.map_err(Error::internal)? {
        return Err(Error::invalid("/current_password", "this is not your current password"));
    }
    identity::check_password(&body.new_password, &user.email)
        .map_err(|refused| Error::invalid("/new_password", refused))?;
    let password_hash = app.passwords.hash(&body.new_password).await.map_err(Error::internal)?;
    attempts::forget(&app, &user.email).await?;
    session::replace_password(&app, &caller, stored, password_hash).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The answer to whoever has just signed in.
fn answer(
    app: &App,
    signed: Signed,
    user: &identity::User,
    organisation: &Organisation,
    in_body: bool,
    status: StatusCode,
) -> Result<Response, Error> {
    let cookie = cookie::set(app, Some(&signed.refresh_token))?;
    let tokens = Tokens {
        access_token: signed.access_token,
        token_type: "Bearer".to_owned(),
        expires_in: api::identity::ACCESS_TOKEN_SECONDS,
        refresh_token: in_body.then_some(signed.refresh_token),
        user: User::of(user, organisation),
    };
    let mut response = (status, Json(tokens)).into_response();
    if !in_body {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    Ok(response)
}
