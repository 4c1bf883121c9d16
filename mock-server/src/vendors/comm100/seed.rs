//! What a sandbox starts from: the `[comm100]` table of a seed file, checked and indexed.

use std::collections::{BTreeMap, HashMap};
use std::mem;
use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::conversions;
use super::visitors::Visitor;
use crate::document::Mistake;

/// The `[comm100]` table of a seed file, and of a state document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Document {
    /// Whether calls over plain http are refused.
    pub strict_https: bool,
    /// How many conversions were recorded so far.
    pub recorded: u64,
    /// Accounts by a name of your own; no answer shows it.
    pub accounts: BTreeMap<String, AccountDocument>,
}

/// One account: its settings, its agents, and what they see.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AccountDocument {
    /// The edition; conversions need Enterprise.
    pub edition: Edition,
    /// Whether the account may call at all.
    pub state: AccountState,
    /// How many calls a day are answered; without it, all.
    pub daily_limit: Option<u64>,
    /// The status of a call beyond the limit: 403 or 500.
    pub limit_status: u16,
    /// The address that a call beyond the limit names.
    pub limit_email: String,
    /// Whether marking a conversion needs the permission too.
    pub mark_needs_permission: bool,
    /// Whether a conversion that would be recorded is answered with `error_code` 3 instead.
    pub error_3: bool,
    /// Whether every permitted call is answered with 500.
    pub internal_fault: bool,
    /// Agents by e-mail address, the user name of their calls.
    pub agents: BTreeMap<String, AgentDocument>,
    /// Conversion actions by id.
    pub actions: BTreeMap<i64, ActionDocument>,
    /// Visitors by id, a GUID in lower case.
    pub visitors: BTreeMap<String, Visitor>,
}

impl Default for AccountDocument {
    fn default() -> Self {
        Self {
            edition: Edition::Enterprise,
            state: AccountState::Active,
            daily_limit: None,
            limit_status: 403,
            limit_email: "support@comm100.example".to_owned(),
            mark_needs_permission: false,
            error_3: false,
            internal_fault: false,
            agents: BTreeMap::new(),
            actions: BTreeMap::new(),
            visitors: BTreeMap::new(),
        }
    }
}

/// What an account paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Edition {
    /// Has conversions.
    Enterprise,
    /// Has not.
    Business,
}

/// Whether an account may call at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountState {
    /// It may.
    Active,
    /// 403001.
    Closed,
    /// 403002.
    NotAvailable,
    /// 403004.
    LicensesExpired,
    /// 403005.
    NoLicenses,
}

/// An agent, whose e-mail address and key are the credentials of a call.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentDocument {
    /// The password of their calls.
    pub api_key: String,
    /// What they may do.
    #[serde(default)]
    pub permissions: Vec<Permission>,
    /// Whether they may do everything.
    #[serde(default)]
    pub is_admin: bool,
    /// Whether they may call at all.
    #[serde(default = "yes")]
    pub is_active: bool,
}

/// A permission that a call asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    /// Conversion actions are settings.
    #[serde(rename = "Manage Settings")]
    ManageSettings,
}

/// A conversion action.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ActionDocument {
    /// Its name, which may be empty.
    pub name: String,
    /// Whether it can be achieved.
    #[serde(rename = "isEnable", default = "yes")]
    pub is_enable: bool,
    /// How it is achieved; no answer shows it.
    #[serde(rename = "type", default)]
    pub kind: ActionKind,
}

/// How an action is achieved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ActionKind {
    /// By a call.
    #[default]
    Api,
    /// By the visitor, who opens a page.
    Url,
    /// By the visitor, whose page sets a variable.
    CustomVariable,
}

fn yes() -> bool {
    true
}

/// A sound document, indexed.
#[derive(Debug)]
pub struct Seed {
    pub(super) strict_https: bool,
    pub(super) recorded: u64,
    /// By name. Shared with the seeds that are made from this one.
    accounts: Arc<BTreeMap<Arc<str>, Arc<Account>>>,
    /// By e-mail address in lower case.
    agents: HashMap<String, Agent>,
}

/// An agent, with the account that their e-mail address belongs to.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) email: Arc<str>,
    pub(super) account: Arc<Account>,
    pub(super) document: AgentDocument,
}

