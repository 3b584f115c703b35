//! `parlour token`: signs a token with the secret the node checks it with.

use std::time::Duration;

use anyhow::Context;
use clap::builder::NonEmptyStringValueParser;

use super::{config_args::ConfigArgs, out};
use crate::{
    auth::{self, MintClaims},
    config::{Config, Value},
    exit::{Exit, Failure},
};

/// While trying it out, nobody wants to be signed out by lunch.
const TTL_DEV: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const TTL: Duration = Duration::from_secs(60 * 60);

/// Sign a token for somebody, with the node's own secret.
///
/// Takes the same configuration as `run`, to find the secret. With --dev, and no secret configured, it is
/// the one that `run --dev` keeps in the data folder.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Id of the user: the token's `sub`.
    #[arg(long, value_name = "ID", value_parser = NonEmptyStringValueParser::new())]
    user: String,
    /// Name to show.
    #[arg(long)]
    name: Option<String>,
    /// Address of a picture.
    #[arg(long, value_name = "URL")]
    picture: Option<String>,
    /// What the user may do on this node.
    #[arg(long, value_parser = ["user", "moderator", "admin"])]
    role: Option<String>,
    /// What the user has paid for.
    #[arg(long, value_parser = ["free", "premium"])]
    plan: Option<String>,
    /// How long the token is good, such as 15m; 30 days with --dev, else 1 hour.
    #[arg(long, value_name = "DURATION", value_parser = <Duration as Value>::parse)]
    ttl: Option<Duration>,
    #[command(flatten)]
    config: ConfigArgs,
}

impl Args {
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let config = self.config.sources().load()?.config.with_dev_secret()?;
        let secret = config
            .auth
            .secret
            .clone()
            .with_context(|| no_secret(&config))?;
        let ttl = if config.node.dev { TTL_DEV } else { TTL };
        let claims = MintClaims {
            sub: self.user,
            name: self.name,
            picture: self.picture,
            role: self.role,
            plan: self.plan,
            issuer: config.auth.issuer,
            audience: config.auth.audience,
            ttl: self.ttl.unwrap_or(ttl),
        };
        let token = auth::mint(secret.expose().as_bytes(), &claims)
            .context(Failure::new(Exit::Usage, "failed to make a token"))?;
        out::print(&format!("{token}\n"))
    }
}

fn no_secret(config: &Config) -> Failure {
    let message = if config.auth.has_public_key() {
        "no secret to sign with: this node checks tokens with public keys, so sign them where the private one is"
    } else {
        "no secret to sign with; give the node's configuration (--config, --flagfile, --auth-secret-file), or --dev and --data for a node that runs with --dev"
    };
    Failure::new(Exit::Config, message)
}
