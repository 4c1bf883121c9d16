// Real calls with Node's fetch: what a client sees of the three vendors.
//
//     node check.mjs DEFAULT SEEDED
//
// DEFAULT is the base URL of a server with the built-in seed, SEEDED of one that has the conformance seeds too.
// What the vendors must answer stands in fixtures/vendors/*/dossier.md.

import assert from "node:assert/strict";

const [DEFAULT, SEEDED] = process.argv.slice(2);
const VISITOR = "7273e957-02cb-4c03-a84c-44283fcfd47d";
const DAY_MS = 24 * 60 * 60 * 1000;

// --- calls -----------------------------------------------------------------------------------------------------------

/** One request; redirects are shown, not followed, unless asked for. */
async function call(method, url, { body, headers = {}, basic, ...options } = {}) {
  if (basic) headers = { ...headers, authorization: `Basic ${Buffer.from(basic.join(":")).toString("base64")}` };
  const signal = AbortSignal.timeout(10_000);
  const response = await fetch(url, { method, headers, body, redirect: "manual", signal, ...options });
  return { status: response.status, headers: response.headers, text: await response.text(), call: `${method} ${url}` };
}

/** The status, and the body: text compared as such, everything else as JSON with its members in order. */
async function expect(promise, status, body) {
  const answer = await promise;
  const shown = `${answer.call}: ${answer.status} ${answer.text.slice(0, 1000)}`;
  assert.equal(answer.status, status, shown);
  if (typeof body === "string") assert.equal(answer.text, body, shown);
  else if (body !== undefined) assert.equal(JSON.stringify(JSON.parse(answer.text)), JSON.stringify(body), shown);
  return answer;
}

const json = (answer) => JSON.parse(answer.text);
const header = (answer, ...names) => names.map((name) => answer.headers.get(name));

/** An admin call below a server or a sandbox, answered with this status. */
async function admin(root, method, path, document, status = 200) {
  const body = document === undefined ? undefined : JSON.stringify(document);
  return expect(call(method, `${root}${path}`, { body, headers: body && { "content-type": "application/json" } }), status);
}

/** Runs with a sandbox of its own, and drops it. */
async function sandboxed(server, use, wanted = {}) {
  const made = json(await admin(`${server}/__admin`, "POST", "/sandboxes", wanted, 201));
  const root = `${server}/__admin/sandboxes/${made.id}`;
  const ask = (...what) => admin(root, ...what);
  try {
    await use({ ...made.vendors, ask, clock: (now) => ask("PUT", "/clock", { mode: "fixed", now }) });
  } finally {
    await admin(root, "DELETE", "", undefined, 204);
  }
}

// --- Chase -----------------------------------------------------------------------------------------------------------

function chaseCall({ base_url, api_key }, body, headers = {}, path = "/api/v2/conversions") {
  const written = typeof body === "string" || Buffer.isBuffer(body) ? body : JSON.stringify(body);
  const typed = { "x-api-key": api_key, "content-type": "application/json", ...headers };
  return call("POST", base_url + path, { body: written, headers: typed });
}

