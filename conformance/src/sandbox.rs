//! A sandbox of a mock, made for one rule and dropped after it.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::rc::Rc;

use fixtures::Vendor;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::client::{BaseUrl, Client};
use crate::driver::{SandboxUrl, ask_admin};
use crate::exchange::Request;
use crate::target::Admin;

/// The instant at which the clock of every sandbox stands.
///
/// # Panics
///
/// Never: it is a constant.
pub fn instant() -> Timestamp {
    "2026-06-10T18:00:00Z".parse().expect("it is RFC 3339")
}

/// Makes sandboxes at one admin API.
pub struct Maker {
    client: Rc<Client>,
    admin: Admin,
    /// Tells the sandboxes of this run from those of another.
    run: String,
    made: Cell<u32>,
    seeds: BTreeMap<&'static str, Value>,
}

/// A sandbox that was made.
pub struct Sandbox {
    /// Its admin API.
    pub url: SandboxUrl,
    /// `/s/{id}`.
    pub path: String,
    /// Where the vendor is in it.
    pub vendor: BaseUrl,
}

impl Maker {
    /// For the admin API of a target.
    pub fn new(client: Rc<Client>, admin: Admin) -> Self {
        let now = Timestamp::now().as_nanosecond();
        Self {
            client,
            admin,
            run: format!("{:x}-{:x}", std::process::id(), now & 0xff_ffff_ffff),
            made: Cell::new(0),
            seeds: fixtures::VENDORS
                .into_iter()
                .map(|vendor| (vendor.name(), seed(vendor)))
                .collect(),
        }
    }

    /// Whether the admin API of this product is there.
    ///
    /// # Errors
    ///
    /// Why nobody answers.
    pub async fn is_there(client: &Client, admin: &Admin) -> Result<bool, String> {
        let url = SandboxUrl {
            base_url: admin
                .base_url
                .with_path(&format!("{}/__admin", admin.base_url.path)),
            token: admin.token.clone(),
        };
        let answer = ask_admin(client, &url, Request::get("/health")).await?;
        let is_ours = |answer: &Value| answer["status"] == "ok" && answer["version"].is_string();
        Ok(answer.status == 200 && answer.json().as_ref().is_some_and(is_ours))
    }

    /// A sandbox that starts from a vendor's seeds, its clock standing at [`instant`].
    ///
    /// # Errors
    ///
    /// What the admin API said.
    pub async fn make(&self, vendor: Vendor, deviations: &[String]) -> Result<Sandbox, String> {
        let number = self.made.get() + 1;
        self.made.set(number);
        let id = format!("conformance-{}-{number}", self.run);
        let base = &self.admin.base_url;
        let sandboxes = SandboxUrl {
            base_url: base.with_path(&format!("{}/__admin/sandboxes", base.path)),
            token: self.admin.token.clone(),
        };
        let wanted = json!({
            "id": id,
            "prefix_only": true,
            "seed": {vendor.name(): self.seeds[vendor.name()]},
            "clock": {"mode": "fixed", "now": instant()},
            "deviations": deviations,
        });
        let answer = ask_admin(&self.client, &sandboxes, Request::post("").json(&wanted)).await?;
        if answer.status != 201 {
            return Err(format!(
                "no sandbox could be made: {} {}",
                answer.status,
                answer.text()
            ));
        }
        let path = format!("/s/{id}");
        Ok(Sandbox {
            vendor: base.with_path(&format!("{}{path}/{}", base.path, vendor.name())),
            url: SandboxUrl {
                base_url: base.with_path(&format!("{}/__admin/sandboxes/{id}", base.path)),
                token: self.admin.token.clone(),
            },
            path,
        })
    }

    /// Back to the seed and its clock; deviations stay.
    ///
    /// # Errors
    ///
    /// What the admin API said.
    pub async fn reset(&self, sandbox: &Sandbox) -> Result<(), String> {
        let only = json!({"only": ["state", "counts", "clock"]});
        let answer = ask_admin(
            &self.client,
            &sandbox.url,
            Request::post("/reset").json(&only),
        )
        .await?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(format!(
                "the sandbox was not reset: {status} {}",
                answer.text()
            )),
        }
    }

    /// Lets deviations count the calls that each of them would change.
    ///
    /// # Errors
    ///
    /// What the admin API said.
    pub async fn watch(&self, sandbox: &Sandbox, deviations: &[String]) -> Result<(), String> {
        let wanted = json!({"deviations": deviations, "dry_run": true});
        let request = Request::new("PUT", "/deviations").json(&wanted);
        let answer = ask_admin(&self.client, &sandbox.url, request).await?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(format!(
                "deviations were not put on: {status} {}",
                answer.text()
            )),
        }
    }

    /// How often each deviation took effect.
    ///
    /// # Errors
    ///
    /// What the admin API said.
    pub async fn activations(&self, sandbox: &Sandbox) -> Result<BTreeMap<String, u64>, String> {
        let answer = ask_admin(&self.client, &sandbox.url, Request::get("/deviations")).await?;
        let shown = answer.json().unwrap_or_default();
        let deviations = shown["deviations"]
            .as_array()
            .ok_or_else(|| format!("no activations are shown: {} {shown}", answer.status))?;
        Ok(deviations
            .iter()
            .filter_map(|shown| {
                Some((
                    shown["id"].as_str()?.to_owned(),
                    shown["activations"].as_u64()?,
                ))
            })
            .collect())
    }

    /// Drops a sandbox.
    ///
    /// # Errors
    ///
    /// What the admin API said.
    pub async fn discard(&self, sandbox: &Sandbox) -> Result<(), String> {
        let answer = ask_admin(&self.client, &sandbox.url, Request::new("DELETE", "")).await?;
        match answer.status {
            200..300 => Ok(()),
            status => Err(format!(
                "the sandbox was not dropped: {status} {}",
                answer.text()
            )),
        }
    }
}

/// A vendor's seed, with what checks need beyond the documented objects.
///
/// # Panics
///
/// When a seed is no TOML: a mistake of the fixtures, which their tests look for.
fn seed(vendor: Vendor) -> Value {
    let [documented, beyond] = [vendor.seed(), vendor.conformance_seed()].map(|text| {
        let table: toml::Table = toml::from_str(text).expect("tests read every seed");
        serde_json::to_value(table).expect("tables have text keys")
    });
    merged(documented, beyond)[vendor.name()].take()
}

/// Tables member by member, lists one behind the other, of anything else the later one.
fn merged(earlier: Value, later: Value) -> Value {
    match (earlier, later) {
        (Value::Object(earlier), Value::Object(later)) => {
            let mut both: Map<String, Value> = earlier;
            for (name, value) in later {
                let value = match both.remove(&name) {
                    Some(earlier) => merged(earlier, value),
                    None => value,
                };
                both.insert(name, value);
            }
            Value::Object(both)
        }
        (Value::Array(mut earlier), Value::Array(later)) => {
            earlier.extend(later);
            Value::Array(earlier)
        }
        (_, later) => later,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seeds_merge_as_the_design_says() {
        let both = merged(
            json!({"a": {"b": 1, "c": [1]}, "d": 1}),
            json!({"a": {"c": [2], "e": 3}, "d": 2}),
        );
        assert_eq!(both, json!({"a": {"b": 1, "c": [1, 2], "e": 3}, "d": 2}));
    }
}
