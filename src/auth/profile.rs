//! What a token says of a person: the part of the claims that becomes their profile.
//!
//! A wrong role or plan is a refusal, as it decides what somebody may do. What is only for show gives
//! way: a name is cleaned and cut, and a picture that isn't a web address is no picture.

use parlour_storage::domain::user::{NodeRole, Plan};
use parlour_storage::store::Profile;
use serde::Deserialize;
use serde_json::Value;

use super::error::TokenError;

/// Longest name that is kept, in characters; the rest of a longer one is cut off.
pub const NAME_CHARS_MAX: usize = 128;

/// Longest address of a picture, in bytes; a longer one is ignored.
pub const PICTURE_BYTES_MAX: usize = 2 * 1024;

/// The claims of the profile. All are optional, and `null` is as good as absent.
#[derive(Deserialize)]
struct ProfileClaims {
    name: Option<Value>,
    picture: Option<Value>,
    /// What some issuers call the picture. Taken when `picture` is absent or no good.
    photo: Option<Value>,
    role: Option<Value>,
    plan: Option<Value>,
    /// `true`: as good as the plan `premium`.
    premium: Option<Value>,
}

/// Reads the profile from all claims, given as JSON text.
pub(super) fn read(json: &[u8]) -> Result<Profile, TokenError> {
    let claims: ProfileClaims = serde_json::from_slice(json).map_err(|_| TokenError::Malformed)?;
    let pictures = [&claims.picture, &claims.photo];
    Ok(Profile {
        name: name(claims.name.as_ref())?,
        picture: pictures.into_iter().flatten().find_map(picture),
        role: role(claims.role.as_ref())?,
        plan: plan(claims.plan.as_ref(), claims.premium.as_ref())?,
    })
}

fn name(claim: Option<&Value>) -> Result<Option<String>, TokenError> {
    let Some(text) = text(claim, "name")? else {
        return Ok(None);
    };
    let clean: String = text.chars().filter(|c| !c.is_control()).collect();
    let cut: String = clean.trim().chars().take(NAME_CHARS_MAX).collect();
    Ok(Some(cut).filter(|name| !name.is_empty()))
}

/// The address, if a browser may be told to load it: no `javascript:` or `data:`, and nothing that
/// could end the attribute it will stand in.
fn picture(claim: &Value) -> Option<String> {
    let address = claim.as_str()?;
    let lower = address.get(..8)?.to_ascii_lowercase();
    let rest = match lower.strip_prefix("http://") {
        Some(_) => &address[7..],
        None => lower.strip_prefix("https://").map(|_| &address[8..])?,
    };
    let plain = |c: char| !c.is_control() && !c.is_whitespace() && !"\"'<>\\`".contains(c);
    let good = address.len() <= PICTURE_BYTES_MAX
        && rest.starts_with(|c: char| c.is_alphanumeric() || c == '[')
        && address.chars().all(plain);
    good.then(|| address.to_owned())
}

fn role(claim: Option<&Value>) -> Result<NodeRole, TokenError> {
    match text(claim, "role")? {
        // `marketplace` has two sorts of people, who may do the same (CONTRACT S1-44).
        None | Some("user" | "client" | "worker") => Ok(NodeRole::User),
        Some("moderator") => Ok(NodeRole::Moderator),
        Some("admin") => Ok(NodeRole::Admin),
        Some(_) => Err(TokenError::BadClaim("role")),
    }
}

/// Either claim makes it the paid plan.
fn plan(plan: Option<&Value>, premium: Option<&Value>) -> Result<Plan, TokenError> {
    let named = match text(plan, "plan")? {
        None | Some("free") => Plan::Free,
        Some("premium") => Plan::Premium,
        Some(_) => return Err(TokenError::BadClaim("plan")),
    };
    match premium {
        None | Some(Value::Bool(false)) => Ok(named),
        Some(Value::Bool(true)) => Ok(Plan::Premium),
        Some(_) => Err(TokenError::BadClaim("premium")),
    }
}