async function chaseAnswersAsDocumented() {
  await sandboxed(DEFAULT, async ({ chase, ask }) => {
    const known = { email: "user@example.com", conversion_type: "purchase" };
    const queued = await expect(chaseCall(chase, known), 202, "");
    assert.deepEqual(header(queued, "content-length", "content-type", "server"), ["0", null, "uvicorn"]);
    await expect(chaseCall(chase, { email: "nobody@example.com" }), 200, "");
    await expect(chaseCall(chase, { email: "USER@EXAMPLE.COM" }), 202);

    const without = await expect(call("POST", `${chase.base_url}/api/v2/conversions`, { body: "{}" }), 401,
      '{"detail":"Not authenticated"}');
    assert.deepEqual(header(without, "www-authenticate"), ["APIKey"]);
    const wrong = await expect(chaseCall({ ...chase, api_key: "wrong" }, known), 401, '{"detail":"Unauthorized"}');
    assert.deepEqual(header(wrong, "www-authenticate", "content-type"), [null, "application/json"]);
    await expect(chaseCall(chase, "{", { "x-api-key": "wrong" }), 422);
    await expect(chaseCall(chase, "{}", { "x-api-key": "wrong" }), 401);

    await expect(chaseCall(chase, {}), 422,
      { detail: [{ type: "missing", loc: ["body", "email"], msg: "Field required", input: {} }] });
    const reason = "An email address must have an @-sign.";
    await expect(chaseCall(chase, { conversion_data: [], email: "user", conversion_type: 1.10 }), 422, { detail: [
      { type: "value_error", loc: ["body", "email"], msg: `value is not a valid email address: ${reason}`,
        input: "user", ctx: { reason } },
      { type: "string_type", loc: ["body", "conversion_type"], msg: "Input should be a valid string", input: 1.1 },
      { type: "dict_type", loc: ["body", "conversion_data"], msg: "Input should be a valid dictionary", input: [] },
    ] });
    await expect(chaseCall(chase, ""), 422,
      { detail: [{ type: "missing", loc: ["body"], msg: "Field required", input: null }] });
    await expect(chaseCall(chase, '{"email": "user@example.com",}'), 422, { detail: [
      { type: "json_invalid", loc: ["body", 29], msg: "JSON decode error", input: {},
        ctx: { error: "Expecting property name enclosed in double quotes" } }] });
    // What fetch names the type of a plain string.
    await expect(chaseCall(chase, '{"email":"user@example.com"}', { "content-type": "text/plain;charset=UTF-8" }), 422,
      { detail: [{ type: "model_attributes_type", loc: ["body"],
        msg: "Input should be a valid dictionary or object to extract fields from",
        input: '{"email":"user@example.com"}' }] });
    await expect(chaseCall(chase, Buffer.from([0x22, 0xff, 0x22])), 400, '{"detail":"There was an error parsing the body"}');

    const elsewhere = await expect(chaseCall(chase, known, {}, "/api/v2/conversions/?a=b"), 307, "");
    assert.deepEqual(header(elsewhere, "location", "content-type"), [`${chase.base_url}/api/v2/conversions?a=b`, null]);
    const got = await expect(call("GET", `${chase.base_url}/api/v2/conversions`), 405, '{"detail":"Method Not Allowed"}');
    assert.deepEqual(header(got, "allow"), ["POST"]);
    const head = await expect(call("HEAD", `${chase.base_url}/api/v2/conversions`), 405, "");
    assert.deepEqual(header(head, "allow", "content-length"), ["POST", "31"]);
    await expect(call("OPTIONS", `${chase.base_url}/api/v2/conversions`, { headers: { origin: "https://example.com" } }), 405);
    await expect(chaseCall(chase, known, {}, "/API/v2/conversions"), 404, '{"detail":"Not Found"}');

    const logged = json(await ask("GET", "/conversions?wait_ms=5000&at_least=2")).conversions;
    assert.deepEqual(logged.map(({ name }) => name), ["purchase", null]);
  });
}

async function fetchFollowsChaseWithItsBody() {
  await sandboxed(DEFAULT, async ({ chase, ask }) => {
    const headers = { "x-api-key": chase.api_key, "content-type": "application/json" };
    const body = '{"email":"user@example.com"}';
    await expect(call("POST", `${chase.base_url}/api/v2/conversions/`, { body, headers, redirect: "follow" }), 202, "");
    // A stream is sent in chunks, without a length.
    const stream = new Blob([body.slice(0, 9), body.slice(9)]).stream();
    await expect(call("POST", `${chase.base_url}/api/v2/conversions`, { body: stream, headers, duplex: "half" }), 202, "");
    assert.equal(json(await ask("GET", "/conversions?wait_ms=5000&at_least=2")).conversions.length, 2);
  });
}

async function chaseKnowsWhoseContactsAre() {
  const seed = { chase: json(await admin(`${SEEDED}/__admin`, "GET", "/state")).chase };
  await sandboxed(SEEDED, async ({ chase, ask }) => {
    for (const [email, ...statuses] of [
      ["user@example.com", 202, 200, 200],
      ["other@example.com", 200, 202, 200],
      ["shared@example.com", 202, 202, 200],
      ["mixed.case@EXAMPLE.com", 202, 200, 200],
      ["tag@example.com", 200, 200, 200],
      ["hazel@xn--bcher-kva.example", 202, 200, 200],
      ["J\u00f6rg <jo\u0308rg@example.com>", 202, 200, 200],
    ]) {
      for (const [n, api_key] of ["mock-chase-key", "mock-chase-other-key", "mock-chase-small-key"].entries()) {
        await expect(chaseCall({ ...chase, api_key }, { email }), statuses[n], "");
      }
    }
    const { conversions } = json(await ask("GET", "/conversions?wait_ms=5000&at_least=7"));
    assert.deepEqual(conversions.map(({ who }) => who), ["user@example.com", "other@example.com", "shared@example.com",
      "shared@example.com", "mixed.case@example.com", "hazel@bücher.example", "jörg@example.com"]);
  }, { seed, prefix_only: true });
}

