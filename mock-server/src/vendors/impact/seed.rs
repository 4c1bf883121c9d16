//! What a sandbox starts from: the document that people write, checked and indexed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::document::Mistake;
use crate::engine::Fresh;

use super::State;
use super::currencies::is_currency;
use super::dates::UtcOffset;
use super::money::{Rate, integer};
use super::responses::Format;
use super::submissions::{Records, Submission, batch_id, parse_batch_id};

/// The vendor's part of a seed or state document: `[impact]`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// Times, limits and rates that hold for everyone.
    pub settings: Settings,
    /// Where the ids of submissions and actions come from.
    pub ids: Ids,
    /// Partner accounts by id. The id is also the `MediaPartnerId`.
    pub accounts: BTreeMap<String, Account>,
    /// Campaigns by `CampaignId`.
    pub campaigns: BTreeMap<String, Campaign>,
    /// Action trackers by `ActionTrackerId`.
    pub trackers: BTreeMap<String, Tracker>,
    /// The conversions that were submitted so far, by `BatchId`.
    pub submissions: BTreeMap<String, Submission>,
}

/// Times, limits and rates that hold for everyone.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How long a submission stays `Queued`, in milliseconds.
    pub queued_ms: u32,
    /// How long after it arrived a submission is `Complete`, in milliseconds.
    pub complete_ms: u32,
    /// How long an `OrderId` cannot be used again, in days. Absent: for ever.
    pub dedup_window_days: Option<u32>,
    /// How old an `EventDate` may be before the time of submission takes its place, in days.
    pub event_date_days: u32,
    /// How long the record of a submission can be read, in days.
    pub record_days: u32,
    /// How many days after the event an action locks, at midnight of the account.
    pub locking_days: u32,
    /// How many days after locking an action clears.
    pub clearing_days: u32,
    /// The commission of a campaign that names none of its own, in percent.
    pub payout_rate: Rate,
    /// Requests an hour.
    pub rate_limits: RateLimits,
    /// Pages of lists.
    pub pages: Pages,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            queued_ms: 1_000,
            complete_ms: 2_000,
            dedup_window_days: None,
            event_date_days: 88,
            record_days: 90,
            locking_days: 16,
            clearing_days: 30,
            payout_rate: Rate::FOUR,
            rate_limits: RateLimits::default(),
            pages: Pages::default(),
        }
    }
}

/// Requests an hour, of one account.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RateLimits {
    /// To `Actions` and what is below it.
    pub actions: u32,
    /// To everything else, together.
    pub other: u32,
}

impl Default for RateLimits {
    fn default() -> Self {
        Self {
            actions: 500,
            other: 1_000,
        }
    }
}

/// Pages of lists.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Pages {
    /// The size of a page when none is asked for, and the largest there is.
    pub size: u64,
    /// The smallest size of a page.
    pub smallest: u64,
    /// How many pages a list may have.
    pub most: u64,
}

impl Default for Pages {
    fn default() -> Self {
        Self {
            size: 20_000,
            smallest: 2_000,
            most: 10,
        }
    }
}

/// The last number of a submission or an action: every reader of JSON can hold it, and counting on never overflows.
const LAST_NUMBER: u64 = (1 << 53) - 1;

/// Where the ids of submissions and actions come from: equal calls give equal ids.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Ids {
    /// The UUID from which batch ids are made.
    pub namespace: Uuid,
    /// The number of the next submission, from 1.
    pub next_submission: u64,
    /// The last part of the id of the next action.
    pub next_action: u64,
}

impl Default for Ids {
    fn default() -> Self {
        // Made up, like every id that comes of it. The first action is the one of the vendor's example.
        Self {
            namespace: Uuid::from_u128(0x6d70_6163_7400_4000_8000_0000_0000_0001),
            next_submission: 1,
            next_action: 158_133,
        }
    }
}

