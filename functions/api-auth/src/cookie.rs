//! The refresh cookie.

use api::{App, Error};
use http::{HeaderMap, HeaderName, HeaderValue, header};

/// What a page of another site can not send without asking first (CORS), and we never allow it.
const REQUESTED_BY: HeaderName = HeaderName::from_static("x-requested-by");

/// The header that sets the cookie to `token`, or clears it.
pub(crate) fn set(app: &App, token: Option<&str>) -> Result<HeaderValue, Error> {
    let secure = if app.settings.is_https() { "; Secure" } else { "" };
    let days = if token.is_some() { api::identity::SESSION_DAYS } else { 0 };
    let age = days * 86_400;
    let (name, token) = (name(app), token.unwrap_or_default());
    let text = format!("{name}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Strict{secure}");
    HeaderValue::from_str(&text).map_err(Error::internal)
}

/// The token in the cookie. A request that carries one must prove that our own page sent it.
pub(crate) fn get(app: &App, headers: &HeaderMap) -> Result<Option<String>, Error> {
    let lead = format!("{}=", name(app));
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).map(str::trim);
    let Some(token) = pairs.find_map(|pair| pair.strip_prefix(&lead)) else {
        return Ok(None);
    };
    if !headers.contains_key(REQUESTED_BY) {
        return Err(Error::Forbidden("send X-Requested-By with the cookie".to_owned()));
    }
    Ok(Some(token.to_owned()))
}

/// `__Host-` binds a cookie to this very host, and browsers take it over TLS only.
fn name(app: &App) -> &'static str {
    if app.settings.is_https() { "__Host-refresh" } else { "refresh" }
}