async function aHundredCallsAtOnceAreAllLogged() {
  await sandboxed(DEFAULT, async ({ chase, ask }) => {
    const types = Array.from({ length: 100 }, (_, n) => `type-${n}`);
    await Promise.all(types.map((type) =>
      expect(chaseCall(chase, { email: "user@example.com", conversion_type: type }), 202, "")));
    const found = json(await ask("GET", "/conversions?wait_ms=5000&at_least=100"));
    assert.equal(found.satisfied, true);
    assert.deepEqual(found.conversions.map(({ n }) => n), types.map((_, n) => n + 1));
    assert.deepEqual(new Set(found.conversions.map(({ name }) => name)), new Set(types));
  });
}

async function aWaitEndsWhenTheConversionArrives() {
  await sandboxed(DEFAULT, async ({ chase, ask }) => {
    const started = performance.now();
    const waiting = ask("GET", "/conversions?vendor=chase&wait_ms=9000");
    await new Promise((resolve) => setTimeout(resolve, 300));
    await expect(chaseCall(chase, { email: "hazel@example.com" }), 202, "");
    const found = json(await waiting);
    const took = performance.now() - started;
    assert.ok(took >= 300 && took < 5000, `${took} ms`);
    assert.deepEqual(found.conversions.map(({ who, items }) => [who, items]), [["hazel@example.com", []]]);
    assert.equal(found.satisfied, true);
  });
}

// --- Comm100 ---------------------------------------------------------------------------------------------------------

// The conformance seed's agents, in the default sandbox of the server that has it.
const TESTER = ["tester@comm100.com", "ef43f9362aac4f60ad428cb4d072f2c8"];
const VIEWER = ["viewer@example.com", "0f5b1f3c2d7e4a6b8c9d0e1f2a3b4c5d"];
const ADMINISTRATOR = ["zoe@example.com", "1a2b3c4d5e6f40718293a4b5c6d7e8f9"];
const RETIRED = ["retired@example.com", "2b3c4d5e6f704182939a4b5c6d7e8f90"];
const STRANGER = ["other@example.com", "3c4d5e6f708142939aab4c5d6e7f8091"];

const list = (basic) => call("GET", `${SEEDED}/comm100/api/v1/livechat/conversions`, { basic });

function mark(basic, name = "sales_goal", visitorId = VISITOR, value = "500") {
  const body = new URLSearchParams({ conversion_name: name, visitorId, value });
  return call("POST", `${SEEDED}/comm100/api/v1/livechat/mark_api_conversion_successful`, { body, basic });
}

/** With the account of the conformance seed so, for the length of `use`. */
async function withAccount(change, use) {
  const root = `${SEEDED}/__admin`;
  await admin(root, "PATCH", "/state", { comm100: { accounts: { main: change } } });
  try {
    await use();
  } finally {
    await admin(root, "POST", "/reset", undefined, 204);
  }
}

async function comm100KnowsFourResults() {
  const [ok, noName, noVisitor, failed] = ["ok", "the conversion does not exist", "the visitorId does not exist",
    "error adding conversion-related Data to system"].map((error_message, error_code) => ({ error_code, error_message }));
  await expect(mark(TESTER), 200, ok);
  await expect(mark(TESTER, "sales_goal", VISITOR.toUpperCase(), "+0.50"), 200, ok);
  await expect(mark(TESTER, "Café ☕"), 200, ok);
  await expect(mark(TESTER, "100%"), 200, ok);
  for (const name of ["Sales_Goal", "sales_goal ", "switched_off", "thanks_page", "signed_in", "Newsletter", "twice"]) {
    await expect(mark(TESTER, name), 200, noName);
  }
  for (const visitor of ["00000000-0000-0000-0000-000000000000", `{${VISITOR}}`, "c9e8d7f6-a5b4-4c3d-92e1-f0a1b2c3d4e5"]) {
    await expect(mark(TESTER, "sales_goal", visitor), 200, noVisitor);
    await expect(mark(TESTER, "no_such_goal", visitor), 200, noName);
  }
  await withAccount({ error_3: true }, async () => {
    await expect(mark(TESTER), 200, failed);
    await expect(mark(TESTER, "no_such_goal"), 200, noName);
  });
  await expect(mark(TESTER), 200, ok);
}

