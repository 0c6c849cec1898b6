//! Access tokens: `EdDSA` JWTs of an hour.

use domain::identity::{Role, User};
use domain::{OrgId, SessionId, UserId};
use jiff::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};

/// How long an access token is good, in seconds.
pub const ACCESS_TOKEN_SECONDS: i64 = 3_600;

/// How far clocks may differ, in seconds.
const LEEWAY_SECONDS: u64 = 30;

/// Whom the tokens are for.
const AUDIENCE: &str = "spot-optimizer-api";

/// The `typ` of the header (RFC 9068), so that no other JWT of ours passes for one.
const TYPE: &str = "at+jwt";

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    /// Issuer: the public URL.
    pub iss: String,
    /// Audience.
    pub aud: String,
    /// Who.
    pub sub: UserId,
    /// Of which organisation.
    pub org: OrgId,
    /// What they may do.
    pub role: Role,
    /// In which session.
    pub sid: SessionId,
    /// Its own id.
    pub jti: String,
    /// Issued at, epoch seconds.
    pub iat: i64,
    /// Not before.
    pub nbf: i64,
    /// Expires.
    pub exp: i64,
}

/// Makes and checks access tokens.
#[derive(Clone)]
pub struct Tokens {
    issuer: String,
    signing: EncodingKey,
    checking: DecodingKey,
    validation: Validation,
}

/// A key, or a token, is not good.
#[derive(Debug, thiserror::Error)]
#[error("the token or its key is not good")]
pub struct TokenError(#[from] jsonwebtoken::errors::Error);

impl Tokens {
    /// Tokens signed by the Ed25519 key with this 32-byte seed.
    pub fn new(seed: &[u8; 32], issuer: &str) -> Result<Self, TokenError> {
        // PKCS #8 version 1 (RFC 8410 §7): a fixed head, then the seed.
        let mut pkcs8 = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        pkcs8.extend_from_slice(seed);
        let signing = EncodingKey::from_ed_der(&pkcs8);
        let checking = DecodingKey::from_jwk(&Jwk::from_encoding_key(&signing, Algorithm::EdDSA)?)?;

        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.leeway = LEEWAY_SECONDS;
        validation.validate_nbf = true;
        validation.set_audience(&[AUDIENCE]);
        validation.set_issuer(&[issuer]);
        // Without this a token that lacks `aud` or `iss` would pass.
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        Ok(Self { issuer: issuer.to_owned(), signing, checking, validation })
    }

    /// A token for a session; `now` is wall-clock time.
    pub fn issue(
        &self,
        user: &User,
        session: SessionId,
        now: Timestamp,
    ) -> Result<String, TokenError> {
        let claims = Claims {
            iss: self.issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: user.id,
            org: user.org,
            role: user.role,
            sid: session,
            jti: crate::chance::id().to_string(),
            iat: now.as_second(),
            nbf: now.as_second(),
            exp: now.as_second() + ACCESS_TOKEN_SECONDS,
        };
        self.sign(&claims, TYPE)
    }

    /// What a good token says.
    pub fn check(&self, token: &str) -> Option<Claims> {
        let data = jsonwebtoken::decode::<Claims>(token, &self.checking, &self.validation).ok()?;
        (data.header.typ.as_deref() == Some(TYPE)).then_some(data.claims)
    }

    fn sign<T: Serialize>(&self, claims: &T, typ: &str) -> Result<String, TokenError> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(typ.to_owned());
        Ok(jsonwebtoken::encode(&header, claims, &self.signing)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};
    use uuid::Uuid;

    fn now() -> Timestamp {
        crate::Clock::system().wall()
    }

    fn tokens() -> Tokens {
        Tokens::new(&[7; 32], "https://spot.example").unwrap()
    }

    fn issue(now: Timestamp) -> String {
        let user = User {
            id: UserId::new(Uuid::nil()),
            org: OrgId::new(Uuid::nil()),
            email: "ann@example.com".to_owned(),
            name: "Ann".to_owned(),
            role: Role::Owner,
            password_hash: String::new(),
            sessions_valid_from: now,
            created_at: now,
        };
        tokens().issue(&user, SessionId::new(Uuid::nil()), now).unwrap()
    }

    fn claims() -> Value {
        let mut claims = serde_json::to_value(tokens().check(&issue(now())).unwrap()).unwrap();
        claims["aud"] = json!(AUDIENCE);
        claims
    }

    #[test]
    fn a_token_is_good_for_an_hour_and_half_a_minute() {
        let ago = |seconds| now() - jiff::SignedDuration::from_secs(seconds);
        assert!(tokens().check(&issue(now())).is_some());
        assert!(tokens().check(&issue(ago(3_600 + 20))).is_some());
        assert!(tokens().check(&issue(ago(3_600 + 40))).is_none());
        assert!(tokens().check(&issue(ago(-40))).is_none(), "not before its time");
    }

    #[test]
    fn every_claim_is_required() {
        assert!(tokens().check(&tokens().sign(&claims(), TYPE).unwrap()).is_some());
        for claim in ["iss", "aud", "sub", "org", "role", "sid", "jti", "nbf", "exp"] {
            let mut without = claims();
            without.as_object_mut().unwrap().remove(claim);
            let token = tokens().sign(&without, TYPE).unwrap();
            assert!(tokens().check(&token).is_none(), "accepted without {claim}");
        }
    }

    #[test]
    fn tokens_for_others_of_others_or_of_another_type_are_refused() {
        let changed = |claim: &str, value: &str| {
            let mut claims = claims();
            claims[claim] = json!(value);
            tokens().sign(&claims, TYPE).unwrap()
        };
        assert!(tokens().check(&changed("aud", "another")).is_none());
        assert!(tokens().check(&changed("iss", "https://evil.example")).is_none());
        assert!(tokens().check(&tokens().sign(&claims(), "JWT").unwrap()).is_none());
        let forged = Tokens::new(&[8; 32], "https://spot.example").unwrap();
        assert!(tokens().check(&forged.sign(&claims(), TYPE).unwrap()).is_none());
    }

    #[test]
    fn another_algorithm_is_refused() {
        let mut header = Header::new(Algorithm::HS256);
        header.typ = Some(TYPE.to_owned());
        let key = EncodingKey::from_secret(&[7; 32]);
        let token = jsonwebtoken::encode(&header, &claims(), &key).unwrap();
        assert!(tokens().check(&token).is_none());
    }
}
