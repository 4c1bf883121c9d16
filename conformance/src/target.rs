//! What is judged: base URLs, the access granted, credentials and known objects, from a target file or from a URL alone.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use fixtures::{Needs, Vendor};
use serde::Deserialize;

use crate::client::{BaseUrl, BaseUrlError};
use crate::secret::{Redactor, Secret};
use crate::world::{self, Kind, Object};

/// What is judged.
#[derive(Clone, Debug)]
pub struct Target {
    /// The name from the target file, else the base URL.
    pub name: String,
    /// Where the admin API is, if the target may have one: scheme, host and port.
    pub admin: Option<Admin>,
    /// The access granted, if something grants one.
    pub access: Option<Needs>,
    /// The vendors that it stands in for, or is.
    pub vendors: Vec<VendorTarget>,
}

/// An admin API that is there, or may be.
#[derive(Clone, Debug)]
pub struct Admin {
    /// In front of `/__admin`.
    pub base_url: BaseUrl,
    /// The token that it asks for.
    pub token: Option<Secret>,
}

/// One vendor at a target.
#[derive(Clone, Debug)]
pub struct VendorTarget {
    /// The vendor.
    pub vendor: Vendor,
    /// Where it is.
    pub base_url: BaseUrl,
    /// The objects known to exist there.
    pub known: Rc<BTreeMap<String, Object>>,
    /// The account that may be written to although the host is the vendor's own.
    pub writes_to: Option<String>,
}

