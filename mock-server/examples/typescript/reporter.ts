/** Reports conversions to Comm100, Chase and impact.com. The code under test: it knows nothing of mock-server. */

import { setTimeout } from "node:timers/promises";

/** Where the services are, and as whom to call them. */
export interface Services {
  comm100: { base_url: string; username: string; password: string };
  chase: { base_url: string; api_key: string };
  impact: { base_url: string; account_sid: string; auth_token: string; media_partner_id: string };
}

export interface Options {
  attempts?: number;
  /** Is given the seconds before another attempt. */
  pause?: (seconds: number) => Promise<unknown>;
}

/** The service said no, or said too often that it is busy. */
export class Refused extends Error {}

export class Reporter {
  readonly #services: Services;
  readonly #attempts: number;
  readonly #pause: (seconds: number) => Promise<unknown>;

  constructor(services: Services, options: Options = {}) {
    this.#services = services;
    this.#attempts = options.attempts ?? 3;
    this.#pause = options.pause ?? ((seconds) => setTimeout(seconds * 1000));
  }

  /** Marks a Comm100 conversion as successful. An answer of 200 may still say no. */
  async mark(visitor: string, conversion: string, value: string): Promise<void> {
    const { base_url, username, password } = this.#services.comm100;
    const text = await this.#send(`${base_url}/api/v1/livechat/mark_api_conversion_successful`, {
      method: "POST",
      headers: { Authorization: basic(username, password) },
      body: new URLSearchParams({ conversion_name: conversion, visitorId: visitor, value }),
    });
    const answer = JSON.parse(text) as { error_code: number; error_message: string };
    if (answer.error_code !== 0) throw new Refused(answer.error_message);
  }

  /** Logs a conversion with Chase, which answers before it has done so. */
  async log(email: string, kind: string, data: object): Promise<void> {
    const { base_url, api_key } = this.#services.chase;
    await this.#send(`${base_url}/api/v2/conversions`, {
      method: "POST",
      headers: { "X-API-Key": api_key, "Content-Type": "application/json" },
      body: JSON.stringify({ email, conversion_type: kind, conversion_data: data }),
    });
  }

  /** Submits a sale to impact.com. Returns where its record is. */
  async submit(orderId: string, amount: string): Promise<string> {
    const { base_url, account_sid, media_partner_id } = this.#services.impact;
    const form = new URLSearchParams({
      CampaignId: "10306",
      ActionTrackerId: "19845",
      MediaPartnerId: media_partner_id,
      EventDate: "NOW",
      OrderId: orderId,
      CurrencyCode: "USD",
      Amount: amount,
    });
    const url = `${base_url}/Mediapartners/${account_sid}/PartnerConversions`;
    const init = { method: "POST", headers: this.#impactHeaders(), body: form };
    return (JSON.parse(await this.#send(url, init)) as { QueuedUri: string }).QueuedUri;
  }

  /** Submits in the background, so many milliseconds from now. */
  async submitLater(delayMs: number, orderId: string, amount: string): Promise<string> {
    await setTimeout(delayMs);
    return this.submit(orderId, amount);
  }

  /** The record of a submission. */
  async submission(uri: string): Promise<{ Status: string }> {
    const url = this.#services.impact.base_url + uri;
    return JSON.parse(await this.#send(url, { headers: this.#impactHeaders() })) as { Status: string };
  }

  #impactHeaders(): Record<string, string> {
    const { account_sid, auth_token } = this.#services.impact;
    // Without Accept, records come as XML.
    return { Authorization: basic(account_sid, auth_token), Accept: "application/json" };
  }

  /** Sends, and again after 429 and 5xx: when Retry-After says, else after 1, 2, 4, … seconds. */
  async #send(url: string, init: RequestInit): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(10_000) });
      const text = await answer.text();
      if (answer.ok) return text;
      const busy = answer.status === 429 || answer.status >= 500;
      if (!busy || attempt + 1 === this.#attempts) throw new Refused(`${answer.status}: ${text}`);
      await this.#pause(Number(answer.headers.get("Retry-After") ?? 2 ** attempt));
    }
  }
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}