async function comm100RefusesCalls() {
  const required = (name) => ({ code: 400000, message: `Parameter '${name}' is required.` });
  const url = `${SEEDED}/comm100/api/v1/livechat/mark_api_conversion_successful`;
  await expect(mark(TESTER, "", "", ""), 400, required("conversion_name"));
  await expect(mark(TESTER, "sales_goal", "", ""), 400, required("visitorId"));
  for (const value of ["1e3", ".5", "5.", "1,000", "$5", " 5"]) {
    await expect(mark(TESTER, "sales_goal", VISITOR, value), 400,
      { code: 400003, message: "Parameter 'value' should be a number." });
  }
  // What fetch makes of other bodies is no form.
  const form = new FormData();
  for (const [name, value] of [["conversion_name", "sales_goal"], ["visitorId", VISITOR], ["value", "1"]]) form.set(name, value);
  for (const body of [form, JSON.stringify({ conversion_name: "sales_goal", visitorId: VISITOR, value: 1 })]) {
    await expect(call("POST", url, { body, basic: TESTER }), 400, required("conversion_name"));
  }
  const invalid = { code: 401000, message: "The username or API key you provide is invalid." };
  for (const basic of [undefined, ["nobody@example.com", TESTER[1]], [TESTER[0], "wrong"], RETIRED]) {
    assert.deepEqual(header(await expect(list(basic), 401, invalid), "www-authenticate", "content-type"),
      ['Basic realm="Comm100"', "application/json; charset=utf-8"]);
  }
  const wrongMethod = await expect(call("GET", url, { basic: TESTER }), 405, { code: 405000, message: "Method not allowed." });
  assert.deepEqual(header(wrongMethod, "allow"), ["POST"]);
  await expect(call("GET", `${SEEDED}/comm100/api/v1/livechat/nothing?a=b`, { basic: TESTER }), 404,
    { code: 404000, message: "/api/v1/livechat/nothing not found." });
  await expect(call("POST", url, { body: `value=${"1".repeat(2 * 1024 * 1024)}`, basic: TESTER }), 413,
    { code: 413000, message: "Request body too large." });
}

async function comm100AsksForPermissionEditionAndState() {
  const denied = { code: 403000, message: "Access denied." };
  await expect(list(VIEWER), 403, { code: 403003, message: "You do not have 'Manage Settings' permission." });
  await expect(mark(VIEWER), 200, { error_code: 0, error_message: "ok" });
  await expect(list(ADMINISTRATOR), 200);
  await expect(list(STRANGER), 200, [{ id: 1, isEnable: true, name: "Newsletter" }]);
  await withAccount({ mark_needs_permission: true }, () => expect(mark(VIEWER), 403));
  await withAccount({ edition: "business" }, async () => {
    await expect(list(VIEWER), 403, denied);
    await expect(mark(TESTER, ""), 403, denied);
    await expect(call("GET", `${SEEDED}/comm100/api/v1/livechat/visitors`, { basic: VIEWER }), 200);
    await expect(list(STRANGER), 200);
  });
  for (const [state, code, message] of [
    ["closed", 403001, "Your accout has been closed."],
    ["not_available", 403002, "Your accout is not available."],
    ["licenses_expired", 403004, "You have license(s) expired, or your current agent count has exceeded the total valid "
      + "licenses. Please add new licenses to avoid any service interruption."],
    ["no_licenses", 403005, "There are no licenses in your account. Please contact your account manager to purchase new "
      + "licenses."],
  ]) {
    await withAccount({ state, edition: "business" }, () => expect(mark(TESTER), 403, { code, message }));
  }
}

async function comm100CountsADay() {
  const root = `${SEEDED}/__admin`;
  const reached = { code: 500010, message: "You have reached the daily API calling limit: 3. If you want to increase your "
    + "API calling times, please contact us at: support@comm100.example." };
  await admin(root, "PUT", "/clock", { mode: "fixed", now: "2026-01-31T23:59:58Z" });
  await withAccount({ daily_limit: 3 }, async () => {
    await expect(list([TESTER[0], "wrong"]), 401);
    await expect(list(TESTER), 200);
    await expect(list(VIEWER), 403);
    await expect(call("GET", `${SEEDED}/comm100/api/v1/nothing`, { basic: TESTER }), 404);
    for (const basic of [TESTER, VIEWER, ADMINISTRATOR]) await expect(list(basic), 403, reached);
    await expect(list([TESTER[0], "wrong"]), 401);
    await expect(list(STRANGER), 200);
    await admin(root, "POST", "/clock/advance", { ms: 1999 });
    assert.deepEqual(header(await expect(mark(TESTER), 403, reached), "retry-after"), [null]);
    await admin(root, "POST", "/clock/advance", { ms: 1 });
    for (let n = 0; n < 3; n += 1) await expect(list(TESTER), 200);
    await admin(root, "PATCH", "/state", { comm100: { accounts: { main: { limit_status: 500 } } } });
    await expect(list(TESTER), 500, reached);
  });
}