fn text<'a>(claim: Option<&'a Value>, called: &'static str) -> Result<Option<&'a str>, TokenError> {
    match claim {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(TokenError::BadClaim(called)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(claims: &str) -> Result<Profile, TokenError> {
        super::read(claims.as_bytes())
    }

    fn bad(claim: &'static str) -> Option<TokenError> {
        Some(TokenError::BadClaim(claim))
    }

    #[test]
    fn who_says_little_is_a_user_on_the_free_plan() {
        let nothing = Profile {
            name: None,
            picture: None,
            role: NodeRole::User,
            plan: Plan::Free,
        };
        for claims in [
            "{}",
            r#"{"name":null,"picture":null,"role":null,"plan":null,"premium":null}"#,
            r#"{"name":" \u0000\u001b ","role":"user","plan":"free","premium":false,"other":{"a":[1]}}"#,
        ] {
            assert_eq!(read(claims).unwrap(), nothing, "{claims}");
        }
    }

    #[test]
    fn names_are_cleaned_and_cut() {
        let name = |json: &str| read(&format!(r#"{{"name":{json}}}"#)).unwrap().name;
        assert_eq!(
            name(r#"" A\u001b[31mda\u0007\n ""#).as_deref(),
            Some("A[31mda")
        );
        assert_eq!(name(r#"" ""#), None);
        let long = name(&format!(r#""{}""#, "é".repeat(1000))).unwrap();
        assert_eq!(long.chars().count(), NAME_CHARS_MAX);
        for json in ["1", "[]", "{}", "true"] {
            let refused = read(&format!(r#"{{"name":{json}}}"#));
            assert_eq!(refused.err(), bad("name"), "{json}");
        }
    }

    #[test]
    fn a_picture_is_a_web_address_or_nothing() {
        let picture = |claims: String| read(&claims).unwrap().picture;
        for good in [
            "http://x",
            "https://x.example/a.png?s=1#f",
            "HTTPS://X.example/é",
            "http://[::1]/a",
            "https://é.example",
        ] {
            let kept = picture(format!(r#"{{"picture":"{good}"}}"#));
            assert_eq!(kept.as_deref(), Some(good));
        }
        let longest = format!("https://x/{}", "a".repeat(PICTURE_BYTES_MAX - 10));
        assert_eq!(
            picture(format!(r#"{{"picture":"{longest}"}}"#)),
            Some(longest.clone())
        );
        for ignored in [
            r#""""#,
            r#""x""#,
            r#""http:""#,
            r#""http://""#,
            r#""https://""#,
            r#""https:///x""#,
            r#""javascript:alert(1)""#,
            r#""data:image/png,x""#,
            r#""//x.example/a""#,
            r#""https://x/a b""#,
            r#""https://x/\"onload=""#,
            r#""https://x/\n""#,
            r#""éééééééé""#,
            r#""httpé://x""#,
            &format!(r#""{longest}a""#),
            "1",
            "[]",
            r#"{"url":"https://x"}"#,
        ] {
            assert_eq!(
                picture(format!(r#"{{"picture":{ignored}}}"#)),
                None,
                "{ignored}"
            );
        }
        let other = picture(r#"{"picture":"ftp://x","photo":"http://x/2"}"#.into());
        assert_eq!(other.as_deref(), Some("http://x/2"));
        let first = picture(r#"{"photo":"http://x/2","picture":"http://x/1"}"#.into());
        assert_eq!(first.as_deref(), Some("http://x/1"));
    }

    #[test]
    fn roles_and_plans_are_known_ones() {
        let role = |json: &str| read(&format!(r#"{{"role":{json}}}"#)).map(|profile| profile.role);
        assert_eq!(role(r#""admin""#), Ok(NodeRole::Admin));
        for json in [r#""client""#, r#""worker""#] {
            assert_eq!(role(json), Ok(NodeRole::User), "{json}");
        }
        for json in [
            r#""root""#,
            r#""Admin""#,
            r#""""#,
            "1",
            "true",
            r#"["admin"]"#,
        ] {
            assert_eq!(role(json).err(), bad("role"), "{json}");
        }
        let plan = |claims: &str| read(claims).map(|profile| profile.plan);
        for claims in [
            r#"{"plan":"premium"}"#,
            r#"{"premium":true}"#,
            r#"{"plan":"free","premium":true}"#,
            r#"{"plan":"premium","premium":false}"#,
        ] {
            assert_eq!(plan(claims), Ok(Plan::Premium), "{claims}");
        }
        assert_eq!(plan(r#"{"plan":"gold"}"#).err(), bad("plan"));
        assert_eq!(plan(r#"{"plan":true}"#).err(), bad("plan"));
        assert_eq!(plan(r#"{"premium":"true"}"#).err(), bad("premium"));
        assert_eq!(plan(r#"{"premium":1}"#).err(), bad("premium"));
    }
}
