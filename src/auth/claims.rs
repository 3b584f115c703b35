//! What the claims of a token say, once its signature holds: who, until when, and whether to us.
//!
//! Pure: no key, and no clock but the one passed in. A wrong type is a refusal, never a conversion;
//! the one exception is a `sub` that is an integer, as apps with numbered users send it.

use std::time::Duration;

pub use parlour_actors::command::Identity;
use parlour_storage::ids::{Timestamp, UserId};

use serde::Deserialize;
use serde_json::Value;

use super::error::TokenError;
use super::profile;

/// 9999-12-31T23:59:59Z, in seconds. Later times are mistakes: milliseconds, most of them.
const SECONDS_MAX: i64 = 253_402_300_799;

/// What the claims are held against.
#[derive(Clone, Debug)]
pub(super) struct Rules {
    pub(super) issuer: Option<String>,
    pub(super) audience: Option<String>,
    pub(super) leeway: Duration,
}

/// The claims that decide about access, each of whatever type was sent; `null` is as good as absent.
/// Two of one name are an error of the derived code (RFC 7519 section 4 leaves that choice).
#[derive(Deserialize)]
struct Claims {
    sub: Option<Value>,
    exp: Option<Value>,
    nbf: Option<Value>,
    iss: Option<Value>,
    aud: Option<Value>,
}

/// Reads the claims, given as JSON text, and checks them.
pub(super) fn identify(json: &[u8], rules: &Rules, now: Timestamp) -> Result<Identity, TokenError> {
    let claims: Claims = serde_json::from_slice(json).map_err(|_| TokenError::Malformed)?;
    let leeway_ms = i64::try_from(rules.leeway.as_millis()).unwrap_or(i64::MAX);

    let expires = numeric_date(claims.exp.as_ref()).ok_or(TokenError::BadClaim("exp"))?;
    let expires_at = expires.plus_ms(leeway_ms);
    if expires_at <= now {
        return Err(TokenError::Expired);
    }
    if let Some(nbf) = &claims.nbf {
        let from = numeric_date(Some(nbf)).ok_or(TokenError::BadClaim("nbf"))?;
        if now.plus_ms(leeway_ms) < from {
            return Err(TokenError::NotYetValid);
        }
    }
    if let Some(issuer) = &rules.issuer
        && claims.iss.as_ref().and_then(Value::as_str) != Some(issuer)
    {
        return Err(TokenError::WrongIssuer);
    }
    if let Some(audience) = &rules.audience
        && !names(claims.aud.as_ref(), audience)
    {
        return Err(TokenError::WrongAudience);
    }
    Ok(Identity {
        user: user(claims.sub.as_ref()).ok_or(TokenError::BadClaim("sub"))?,
        profile: profile::read(json)?,
        expires_at,
    })
}

/// Seconds since 1970, as an integer. RFC 7519 allows fractions, yet `1.5` tells an issuer that
/// counts in something else, and rounding is how others came to believe `1e400`.
fn numeric_date(value: Option<&Value>) -> Option<Timestamp> {
    let seconds = value?.as_i64()?;
    let in_range = (0..=SECONDS_MAX).contains(&seconds);
    in_range.then(|| Timestamp(seconds * 1000))
}

/// Whether `aud`, a text or a list of nothing but texts, names the audience.
fn names(aud: Option<&Value>, audience: &str) -> bool {
    match aud {
        Some(Value::String(one)) => one == audience,
        Some(Value::Array(all)) => {
            all.iter().all(Value::is_string) && all.iter().any(|one| one == audience)
        }
        _ => false,
    }
}