/// A target that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The file cannot be read.
    #[error("cannot read the target file {}: {source}", file.display())]
    Unreadable {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is no target file.
    #[error("{}: {why}", file.display())]
    Malformed {
        /// The file.
        file: PathBuf,
        /// What is wrong, with the line.
        why: String,
    },
    /// A base URL is none.
    #[error(transparent)]
    BaseUrl(#[from] BaseUrlError),
    /// The URL alone does not say which vendor is there.
    #[error(
        "--base-url needs exactly one --vendor where no admin API is granted; choose one of {0}"
    )]
    WhichVendor(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    name: Option<String>,
    access: Option<Needs>,
    admin: Option<AdminDocument>,
    comm100: Option<BTreeMap<String, Written>>,
    chase: Option<BTreeMap<String, Written>>,
    impact: Option<BTreeMap<String, Written>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AdminDocument {
    base_url: String,
    token: Option<Written>,
}

/// `"text"`, `19845`, or `{ env = "NAME" }`.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Text(String),
    Number(i64),
    Env(FromEnv),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FromEnv {
    env: String,
}

/// How variables are looked up; the environment, except in tests.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Target {
    /// A URL alone. With an admin API every vendor is behind it; without one it is `vendor`'s base URL, and what is known
    /// there comes from variables such as `CHASE_API_KEY` and `CHASE_CONTACT`.
    ///
    /// # Errors
    ///
    /// When it is no URL.
    pub fn of_url(
        base_url: &str,
        vendors: &[Vendor],
        variables: Variables<'_>,
    ) -> Result<Self, TargetError> {
        let base_url = BaseUrl::parse(base_url)?;
        let documented = is_documented(&base_url.host);
        let targets = vendors.iter().map(|&vendor| {
            let known = world::kinds(vendor)
                .iter()
                .filter_map(|(name, kind)| {
                    let variable = variable(vendor, name, kind);
                    let value = variables(&variable)?;
                    let object = match kind.secret {
                        Some(_) => Object::Secret(Secret::new(&variable, &value)),
                        None => Object::Text(value),
                    };
                    Some((name.clone(), object))
                })
                .collect();
            VendorTarget {
                vendor,
                base_url: base_url.clone(),
                known: Rc::new(known),
                writes_to: None,
            }
        });
        Ok(Self {
            name: base_url.to_string(),
            vendors: targets.collect(),
            access: None,
            // A loopback target may be a mock. `/__admin` is never asked of a vendor.
            admin: (base_url.is_loopback() && !documented).then(|| Admin {
                base_url: base_url.with_path(&base_url.path),
                token: variables("MOCK_ADMIN_TOKEN")
                    .map(|value| Secret::new("MOCK_ADMIN_TOKEN", &value)),
            }),
        })
    }

    /// A target file. The second value is what its reader should be warned of.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or something in it is wrong.
    pub fn read(file: &Path, variables: Variables<'_>) -> Result<(Self, Vec<String>), TargetError> {
        let unreadable = |source| TargetError::Unreadable {
            file: file.to_owned(),
            source,
        };
        let text = std::fs::read_to_string(file).map_err(unreadable)?;
        let readable_by_all = is_readable_by_all(file).map_err(unreadable)?;
        let malformed = |why: String| TargetError::Malformed {
            file: file.to_owned(),
            why,
        };
        let document: Document =
            toml::from_str(&text).map_err(|error| malformed(error.to_string()))?;
        let mut literal = Vec::new();
        let mut value = |name: String, variable: &str, is_secret: bool, written: Written| {
            let from_env = matches!(written, Written::Env(_));
            let (shown, value) = match written {
                Written::Text(text) => (variable.to_owned(), text),
                Written::Number(number) => (variable.to_owned(), number.to_string()),
                Written::Env(FromEnv { env }) => {
                    let value = variables(&env).ok_or_else(|| {
                        malformed(format!("{name} = {{ env = \"{env}\" }}: {env} is not set"))
                    })?;
                    (env, value)
                }
            };
            if is_secret && !from_env {
                literal.push(name);
            }
            Ok::<Object, TargetError>(if is_secret || from_env {
                Object::Secret(Secret::new(&shown, &value))
            } else {
                Object::Text(value)
            })
        };

        let mut vendors = Vec::new();
        let tables = [document.comm100, document.chase, document.impact];
        for (vendor, table) in fixtures::VENDORS.into_iter().zip(tables) {
            let Some(mut table) = table else { continue };
            let kinds = world::kinds(vendor);
            let mut text = |name: &str| match table.remove(name) {
                Some(Written::Text(text)) => Ok(Some(text)),
                None => Ok(None),
                Some(_) => Err(malformed(format!(
                    "[{}] {name} has to be a text",
                    vendor.name()
                ))),
            };
            let base_url = text("base_url")?
                .ok_or_else(|| malformed(format!("[{}] has no base_url", vendor.name())))?;
            let writes_to = text("writes_to")?;
            let mut known = BTreeMap::new();
            for (name, written) in table {
                let place = format!("[{}] {name}", vendor.name());
                let Some(kind) = kinds.get(&name) else {
                    let names: Vec<&str> = kinds.keys().map(String::as_str).collect();
                    return Err(malformed(format!(
                        "{place} is nothing that a check knows; there are base_url, writes_to, {}",
                        names.join(", ")
                    )));
                };
                let variable = variable(vendor, &name, kind);
                known.insert(
                    name,
                    value(place, &variable, kind.secret.is_some(), written)?,
                );
            }
            vendors.push(VendorTarget {
                vendor,
                base_url: BaseUrl::parse(&base_url)?,
                known: Rc::new(known),
                writes_to,
            });
        }
        if vendors.is_empty() && document.admin.is_none() {
            return Err(malformed(
                "it names no vendor: add [comm100], [chase] or [impact] with a base_url".to_owned(),
            ));
        }
        let admin = match document.admin {
            Some(AdminDocument { base_url, token }) => {
                let token = token
                    .map(|token| value("[admin] token".to_owned(), "MOCK_ADMIN_TOKEN", true, token))
                    .transpose()?;
                Some(Admin {
                    base_url: BaseUrl::parse(&base_url)?,
                    token: token.and_then(|token| match token {
                        Object::Secret(secret) => Some(secret),
                        Object::Text(_) => None,
                    }),
                })
            }
            None => None,
        };
        let warnings = if readable_by_all {
            literal
                .iter()
                .map(|name| {
                    format!(
                        "{}: {name} is a secret in a file that everybody on this machine can read; write {{ env = \"NAME\" }} or chmod 600",
                        file.display()
                    )
                })
                .collect()
        } else {
            Vec::new()
        };
        let name = document.name.unwrap_or_else(|| file.display().to_string());
        Ok((
            Self {
                name,
                admin,
                access: document.access,
                vendors,
            },
            warnings,
        ))
    }

    /// Replaces everything that must not be shown.
    pub fn redactor(&self) -> Redactor {
        let objects = || self.vendors.iter().flat_map(|vendor| vendor.known.values());
        let secrets: Vec<&Secret> = objects()
            .filter_map(|object| match object {
                Object::Secret(secret) => Some(secret),
                Object::Text(_) => None,
            })
            .chain(self.admin.iter().filter_map(|admin| admin.token.as_ref()))
            .collect();
        let names: Vec<&str> = objects()
            .map(|object| match object {
                Object::Text(text) => text.as_str(),
                Object::Secret(secret) => secret.reveal(),
            })
            .collect();
        let pairs = names
            .iter()
            .flat_map(|name| secrets.iter().map(|secret| (*name, *secret)));
        Redactor::new(secrets.iter().copied(), pairs)
    }
}