// --- impact.com ------------------------------------------------------------------------------------------------------

async function aSaleBecomesAnAction() {
  await sandboxed(DEFAULT, async ({ impact, ask, clock }) => {
    const { base_url, account_sid, auth_token, media_partner_id } = impact;
    const basic = [account_sid, auth_token];
    const root = `/Mediapartners/${account_sid}`;
    const read = async (path) => json(await expect(
      call("GET", base_url + path, { basic, headers: { accept: "application/json" } }), 200));
    const advance = (ms) => ask("POST", "/clock/advance", { ms });
    const order = { CampaignId: 10306, ActionTrackerId: 19845, MediaPartnerId: media_partner_id, EventDate: "NOW",
      OrderId: "ORD-1", ItemSku1: "TOYSET", ItemPrice1: 40, ItemQuantity1: 2, ItemSku2: "DOLL", ItemPrice2: 6.99,
      ItemQuantity2: 1 };

    await clock("2026-06-10T17:15:30Z");
    const body = new URLSearchParams(order);
    const queued = json(await expect(call("POST", `${base_url}${root}/PartnerConversions`, { body, basic }), 200));
    assert.equal(queued.Status, "QUEUED");
    const states = [];
    for (let second = 0; second < 3; second += 1) {
      states.push((await read(queued.QueuedUri)).Status);
      await advance(1000);
    }
    assert.deepEqual(states, ["Queued", "In Progress", "Complete"]);
    const record = await read(queued.QueuedUri);
    assert.deepEqual([record.Payload, record.ErrorType], [body.toString(), ""]);

    const { Actions: [action, ...others] } = await read(`${root}/Actions`);
    assert.deepEqual(others, []);
    const { Amount, Currency, State, Oid, EventDate } = action;
    assert.deepEqual([Amount, Currency, State, Oid, EventDate],
      ["86.99", "USD", "PENDING", "ORD-1", "2026-06-10T10:15:30-07:00"]);
    await advance(17 * DAY_MS);
    assert.equal((await read(action.Uri)).State, "APPROVED");

    // A JSON body says the same, and fetch's own Accept, */*, brings XML to whoever reads.
    const headers = { "content-type": "application/json" };
    await expect(call("POST", `${base_url}${root}/PartnerConversions`,
      { body: JSON.stringify({ ...order, OrderId: "ORD-2" }), headers, basic }), 200);
    await advance(2000);
    const { Actions: [second] } = await read(`${root}/Actions`);
    assert.deepEqual([second.Oid, second.Amount, second.State], ["ORD-2", "86.99", "PENDING"]);
    const xml = await expect(call("GET", `${base_url}${root}/Actions`, { basic }), 200);
    assert.deepEqual(header(xml, "content-type"), ["text/xml; charset=UTF-8"]);
    assert.match(xml.text, /^<ImpactRadiusResponse><Actions page="1" numpages="1" .*<Oid>ORD-2<\/Oid>/s);

    const feed = json(await ask("GET", "/conversions?order_id=ORD-2")).conversions;
    assert.deepEqual(feed.map(({ vendor, value, currency, state }) => [vendor, value, currency, state]),
      [["impact", "86.99", "USD", "PENDING"]]);
    await expect(call("GET", `${base_url}${root}/Actions`, { basic: [account_sid, "wrong"] }), 401,
      { status: 401, title: "Unauthorized" });
  });
}

// --- all of them -----------------------------------------------------------------------------------------------------

const CHECKS = [chaseAnswersAsDocumented, fetchFollowsChaseWithItsBody, chaseKnowsWhoseContactsAre,
  aHundredCallsAtOnceAreAllLogged, aWaitEndsWhenTheConversionArrives, comm100KnowsFourResults, comm100RefusesCalls,
  comm100AsksForPermissionEditionAndState, comm100CountsADay, aSaleBecomesAnAction];

let failed = 0;
for (const check of CHECKS) {
  try {
    await check();
  } catch (error) {
    failed += 1;
    console.error(`${check.name}:\n${error.stack}`);
  }
}
console.log(`node: ${CHECKS.length - failed} of ${CHECKS.length} checks hold`);
process.exitCode = failed ? 1 : 0;