/// An account's settings and tables.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) name: Arc<str>,
    /// What its calls are counted under.
    pub(super) usage_key: String,
    /// The document less its tables, which are indexed below.
    pub(super) settings: AccountDocument,
    /// In ascending order of their ids.
    actions: Vec<(i64, ActionDocument)>,
    /// The position of each name; of equal ones, the first.
    actions_by_name: HashMap<String, usize>,
    /// The list of actions as it is answered.
    pub(super) action_list: Bytes,
    /// In ascending order of their ids.
    pub(super) visitors: Vec<(Uuid, Visitor)>,
    visitors_by_id: HashMap<Uuid, usize>,
}

impl Seed {
    /// Checks a document and indexes it.
    ///
    /// # Errors
    ///
    /// The first member that is wrong or contradicts another one.
    pub(super) fn new(document: Document) -> Result<Self, Mistake> {
        let Document {
            strict_https,
            recorded,
            accounts: documents,
        } = document;
        let mut accounts = BTreeMap::new();
        let mut agents = HashMap::new();
        for (name, mut document) in documents {
            let below = |mistake: Mistake| mistake.below(&name).below("accounts");
            let people = mem::take(&mut document.agents);
            let account = Arc::new(Account::new(&name, document).map_err(below)?);
            for (email, document) in people {
                let agent = Agent::new(&email, &account, document).map_err(below)?;
                if let Some(other) = agents.insert(email.to_lowercase(), agent) {
                    let Agent {
                        email: other,
                        account,
                        ..
                    } = other;
                    let message = format!(
                        "this address belongs to {other} of account {} already; letter case does not count",
                        account.name
                    );
                    return Err(below(Mistake::new(["agents", &email], message)));
                }
            }
            accounts.insert(Arc::clone(&account.name), account);
        }
        Ok(Self {
            strict_https,
            recorded,
            accounts: Arc::new(accounts),
            agents,
        })
    }

    /// The seed as a document, visitors as `shown`.
    pub(super) fn document<'s>(
        &'s self,
        recorded: u64,
        shown: impl Fn(&'s Account, usize) -> Visitor,
    ) -> Document {
        let mut accounts: BTreeMap<String, AccountDocument> = self
            .accounts
            .values()
            .map(|account| {
                let visitors = (0..account.visitors.len())
                    .map(|place| shown(account, place))
                    .map(|visitor| (visitor.id.to_string(), visitor))
                    .collect();
                let actions = account.actions.iter().cloned().collect();
                (
                    account.name.to_string(),
                    AccountDocument {
                        actions,
                        visitors,
                        ..account.settings.clone()
                    },
                )
            })
            .collect();
        for agent in self.agents.values() {
            if let Some(account) = accounts.get_mut(&*agent.account.name) {
                account
                    .agents
                    .insert(agent.email.to_string(), agent.document.clone());
            }
        }
        Document {
            strict_https: self.strict_https,
            recorded,
            accounts,
        }
    }

    /// The same accounts with one agent, who may do everything.
    pub(super) fn personal(&self, email: &str, api_key: String) -> Self {
        let account = self
            .first_agent()
            .map(|agent| &agent.account)
            .or_else(|| self.accounts.values().next());
        let agents = account.map(|account| {
            let document = AgentDocument {
                api_key,
                permissions: vec![Permission::ManageSettings],
                is_admin: false,
                is_active: true,
            };
            (
                email.to_lowercase(),
                Agent {
                    email: email.into(),
                    account: Arc::clone(account),
                    document,
                },
            )
        });
        Self {
            accounts: Arc::clone(&self.accounts),
            agents: agents.into_iter().collect(),
            ..*self
        }
    }

    /// The agent that people are told of: the first in the order of accounts and addresses, preferring those who may
    /// make every call.
    pub(super) fn first_agent(&self) -> Option<&Agent> {
        self.agents.values().min_by_key(|agent| {
            let able = agent.document.is_active && agent.may_manage_settings();
            (!able, &agent.account.name, &agent.email)
        })
    }

    /// The agent with that e-mail address.
    ///
    /// Rules: comm100.authentication.letter_case, comm100.authentication.account_by_email.
    pub(super) fn agent(&self, email: &str) -> Option<&Agent> {
        self.agents.get(&email.to_lowercase())
    }

