//! Sessions: begun at sign-in, carried on by refresh tokens that are good once, ended for good.

use api::identity::{RefreshToken, SESSION_DAYS};
use api::{App, Caller, Error, Requested, chance};
use domain::SessionId;
use domain::audit::Actor;
use domain::identity::{REUSE_LEEWAY, Session, User};
use jiff::SignedDuration;
use storage::{Stored, Transaction};
use subtle::ConstantTimeEq;

/// Sessions ended in one transaction.
const AT_ONCE: usize = 50;

/// What whoever has signed in is given.
pub(crate) struct Signed {
    pub access_token: String,
    pub refresh_token: String,
}

/// The user as the audit trail names them.
pub(crate) fn actor(user: &User) -> Actor {
    Actor::User { id: user.id.to_string() }
}

/// Begins a session within a transaction.
pub(crate) fn begin(app: &App, tx: &mut Transaction, user: &User) -> Result<Signed, Error> {
    let wall = app.clock.wall();
    let id = SessionId::new(chance::id());
    let refresh = RefreshToken::new(id);
    tx.create(&Session {
        id,
        user: user.id,
        org: user.org,
        refresh_hash: refresh.hash(),
        previous_refresh_hash: None,
        rotated_at: None,
        created_at: wall,
        expires_at: wall + SignedDuration::from_hours(24 * SESSION_DAYS),
        revoked: false,
    });
    let access_token = app.tokens.issue(user, id, wall).map_err(Error::internal)?;
    Ok(Signed { access_token, refresh_token: refresh.text })
}

/// Exchanges a refresh token. One that was exchanged before, and not just now, ends its session.
pub(crate) async fn rotate(
    app: &App,
    requested: &Requested,
    token: &str,
) -> Result<(Signed, User), Error> {
    let sent = RefreshToken::parse(token).ok_or(Error::Unauthorized)?;
    match exchange(app, requested, &sent).await {
        // Somebody else has just exchanged the same token: look again.
        Err(Error::Conflict { .. }) => exchange(app, requested, &sent).await,
        outcome => outcome,
    }
}

async fn exchange(
    app: &App,
    requested: &Requested,
    sent: &RefreshToken,
) -> Result<(Signed, User), Error> {
    let stored = app.table().session(sent.session).await.map_err(|error| match error {
        storage::Error::NotFound { .. } => Error::Unauthorized,
        error => error.into(),
    })?;
    let session = &stored.value;
    let wall = app.clock.wall();
    if session.revoked || session.expires_at <= wall {
        return Err(Error::Unauthorized);
    }
    let same = |hash: &String| bool::from(sent.hash().as_bytes().ct_eq(hash.as_bytes()));
    let tenant = api::proven(session.org);
    let again = session.previous_refresh_hash.as_ref().is_some_and(same);
    if again && session.rotated_at.is_none_or(|at| wall > at + REUSE_LEEWAY) {
        tracing::warn!(session = %session.id, "a refresh token came twice: the session is ended");
        let actor = Actor::User { id: session.user.to_string() };
        let mut tx =
            requested.transaction(tenant, actor, "session.revoke_reused", session.id, wall);
        tx.update(&stored, Session { revoked: true, ..session.clone() });
        app.table().commit(tx).await?;
        return Err(Error::Unauthorized);
    }
    if !again && !same(&session.refresh_hash) {
        return Err(Error::Unauthorized);
    }
    let user = app.table().user(tenant, session.user).await?.value;
    if session.created_at < user.sessions_valid_from {
        return Err(Error::Unauthorized);
    }
    let refresh = RefreshToken::new(session.id);
    // The leeway runs from the first exchange: a token is not kept alive by sending it again.
    let (previous, rotated_at) = if again {
        (session.previous_refresh_hash.clone(), session.rotated_at)
    } else {
        (Some(session.refresh_hash.clone()), Some(wall))
    };
    let rotated = Session {
        previous_refresh_hash: previous,
        rotated_at,
        refresh_hash: refresh.hash(),
        expires_at: wall + SignedDuration::from_hours(24 * SESSION_DAYS),
        ..session.clone()
    };
    let mut tx = requested.transaction(tenant, actor(&user), "session.refresh", session.id, wall);
    tx.update(&stored, rotated);
    app.table().commit(tx).await?;
    let access_token = app.tokens.issue(&user, sent.session, wall).map_err(Error::internal)?;
    Ok((Signed { access_token, refresh_token: refresh.text }, user))
}

/// Stores a new password and ends every session but the caller's.
pub(crate) async fn replace_password(
    app: &App,
    caller: &Caller,
    user: Stored<User>,
    password_hash: String,
) -> Result<(), Error> {
    let wall = app.clock.wall();
    let sessions = app.table().sessions(caller.tenant, caller.user).await?;
    let (own, others): (Vec<_>, Vec<_>) = sessions
        .into_iter()
        .filter(|session| !session.value.revoked)
        .partition(|session| session.value.id == caller.session);
    let mut chunks = others.chunks(AT_ONCE);

    // The password and, but for people with very many sessions, all of them in one transaction.
    let mut tx = caller.transaction("user.change_password", caller.user, wall);
    let changed = User { password_hash, sessions_valid_from: wall, ..user.value.clone() };
    tx.update(&user, changed);
    for session in own {
        // Its owner has just proven themself: it counts as begun now.
        let kept = Session { created_at: wall, ..session.value.clone() };
        tx.update(&session, kept);
    }
    revoke(&mut tx, chunks.next().unwrap_or_default());
    app.table().commit(tx).await?;
    for chunk in chunks {
        let mut tx = caller.transaction("session.revoke", caller.user, wall);
        revoke(&mut tx, chunk);
        app.table().commit(tx).await?;
    }
    Ok(())
}

fn revoke(tx: &mut Transaction, sessions: &[Stored<Session>]) {
    for session in sessions {
        tx.update(session, Session { revoked: true, ..session.value.clone() });
    }
}