fn user(sub: Option<&Value>) -> Option<UserId> {
    match sub? {
        Value::String(text) => UserId::new(text).ok(),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            UserId::new(&number.to_string()).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use parlour_storage::domain::user::{NodeRole, Plan};

    use parlour_storage::store::Profile;

    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000_000);

    /// Reads `claims`, a JSON object, beside a good `exp` and `sub`.
    fn read(claims: &str) -> Result<Identity, TokenError> {
        let rest = match claims {
            "{}" => "}".to_owned(),
            _ => format!(",{}", claims.strip_prefix('{').unwrap()),
        };
        read_all(&format!(r#"{{"exp":1000000060,"sub":"ada"{rest}"#))
    }

    fn read_all(json: &str) -> Result<Identity, TokenError> {
        identify(json.as_bytes(), &rules(), NOW)
    }

    fn rules() -> Rules {
        Rules {
            issuer: None,
            audience: None,
            leeway: Duration::from_secs(5),
        }
    }

    fn bad(claim: &'static str) -> Option<TokenError> {
        Some(TokenError::BadClaim(claim))
    }

    #[test]
    fn everything_that_a_token_can_say_is_read() {
        let identity = read(
            r#"{"name":"Ada","picture":"https://x.example/a.png","role":"moderator","plan":"premium"}"#,
        );
        let expected = Identity {
            user: UserId::new("ada").unwrap(),
            profile: Profile {
                name: Some("Ada".into()),
                picture: Some("https://x.example/a.png".into()),
                role: NodeRole::Moderator,
                plan: Plan::Premium,
            },
            expires_at: Timestamp(1_000_000_065_000),
        };
        assert_eq!(identity, Ok(expected));
    }

    #[test]
    fn a_token_is_good_until_its_last_millisecond() {
        let at = |now| {
            identify(
                br#"{"exp":1000,"sub":"a","nbf":900}"#,
                &rules(),
                Timestamp(now),
            )
        };
        assert_eq!(at(1_004_999).unwrap().expires_at, Timestamp(1_005_000));
        assert_eq!(at(1_005_000), Err(TokenError::Expired));
        assert_eq!(at(i64::MAX), Err(TokenError::Expired));
        assert_eq!(at(894_999), Err(TokenError::NotYetValid));
        assert!(at(895_000).is_ok());
        assert_eq!(at(i64::MIN), Err(TokenError::NotYetValid));
    }

    #[test]
    fn a_leeway_beyond_all_measure_does_no_harm() {
        let rules = Rules {
            leeway: Duration::MAX,
            ..rules()
        };
        let identity = identify(br#"{"exp":0,"sub":"a","nbf":9999999999}"#, &rules, NOW);
        assert_eq!(identity.unwrap().expires_at, Timestamp(i64::MAX));
    }

    #[test]
    fn times_are_whole_seconds() {
        for time in [
            r#""1000000060""#,
            "1000000060.0",
            "1000000060.5",
            "1e9",
            "1e300",
            "-1",
            "-9223372036854775808",
            "253402300800",
            "1000000060000",
            "9223372036854775807",
            "18446744073709551615",
            "18446744073709551616",
            "true",
            "[]",
            "[1000000060]",
            "{}",
            r#"{"$date":1}"#,
        ] {
            let json = format!(r#"{{"sub":"a","exp":{time}}}"#);
            assert_eq!(read_all(&json).err(), bad("exp"), "{json}");
            let json = format!(r#"{{"sub":"a","exp":1000000060,"nbf":{time}}}"#);
            assert_eq!(read_all(&json).err(), bad("nbf"), "{json}");
        }
        for (json, error) in [
            (r#"{"sub":"a"}"#, TokenError::BadClaim("exp")),
            (r#"{"sub":"a","exp":null}"#, TokenError::BadClaim("exp")),
            (r#"{"sub":"a","exp":1e400}"#, TokenError::Malformed),
            (r#"{"sub":"a","exp":NaN}"#, TokenError::Malformed),
            (r#"{"sub":"a","exp":0}"#, TokenError::Expired),
        ] {
            assert_eq!(read_all(json).err(), Some(error), "{json}");
        }
    }

    #[test]
    fn a_subject_is_a_text_or_an_integer() {
        let user = |sub: &str| {
            let identity = read_all(&format!(r#"{{"exp":1000000060,"sub":{sub}}}"#))?;
            Ok(identity.user.to_string())
        };
        for (sub, id) in [
            (r#""ada""#, "ada"),
            (r#""\u00e9 \"x\"""#, "é \"x\""),
            ("42", "42"),
            ("0", "0"),
            ("-7", "-7"),
            ("18446744073709551615", "18446744073709551615"),
        ] {
            assert_eq!(user(sub).as_deref(), Ok(id));
        }
        let long = format!(r#""{}""#, "x".repeat(129));
        for sub in [
            r#""""#,
            r#""a\u0000b""#,
            r#""\n""#,
            &long,
            "1.0",
            "1e3",
            "18446744073709551616",
            "true",
            "[]",
            r#"["ada"]"#,
            "{}",
            "null",
        ] {
            assert_eq!(user(sub).err(), bad("sub"), "{sub}");
        }
        assert_eq!(read_all(r#"{"exp":1000000060}"#).err(), bad("sub"));
    }

    #[test]
    fn issuer_and_audience_count_only_when_configured() {
        let any = r#"{"iss":["x",{}],"aud":[[["x"]],1]}"#;
        assert!(read(any).is_ok());

        let strict = Rules {
            issuer: Some("https://id.example".into()),
            audience: Some("chat".into()),
            ..rules()
        };
        let check = |iss: &str, aud: &str| {
            let json = format!(r#"{{"exp":1000000060,"sub":"a","iss":{iss},"aud":{aud}}}"#);
            identify(json.as_bytes(), &strict, NOW).err()
        };
        let good = r#""https://id.example""#;
        for aud in [r#""chat""#, r#"["chat"]"#, r#"["mail","chat"]"#] {
            assert_eq!(check(good, aud), None, "{aud}");
        }
        for iss in [
            "null",
            r#""""#,
            r#""https://id.example/""#,
            r#""HTTPS://id.example""#,
            r#"["https://id.example"]"#,
            "1",
            "{}",
        ] {
            assert_eq!(
                check(iss, r#""chat""#),
                Some(TokenError::WrongIssuer),
                "{iss}"
            );
        }
        for aud in [
            "null",
            r#""""#,
            r#""Chat""#,
            r#""chat ""#,
            "[]",
            r#"["mail"]"#,
            r#"[["chat"]]"#,
            r#"["chat",["chat"]]"#,
            r#"["chat",null]"#,
            r#"{"chat":"chat"}"#,
            "1",
        ] {
            assert_eq!(check(good, aud), Some(TokenError::WrongAudience), "{aud}");
        }
    }

    #[test]
    fn what_is_not_one_object_without_doubles_is_malformed() {
        let deep = format!(
            r#"{{"exp":1,"sub":{}1{}}}"#,
            "[".repeat(3000),
            "]".repeat(3000)
        );
        for json in [
            "",
            "null",
            "1",
            r#""x""#,
            "[]",
            "{",
            "{}}",
            "{} {}",
            &deep,
            r#"{"exp":1000000060,"sub":"a","sub":"b"}"#,
            r#"{"exp":1,"sub":"a","exp":1000000060}"#,
            r#"{"exp":1000000060,"sub":"a","role":"user","r\u006fle":"admin"}"#,
            "{\"exp\":1000000060,\"sub\":\"a\u{0}\"}",
        ] {
            let shown = json.get(..60).unwrap_or(json);
            assert_eq!(read_all(json).err(), Some(TokenError::Malformed), "{shown}");
        }
        let not_utf8 = identify(b"{\"exp\":1000000060,\"sub\":\"a\xff\"}", &rules(), NOW);
        assert_eq!(not_utf8.err(), Some(TokenError::Malformed));
    }
}