/// A partner account.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Account {
    /// The currency of conversions that name none, ISO 4217.
    pub currency: String,
    /// The offset in which this account's dates are written, and in which its days begin.
    pub utc_offset: UtcOffset,
    /// The format of answers when a call asks for none. Absent: JSON for `PartnerConversions`, XML for the rest.
    pub default_format: Option<Format>,
    /// Whether conversions of this partner can be credited; if not they end with `PARTNER_NOT_ACTIVE`.
    pub active: bool,
    /// What one unit of another currency is worth in the account's, by ISO 4217 code.
    pub rates: BTreeMap<String, Rate>,
    /// Access tokens by Account SID.
    pub tokens: BTreeMap<String, Token>,
}

impl Default for Account {
    fn default() -> Self {
        Self {
            currency: "USD".to_owned(),
            utc_offset: UtcOffset::default(),
            default_format: None,
            active: true,
            rates: BTreeMap::new(),
            tokens: BTreeMap::new(),
        }
    }
}

/// An access token. Its key is the Account SID, the user name of HTTP Basic.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// The password of HTTP Basic.
    pub auth_token: String,
    /// What it is good for.
    #[serde(default = "Scope::all")]
    pub scopes: BTreeSet<Scope>,
    /// Whether it may only read.
    #[serde(default)]
    pub read_only: bool,
    /// Whether it was switched off.
    #[serde(default)]
    pub disabled: bool,
}

impl Token {
    fn is_good_for_all(&self) -> bool {
        !self.disabled && !self.read_only && self.scopes == Scope::all()
    }
}

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Submitting conversions, and reading the records of submissions.
    Conversions,
    /// Reading actions, their items and their updates.
    Actions,
}

impl Scope {
    fn all() -> BTreeSet<Self> {
        [Self::Conversions, Self::Actions].into()
    }
}

/// A campaign.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Campaign {
    /// Its display name.
    pub name: String,
    /// Its commission in percent. Absent: that of the settings.
    #[serde(default)]
    pub payout_rate: Option<Rate>,
    /// The accounts it has a contract with; conversions of others end with `CONTRACT_NOT_FOUND`. Absent: all accounts.
    #[serde(default)]
    pub contracts: Option<BTreeSet<u64>>,
}

/// An action tracker, also called event type.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Tracker {
    /// Its display name.
    pub name: String,
    /// The campaign it belongs to.
    pub campaign: u64,
    /// Whether it is enabled; if not, its conversions end with `ACTIONTRACKER_NOT_ACTIVE`.
    #[serde(default = "yes")]
    pub active: bool,
}

fn yes() -> bool {
    true
}

/// A sound document, indexed.
#[derive(Debug)]
pub struct Seed {
    /// By SID.
    tokens: BTreeMap<String, Holder>,
    pub(super) ids: Ids,
    /// Everything that sandboxes with other credentials have in common with this one.
    pub(super) world: Arc<World>,
}

/// A token, and whose it is.
#[derive(Clone, Debug)]
pub(super) struct Holder {
    pub(super) account_id: u64,
    pub(super) account: Arc<Account>,
    pub(super) token: Token,
}

/// A seed without its credentials.
#[derive(Debug)]
pub(super) struct World {
    pub(super) settings: Settings,
    /// Without their tokens.
    pub(super) accounts: BTreeMap<u64, Arc<Account>>,
    pub(super) campaigns: HashMap<u64, Campaign>,
    pub(super) trackers: HashMap<u64, Tracker>,
    pub(super) records: Records,
}

