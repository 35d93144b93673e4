// What the page asks the server. Every request has a deadline; a refusal is a value, not an exception.

import type { Session } from './document.ts';
import type { Deed } from './deeds.ts';

const DEADLINE_MS = 10_000;

export type Answer<T> = { ok: true; value: T } | { ok: false; status: number; why: string; retrySeconds: number };

export const whoAmI = (): Promise<Answer<Session>> => ask('GET', '/api/session');
export const logIn = (name: string, password: string): Promise<Answer<Session>> => ask('POST', '/api/session', { name, password });
export const logOut = (): Promise<Answer<unknown>> => ask('DELETE', '/api/session');
export const callDetail = (call: string): Promise<Answer<CallDetail>> => ask('GET', `/api/calls/${encodeURIComponent(call)}`);
export const callReasons = (call: string): Promise<Answer<Reasons>> => ask('GET', `/api/calls/${encodeURIComponent(call)}/reasons`);
export const steer = (agent: string, deed: Deed, body?: unknown): Promise<Answer<unknown>> => ask('POST', `/api/agents/${encodeURIComponent(agent)}/${deed}`, body);

/** A step of a flow; `key`: what was pressed, where that is no secret. */
export interface TrailStep {
  at_ms: number;
  flow: string;
  step: string;
  type: string;
  result: string;
  key?: string;
}

export interface Standing {
  queue: string;
  tier: string;
  position: number;
  score: number;
  waited_seconds: number;
  head_start_seconds: number;
  bonus_seconds: number;
  eligible: string[];
  ineligible: Record<string, string>;
  expected_wait_seconds: number | null;
  held_back: string;
}

export interface CallDetail {
  call: string;
  live: { place: string; language: string; tier: string; queue: string; position: number | null; waited_seconds: number | null; agent: string } | null;
  explanation: { state: string; standing: Standing | null; story: { at: string; what: string; details: Record<string, unknown> }[] } | null;
  record: {
    tier: string | null;
    queue: string | null;
    agent: string | null;
    outcome: string | null;
    wait_ms: number | null;
    talk_ms: number | null;
    trail: TrailStep[];
  } | null;
}

export interface Reasons {
  sentences: Record<string, string[]>;
}

async function ask<T>(method: string, path: string, body?: unknown): Promise<Answer<T>> {
  const init: RequestInit = { method, signal: AbortSignal.timeout(DEADLINE_MS), cache: 'no-store' };
  if (body !== undefined) {
    init.headers = { 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  try {
    const response = await fetch(path, init);
    const text = await response.text();
    if (response.ok) return { ok: true, value: (text ? JSON.parse(text) : null) as T };
    return { ok: false, status: response.status, why: reason(text, response.statusText), retrySeconds: Number(response.headers.get('Retry-After') ?? 0) };
  } catch (error) {
    return { ok: false, status: 0, why: String(error), retrySeconds: 0 };
  }
}

function reason(text: string, otherwise: string): string {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string };
    return problem.detail ?? problem.title ?? otherwise;
  } catch {
    return otherwise;
  }
}
