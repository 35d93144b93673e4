// The board document as the server sends it (GET /api/board and its stream). Durations are seconds, instants ISO 8601 with an offset.

export type Language = 'zh' | 'en';
export type Label = Record<Language, string>;
export type Role = 'display' | 'agent' | 'team_leader' | 'operations_manager';
export const AGENT_STATES = ['talking', 'connecting', 'offered', 'cancelling', 'ready', 'wrap_up', 'paused', 'backoff', 'logged_out'] as const;
export type AgentState = (typeof AGENT_STATES)[number];

export interface QueueTier {
  tier: string;
  label: Label;
  waiting: number;
  longest_wait_seconds: number;
}

export interface Queue {
  name: string;
  label: Label;
  waiting: number;
  longest_wait_seconds: number;
  talking: number;
  callbacks: number;
  estimated_wait_seconds: number | null;
  service_level_seconds: number;
  service_level_target: number;
  service_level_now: number | null;
  service_level_today: number | null;
  abandonment_today: number | null;
  abandonment_target: number;
  offered_today: number;
  answered_today: number;
  abandoned_today: number;
  asa_today_seconds: number | null;
  agents: Partial<Record<AgentState, number>>;
  tiers: QueueTier[];
}

export interface Agent {
  name: string;
  label: string;
  team: string;
  state: AgentState;
  reason: string;
  next_state: AgentState | null;
  since_seconds: number | null;
  queue: string | null;
  call: string | null;
  over_limit: boolean;
  may_steer: boolean;
}

export interface Waiting {
  call: string | null;
  queue: string;
  tier: string;
  position: number;
  waited_seconds: number;
  state: string;
  callback: boolean;
}

export interface IvrCall {
  call: string | null;
  flow: string;
  step: string;
  seconds: number;
}

export interface Alert {
  name: string;
  severity: string;
  summary: Label;
  since: string;
  queue: string | null;
}

export interface Trend {
  every_seconds: number;
  from: string;
  offered: number[];
  answered: number[];
  abandoned: number[];
  waiting: number[];
  service_level: (number | null)[];
}

export interface Board {
  at: string;
  version: string;
  language: Language;
  role: Role;
  name: string;
  ready: boolean;
  links: { ami: boolean; database: boolean; store: boolean };
  queues: Queue[];
  agents: Agent[];
  teams: { name: string; label: Label }[];
  pause_reasons: { name: string; label: Label }[];
  line: Waiting[];
  ivr: { active: number; flows: { flow: string; calls: number }[]; calls: IvrCall[] };
  alerts: Alert[];
  trend: Trend;
}

export interface Session {
  name: string;
  role: Role;
  team: string;
  language: Language;
}