impl Seed {
    /// Checks a document and indexes it.
    pub(super) fn new(document: Document) -> Result<Self, Mistake> {
        let Document {
            settings,
            mut ids,
            accounts,
            campaigns,
            trackers,
            submissions,
        } = document;
        if settings.complete_ms < settings.queued_ms {
            return Err(Mistake::new(
                ["settings", "complete_ms"],
                "must not be less than queued_ms",
            ));
        }
        if settings.pages.size == 0 {
            return Err(Mistake::new(["settings", "pages", "size"], "must not be 0"));
        }
        let mut tokens = BTreeMap::new();
        let mut kept = BTreeMap::new();
        for (name, mut account) in accounts {
            let at = |member: &str| ["accounts".to_owned(), name.clone(), member.to_owned()];
            let id = id("accounts", &name)?;
            if !is_currency(&account.currency) {
                return Err(Mistake::new(
                    at("currency"),
                    format!("{:?} is no code of ISO 4217", account.currency),
                ));
            }
            if let Some(code) = account.rates.keys().find(|code| !is_currency(code)) {
                return Err(Mistake::new(
                    at("rates"),
                    format!("{code:?} is no code of ISO 4217"),
                ));
            }
            let own = std::mem::take(&mut account.tokens);
            let account = Arc::new(account);
            for (sid, token) in own {
                let at = ["accounts", &name, "tokens", &sid].map(str::to_owned);
                if sid.is_empty() || !sid.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    return Err(Mistake::new(
                        at,
                        "an Account SID consists of letters and digits",
                    ));
                }
                if token.auth_token.is_empty() {
                    return Err(Mistake::new(at, "auth_token must not be empty"));
                }
                if tokens
                    .insert(
                        sid,
                        Holder {
                            account_id: id,
                            account: Arc::clone(&account),
                            token,
                        },
                    )
                    .is_some()
                {
                    return Err(Mistake::new(at, "another account has this Account SID"));
                }
            }
            kept.insert(id, account);
        }
        let campaigns: HashMap<u64, Campaign> = campaigns
            .into_iter()
            .map(|(name, campaign)| {
                let mut parties = campaign.contracts.iter().flatten();
                match parties.find(|party| !kept.contains_key(party)) {
                    Some(party) => Err(Mistake::new(
                        ["campaigns", &name, "contracts"],
                        format!("there is no account {party}"),
                    )),
                    None => Ok((id("campaigns", &name)?, campaign)),
                }
            })
            .collect::<Result<_, Mistake>>()?;
        let trackers: HashMap<u64, Tracker> = trackers
            .into_iter()
            .map(|(name, tracker)| {
                if !campaigns.contains_key(&tracker.campaign) {
                    return Err(Mistake::new(
                        ["trackers", &name, "campaign"],
                        format!("`campaigns` has no {}", tracker.campaign),
                    ));
                }
                Ok((id("trackers", &name)?, tracker))
            })
            .collect::<Result<_, Mistake>>()?;
        let records = read_records(submissions, &kept)?;
        ids.next_submission = ids
            .next_submission
            .max(records.last_number().saturating_add(1));
        ids.next_action = ids.next_action.max(records.last_action().saturating_add(1));
        if ids.next_submission.max(ids.next_action) > LAST_NUMBER {
            let message = format!("submissions and actions are numbered up to {LAST_NUMBER}");
            return Err(Mistake::new(["ids"], message));
        }
        let world = World {
            settings,
            accounts: kept,
            campaigns,
            trackers,
            records,
        };
        Ok(Self {
            tokens,
            ids,
            world: Arc::new(world),
        })
    }

    /// The token of that SID, and whose it is. What is submitted with it belongs to the account, whatever the SID.
    ///
    /// Rules: impact.auth.shared_account.
    pub(super) fn holder(&self, sid: &str) -> Option<&Holder> {
        self.tokens.get(sid)
    }

    pub(super) fn identities(&self) -> Vec<String> {
        self.tokens.keys().cloned().collect()
    }

    /// The first token of the first account that is good for everything.
    pub(super) fn credentials(&self) -> Map<String, Value> {
        let good = |(_, holder): &(&String, &Holder)| holder.token.is_good_for_all();
        let first = self
            .tokens
            .iter()
            .filter(good)
            .min_by_key(|(_, holder)| holder.account_id);
        first.map_or_else(Map::new, |(sid, holder)| {
            Map::from_iter([
                ("account_sid".to_owned(), Value::from(sid.as_str())),
                (
                    "auth_token".to_owned(),
                    Value::from(holder.token.auth_token.as_str()),
                ),
                (
                    "media_partner_id".to_owned(),
                    Value::from(holder.account_id.to_string()),
                ),
            ])
        })
    }

    /// The same world with one fresh token for each account, and batch ids of its own.
    pub(super) fn personal(&self, fresh: &Fresh<'_>) -> Self {
        let tokens =
            self.world
                .accounts
                .iter()
                .enumerate()
                .map(|(position, (account_id, account))| {
                    let whose = if position == 0 {
                        String::new()
                    } else {
                        format!(".{account_id}")
                    };
                    let token = Token {
                        auth_token: fresh.hex(&format!("impact.auth_token{whose}")),
                        scopes: Scope::all(),
                        read_only: false,
                        disabled: false,
                    };
                    let sid = format!("IR{}", fresh.hex(&format!("impact.account_sid{whose}")));
                    (
                        sid,
                        Holder {
                            account_id: *account_id,
                            account: Arc::clone(account),
                            token,
                        },
                    )
                });
        let namespace = Uuid::parse_str(&fresh.hex("impact.ids")).unwrap_or(self.ids.namespace);
        Self {
            tokens: tokens.collect(),
            ids: Ids {
                namespace,
                ..self.ids.clone()
            },
            world: Arc::clone(&self.world),
        }
    }
}

