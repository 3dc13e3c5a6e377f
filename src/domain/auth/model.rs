//! Credentials and what the API says of them.

use chrono::{DateTime, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    domain::{profile::ProfileId, role::Permissions, tenant::Tenant},
    http::{Text, date::Rfc3339},
    secret::KeyRing,
};

/// Name of the session cookie; the vendor's, so that its front end works.
pub const COOKIE: &str = "connect.sid";

/// How a caller showed who they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub enum CredentialKind {
    /// Cookie of a browser.
    Session,
    /// Bearer token of a person.
    UserToken,
    /// Bearer token of a program.
    ServiceWorker,
}

impl CredentialKind {
    /// The kind of token that a profile of a kind gets.
    pub fn of_token(profile_kind: &str) -> Self {
        if profile_kind == "serviceWorker" { Self::ServiceWorker } else { Self::UserToken }
    }

    /// The name on the wire and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Session => "session",
            Self::UserToken => "userToken",
            Self::ServiceWorker => "serviceWorker",
        }
    }
}

/// Who calls, as found by a credential that is valid.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The tenant the credential belongs to.
    pub tenant: Tenant,
    /// The profile behind it.
    pub profile: ProfileId,
    /// Language of the profile.
    pub lang: String,
    /// What the profile's role and the token's scopes allow.
    pub permissions: Permissions,
    /// How they showed it.
    pub kind: CredentialKind,
    /// Id of the session or token.
    pub credential: Uuid,
    /// From then on it is no longer valid.
    pub expires_at: DateTime<Utc>,
}

/// Body of `POST /api/auth/v1/login`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    /// E-mail address of the profile.
    #[schema(value_type = String, example = "agent@demo.example", max_length = 320, pattern = r"^[^\x00-\x1f\x7f]*$")]
    pub email: Text<0, 320>,
    /// Password.
    #[schema(value_type = String, example = "demo-agent", max_length = 1000, pattern = r"^[^\x00]*$", format = Password)]
    pub password: secrecy::SecretString,
    /// Short name of the tenant, where the host does not say it.
    #[serde(default)]
    #[schema(value_type = Option<String>, example = "demo", max_length = 63, pattern = r"^[^\x00-\x1f\x7f]*$")]
    pub tenant: Option<Text<0, 63>>,
}

/// Who is signed in.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SessionAnswer {
    /// Always true.
    pub success: bool,
    /// The profile's id.
    #[schema(example = 1)]
    pub user_id: ProfileId,
    /// Short name of the tenant.
    #[schema(example = "demo")]
    pub tenant: String,
    /// From then on the credential is no longer valid.
    pub expires_at: Rfc3339,
    /// What the caller may do.
    #[schema(example = json!(["updateTicket", "updateIntent", "executeIntent"]))]
    pub permissions: Vec<&'static str>,
    /// How the caller signed in.
    pub kind: CredentialKind,
}

impl SessionAnswer {
    /// The answer for a caller.
    pub fn of(identity: &Identity) -> Self {
        Self {
            success: true,
            user_id: identity.profile,
            tenant: identity.tenant.slug.clone(),
            expires_at: Rfc3339(identity.expires_at),
            permissions: identity.permissions.names(),
            kind: identity.kind,
        }
    }
}

/// What a bearer token says. It is only believed together with its row in `access_token`.
#[derive(Clone, Debug, Serialize, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Claims {
    /// Profile the token acts for.
    pub user_id: i64,
    /// Short name of the tenant.
    pub tenant: String,
    /// Id of the token's row.
    pub jti: Uuid,
    /// Unix seconds of its making.
    pub iat: i64,
    /// Unix seconds of its end.
    pub exp: i64,
}

impl Claims {
    /// Signs (HS256, key id in the header).
    pub fn sign(&self, keys: &KeyRing) -> jsonwebtoken::errors::Result<String> {
        let (key_id, key) = keys.signing_key();
        let header = Header { kid: Some(key_id), ..Header::new(Algorithm::HS256) };
        jsonwebtoken::encode(&header, self, &EncodingKey::from_secret(&key))
    }

    /// Reads a token whose signature fits. Its end is checked by the caller, against the domain's clock.
    pub fn verify(token: &str, keys: &KeyRing) -> Option<Self> {
        let key_id = jsonwebtoken::decode_header(token).ok()?.kid?;
        let key = keys.verifying_key(&key_id)?;
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false;
        validation.required_spec_claims = ["exp".to_owned()].into();
        jsonwebtoken::decode::<Self>(token, &DecodingKey::from_secret(&key), &validation).ok().map(|data| data.claims)
    }
}

/// A token that was just made. The only time it is shown.
#[derive(Serialize, ToSchema)]
pub struct TokenAnswer {
    /// Always true.
    pub success: bool,
    /// The bearer token.
    #[schema(example = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9.e30.c2ln")]
    pub token: String,
}

/// A token as the list shows it: everything but the token.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ListedToken {
    /// Its id, the `jti`.
    pub id: Uuid,
    /// `userToken` or `serviceWorker`.
    #[schema(example = "userToken")]
    pub kind: String,
    /// What it was made for.
    #[schema(example = "curl")]
    pub name: String,
    /// Profile it acts for.
    #[schema(example = 1)]
    pub user_id: i64,
    /// Permissions it is narrowed to; null = all of the profile's.
    pub scopes: Option<Vec<String>>,
    /// When it was made.
    pub created_at: Rfc3339,
    /// Last use, to the minute; null = never.
    pub last_used_at: Option<Rfc3339>,
    /// When it ends.
    pub expires_at: Rfc3339,
    /// When it was revoked; null = not.
    pub revoked_at: Option<Rfc3339>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring() -> KeyRing {
        KeyRing::generate().parse().unwrap()
    }

    fn claims() -> Claims {
        Claims { user_id: 1, tenant: "demo".into(), jti: Uuid::from_u128(7), iat: 1, exp: 2 }
    }

    #[test]
    fn reads_back_what_it_signed() {
        let ring = ring();
        let token = claims().sign(&ring).unwrap();
        assert_eq!(Claims::verify(&token, &ring), Some(claims()));
    }

    #[test]
    fn refuses_forged_unsigned_and_foreign_tokens() {
        use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as B64};
        let ring = ring();
        let token = claims().sign(&ring).unwrap();
        let parts: Vec<&str> = token.split('.').collect();
        let kid = ring.signing_key().0;
        let none = B64.encode(format!(r#"{{"alg":"none","typ":"JWT","kid":"{kid}"}}"#));
        let other_payload = B64.encode(r#"{"userId":2,"tenant":"demo","jti":"00000000-0000-0000-0000-000000000007","iat":1,"exp":2}"#);
        let foreign = claims().sign(&"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".parse().unwrap()).unwrap();
        for bad in [
            format!("{none}.{}.", parts[1]),
            format!("{none}.{}.{}", parts[1], parts[2]),
            format!("{}.{other_payload}.{}", parts[0], parts[2]),
            foreign,
            "a.b.c".to_owned(),
            String::new(),
        ] {
            assert_eq!(Claims::verify(&bad, &ring), None, "{bad}");
        }
    }
}
