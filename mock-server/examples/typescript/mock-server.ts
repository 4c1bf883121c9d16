/** Finds or starts a mock-server, and makes sandboxes. Needs nothing but Node: copy it into your tests. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Services } from "./reporter.ts";

export type Json = Record<string, unknown>;
export type Filters = Record<string, string | number>;

/** A conversion that a vendor accepted. */
export interface Conversion { vendor: string; who: string; name: string | null; value: string | null; order_id: string | null; state: string | null; raw: Json }

/** A call that was made. */
export interface Call { n: number; answer: { status: number } | null; refused_by: string[]; says: string[]; why: string | null; fault: string | null }

/** Whether the calls are as expected; if not, what comes near. */
export interface Verdict { ok: boolean; matched: number; nearest: { n: number; differences: { member: string; wanted: unknown; found: unknown }[] }[] }

export class MockServer {
  private constructor(readonly url: string, private readonly admin_url: string, private readonly process?: ChildProcess) {}

  /** The server of MOCK_URL, which `mock-server run` sets; without it, one of its own on a free port. */
  static async start(): Promise<MockServer> {
    const { MOCK_URL, MOCK_ADMIN_URL, MOCK_SERVER } = process.env;
    if (MOCK_URL) return new MockServer(MOCK_URL, MOCK_ADMIN_URL ?? `${MOCK_URL}/__admin`);
    const flags = ["--listen", "127.0.0.1:0", "--exit-with-stdin", "--quiet"];
    const child = spawn(MOCK_SERVER ?? "mock-server", flags, { stdio: ["pipe", "pipe", "inherit"] });
    // Fails if there is no such program: put it on PATH, or name it in MOCK_SERVER.
    await once(child, "spawn");
    // Its first line says where it serves.
    const [line] = (await once(createInterface(child.stdout), "line")) as [string];
    const { http } = JSON.parse(line) as { http: string };
    return new MockServer(http, `${http}/__admin`, child);
  }

  /** Stops it, if it is ours: it ends with its standard input, also if this process crashes. */
  async stop(): Promise<void> {
    if (!this.process) return;
    this.process.stdin?.end();
    await once(this.process, "exit");
  }

  /** A new sandbox: id, seed, clock, deviations, all of it optional. */
  async sandbox(settings: Json = {}): Promise<Sandbox> {
    const made = await this.admin<{ id: string; vendors: Services }>("POST", "/sandboxes", settings);
    return new Sandbox(this, made.id, made.vendors);
  }

  /** A call of the admin API. What it refuses is thrown with its detail and hint. */
  async admin<T>(method: string, path: string, body?: Json): Promise<T> {
    const token = process.env["MOCK_ADMIN_TOKEN"];
    const answer = await fetch(this.admin_url + path, {
      method,
      headers: token ? { Authorization: `Bearer ${token}` } : {},
      ...(body && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${text}`);
    return (text ? JSON.parse(text) : undefined) as T;
  }
}

/** An account with each vendor, their state, a clock and a journal, shared with nobody. */
export class Sandbox {
  constructor(private readonly server: MockServer, readonly id: string, readonly vendors: Services) {}

  /** Scripts calls that match to go wrong: times, skip, when: "before" or "after", probability, id. */
  fault = (match: Json, effect: Json, rest: Json = {}) => this.#admin("POST", "/faults", { match, do: effect, ...rest });

  /** What all vendors accepted, oldest first. With wait_ms it waits until there are at_least so many. */
  conversions = async (filters: Filters = {}) =>
    (await this.#admin<{ conversions: Conversion[] }>("GET", `/conversions?${query(filters)}`)).conversions;

  /** The calls that were made, oldest first, each with its answer, the rules that refused it, and the fault. */
  requests = async (filters: Filters = {}) =>
    (await this.#admin<{ requests: Call[] }>("GET", `/requests?${query(filters)}`)).requests.reverse();

  /** Whether so many calls match: exactly, at_least, at_most. If not, `nearest` says what comes near. */
  verify = (match: Json, count: Json, wait_ms = 0) => this.#admin<Verdict>("POST", "/verify", { match, count, wait_ms });

  /** Stops the sandbox's clock at an instant: 2026-06-10T12:00:00Z. */
  stopClock = (now: string) => this.#admin("PUT", "/clock", { mode: "fixed", now });

  /** Moves the clock on. */
  advance = (hours: number) => this.#admin("POST", "/clock/advance", { ms: Math.round(hours * 3_600_000) });

  /** Changes the present state, by JSON merge patch. `mock-server seed print` explains every member. */
  change = (state: Json) => this.#admin("PATCH", "/state", state);

  /** Drops it. */
  delete = () => this.#admin<void>("DELETE", "");

  #admin<T>(method: string, path: string, body?: Json): Promise<T> {
    return this.server.admin<T>(method, `/sandboxes/${this.id}${path}`, body);
  }
}

const query = (filters: Filters) => new URLSearchParams(Object.entries(filters).map(([name, value]) => [name, String(value)]));
