/** What the reporter does when all is well, when a service is busy, and when an answer is lost. All tests run at once. */

import assert from "node:assert/strict";
import { after, describe, test } from "node:test";
import { MockServer, type Sandbox } from "./mock-server.ts";
import { Refused, Reporter } from "./reporter.ts";

const VISITOR = "7273e957-02cb-4c03-a84c-44283fcfd47d";
const SUBMIT = { vendor: "impact", route: "POST /Mediapartners/{AccountSID}/PartnerConversions" };

const server = await MockServer.start();
after(() => server.stop());

/** The seconds that the reporter would have waited are in `pauses`. No test waits for them. */
interface Scene { sandbox: Sandbox; reporter: Reporter; pauses: number[] }

/** A test with a sandbox of its own. */
function it(name: string, body: (scene: Scene) => Promise<void>): void {
  test(name, async (context) => {
    const sandbox = await server.sandbox();
    context.after(() => sandbox.delete());
    const pauses: number[] = [];
    const reporter = new Reporter(sandbox.vendors, { pause: async (seconds) => pauses.push(seconds) });
    await body({ sandbox, reporter, pauses });
  });
}

/** Whatever is thrown must be a refusal that says this. */
const refused = (says: RegExp) => (error: unknown) => error instanceof Refused && says.test(error.message);

describe("the reporter", { concurrency: true }, () => {
  it("marks a conversion with Comm100", async ({ sandbox, reporter }) => {
    await reporter.mark(VISITOR, "Product Purchase", "500");

    const [conversion, ...others] = await sandbox.conversions({ vendor: "comm100" });
    assert.deepEqual(others, []);
    assert.equal(conversion?.who, VISITOR);
    assert.equal(conversion.name, "Product Purchase");
    assert.equal(conversion.value, "500");
  });

  it("hears Comm100 say no in an answer of 200", async ({ sandbox, reporter }) => {
    await assert.rejects(reporter.mark(VISITOR, "no such action", "500"), refused(/does not exist/));

    assert.deepEqual(await sandbox.conversions(), []);
  });

  it("logs a conversion with Chase", async ({ sandbox, reporter }) => {
    await reporter.log("user@example.com", "purchase", { plan: "premium" });

    // Chase answers first and logs in the background.
    const [conversion, ...others] = await sandbox.conversions({ vendor: "chase", wait_ms: 5000 });
    assert.deepEqual(others, []);
    assert.equal(conversion?.who, "user@example.com");
    assert.deepEqual(conversion.raw["conversion_data"], { plan: "premium" });
  });

  it("submits a conversion to impact.com", async ({ sandbox, reporter }) => {
    await reporter.submit("ORD-1", "86.99");

    const [conversion, ...others] = await sandbox.conversions({ vendor: "impact" });
    assert.deepEqual(others, []);
    assert.equal(conversion?.order_id, "ORD-1");
    assert.equal(conversion.value, "86.99");
  });

  it("repeats too many requests when the service says", async ({ sandbox, reporter, pauses }) => {
    await sandbox.fault(SUBMIT, { status: 429 }, { id: "busy", times: 2 });

    await reporter.submit("ORD-1", "86.99");

    // impact.com's Retry-After is one second here.
    assert.deepEqual(pauses, [1, 1]);
    const calls = await sandbox.requests({ vendor: "impact" });
    assert.deepEqual(calls.map((call) => call.answer?.status), [429, 429, 200]);
    assert.deepEqual(calls.map((call) => call.fault), ["busy", "busy", null]);
    assert.equal((await sandbox.conversions()).length, 1);
  });

  it("gives up who is always busy", async ({ sandbox, reporter, pauses }) => {
    await sandbox.fault(SUBMIT, { status: { code: 503, headers: { "Retry-After": "7" } } });

    await assert.rejects(reporter.submit("ORD-1", "86.99"), refused(/503/));

    assert.deepEqual(pauses, [7, 7]);
    assert.deepEqual(await sandbox.conversions(), []);
  });

  it("causes no second action when an answer is lost", async ({ sandbox, reporter }) => {
    // The conversion counts, but its answer is a 500: the reporter has to send it again.
    await sandbox.fault(SUBMIT, { status: 500 }, { when: "after", times: 1 });

    await reporter.submit("ORD-1", "86.99");

    await sandbox.advance(1);
    const states = (await sandbox.conversions({ order_id: "ORD-1" })).map((conversion) => conversion.state);
    assert.deepEqual(states, ["PENDING", "CONV_DUPLICATE"]);
  });

  it("sends in the background, and the call is waited for", async ({ sandbox, reporter }) => {
    const sending = reporter.submitLater(300, "ORD-1", "86.99");

    const sent = await sandbox.verify({ ...SUBMIT, form: { OrderId: "ORD-1" } }, { at_least: 1 }, 5000);
    assert.ok(sent.ok, JSON.stringify(sent.nearest));
    await sending;
  });

  it("sends in the background, and the conversion is waited for", async ({ sandbox, reporter }) => {
    const sending = reporter.submitLater(300, "ORD-1", "86.99");

    assert.equal((await sandbox.conversions({ order_id: "ORD-1", wait_ms: 5000 })).length, 1);
    await sending;
  });

  it("sees a submission complete within the hour", async ({ sandbox, reporter }) => {
    await sandbox.stopClock("2026-06-10T12:00:00Z");
    const uri = await reporter.submit("ORD-1", "86.99");
    assert.equal((await reporter.submission(uri)).Status, "Queued");

    await sandbox.advance(1);

    assert.equal((await reporter.submission(uri)).Status, "Complete");
  });

  it("may call Comm100 again after midnight", async ({ sandbox, reporter }) => {
    await sandbox.stopClock("2026-06-10T23:30:00Z");
    await sandbox.change({ comm100: { accounts: { main: { daily_limit: 1 } } } });
    await reporter.mark(VISITOR, "Product Purchase", "1");
    await assert.rejects(reporter.mark(VISITOR, "Product Purchase", "2"), refused(/daily API calling limit/));

    await sandbox.advance(1);

    await reporter.mark(VISITOR, "Product Purchase", "3");
    assert.deepEqual((await sandbox.conversions()).map((conversion) => conversion.value), ["1", "3"]);
  });

  it("can find out what is wrong with a call", async ({ sandbox, reporter }) => {
    await assert.rejects(reporter.submit("", "86.99"), refused(/OrderId/));

    const verdict = await sandbox.verify({ ...SUBMIT, form: { OrderId: "ORD-1" } }, { exactly: 1 });
    assert.equal(verdict.ok, false);
    assert.deepEqual(verdict.nearest[0]?.differences, [
      { member: "form.OrderId", wanted: { equals: "ORD-1" }, found: "" },
    ]);

    const [call] = await sandbox.requests({ refused_by: "impact" });
    assert.deepEqual(call?.refused_by, ["impact.conversions.order_id_required"]);
    assert.deepEqual(call.says, ["A conversion without OrderId is refused, and the error names it."]);
  });

  it("is refused nothing", async ({ sandbox, reporter }) => {
    await reporter.mark(VISITOR, "Product Purchase", "500");
    await reporter.log("user@example.com", "purchase", { plan: "premium" });
    await reporter.submission(await reporter.submit("ORD-1", "86.99"));

    const verdict = await sandbox.verify({ refused: true }, { exactly: 0 });
    assert.ok(verdict.ok, JSON.stringify(verdict.nearest));
  });
});