    /// The visitor with that id, as the account of that name had them at first.
    pub(super) fn visitor(&self, account: &str, id: Uuid) -> Option<&Visitor> {
        let account = self.accounts.get(account)?;
        let place = account.visitors_by_id.get(&id)?;
        Some(&account.visitors[*place].1)
    }

    /// The e-mail addresses of all agents, in lower case.
    pub(super) fn emails(&self) -> impl Iterator<Item = &String> {
        self.agents.keys()
    }
}

impl Agent {
    fn new(email: &str, account: &Arc<Account>, document: AgentDocument) -> Result<Self, Mistake> {
        if email.is_empty() || email.contains(':') {
            return Err(Mistake::new(
                ["agents", email],
                "a user name has a character at least, and no colon",
            ));
        }
        if document.api_key.is_empty() {
            return Err(Mistake::new(
                ["agents", email, "api_key"],
                "a key has a character at least",
            ));
        }
        Ok(Self {
            email: email.into(),
            account: Arc::clone(account),
            document,
        })
    }

    /// Whether the agent has the permission Manage Settings.
    ///
    /// Rules: comm100.permission.admin_passes.
    pub(super) fn may_manage_settings(&self) -> bool {
        self.document.is_admin
            || self
                .document
                .permissions
                .contains(&Permission::ManageSettings)
    }
}

impl Account {
    fn new(name: &str, mut settings: AccountDocument) -> Result<Self, Mistake> {
        if !matches!(settings.limit_status, 403 | 500) {
            return Err(Mistake::new(["limit_status"], "this is 403 or 500"));
        }
        let actions: Vec<(i64, ActionDocument)> =
            mem::take(&mut settings.actions).into_iter().collect();
        let mut actions_by_name = HashMap::new();
        for (place, (_, action)) in actions.iter().enumerate() {
            actions_by_name.entry(action.name.clone()).or_insert(place);
        }
        let mut visitors = Vec::with_capacity(settings.visitors.len());
        for (id, visitor) in mem::take(&mut settings.visitors) {
            let sound = sound_visitor(&id, visitor);
            visitors.push(sound.map_err(|mistake| mistake.below(&id).below("visitors"))?);
        }
        let visitors_by_id = visitors
            .iter()
            .enumerate()
            .map(|(place, (id, _))| (*id, place))
            .collect();
        Ok(Self {
            name: name.into(),
            usage_key: format!("comm100.{name}"),
            action_list: conversions::list_body(&actions),
            settings,
            actions,
            actions_by_name,
            visitors,
            visitors_by_id,
        })
    }

    /// The action of that name, and its id; of several, the one with the lowest id.
    ///
    /// Rules: comm100.mark.name_exact, comm100.mark.lowest_id_wins.
    pub(super) fn action(&self, name: &str) -> Option<&(i64, ActionDocument)> {
        self.actions_by_name
            .get(name)
            .map(|place| &self.actions[*place])
    }

    /// The position of the visitor with that id, hyphens and all, in any letter case.
    ///
    /// Rules: comm100.mark.visitor_any_case, comm100.mark.visitor_as_written, comm100.visitors.id_any_case.
    pub(super) fn visitor(&self, id: &str) -> Option<usize> {
        self.visitors_by_id.get(&guid(id)?).copied()
    }
}

/// A visitor under the id that it has in a document.
fn sound_visitor(id: &str, mut visitor: Visitor) -> Result<(Uuid, Visitor), Mistake> {
    let guid = guid(id).filter(|guid| guid.to_string() == id);
    let guid = guid.ok_or_else(|| {
        Mistake::new(
            NOWHERE,
            "a visitor's id is a GUID in lower case, with its hyphens",
        )
    })?;
    if !visitor.id.is_empty() && *visitor.id != *id {
        return Err(Mistake::new(
            ["id"],
            "this is the id that the visitor stands under, or left out",
        ));
    }
    visitor.id = id.into();
    Ok((guid, visitor))
}

/// The path of the member itself.
const NOWHERE: [&str; 0] = [];

/// A GUID as the API writes it, in any letter case: 36 characters, hyphens among them.
fn guid(text: &str) -> Option<Uuid> {
    Uuid::try_parse(text).ok().filter(|_| text.len() == 36)
}
