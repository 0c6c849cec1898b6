//! Sign-up, login, refresh, me, password, logout.