/// The document of a state, with everything filled in.
pub(super) fn document(state: &State) -> Document {
    let Seed { tokens, world, .. } = &*state.seed;
    let mut accounts: BTreeMap<String, Account> = world
        .accounts
        .iter()
        .map(|(id, account)| (id.to_string(), Account::clone(account)))
        .collect();
    for (sid, holder) in tokens {
        if let Some(account) = accounts.get_mut(&holder.account_id.to_string()) {
            account.tokens.insert(sid.clone(), holder.token.clone());
        }
    }
    Document {
        settings: world.settings.clone(),
        ids: state.ids.clone(),
        accounts,
        campaigns: world
            .campaigns
            .iter()
            .map(|(id, campaign)| (id.to_string(), campaign.clone()))
            .collect(),
        trackers: world
            .trackers
            .iter()
            .map(|(id, tracker)| (id.to_string(), tracker.clone()))
            .collect(),
        submissions: state
            .submissions()
            .map(|(batch, record)| (batch_id(batch), record.clone()))
            .collect(),
    }
}

/// An id that is a key: digits without leading zeros, so that every spelling of it means the same.
fn id(table: &str, name: &str) -> Result<u64, Mistake> {
    let id = integer(name).filter(|id| id.to_string() == name);
    id.ok_or_else(|| {
        Mistake::new(
            [table, name],
            "an id is a number of at most 16 digits without leading zeros",
        )
    })
}

fn read_records(
    submissions: BTreeMap<String, Submission>,
    accounts: &BTreeMap<u64, Arc<Account>>,
) -> Result<Records, Mistake> {
    let mut records = Vec::with_capacity(submissions.len());
    for (name, record) in submissions {
        let at = |member: &str| ["submissions".to_owned(), name.clone(), member.to_owned()];
        let batch = parse_batch_id(&name).ok_or_else(|| {
            Mistake::new(
                ["submissions", &name],
                "a BatchId is A- and a UUID in lower case",
            )
        })?;
        if !accounts.contains_key(&record.account) {
            return Err(Mistake::new(at("account"), "there is no such account"));
        }
        if !is_currency(&record.currency) {
            return Err(Mistake::new(
                at("currency"),
                format!("{:?} is no code of ISO 4217", record.currency),
            ));
        }
        record
            .check()
            .map_err(|(member, message)| Mistake::new(at(member), message))?;
        records.push((batch, record));
    }
    // Keys are in the order of their bytes; what counts is who came first.
    records.sort_by_key(|(_, record)| (record.number, record.submitted_at));
    let mut indexed = Records::default();
    for (batch, record) in records {
        let number = record.action.as_ref().map(|action| action.number);
        if number.is_some_and(|number| indexed.of_action(number).is_some()) {
            let path = ["submissions", &batch_id(batch), "action", "number"].map(str::to_owned);
            return Err(Mistake::new(path, "another action has this number"));
        }
        indexed.push(batch, Arc::new(record));
    }
    Ok(indexed)
}