/// The variable that usually holds a known object: `CHASE_CONTACT`.
fn variable(vendor: Vendor, name: &str, kind: &Kind) -> String {
    kind.secret
        .clone()
        .unwrap_or_else(|| format!("{}_{name}", vendor.name()).to_ascii_uppercase())
}

/// The hosts that a vendor documents, in lower case.
///
/// # Panics
///
/// When the vendor's `openapi.json` names none: a mistake of the fixtures, which a test looks for.
pub fn documented_hosts(vendor: Vendor) -> Vec<String> {
    let description: serde_json::Value =
        serde_json::from_str(vendor.openapi()).expect("a test reads every openapi.json");
    let servers = description["servers"].as_array().into_iter().flatten();
    servers
        .flat_map(|server| {
            let variable = server["variables"]["host"]["enum"].as_array();
            let named = variable
                .into_iter()
                .flatten()
                .filter_map(|host| host.as_str());
            let url = server["url"].as_str().unwrap_or_default();
            let url = url
                .strip_prefix("https://")
                .filter(|host| !host.contains('{'));
            named
                .chain(url)
                .map(str::to_ascii_lowercase)
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Whether a host is one that a vendor documents, in any letter case, and with or without the dot of a whole name.
pub fn is_documented(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    fixtures::VENDORS
        .into_iter()
        .any(|vendor| documented_hosts(vendor).contains(&host))
}

#[cfg(unix)]
fn is_readable_by_all(file: &Path) -> std::io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(std::fs::metadata(file)?.permissions().mode() & 0o004 != 0)
}

#[cfg(not(unix))]
fn is_readable_by_all(_: &Path) -> std::io::Result<bool> {
    Ok(false)
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    fn read(text: &str) -> Result<(Target, Vec<String>), String> {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        Target::read(file.path(), &|name| {
            (name == "KEY").then(|| "s3cret-value".to_owned())
        })
        .map_err(|error| error.to_string())
    }

    #[test]
    fn every_vendor_documents_a_host() {
        for vendor in fixtures::VENDORS {
            let hosts = documented_hosts(vendor);
            assert!(!hosts.is_empty() && hosts.iter().all(|host| host.contains('.')));
        }
    }

    #[test]
    fn a_target_file_is_read() {
        let (target, warnings) = read(
            "name = \"staging\"\naccess = \"write\"\n[chase]\nbase_url = \"http://localhost:1\"\napi_key = { env = \"KEY\" }\ncontact = \"a@example.com\"",
        )
        .unwrap();
        assert_eq!(
            (target.name.as_str(), target.access),
            ("staging", Some(Needs::Write))
        );
        assert!(warnings.is_empty());
        assert_eq!(target.redactor().text("is s3cret-value"), "is $KEY");
    }

    #[test]
    fn mistakes_are_named() {
        for (text, named) in [
            ("", "names no vendor"),
            ("nonsense", "line 1"),
            ("access = \"all\"", "access"),
            ("[chase]\n", "no base_url"),
            ("[chase]\nbase_url = \"x\"", "http://"),
            ("[chase]\nbase_url = \"http://a\"\nkey = \"x\"", "api_key"),
            (
                "[chase]\nbase_url = \"http://a\"\napi_key = { env = \"NONE\" }",
                "NONE is not set",
            ),
            ("[other]\n", "other"),
        ] {
            let error = read(text).unwrap_err();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_secret_that_all_can_read_is_warned_of() {
        use std::os::unix::fs::PermissionsExt;
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(b"[chase]\nbase_url = \"http://a\"\napi_key = \"literal\"")
            .unwrap();
        let none = |_: &str| None;
        for (mode, expected) in [(0o600, 0), (0o644, 1)] {
            std::fs::set_permissions(file.path(), std::fs::Permissions::from_mode(mode)).unwrap();
            let (_, warnings) = Target::read(file.path(), &none).unwrap();
            assert_eq!(warnings.len(), expected);
            assert!(!warnings.concat().contains("literal"));
        }
    }
}
