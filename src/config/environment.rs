//! The environment: `PARLOUR_SESSION_PING_INTERVAL`, and the names other chat servers use.

use std::ffi::{OsStr, OsString};

use super::{
    aliases::{ALIASES, Alias, Meaning},
    options::OPTIONS,
    problem::Problem,
    resolve::Values,
    source::Origin,
    suggest::did_you_mean,
    table::Opt,
};

/// What all names of ours begin with.
const PREFIX: &str = "PARLOUR_";

pub(super) fn read(environment: &[(OsString, OsString)], values: &mut Values) {
    let lookup = |name: &str| {
        let found = environment.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_os_str())
    };
    for alias in ALIASES {
        // Ready-made .env files list every name, with nothing behind those nobody needs.
        if let Some(value) = lookup(alias.name).filter(|value| !value.is_empty()) {
            let overruled = |option: &Opt| lookup(&option.env()).is_some();
            apply_alias(alias, value, overruled, values);
        }
    }
    let mut ours: Vec<_> = environment
        .iter()
        .filter_map(|(name, value)| Some((name.to_str()?, value)))
        .filter(|(name, _)| name.starts_with(PREFIX) && !is_service_link(name))
        .collect();
    // The order of the environment is an accident; that of the problems should not be.
    ours.sort();
    for (name, value) in ours {
        let Some(option) = Opt::of_env(name) else {
            let hint = did_you_mean(name, OPTIONS.iter().map(Opt::env));
            let message = format_args!("there is no option of that name{hint}");
            let place = format_args!("environment {name}");
            values.problems.push(Problem::name(place, message));
            continue;
        };
        let origin = Origin::Env(name.into());
        match value.to_str() {
            Some(text) => values.set(option, text.into(), origin),
            None => values.problems.push(Problem::option(
                option.key,
                "the value is not UTF-8",
                &origin,
            )),
        }
    }
}

fn apply_alias(
    alias: &Alias,
    value: &OsStr,
    overruled: impl Fn(&Opt) -> bool,
    values: &mut Values,
) {
    let name = alias.name;
    let options = match alias.meaning {
        Meaning::Options(options) => options,
        Meaning::Unused(why) => {
            values.notices.push(format!(
                "accepted, not used by this version: {name} ({why})"
            ));
            return;
        }
    };
    for (key, convert) in options {
        let option = Opt::find(key).expect("every alias means an option; a test looks them up");
        if overruled(option) {
            let env = option.env();
            let what = if options.len() == 1 {
                String::new()
            } else {
                format!(" about {key}")
            };
            values.notices.push(format!(
                "{name} counts for nothing{what}, since {env} is set"
            ));
            continue;
        }
        let origin = Origin::Alias(name.into());
        let text = value
            .to_str()
            .ok_or_else(|| "the value is not UTF-8".to_owned());
        match text.and_then(|text| convert(text.trim(), values.text(option))) {
            Ok(text) => values.set(option, text, origin),
            Err(reason) => values
                .problems
                .push(Problem::option(option.key, reason, &origin)),
        }
    }
}

/// Whether the name is one that Kubernetes gives every container beside a service named `parlour`:
/// `PARLOUR_SERVICE_HOST`, `PARLOUR_PORT_8080_TCP_ADDR`. Nobody wrote them, so nobody can mend them.
fn is_service_link(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return false;
    };
    let port = |rest: &str| {
        let (number, protocol) = rest.split_once('_').unwrap_or((rest, ""));
        number.parse::<u16>().is_ok()
            && ["TCP", "UDP", "SCTP"]
                .iter()
                .any(|known| protocol.starts_with(known))
    };
    rest == "PORT"
        || rest.starts_with("SERVICE_HOST")
        || rest.starts_with("SERVICE_PORT")
        || rest.strip_prefix("PORT_").is_some_and(port)
}

/// How this program was called, for commands that a person can paste.
pub fn program() -> String {
    let called = std::env::args_os().next();
    called.map_or_else(
        || "parlour".to_owned(),
        |name| name.to_string_lossy().into_owned(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kubernetes_adds_is_not_a_mistake_of_the_operator() {
        for name in [
            "PARLOUR_SERVICE_HOST",
            "PARLOUR_SERVICE_PORT_HTTP",
            "PARLOUR_PORT",
            "PARLOUR_PORT_8080_TCP",
            "PARLOUR_PORT_8080_TCP_ADDR",
        ] {
            assert!(is_service_link(name), "{name}");
        }
        for name in ["PARLOUR_HTTP_LISTEN", "PARLOUR_PORTS", "PARLOUR_PORT_X"] {
            assert!(!is_service_link(name), "{name}");
        }
    }
}
